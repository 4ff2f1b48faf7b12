"""The patient's enrolment and the site's certification with the REMS: dates, papers, people.

The gate "no first dose without enrolment" is `predose.py`'s; it asks `Patient.rems_enrolled_on`, which is set here.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit, checks, patients, places
from clinic.enums import DocumentKind
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from clinic.models import Document, Patient, Site
from monitoring.enums import CertificationKind, EnrolmentKind
from monitoring.models import Certification, Enrolment


@transaction.atomic
def enrol(
    *, patient: Patient, on: date, prescriber: str, by, now: datetime, document: Document | None = None
) -> Enrolment:
    """The REMS has enrolled the patient, `on` that day; the form was signed by patient and prescriber.

    Raises:
        Invalid: values that cannot be, all of them.
    """
    values = {"on": on, "prescriber": prescriber}
    faults = checks.text(values, "prescriber", 120) + _day_faults(values, patient.site, now)
    faults += _paper_faults(document, patient.site, DocumentKind.ENROLMENT)
    if faults:
        raise Invalid(faults)
    patients.update_patient(patient=patient, changes={"rems_enrolled_on": on}, by=by, now=now)
    return _step(
        patient, EnrolmentKind.ENROLLED, on, by, now, prescriber=str(values["prescriber"]), document=document
    )


@transaction.atomic
def tell_transfer(*, patient: Patient, on: date, note: str, by, now: datetime) -> Enrolment:
    """The REMS was told that the patient goes to another setting, or came from one: before it happens [REMS].

    Raises:
        Invalid: values that cannot be.
        Refused: `not_enrolled`.
    """
    values = {"on": on, "note": note}
    if faults := checks.text(values, "note", 500) + _day_faults(values, patient.site, now):
        raise Invalid(faults)
    _want_enrolled(patient)
    return _step(patient, EnrolmentKind.TRANSFER_TOLD, on, by, now, note=str(values["note"]))


@transaction.atomic
def end_enrolment(*, patient: Patient, on: date, note: str, by, now: datetime) -> Enrolment:
    """The enrolment has ended: no dose from now on, until the patient is enrolled again.

    Raises:
        Invalid: values that cannot be.
        Refused: `not_enrolled`.
    """
    values = {"on": on, "note": note}
    if faults := checks.text(values, "note", 500) + _day_faults(values, patient.site, now):
        raise Invalid(faults)
    _want_enrolled(patient)
    patients.update_patient(patient=patient, changes={"rems_enrolled_on": None}, by=by, now=now)
    return _step(patient, EnrolmentKind.ENDED, on, by, now, note=str(values["note"]))


@transaction.atomic
def certify(
    *,
    site: Site,
    on: date,
    representative: str,
    by,
    now: datetime,
    document: Document | None = None,
    note: str = "",
) -> Certification:
    """The REMS has certified the site, with this person as its authorized representative.

    Raises:
        Invalid: values that cannot be, all of them.
    """
    values = {"on": on, "representative": representative, "note": note}
    faults = checks.text(values, "representative", 120) + checks.text(values, "note", 500, required=False)
    faults += _day_faults(values, site, now) + _paper_faults(document, site, DocumentKind.CERTIFICATION)
    if faults:
        raise Invalid(faults)
    places.update_site(site=site, changes={"rems_certified_on": on}, by=by, now=now)
    return _certification(site, CertificationKind.CERTIFIED, values, document, by, now)


@transaction.atomic
def representative_left(*, site: Site, on: date, note: str, by, now: datetime) -> Certification:
    """The authorized representative is no longer that: a new one certifies again [REMS].

    Raises:
        Invalid: values that cannot be.
        Refused: `wrong_state`: nobody is on record, or they have left already.
    """
    values = {"on": on, "note": note}
    faults = checks.text(values, "note", 500, required=False) + _day_faults(values, site, now)
    if faults:
        raise Invalid(faults)
    newest = _newest(site)
    if newest is None or newest.kind != CertificationKind.CERTIFIED:
        raise Refused.because("wrong_state", _("There is no representative on record."))
    values["representative"] = newest.representative
    return _certification(site, CertificationKind.REPRESENTATIVE_LEFT, values, None, by, now)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a site's certification stands. `again`: a new representative must certify."""

    certified_on: date | None
    representative: str
    again: bool

    @property
    def is_certified(self) -> bool:
        return self.certified_on is not None and not self.again


def standing_of(site: Site) -> Standing:
    """By its papers; where there are none yet, by the date in the site's settings."""
    newest = _newest(site)
    if newest is None:
        return Standing(site.rems_certified_on, "", False)
    if newest.kind == CertificationKind.REPRESENTATIVE_LEFT:
        return Standing(site.rems_certified_on, "", True)
    return Standing(newest.on, newest.representative, False)


def _newest(site: Site) -> Certification | None:
    return Certification.objects.filter(site=site).order_by("-at", "-pk").first()


def _day_faults(values: dict, site: Site, now: datetime) -> list[Fault]:
    if values["on"] is None:
        return [Fault("required", _("This is needed."), "on")]
    return checks.past_date(values, "on", now.astimezone(site.tz).date())


def _paper_faults(document: Document | None, site: Site, kind: DocumentKind) -> list[Fault]:
    if document is None or (document.site_id == site.pk and document.kind == kind):
        return []
    return [Fault("unknown", _("Not a paper of that kind at this site."), "document")]


def _want_enrolled(patient: Patient) -> None:
    if not Patient.objects.filter(pk=patient.pk, rems_enrolled_on__isnull=False).exists():
        raise Refused.because("not_enrolled", _("This patient is not enrolled."))


def _step(patient: Patient, kind: EnrolmentKind, on: date, by, now: datetime, **more) -> Enrolment:
    row = Enrolment.objects.create(id=new_id(), patient=patient, kind=kind, on=on, at=now, by=by, **more)
    audit.record(
        f"enrolment.{kind}", by=by, now=now, site=patient.site_id, patient=patient, on=row, day=on.isoformat()
    )
    return row


def _certification(site: Site, kind: CertificationKind, values: dict, document, by, now) -> Certification:
    row = Certification.objects.create(
        id=new_id(), site=site, kind=kind, document=document, at=now, by=by, **values
    )
    audit.record(f"certification.{kind}", by=by, now=now, site=site, on=row, day=values["on"].isoformat())
    return row
