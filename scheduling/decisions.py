"""What is decided about a course as a whole: pause, resume, stop, another frequency, an extension.

Each is dated, with its reason and who decided; the sessions still to come are planned again in the same
transaction, and nothing of the past is touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Invalid, Refused
from scheduling import diary as diaries
from scheduling import pattern, planner, protocol
from scheduling.answers import cancel_session
from scheduling.booking import Placement, book_course, usual_chair
from scheduling.course_facts import dated_facts, decided_of, facts_of, held_days
from scheduling.enums import (
    COURSE_MOVES,
    DOSED,
    GOING_COURSE,
    CancelledBy,
    CourseStatus,
    Frequency,
    SessionStatus,
)
from scheduling.locking import lock_course, lock_days, patiently
from scheduling.models import Course, CourseEvent, FrequencyDecision, TreatmentSession
from scheduling.moving import place_all
from scheduling.pattern import Wanted
from scheduling.planner import Unplaced
from scheduling.protocol import CourseFacts

LONGEST_REASON = 500
MARGIN_DAYS = 15
MOST_AHEAD = timedelta(days=366)
MORE_NUMBERS = 8


@dataclass(frozen=True, slots=True)
class Replanned:
    """What became of the sessions to come."""

    course: Course
    moved: list[TreatmentSession] = field(default_factory=list)
    cancelled: list[TreatmentSession] = field(default_factory=list)
    added: list[TreatmentSession] = field(default_factory=list)
    unplaced: list[Unplaced] = field(default_factory=list)


@patiently
@transaction.atomic
def pause_course(*, course: Course, reason: str, by, now: datetime, decided_by: str = "") -> Replanned:
    """Put the course on hold: every booked session ahead is cancelled, and its text withdrawn.

    One whose time has come stays: whether the patient came is for the desk to say.

    Raises:
        Invalid: no reason.
        Refused: `wrong_state`.
    """
    return _halt(course, CourseStatus.PAUSED, reason, decided_by, by, now)


@patiently
@transaction.atomic
def stop_course(*, course: Course, reason: str, by, now: datetime, decided_by: str = "") -> Replanned:
    """End the course; no taper is needed [label]. What is booked ahead is cancelled.

    Raises:
        Invalid: no reason.
        Refused: `wrong_state`.
    """
    return _halt(course, CourseStatus.STOPPED, reason, decided_by, by, now)


@patiently
@transaction.atomic
def resume_course(
    *, course: Course, reason: str, by, now: datetime, decided_by: str = "", starts_on: date | None = None
) -> Replanned:
    """Go on: as many sessions as the pause has cancelled are booked again, from `starts_on` or today.

    Nothing restarts [label]: the numbers go on. Those without a place are told as `unplaced`.

    Raises:
        Invalid: no reason, or a day that cannot be.
        Refused: `wrong_state`, or what forbids a booking.
    """
    course, reason = _begin(course, reason, now, starts_on)
    if course.status != CourseStatus.PAUSED:
        raise _wrong_state(course)
    begun = course.sessions.filter(status__in=DOSED).exists()
    to = CourseStatus.ACTIVE if begun else CourseStatus.PLANNED
    paused = course.events.filter(to_status=CourseStatus.PAUSED).order_by("-at", "-pk").first()
    _change_status(course, to, reason, decided_by, by, now, {})
    held = held_days(course)
    numbers = [n for n in (paused.detail.get("cancelled", []) if paused else []) if n not in held]
    wanted = _continued(course, numbers, _from(course, starts_on, now))
    placed, unplaced = _find_places(course, _facts_now(course, now), wanted, now)
    return Replanned(course, added=_book(course, placed, reason, by, now), unplaced=unplaced)


@patiently
@transaction.atomic
def change_frequency(
    *, course: Course, frequency: str, starts_on: date, reason: str, decided_by: str, by, now: datetime
) -> Replanned:
    """Another frequency from a day on, by a prescriber's decision [label]; the book follows it.

    Until that day the course keeps the frequency that it has.

    The sessions booked from that day on are moved to the new days up to the last one that was booked; the ones too
    many are cancelled, the ones missing are added.

    Raises:
        Invalid: an unknown frequency, no reason, nobody who decided, a day that cannot be.
        Refused: `wrong_state`, or what forbids a booking.
    """
    faults = []
    if frequency not in Frequency.values:
        faults.append(Fault("unknown", _("One of %s.") % ", ".join(Frequency.values), "frequency"))
    if not decided_by.strip():
        faults.append(Fault("required", _("Say who decided."), "decided_by"))
    course, reason = _begin(course, reason, now, starts_on, faults)
    if course.status not in GOING_COURSE:
        raise _wrong_state(course)
    today = _today(course, now)
    old = protocol.frequency_on(decided_of(course), course.frequency, today)
    FrequencyDecision.objects.create(
        course=course,
        frequency=frequency,
        starts_on=starts_on,
        reason=reason,
        decided_by=decided_by.strip()[:120],
        at=now,
        by=by,
    )
    if starts_on <= today:
        course.frequency = frequency
        course.save(update_fields=["frequency"])
    _audit("course.frequency", course, reason, decided_by, by, now, old=old, new=frequency)
    return _follow(course, frequency, max(starts_on, today), reason, by, now)


@patiently
@transaction.atomic
def extend_course(
    *, course: Course, until: date, reason: str, decided_by: str, by, now: datetime
) -> Replanned:
    """Book on at the course's frequency up to `until`, after the last session that is booked or done.

    Raises:
        Invalid: no reason, nobody who decided, a day that cannot be.
        Refused: `wrong_state`, or what forbids a booking.
    """
    faults = [] if decided_by.strip() else [Fault("required", _("Say who decided."), "decided_by")]
    if until < _today(course, now):
        faults.append(Fault("impossible", _("Today or later."), "until"))
    course, reason = _begin(course, reason, now, until, faults, field="until")
    if course.status not in GOING_COURSE:
        raise _wrong_state(course)
    held = held_days(course)
    count = (until - min([_today(course, now), *held.values()])).days + 1
    numbers = range(max(held, default=0) + 1, max(held, default=0) + 1 + min(count, 200))
    wanted = [want for want in _continued(course, numbers, _today(course, now)) if want.on <= until]
    placed, unplaced = _find_places(course, _facts_now(course, now), wanted, now)
    _event(course, "extended", reason, by, now, {"until": until.isoformat(), "decided_by": decided_by})
    _audit("course.extended", course, reason, decided_by, by, now, until=until.isoformat())
    return Replanned(course, added=_book(course, placed, reason, by, now), unplaced=unplaced)


def _begin(
    course, reason, now, day: date | None, faults: Sequence[Fault] = (), field: str = "from"
) -> tuple[Course, str]:
    """The course held, and everything impossible told at once."""
    faults = list(faults)
    if not reason.strip():
        faults.append(Fault("required", _("Say why."), "reason"))
    course = lock_course(course)
    today = _today(course, now)
    if day is not None and not today - MOST_AHEAD <= day <= today + MOST_AHEAD:
        faults.append(Fault("impossible", _("Within a year of today."), field))
    if faults:
        raise Invalid(faults)
    return course, reason.strip()[:LONGEST_REASON]


def _halt(course: Course, to: CourseStatus, reason: str, decided_by: str, by, now: datetime) -> Replanned:
    course, reason = _begin(course, reason, now, None)
    if to not in COURSE_MOVES[CourseStatus(course.status)]:
        raise _wrong_state(course)
    ahead = _booked_ahead(course, now)
    _change_status(course, to, reason, decided_by, by, now, {"cancelled": [row.number for row in ahead]})
    return Replanned(course, cancelled=_cancel(ahead, reason, by, now))


def _follow(course: Course, frequency: str, first: date, reason: str, by, now: datetime) -> Replanned:
    """Fit the sessions booked from `first` on to the frequency that was decided."""
    ahead = [row for row in _booked_ahead(course, now) if row.local_date >= first]
    if not ahead:
        return Replanned(course)
    last = max(row.local_date for row in ahead)
    stays = held_days(course, leave_out=[row.pk for row in ahead])
    numbers = _numbers(course, ahead, stays)
    facts = replace(facts_of(course), frequency=frequency)
    wanted = pattern.continued(facts, numbers, after=first, held=stays)
    wanted = [want for want in wanted if want.on <= last] or wanted[:1]
    placed, unplaced = _find_places(course, facts, wanted, now, leave_out=[row.pk for row in ahead])
    keeps, too_many = ahead[: len(placed)], ahead[len(placed) :]
    cancelled = _cancel(too_many, reason, by, now)
    moves = {row: new.start for row, new in zip(keeps, placed, strict=False) if row.starts_at != new.start}
    moved = place_all(course=course, starts=moves, by=by, now=now) if moves else []
    added = _book(course, _renumbered(placed[len(ahead) :], numbers, keeps), reason, by, now)
    return Replanned(course, moved, cancelled, added, unplaced)


def _numbers(course: Course, ahead: Sequence[TreatmentSession], stays: Mapping[int, date]) -> list[int]:
    """Enough numbers for the sessions ahead at any frequency, from the first of them on."""
    first, last = min(row.number for row in ahead), max(row.number for row in ahead)
    end = last + len(ahead) + MORE_NUMBERS
    if course.indication == protocol.MDSI:  # nothing is added beyond what has been studied [label]
        end = max(last, protocol.INDUCTION_SESSIONS)
    return [number for number in range(first, end + 1) if number not in stays]


def _renumbered(
    more: Sequence[planner.Planned], numbers: Sequence[int], keeps: Sequence[TreatmentSession]
) -> list[planner.Planned]:
    """Sessions that are added take the numbers that nobody keeps, in order of time."""
    kept = {row.number for row in keeps}
    free = [number for number in numbers if number not in kept]
    return [replace(new, number=number) for new, number in zip(more, free, strict=False)]


def _continued(course: Course, numbers: Sequence[int], after: date) -> list[Wanted]:
    return pattern.continued(dated_facts(course), numbers, after=after, held=held_days(course))


def _find_places(
    course: Course, facts: CourseFacts, wanted: Sequence[Wanted], now: datetime, leave_out: Sequence[Any] = ()
) -> tuple[list[planner.Planned], list[Unplaced]]:
    """The planner's places in order of time, on days that this transaction then holds."""
    if not wanted:
        return [], []
    days = [want.on for want in wanted]
    first = max(_today(course, now), min(days) - timedelta(days=MARGIN_DAYS))
    last = max(days) + timedelta(days=MARGIN_DAYS)
    # The diary shows a day more on either side, and the planner may use it.
    lock_days(course.site, _span_of(first - timedelta(days=1), last + timedelta(days=2)))
    diary = diaries.load(
        site=course.site, first=first, last=last, now=now, patient=course.patient, exclude=leave_out
    )
    request = planner.Request(
        course=replace(facts, starts_on=min(days)),
        wanted=wanted,
        at=course.time,
        held=held_days(course, leave_out=leave_out),
        chair=usual_chair(course),
    )
    plan = planner.plan(request, diary)
    return sorted(plan.sessions, key=lambda session: session.start), plan.unplaced


def _facts_now(course: Course, now: datetime) -> CourseFacts:
    """With the frequency that holds today."""
    facts = dated_facts(course)
    frequency = protocol.frequency_on(facts.decided, facts.frequency, _today(course, now))
    return replace(facts, frequency=frequency)


def _span_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _book(course: Course, placed: Sequence[planner.Planned], reason: str, by, now) -> list[TreatmentSession]:
    """The decision's reason stands for every warning that wants one."""
    if not placed:
        return []
    placements = [Placement(new.number, new.start, new.chair) for new in placed]
    override = dict.fromkeys(protocol.WANT_REASON, reason)
    return book_course(course=course, sessions=placements, by=by, now=now, override=override)


def _cancel(rows: Sequence[TreatmentSession], reason: str, by, now: datetime) -> list[TreatmentSession]:
    who = CancelledBy.CLINIC
    return [cancel_session(session=row, reason=reason, cancelled_by=who, by=by, now=now) for row in rows]


def _booked_ahead(course: Course, now: datetime) -> list[TreatmentSession]:
    """Held, so that nobody arrives while they change. What has begun by the clock is the past."""
    rows = course.sessions.filter(status=SessionStatus.BOOKED, starts_at__gt=now)
    rows = rows.select_for_update(of=("self",)).select_related("course", "site", "patient")
    return list(rows.order_by("starts_at"))


def _today(course: Course, now: datetime) -> date:
    return now.astimezone(course.site.tz).date()


def _from(course: Course, starts_on: date | None, now: datetime) -> date:
    return max(starts_on or _today(course, now), _today(course, now))


def _change_status(course, to, reason, decided_by, by, now, detail) -> None:
    old = CourseStatus(course.status)
    if to not in COURSE_MOVES[old]:
        raise _wrong_state(course)
    course.status = to
    course.save(update_fields=["status"])
    _event(course, "status", reason, by, now, {**detail, "decided_by": decided_by}, old, to)
    _audit(f"course.{to}", course, reason, decided_by, by, now, old=str(old), new=str(to))


def _event(course, kind, reason, by, now, detail, old="", to="") -> None:
    CourseEvent.objects.create(
        course=course, kind=kind, from_status=old, to_status=to, at=now, by=by, reason=reason, detail=detail
    )


def _audit(action, course, reason, decided_by, by, now, **detail) -> None:
    common = {"by": by, "now": now, "site": course.site, "patient": course.patient, "on": course}
    audit.record(action, reason=reason, decided_by=decided_by, **common, **detail)


def _wrong_state(course: Course) -> Refused:
    detail = _("This course is %s.") % course.get_status_display().lower()
    return Refused.because("wrong_state", detail, present=course.status)
