"""Texts about something that has just happened: booked, moved, cancelled, an answer, a word to the escort."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from clinic import audit
from clinic.ids import new_id
from clinic.models import Patient, Site
from notifications import houses, timing, waiting
from notifications.bodies import body
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message
from notifications.projection import built, insert_texts, may_text, who_may_be_texted
from notifications.telephones import owners_of
from notifications.timing import When
from scheduling.models import TreatmentSession

BOOKED = MessageKind.BOOKED
# So that two texts arrive in the order in which they are true.
APART = timedelta(minutes=1)


def notify_all(
    sessions: Sequence[TreatmentSession],
    kind: MessageKind,
    *,
    now: datetime,
    decided_at: datetime | None = None,
) -> None:
    """One notice for each patient about the first of their `sessions`, unless the last one said the same already, or
    says it now, for one that waits has followed the book (`waiting.follow`). `decided_at`: where that was earlier."""
    allowed = who_may_be_texted(sessions)
    by_patient: dict[Any, list[TreatmentSession]] = {}
    for session in sessions:
        by_patient.setdefault(session.patient_id, []).append(session)
    told: dict[Any, list[Message]] = {}
    for row in Message.objects.filter(session__in=sessions, kind__in=(kind, BOOKED)).order_by("pk"):
        told.setdefault(row.session_id, []).append(row)
    known = houses.of({session.site_id for session in sessions})
    new = []
    for patient_id, theirs in by_patient.items():
        first = min(theirs, key=lambda session: session.starts_at)
        when = timing.notice(visit_at=first.starts_at, zone=first.patient.tz, now=now)
        rows = told.get(first.pk, [])
        before = [row for row in rows if row.kind == kind]
        if patient_id not in allowed or not isinstance(when, When) or _says(before, first.starts_at):
            continue
        rule = _again(before, first.starts_at)
        house = known[first.site_id]
        when = _after(rows, when)
        made = decided_at or now
        new.append(built(first, kind, when, house=house, now=made, count=len(theirs), rule=rule))
    insert_texts(new)


def _after(rows: Sequence[Message], when: When) -> When:
    """A little later than the text that it was booked, where that waits too: read last, it would be believed."""
    waits = [row.due_at for row in rows if row.kind == BOOKED and row.status == MessageStatus.PENDING]
    due_at = max([when.due_at, *(due + APART for due in waits)])
    return When(due_at, when.expires_at) if due_at < when.expires_at else when


def _says(before: Sequence[Message], at: datetime) -> bool:
    """The last that they were told is this time."""
    return bool(before) and before[-1].about_at == at


def _again(before: Sequence[Message], at: datetime) -> str:
    """A name of its own for a text that says once more what was said before another one."""
    times = sum(row.about_at == at for row in before)
    return f"again-{times}" if times else ""


def tell_cancelled(session: TreatmentSession, *, now: datetime, decided_at: datetime | None = None) -> None:
    """That a visit will not be, once; what one decision cancels, a pause say, is told in one text. `decided_at`: where
    that was earlier."""
    made = decided_at or now
    if not may_text(session.patient):
        return
    when = timing.notice(visit_at=session.starts_at, zone=session.patient.tz, now=now)
    told = Message.objects.filter(session=session, kind=MessageKind.CANCELLED, about_at=session.starts_at)
    if not isinstance(when, When) or told.exists():
        return
    several = waiting.cancelled_times(session.patient, session.site_id, made)
    house = houses.of([session.site_id])[session.site_id]
    row = built(session, MessageKind.CANCELLED, when, house=house, now=made, several=several)
    together = Message.objects.filter(
        patient=session.patient_id,
        site=session.site_id,
        kind=MessageKind.CANCELLED,
        created_at=made,
        status=MessageStatus.PENDING,
    )
    if not together.update(body=row.body):
        row.save(force_insert=True)


def answer(
    patient: Patient | None,
    site: Site,
    kind: MessageKind,
    *,
    to: str,
    now: datetime,
    about: datetime | None = None,
) -> Message:
    """An answer to a text: at once, whatever the hour."""
    when = timing.answer(now)
    language = patient.language if patient else owners_of(to).language
    house = houses.of([site.pk])[site.pk]
    row = Message(
        id=new_id(),
        site=site,
        patient=patient,
        kind=kind,
        about_at=about or now,
        language=language,
        to=to,
        body=body(kind, site, patient, house=house, language=language, about=about),
        due_at=when.due_at,
        expires_at=when.expires_at,
        created_at=now,
    )
    row.save(force_insert=True)
    return row


def test_text(site: Site, number: str, *, by, now: datetime) -> Message:
    """A text that says it is a test, to a number that somebody of the staff typed."""
    row = answer(None, site, MessageKind.TEST, to=number, now=now)
    audit.record("texts.test", by=by, now=now, site=site, on=row)
    return row
