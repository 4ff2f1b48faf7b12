"""The texts that should exist, made from the book; those that should not, withdrawn. Safe to run again any time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from clinic.ids import new_id
from clinic.models import Patient
from notifications import timing, wording
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Attempt, Message, Suppression
from notifications.timing import When
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

# Reasons for which a reminder was withdrawn that may cease to hold.
_MAY_RETURN = ("moved", "not_booked", "no_consent")


def project_new(sessions: Sequence[TreatmentSession], *, now: datetime) -> None:
    """`project` for sessions that were inserted a moment ago: none of them has a text yet."""
    allowed = bool(sessions) and may_text(sessions[0].patient)
    rows = [
        _built(session, MessageKind.REMINDER, when, rule=rule, now=now)
        for session in sessions
        for (rule, _about), when in (_wanted(session, [], now).items() if allowed else ())
    ]
    Message.objects.bulk_create(rows)


def project(session: TreatmentSession, *, now: datetime) -> None:
    """Make the reminders that `session` should have and withdraw the others."""
    project_all([session], now=now)


def project_all(sessions: Sequence[TreatmentSession], *, now: datetime) -> None:
    """`project` for many sessions, in as many queries as for one."""
    reminders = Message.objects.filter(session__in=sessions, kind=MessageKind.REMINDER)
    by_session: dict[Any, list[Message]] = {session.pk: [] for session in sessions}
    for row in reminders.select_for_update().order_by("pk"):
        by_session[row.session_id].append(row)
    allowed = _who_may_be_texted(sessions)
    unwanted: list[tuple[Message, str]] = []
    new: list[Message] = []
    for session in sessions:
        rows = by_session[session.pk]
        waits = session.status == SessionStatus.BOOKED and session.patient_id in allowed
        wanted = _wanted(session, rows, now) if waits else {}
        unwanted += [
            (row, _why_unwanted(session, row))
            for row in rows
            if row.status == MessageStatus.PENDING and (row.rule, row.about_at) not in wanted
        ]
        known = {(row.rule, row.about_at): row for row in rows}
        for key, when in wanted.items():
            if key not in known:
                new.append(_built(session, MessageKind.REMINDER, when, rule=key[0], now=now))
            elif _may_return(known[key]) and when.due_at >= now:
                _revive(known[key], when, now)
    _withdraw_all(unwanted, now)
    Message.objects.bulk_create(new)


def notify_all(sessions: Sequence[TreatmentSession], kind: MessageKind, *, now: datetime) -> None:
    """One notice for each patient about the first of their `sessions`, once for what it speaks of."""
    allowed = _who_may_be_texted(sessions)
    by_patient: dict[Any, list[TreatmentSession]] = {}
    for session in sessions:
        by_patient.setdefault(session.patient_id, []).append(session)
    told = set(
        Message.objects.filter(session__in=sessions, kind=kind, rule="").values_list("session_id", "about_at")
    )
    new = []
    for patient_id, theirs in by_patient.items():
        first = min(theirs, key=lambda session: session.starts_at)
        when = timing.notice(visit_at=first.starts_at, zone=first.patient.tz, now=now)
        if patient_id in allowed and isinstance(when, When) and (first.pk, first.starts_at) not in told:
            new.append(_built(first, kind, when, now=now, count=len(theirs)))
    Message.objects.bulk_create(new)


def notify(
    session: TreatmentSession,
    kind: MessageKind,
    *,
    now: datetime,
    count: int = 1,
    about_at: datetime | None = None,
) -> Message | None:
    """A notice about `session` (booked, moved, cancelled), once for what it speaks of; None where none may go."""
    about = about_at or session.starts_at
    patient = session.patient
    if not may_text(patient):
        return None
    when = timing.notice(visit_at=about, zone=patient.tz, now=now)
    if not isinstance(when, When):
        return None
    if Message.objects.filter(session=session, kind=kind, rule="", about_at=about).exists():
        return None
    return _make(session, kind, when, now=now, count=count, about_at=about)


def answer(
    patient: Patient | None, site, kind: MessageKind, *, to: str, now: datetime, session=None
) -> Message:
    """An answer to a text: at once, whatever the hour."""
    when = timing.answer(now)
    language = patient.language if patient else "en"
    row = _new(
        site=site,
        patient=patient,
        session=None,
        kind=kind,
        about_at=now,
        language=language,
        to=to,
        body=_body(kind, site, patient, session.starts_at if session else None, language),
        when=when,
        now=now,
    )
    row.save(force_insert=True)
    return row


def may_text(patient: Patient) -> bool:
    """Agreed, has a number, and that number has not been stopped."""
    number = patient.number
    return bool(number) and patient.texts_allowed and not Suppression.objects.filter(number=number).exists()


def _who_may_be_texted(sessions: Sequence[TreatmentSession]) -> set[Any]:
    """The patients of `sessions` that `may_text` would allow, in one query."""
    numbers = {
        session.patient_id: session.patient.number for session in sessions if session.patient.texts_allowed
    }
    wanted = {number for number in numbers.values() if number}
    stopped = set(Suppression.objects.filter(number__in=wanted).values_list("number", flat=True))
    return {patient for patient, number in numbers.items() if number and number not in stopped}


def _withdraw_all(unwanted: Sequence[tuple[Message, str]], now: datetime) -> None:
    """Take back texts that are still waiting; their rows are held by this transaction."""
    for cause in {cause for _row, cause in unwanted}:
        rows = [row for row, why in unwanted if why == cause]
        Message.objects.filter(pk__in=[row.pk for row in rows], status=MessageStatus.PENDING).update(
            status=MessageStatus.CANCELLED, cause=cause, settled_at=now
        )
        Attempt.objects.bulk_create(
            Attempt(message=row, at=now, event="withdrawn", status=MessageStatus.CANCELLED, code=cause)
            for row in rows
        )


def withdraw(message: Message, *, cause: str, now: datetime) -> bool:
    """Take back a text that is still waiting. False when it is on its way already."""
    waiting = Message.objects.filter(pk=message.pk, status=MessageStatus.PENDING)
    if not waiting.update(status=MessageStatus.CANCELLED, cause=cause, settled_at=now):
        return False
    message.status, message.cause, message.settled_at = MessageStatus.CANCELLED, cause, now
    note(message, "withdrawn", now, code=cause)
    return True


def note(message: Message, event: str, now: datetime, *, code: str = "") -> None:
    """One step of a text's story."""
    Attempt.objects.create(
        message=message,
        at=now,
        event=event,
        status=message.status,
        provider_sid=message.provider_sid,
        code=code,
    )


def repair(*, now: datetime, until: datetime) -> int:
    """Project every session whose reminders are not what they should be; return how many.

    Heals a lost signal. Only two kinds of session are looked at, so that it costs the same whatever the
    history: booked ones ahead without a reminder, and reminders that wait for a session that does not.
    """
    ahead = TreatmentSession.objects.filter(
        status=SessionStatus.BOOKED, starts_at__gt=now, starts_at__lte=until
    )
    bare = ahead.filter(patient__texts_allowed=True).exclude(messages__kind=MessageKind.REMINDER)
    stale = TreatmentSession.objects.filter(
        messages__in=Message.objects.filter(status=MessageStatus.PENDING, kind=MessageKind.REMINDER)
    ).exclude(status=SessionStatus.BOOKED, starts_at=F("messages__about_at"))
    ids = {*bare.values_list("pk", flat=True), *stale.values_list("pk", flat=True)}
    for session in TreatmentSession.objects.filter(pk__in=ids).select_related("patient__site", "site"):
        with transaction.atomic():
            project(session, now=now)
    return len(ids)


def _wanted(
    session: TreatmentSession, rows: Sequence[Message], now: datetime
) -> dict[tuple[str, datetime], When]:
    """The reminders of a booked session whose patient may be texted; `rows`: those that it has."""
    found = {}
    there = {(row.rule, row.about_at) for row in rows}
    for rule in timing.DEFAULT_RULES:
        when = timing.reminder(rule, visit_at=session.starts_at, zone=session.patient.tz, now=now)
        if isinstance(when, When):
            found[rule.name, session.starts_at] = when
        elif when.code == "time_passed" and (rule.name, session.starts_at) in there:
            # Due already and not yet taken up: it still should exist.
            found[rule.name, session.starts_at] = timing.answer(now)
    return found


def _why_unwanted(session: TreatmentSession, row: Message) -> str:
    if session.status != SessionStatus.BOOKED:
        return "not_booked"
    return "moved" if row.about_at != session.starts_at else "no_consent"


def _may_return(row: Message) -> bool:
    return row.status == MessageStatus.CANCELLED and row.cause in _MAY_RETURN


def _revive(row: Message, when: When, now: datetime) -> None:
    row.status, row.cause, row.settled_at = MessageStatus.PENDING, "", None
    row.due_at, row.expires_at = when.due_at, when.expires_at
    row.save(update_fields=["status", "cause", "settled_at", "due_at", "expires_at"])
    note(row, "planned_again", now)


def _make(session, kind, when: When, *, now, rule: str = "", count: int = 1, about_at=None) -> Message:
    row = _built(session, kind, when, now=now, rule=rule, count=count, about_at=about_at)
    row.save(force_insert=True)
    return row


def _built(session, kind, when: When, *, now, rule: str = "", count: int = 1, about_at=None) -> Message:
    """Not saved yet."""
    patient = session.patient
    about = about_at or session.starts_at
    return _new(
        site=session.site,
        patient=patient,
        session=session,
        kind=kind,
        rule=rule,
        about_at=about,
        language=patient.language,
        to=patient.number,
        body=_body(kind, session.site, patient, about, patient.language, count),
        when=when,
        now=now,
    )


def _new(*, when: When, now: datetime, **fields: Any) -> Message:
    return Message(id=new_id(), due_at=when.due_at, expires_at=when.expires_at, created_at=now, **fields)


def _body(kind, site, patient, about: datetime | None, language: str, count: int = 1) -> str:
    facts = wording.Facts(
        place=site.alias,
        phone=_national(site.phone),
        given_name=patient.given_name if patient else "",
        at=about.astimezone(site.tz) if about else None,
        count=count,
    )
    name = f"{kind}_many" if count > 1 and f"{kind}_many" in wording.kinds() else str(kind)
    return wording.render(name, language, facts)


def _national(number: str) -> str:
    """+16145550100 as people here say it: 614-555-0100."""
    return (
        f"{number[2:5]}-{number[5:8]}-{number[8:]}"
        if number.startswith("+1") and len(number) == 12
        else number
    )
