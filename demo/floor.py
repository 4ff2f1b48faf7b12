"""A floor that lives at the moment when the demo is loaded: every kind of card, by the verbs of the chairside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from clinic.ids import new_id
from clinic.models import Chair, Site, User
from demo import readings
from demo.rows import LOTS, answers
from monitoring import chairside, dosing, leaving
from monitoring import readings as checkpoints
from scheduling import answers as outcomes
from scheduling import protocol
from scheduling.enums import Confirmation, SessionEventKind, SessionStatus
from scheduling.models import SessionEvent, TreatmentSession

PREPARED = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Part:
    """What one patient does today. `minutes`: T0 before now, or the start after now; `chair` counts from 0."""

    kind: str
    minutes: int
    chair: int


# Index in the list of a site's patients.
ROLES: dict[str, dict[int, Part]] = {
    "ohio": {
        0: Part("observing", 39, 0),  # the 40-minute pressure is due
        1: Part("overdue", 68, 1),  # the 60-minute reading is late
        2: Part("ready", 124, 2),
        3: Part("red", 47, 3),
        4: Part("dosing", 3, 4),
        5: Part("arrived", 8, 5),
        6: Part("completed", 255, 0),
        7: Part("completed", 265, 1),
        8: Part("no_show", -200, 5),
        9: Part("cancelled", 60, 2),
        10: Part("confirmed", 30, 2),
        11: Part("booked", 95, 1),
        12: Part("confirmed", 105, 3),
        13: Part("booked", 130, 0),
    },
    "arizona": {
        0: Part("observing", 75, 0),
        1: Part("confirmed", 45, 1),
        2: Part("booked", 120, 0),
    },
}


def local_date(part: Part | None, site: Site, now: datetime) -> date | None:
    """The site's day of a part's session."""
    return _start(part, site, now).astimezone(site.tz).date() if part else None


def stage(site: Site, entries: Sequence[Any], parts: dict[int, Part], staff: dict[str, User], *, now) -> None:
    """Put the session of each part into the book and let it go as far as it has come."""
    chairs = list(Chair.objects.filter(site=site))
    for index, part in parts.items():
        entry = entries[index]
        if entry.course:
            session = _booked(entry.course, part, chairs[part.chair], site, staff["desk"], now)
            _play(session, part, staff, now)


def _start(part: Part, site: Site, now: datetime) -> datetime:
    """On the site's grid: dosed patients began some time before T0."""
    dosed = part.kind in ("observing", "overdue", "ready", "red", "dosing", "completed")
    moment = (
        now - timedelta(minutes=part.minutes) - PREPARED if dosed else now + timedelta(minutes=part.minutes)
    )
    if part.kind == "arrived":
        moment = now - timedelta(minutes=part.minutes)
    local = moment.astimezone(site.tz)
    past = timedelta(
        minutes=local.minute % site.slot_minutes, seconds=local.second, microseconds=local.microsecond
    )
    return moment - past


def _booked(course, part: Part, chair: Chair, site: Site, desk, now: datetime) -> TreatmentSession:
    start = _start(part, site, now)
    day = start.astimezone(site.tz).date()
    held = dict(course.sessions.counted().values_list("number", "local_date"))
    number = max(held, default=0) + 1
    week = protocol.week_of(held.get(1, day), day)
    booked_at = now - timedelta(days=9)
    session = TreatmentSession.objects.create(
        course=course,
        site=site,
        patient=course.patient,
        chair=chair,
        number=number,
        week=max(1, week),
        phase=protocol.phase_of_session(number, week),
        starts_at=start,
        ends_at=start + timedelta(minutes=site.session_minutes),
        local_date=day,
        dose_mg=course.dose_mg,
        created_at=booked_at,
        updated_at=booked_at,
    )
    status = SessionStatus.BOOKED
    SessionEvent.objects.create(
        session=session, kind=SessionEventKind.STATUS, to_status=status, at=booked_at, by=desk
    )
    return session


def _play(session: TreatmentSession, part: Part, staff: dict[str, User], now: datetime) -> None:
    desk = staff["desk"]
    if part.kind == "no_show":
        outcomes.mark_no_show(session=session, by=desk, now=session.starts_at + timedelta(minutes=25))
    elif part.kind == "cancelled":
        at = now - timedelta(hours=3)
        reason = "Car broke down"
        outcomes.cancel_session(session=session, reason=reason, cancelled_by="patient", by=desk, now=at)
    elif part.kind == "confirmed":
        at, confirmed = now - timedelta(hours=20), Confirmation.CONFIRMED
        outcomes.answer_session(session=session, confirmation=confirmed, by=None, now=at)
    elif part.kind != "booked":
        _attend(session, part, staff, now)


def _attend(session: TreatmentSession, part: Part, staff: dict[str, User], now: datetime) -> None:
    nurse, seed = staff["nurse"], session.number * 17 + part.minutes
    arrived = now - timedelta(minutes=part.minutes) if part.kind == "arrived" else session.starts_at
    chairside.arrive(session=session, by=staff["desk"], now=arrived)
    if part.kind == "arrived":
        return
    t0 = now - timedelta(minutes=part.minutes)
    given = answers(seed)
    if part.kind == "observing":
        # Overridden with a reason, so that the record has one to show.
        given = replace(given, ate_within_2h=True)
    reasons = {"food": "A slice of toast an hour and a half ago; the prescriber agrees."}
    asked = t0 - timedelta(minutes=4)
    chairside.record_pre_dose(session=session, answers=given, override=reasons, by=nurse, now=asked)
    _devices(session, part, t0, nurse, now)
    for minute in readings.MINUTES:
        if _is_taken(part, minute):
            _read(session, part, seed, minute, t0, nurse)
    _finish(session, part, t0, nurse)


def _devices(session: TreatmentSession, part: Part, t0: datetime, nurse, now: datetime) -> None:
    planned = 1 if part.kind == "dosing" else session.dose_mg // 28
    for number in range(1, planned + 1):
        at = t0 + timedelta(minutes=5 * (number - 1))
        dosing.start_device(
            session=session,
            number=number,
            started_at=at,
            lot=LOTS[number % len(LOTS)],
            expires_on=(now + timedelta(days=300)).date(),
            by=nurse,
            now=at,
        )


def _is_taken(part: Part, minute: int) -> bool:
    """Up to now; the patient who is overdue has missed the last one."""
    limit = 59 if part.kind == "overdue" else part.minutes
    return minute <= limit


def _read(session, part: Part, seed: int, minute: int, t0: datetime, nurse) -> None:
    values = readings.after(seed, minute)
    if part.kind == "red" and minute == 40:
        values |= {"systolic": 206, "diastolic": 118, "heart_rate": 104}
    at = t0 + timedelta(minutes=minute)
    checkpoints.record_checkpoint(
        session=session, client_id=new_id(), measured_at=at, values=values, minute=minute, by=nurse, now=at
    )


def _finish(session: TreatmentSession, part: Part, t0: datetime, nurse) -> None:
    if part.kind not in ("ready", "completed"):
        return
    at = t0 + timedelta(minutes=121)
    leaving.mark_ready(
        session=session,
        at=at,
        clinician=nurse.display_name,
        escort_reached=True,
        instructions_given=True,
        by=nurse,
        now=at,
    )
    if part.kind == "completed":
        gone = t0 + timedelta(minutes=129)
        leaving.leave(session=session, at=gone, with_escort=True, by=nurse, now=gone)
