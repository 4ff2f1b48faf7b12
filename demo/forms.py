"""Monitoring forms of the invented past: most sent in time, some waiting, one late, one with a serious event."""

import struct
import zlib
from datetime import date, datetime, time, timedelta
from typing import Any

from clinic import documents
from clinic.enums import DocumentKind
from clinic.ids import new_id
from clinic.models import Document, Patient, Site, User
from monitoring import enrolment, form_definitions, form_rules, serious
from monitoring.enums import EnrolmentKind, FormEventKind
from monitoring.form_reading import read_forms
from monitoring.models import Enrolment, FormAnswer, FormEvent, FormSending, MonitoringForm, Observation
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

# One in so many was late, and why.
LATE_EVERY = 23
WHY_LATE = "The portal was closed for repairs; sent on the next working day."
# Younger forms still wait, every other one answered.
WAITING_DAYS = 6
MOST_AT_ONCE = 400


def make(site: Site, staff: dict[str, User], *, now: datetime) -> None:
    """Everything that the REMS wants of a site's past sessions, and what still waits."""
    _papers(site, staff, now)
    forms = _forms(site, now)
    if not forms:
        return
    # Of the newest a serious event will be told; one that is past its day was forgotten.
    _answers(forms[:-1], staff["nurse"], now)
    past = [form for form in forms[:-1] if not _waits(form, now)]
    late = [form for form in past if form.due_on < _today(site, now)]
    to_send = [form for form in past if form is not late[-1]] if late else past
    for start in range(0, len(to_send), MOST_AT_ONCE):
        _sendings(to_send[start : start + MOST_AT_ONCE], staff)
    _serious(forms[-1], staff)


def _papers(site: Site, staff: dict[str, User], now: datetime) -> None:
    """The site's certification and numbers, and the day on which each patient was enrolled."""
    who: dict[str, Any] = {"site": site, "by": staff["manager"], "now": now}
    certified = site.rems_certified_on or date(2024, 5, 6)
    enrolment.certify(on=certified, representative=staff["manager"].display_name, **who)
    serious.add_contact(
        kind="emergency", name="Emergency services", phone="911", source="United States", **who
    )
    prescriber = staff["prescriber"].display_name
    serious.add_contact(
        kind="prescriber", name=prescriber, phone=site.phone, source="The clinic's own list", **who
    )
    rows = Patient.objects.filter(site=site, rems_enrolled_on__isnull=False)
    Enrolment.objects.bulk_create(
        Enrolment(
            id=new_id(),
            patient=patient,
            kind=EnrolmentKind.ENROLLED,
            on=patient.rems_enrolled_on,
            prescriber=prescriber,
            at=_noon(patient.rems_enrolled_on, site),
            by=staff["desk"],
        )
        for patient in rows
        if patient.rems_enrolled_on
    )


def _forms(site: Site, now: datetime) -> list[MonitoringForm]:
    """The forms of sessions that were written as rows; those of today's verbs have theirs already."""
    sessions = TreatmentSession.objects.filter(
        site=site, status=SessionStatus.COMPLETED, monitoring_form__isnull=True
    ).select_related("site", "patient")
    left = dict(Observation.objects.filter(session__in=sessions).values_list("session", "left_at"))
    nurse = dict(Observation.objects.filter(session__in=sessions).values_list("session", "nurse"))
    forms = [
        MonitoringForm(
            id=new_id(),
            session=session,
            site=site,
            definition=form_definitions.for_day(session.local_date).version,
            session_on=session.local_date,
            due_on=form_rules.due_on(session.local_date),
            owner_id=nurse[session.pk],
            created_at=left[session.pk] or now,
        )
        for session in sessions.order_by("starts_at")
    ]
    MonitoringForm.objects.bulk_create(forms, batch_size=MOST_AT_ONCE)
    FormEvent.objects.bulk_create(
        (
            FormEvent(
                id=new_id(),
                form=form,
                kind=FormEventKind.MADE,
                at=form.created_at,
                on=form.session_on,
                by_id=form.owner_id,
                owner_id=form.owner_id,
            )
            for form in forms
        ),
        batch_size=MOST_AT_ONCE,
    )
    return forms


def _answers(forms: list[MonitoringForm], nurse: User, now: datetime) -> None:
    """Somebody said that nothing serious happened; of the newest, only for some."""
    FormAnswer.objects.bulk_create(
        (
            FormAnswer(
                id=new_id(),
                form=form,
                field="serious_event",
                value="no",
                at=form.created_at + timedelta(minutes=15),
                by=nurse,
            )
            for turn, form in enumerate(forms)
            if not _waits(form, now) or turn % 2
        ),
        batch_size=MOST_AT_ONCE,
    )


def _today(site: Site, now: datetime) -> date:
    return now.astimezone(site.tz).date()


def _waits(form: MonitoringForm, now: datetime) -> bool:
    """Those of the last days, and of the day whose forms are due today."""
    age = form_rules.age(form.session_on, _today(form.site, now))
    return age < WAITING_DAYS or age == form_rules.DAYS


def _sendings(forms: list[MonitoringForm], staff: dict[str, User]) -> None:
    sent = read_forms(forms, with_last=False)
    rows = [_sending(filled, turn, staff) for turn, filled in enumerate(sent, start=1)]
    FormSending.objects.bulk_create(rows, batch_size=MOST_AT_ONCE)
    MonitoringForm.objects.bulk_update(
        [filled.form for filled in sent], ["sent_at", "sent_on"], batch_size=200
    )


def _sending(filled, turn: int, staff: dict[str, User]) -> FormSending:
    form, is_late = filled.form, turn % LATE_EVERY == 0
    days = form_rules.DAYS + 1 if is_late else turn % 4 + 1
    form.sent_on = form.session_on + timedelta(days=days)
    form.sent_at = _noon(form.sent_on, form.site)
    return FormSending(
        id=new_id(),
        form=form,
        number=1,
        channel="fax" if turn % 5 == 0 else "portal",
        sent_at=form.sent_at,
        recorded_at=form.sent_at + timedelta(minutes=2),
        by=staff["nurse"],
        values=filled.values,
        reference=f"{form.session_on:%y%m%d}-{turn:04}",
        late_reason=WHY_LATE if is_late else "",
    )


def _serious(form: MonitoringForm, staff: dict[str, User]) -> None:
    """One event that is open, so that its page has a story."""
    session, nurse = form.session, staff["nurse"]
    at = form.created_at - timedelta(minutes=76)
    who: dict[str, Any] = {"by": nurse}
    event = serious.flag_serious(
        session=session,
        what="Fainted on standing up; came to within a minute, lying down. No injury.",
        began_at=at,
        now=at + timedelta(minutes=4),
        **who,
    )
    steps = [
        ("done", "Laid down, blood pressure taken.", 3),
        ("called", "The prescriber came to the chair.", 5),
    ]
    for step, text, minute in steps:
        moment = at + timedelta(minutes=minute)
        serious.add_step(
            event=event, step=step, text=text, at=moment, now=moment + timedelta(minutes=2), **who
        )
    paper = _scan(form.site, session.patient, nurse, at + timedelta(minutes=30))
    moment = at + timedelta(minutes=30)
    serious.add_step(
        event=event,
        step="reported",
        text="Sent by fax; the report is here.",
        at=moment,
        document=paper,
        now=moment,
        **who,
    )


def _scan(site: Site, patient: Patient, nurse: User, now: datetime) -> Document:
    return documents.keep(
        site=site,
        patient=patient,
        kind=DocumentKind.SERIOUS_EVENT,
        name="fax report.png",
        content=blank_page(300, 390),
        by=nurse,
        now=now,
    )


def blank_page(width: int, height: int) -> bytes:
    """A white PNG: what the invented fax machine prints."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = (b"\x00" + b"\xff" * width) * height
    pieces = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def _noon(day: date, site: Site) -> datetime:
    return datetime.combine(day, time(12), site.tz)
