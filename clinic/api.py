"""People and places, as JSON."""

from typing import Annotated, Any

from django.db import transaction
from django.db.models import Q, UUIDField
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from clinic import access, audit, clock, paging, patients, people, places, search
from clinic.access import May
from clinic.enums import ConsentKind, Role
from clinic.errors import Fault, Invalid
from clinic.ids import parse
from clinic.models import Membership, Patient, Shift, Site, User
from clinic.prepared import Param, Prepared
from clinic.schemas import Body, Day, Instant, Small, Text, Wall, local

router = Router(tags=["People and places"])


class MePatch(Body):
    email: Text | None = None
    phone: Text | None = None
    mobile: Text | None = None
    language: Text | None = None
    texts: bool | None = None


class HoursIn(Body):
    weekday: Small
    opens: Wall
    closes: Wall


class SiteIn(Body):
    name: Text
    alias: Text
    timezone: Text
    chairs: Annotated[int, Field(strict=True, ge=1, le=100)] | Annotated[list[Text], Field(min_length=1)]
    hours: list[HoursIn]
    patients_per_nurse: Small = 4
    slot_minutes: Small = 15
    session_minutes: Small = 150
    rems_certified_on: Day | None = None
    holidays: Text = ""
    calendar_names: Text = "initials"
    phone: Text = ""
    address: Text = ""


class MemberIn(Body):
    username: Text
    role: Text


class ShiftIn(Body):
    role: Text
    staff: Text
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    weekday: Small | None = None
    starts: Wall | None = None
    ends: Wall | None = None
    valid_from: Day | None = Field(None, alias="from")
    valid_until: Day | None = Field(None, alias="until")


class ConsentIn(Body):
    given: bool
    method: Text = "api"
    wording: Text = ""


class EscortIn(Body):
    name: Text = ""
    phone: Text = ""


class PatientIn(Body):
    site: Text
    mrn: Text
    given_name: Text
    family_name: Text
    birth_date: Day
    middle_initial: Text = ""
    sex: Text = "unknown"
    phone: Text | None = ""
    language: Text = "en"
    timezone: Text | None = ""
    sms_consent: ConsentIn | None = None
    detailed_sms: bool = False
    rems_enrolled_on: Day | None = None
    contraindications: list[Text] = []
    escort: EscortIn | None = None


class PatientPatch(Body):
    mrn: Text | None = None
    given_name: Text | None = None
    family_name: Text | None = None
    birth_date: Day | None = None
    middle_initial: Text | None = None
    sex: Text | None = None
    phone: Text | None = None
    language: Text | None = None
    timezone: Text | None = None
    sms_consent: ConsentIn | None = None
    detailed_sms: bool | None = None
    rems_enrolled_on: Day | None = None
    contraindications: list[Text] | None = None
    escort: EscortIn | None = None
    active: bool | None = None


@router.get("/me", response=dict, summary="Who you are, and how you are reached")
def get_me(request):
    return me_out(request.user)


@router.patch("/me", response=dict, summary="How you are reached, and whether you want texts about work")
def change_me(request, payload: MePatch):
    """Only what is in the body changes. `texts` agrees to texts to `mobile` about a chair that wants you or a form
    that is due; no text names a patient. `language`: of those texts, en or es."""
    given = {name: value for name, value in payload.dict(exclude_unset=True).items() if value is not None}
    stands = {name: me_out(request.user)[name] for name in ("email", "phone", "mobile", "texts", "language")}
    return me_out(
        people.set_reach(user=request.user, by=request.user, now=clock.now(), **{**stands, **given})
    )


@router.post("/sites", response={201: dict}, summary="Make a site; you become its manager")
def make_site(request, payload: SiteIn):
    """Wants the manager role at some site, or a user who has none anywhere yet. 409 `name_taken`."""
    memberships = Membership.objects.filter(user=request.user)
    if memberships.exists() and not memberships.filter(role=Role.MANAGER).exists():
        raise access.NotAllowed.because("not_allowed", "Only managers make sites.", right="manage")
    data = payload.dict()
    hours = [dict(row) for row in data.pop("hours")]
    site = places.create_site(**data, hours=hours, by=request.user, now=clock.now())
    request.user.__dict__.pop("_roles", None)
    return Status(201, site_out(site))


@router.get("/sites", response=dict, summary="Your sites")
def list_sites(request, cursor: str | None = None):
    rows = Site.objects.visible_to(request.user).prefetch_related("chairs", "hours").order_by("name")
    return paging.page(rows, cursor, site_out)


@router.get("/sites/{site_id}", response=dict, summary="A site")
def get_site(request, site_id: str):
    return site_out(site_of(request, site_id, May.SEE))


@router.post("/sites/{site_id}/members", response={201: dict}, summary="Give somebody a role at the site")
def add_member(request, site_id: str, payload: MemberIn):
    """For managers. 422 for an unknown user name or role."""
    site = site_of(request, site_id, May.MANAGE)
    user = User.objects.filter(username=payload.username, is_active=True).first()
    faults = [] if user else [Fault("unknown", "Nobody has this user name.", "username")]
    if payload.role not in Role.values:
        faults.append(Fault("unknown", f"One of {', '.join(Role.values)}.", "role"))
    if faults or user is None:
        raise Invalid(faults)
    membership = people.add_member(site=site, user=user, role=payload.role, by=request.user, now=clock.now())
    return Status(201, {"id": str(membership.pk), "username": user.username, "role": membership.role})


@router.get("/sites/{site_id}/shifts", response=dict, summary="When nurses and prescribers are on site")
def list_shifts(request, site_id: str, cursor: str | None = None):
    """Those that are once and those of every week. `POST /shifts/{id}/drop` ends one."""
    site = site_of(request, site_id, May.SEE)
    rows = Shift.objects.filter(site=site).select_related("staff").order_by("pk")
    return paging.page(list(rows), cursor, lambda row: shift_out(row, site))


@router.post("/sites/{site_id}/shifts", response={201: dict}, summary="When somebody is on site")
def add_shift(request, site_id: str, payload: ShiftIn):
    """Once (`starts_at`, `ends_at`) or weekly (`weekday`, `starts`, `ends`, `from`, `until`). For managers."""
    site = site_of(request, site_id, May.MANAGE)
    by_name, user_id = Q(username=payload.staff), parse(payload.staff)
    staff = User.objects.filter(by_name | Q(pk=user_id) if user_id else by_name, is_active=True).first()
    if staff is None:
        raise Invalid.because("unknown", "Nobody has this user name or id.", "staff")
    shift = places.add_shift(
        site=site, by=request.user, now=clock.now(), **{**payload.dict(), "staff": staff}
    )
    return Status(201, {"id": str(shift.pk), "role": shift.role, "staff": staff.username})


@router.post("/patients", response={201: dict}, summary="Add a patient")
def make_patient(request, payload: PatientIn):
    """For the desk and managers. 409 `mrn_taken`."""
    site = site_of(request, payload.site, May.KEEP_PATIENTS)
    data = payload.dict(exclude={"site", "sms_consent", "detailed_sms", "escort"})
    data |= {"phone": data["phone"] or "", "timezone": data["timezone"] or "", **_escort(payload.escort)}
    now = clock.now()
    with transaction.atomic():
        patient = patients.add_patient(site=site, by=request.user, now=now, **data)
        _consent(patient, payload.sms_consent, payload.detailed_sms, request.user, now)
    patient.refresh_from_db()
    return Status(201, patient_out(patient))


@router.get(
    "/patients", response=dict, summary="Patients of your sites, by name, number, birth date or telephone"
)
def list_patients(request, q: str = "", cursor: str | None = None):
    rows = Patient.objects.filter(site__in=Site.objects.visible_to(request.user)).select_related("site")
    words = q.replace("\x00", "")[:100]
    found = search.find(rows, words) if words.strip() else rows.order_by("family_name", "given_name", "pk")
    return paging.page(found, cursor, patient_out)


@router.get("/patients/{patient_id}", response=dict, summary="A patient; the opening is audited")
def get_patient(request, patient_id: str):
    patient = patient_of(request, patient_id, May.SEE)
    audit.opened(patient, by=request.user, now=clock.now(), page="api")
    return patient_out(patient)


@router.patch("/patients/{patient_id}", response=dict, summary="Change a patient")
def change_patient(request, patient_id: str, payload: PatientPatch):
    """Only what is in the body changes. For the desk and managers. 409 `mrn_taken`."""
    patient = patient_of(request, patient_id, May.KEEP_PATIENTS)
    given = payload.dict(exclude_unset=True, exclude={"sms_consent", "detailed_sms", "escort"})
    changes: dict[str, Any] = {
        name: value for name, value in given.items() if value is not None or name == "rems_enrolled_on"
    }
    changes |= _escort(payload.escort)
    now = clock.now()
    with transaction.atomic():
        patient = patients.update_patient(patient=patient, changes=changes, by=request.user, now=now)
        _consent(patient, payload.sms_consent, payload.detailed_sms, request.user, now)
    patient.refresh_from_db()
    return patient_out(patient)


_site = Prepared(Site.objects.filter(pk=Param("pk", UUIDField())))


def shift_out(shift: Shift, site: Site) -> dict[str, Any]:
    """Either `starts_at` and `ends_at`, or a weekday with its wall times."""
    return {
        "id": str(shift.pk),
        "role": shift.role,
        "staff": shift.staff.username,
        "starts_at": local(shift.starts_at, site) if shift.starts_at else None,
        "ends_at": local(shift.ends_at, site) if shift.ends_at else None,
        "weekday": shift.weekday,
        "starts": shift.starts.strftime("%H:%M") if shift.starts else None,
        "ends": shift.ends.strftime("%H:%M") if shift.ends else None,
        "from": shift.valid_from,
        "until": shift.valid_until,
    }


def site_of(request, site_id: str, right: May) -> Site:
    """The site by its id, if it is one of the caller's and the right is theirs."""
    site = access.get_or_404(_site, request.user, parse(site_id))
    access.require(request.user, right, site)
    return site


def patient_of(request, patient_id: str, right: May) -> Patient:
    patient = access.get_or_404(Patient.objects.select_related("site"), request.user, parse(patient_id))
    access.require(request.user, right, patient.site)
    return patient


def me_out(user: User) -> dict[str, Any]:
    return {
        "id": str(user.pk),
        "username": user.username,
        "given_name": user.first_name,
        "family_name": user.last_name,
        "email": user.email,
        "phone": user.phone,
        "mobile": user.mobile,
        "language": user.language,
        "texts": user.texts_agreed_at is not None,
    }


def site_out(site: Site) -> dict[str, Any]:
    return {
        "id": str(site.pk),
        "name": site.name,
        "alias": site.alias,
        "timezone": site.timezone,
        "phone": site.phone,
        "address": site.address,
        "rems_certified_on": site.rems_certified_on,
        "patients_per_nurse": site.patients_per_nurse,
        "holidays": site.holidays,
        "calendar_names": site.calendar_names,
        "slot_minutes": site.slot_minutes,
        "session_minutes": site.session_minutes,
        "chairs": [{"id": str(chair.pk), "name": chair.name} for chair in site.chairs.all() if chair.active],
        "hours": [_hours_out(row) for row in site.hours.all()],
    }


def patient_out(patient: Patient) -> dict[str, Any]:
    return {
        "id": str(patient.pk),
        "site": str(patient.site_id),
        "mrn": patient.mrn,
        "given_name": patient.given_name,
        "middle_initial": patient.middle_initial,
        "family_name": patient.family_name,
        "birth_date": patient.birth_date,
        "sex": patient.sex,
        "phone": patient.phone.as_e164 if patient.phone else "",
        "language": patient.language,
        "timezone": patient.timezone,
        "sms_consent": {"given": patient.texts_allowed},
        "detailed_sms": patient.detailed_texts,
        "rems_enrolled_on": patient.rems_enrolled_on,
        "contraindications": patient.contraindications,
        "escort": {
            "name": patient.escort_name,
            "phone": patient.escort_phone.as_e164 if patient.escort_phone else "",
        },
        "active": patient.active,
        "created_at": local(patient.created_at, patient.site),
    }


def _hours_out(row) -> dict[str, Any]:
    closes = row.closes.strftime("%H:%M")
    return {
        "weekday": row.weekday,
        "opens": row.opens.strftime("%H:%M"),
        "closes": "24:00" if closes == "00:00" else closes,
        "from": row.valid_from,
        "until": row.valid_until,
    }


def _escort(escort: EscortIn | None) -> dict[str, str]:
    return {"escort_name": escort.name, "escort_phone": escort.phone} if escort else {}


def _consent(patient: Patient, texts: ConsentIn | None, detailed: bool | None, by, now) -> None:
    """Texts first: detail rests on them."""
    if texts is not None:
        patients.record_consent(patient=patient, kind=ConsentKind.TEXTS, by=by, now=now, **texts.dict())
    refused = texts is not None and not texts.given
    if detailed is not None and not refused and (detailed or patient.detailed_texts):
        method = texts.method if texts else "api"
        wording = texts.wording if texts else ""
        patients.record_consent(
            patient=patient,
            kind=ConsentKind.DETAILED,
            given=detailed,
            method=method,
            wording=wording,
            by=by,
            now=now,
        )
