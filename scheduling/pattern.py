"""The days on which a course should have its sessions: by the trials' pattern, and after what life did to it.

Pure. `held` are the numbers that are booked or done, with their days; a missed or cancelled session is not held, so
its number is wanted again: the schedule goes on and nothing restarts [label].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scheduling.protocol import (
    BIWEEKLY,
    EVERY_WEEK,
    INDUCTION,
    INDUCTION_SESSIONS,
    INDUCTION_WEEKS,
    LAST_WEEKLY_WEEK,
    MAINTENANCE,
    PATTERN_DAYS,
    SHORTEST_GAP,
    TWICE_WEEKLY,
    CourseFacts,
    frequency_of_phase,
    frequency_on,
    phase_of_session,
    week_of,
)

HORIZONS = ("induction", "week8", "maintenance")
# How far maintenance is planned where nobody says.
MAINTENANCE_WEEKS = 24
WEEKLY_SESSIONS = LAST_WEEKLY_WEEK - INDUCTION_WEEKS
INTERVAL_DAYS = {EVERY_WEEK: 7, BIWEEKLY: 14}
# So many days before its time, a session after the eighth is still of the frequency that was decided [practice].
SOONER_DAYS = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session that the course should have: its number, treatment week, phase and ideal day at the site."""

    number: int
    week: int
    phase: str
    on: date


def first_day(starts_on: date, weekdays: Sequence[int]) -> date:
    """The first of the wished weekdays on or after `starts_on`."""
    return min(starts_on + timedelta(days=(weekday - starts_on.weekday()) % 7) for weekday in weekdays)


def wanted(
    course: CourseFacts, *, until: str, held: Mapping[int, date] | None = None, weeks: int = MAINTENANCE_WEEKS
) -> list[Wanted]:
    """The sessions that the course still wants up to a horizon.

    `until` is "induction" (8 sessions), "week8" (and the weekly ones to week 8) or "maintenance" (and on to
    treatment week `weeks`, weekly where that was decided, else every two weeks: the lowest frequency [label]).

    Raises:
        ValueError: for an unknown horizon.
    """
    if until not in HORIZONS:
        raise ValueError(f"unknown horizon {until!r}")
    held = held or {}
    start = _day_one(course, held)
    sessions = _induction(course, start)
    if until != "induction":
        sessions += _weekly(start, held)
    if until == "maintenance":
        sessions += _maintenance(course, start, held, weeks)
    return [session for session in sessions if session.number not in held]


def continued(
    course: CourseFacts, numbers: Sequence[int], *, after: date, held: Mapping[int, date]
) -> list[Wanted]:
    """Days for `numbers` from `after` on, when the course goes on after a pause or at another frequency.

    Each follows the one before by the course's frequency; those of induction, and all at "twice_weekly", fall on the
    wished weekdays with two days between them at least.
    """
    start = min(held.values(), default=None) or first_day(after, course.weekdays)
    before = max((day for day in held.values()), default=None)
    found = []
    for number in sorted(numbers):
        on = _next(course, number, before, after)
        week = max(1, week_of(start, on))
        found.append(Wanted(number, week, phase_of_session(number, week), on))
        before = on
    return found


def too_soon(course: CourseFacts, number: int, day: date, others: Mapping[int, date]) -> bool:
    """Would a session after the eighth follow the one before it so soon that it were another frequency?

    How often is a prescriber's decision [label]; where none is written down, the phase has it. `others` are the days of
    the course's other sessions, `course.decided` every decision.
    """
    before = max((other for other in others.values() if other < day), default=None)
    if number <= INDUCTION_SESSIONS or before is None:
        return False
    phase = phase_of_session(number, week_of(min(others.values()), day))
    frequency = frequency_of_phase(course.decided, course.frequency, before, phase=phase)
    wanted_days = INTERVAL_DAYS[frequency] - SOONER_DAYS if frequency in INTERVAL_DAYS else SHORTEST_GAP
    return (day - before).days < wanted_days


def projected_eighth(days: Sequence[date], *, course: CourseFacts, today: date | None = None) -> date | None:
    """The day of the eighth session: as held, or by the pattern, from `today` on, for those that are not booked yet.

    `days` are the sessions that are booked or done. None where the course wants no eighth any more.
    """
    if len(days) < INDUCTION_SESSIONS and course.status not in ("planned", "active"):
        return None
    return expected_days(days, course=course, today=today)[-1]


def expected_days(days: Sequence[date], *, course: CourseFacts, today: date | None = None) -> list[date]:
    """The eight days of induction in order of time: what is held, then the wished weekdays for what is not booked.

    Nobody can come before `today`, whenever the last session was.
    """
    found = sorted(days)[:INDUCTION_SESSIONS]
    soonest = today or date.min
    if not found:
        start = first_day(max(course.starts_on, soonest), course.weekdays)
        return induction_days(start, course.weekdays)
    while len(found) < INDUCTION_SESSIONS:
        after = found[-1] + timedelta(days=SHORTEST_GAP)
        found.append(first_day(max(after, soonest), course.weekdays))
    return found


def induction_days(start: date, weekdays: Sequence[int]) -> list[date]:
    """Two days in each of four weeks: the wished weekdays, or the trials' days where only one is wished."""
    others = [(weekday - start.weekday()) % 7 for weekday in weekdays]
    second = min((gap for gap in others if gap), default=PATTERN_DAYS[1] - 1)
    return [
        start + timedelta(weeks=week, days=extra) for week in range(INDUCTION_WEEKS) for extra in (0, second)
    ]


def _day_one(course: CourseFacts, held: Mapping[int, date]) -> date:
    """The first session's date [label]; the wished day while only the very first session is lost."""
    wish = first_day(course.starts_on, course.weekdays)
    first = min(held.values(), default=wish)
    lost = 1 not in held and timedelta() <= first - wish < timedelta(weeks=1)
    return wish if lost else first


def _induction(course: CourseFacts, start: date) -> list[Wanted]:
    return [
        Wanted(number, week_of(start, on), INDUCTION, on)
        for number, on in enumerate(induction_days(start, course.weekdays), 1)
    ]


def _weekly(start: date, held: Mapping[int, date]) -> list[Wanted]:
    """Once a week from week 5 on, or from after an induction that took longer; never on top of its last session."""
    first = max(start + timedelta(weeks=INDUCTION_WEEKS), _after_induction(start, held))
    found = []
    for index in range(WEEKLY_SESSIONS):
        on, number = first + timedelta(weeks=index), INDUCTION_SESSIONS + index + 1
        week = week_of(start, on)
        found.append(Wanted(number, week, phase_of_session(number, week), on))
    return found


def _after_induction(start: date, held: Mapping[int, date]) -> date:
    """The course's first weekday with room after the last session of induction that is held."""
    last = max((on for number, on in held.items() if number <= INDUCTION_SESSIONS), default=start)
    return first_day(last + timedelta(days=SHORTEST_GAP + 1), [start.weekday()])


def _maintenance(course: CourseFacts, start: date, held: Mapping[int, date], weeks: int) -> list[Wanted]:
    """On from the last session of week 8, or from the last that is held after it."""
    number = INDUCTION_SESSIONS + WEEKLY_SESSIONS
    on = held.get(number, _weekly(start, held)[-1].on)
    while number + 1 in held:
        number += 1
        on = held[number]
    found = []
    while week_of(start, on + _step(course, on)) <= weeks:
        number, on = number + 1, on + _step(course, on)
        found.append(Wanted(number, week_of(start, on), MAINTENANCE, on))
    return found


def _step(course: CourseFacts, on: date) -> timedelta:
    """From a session of maintenance on that day to the next."""
    frequency = frequency_on(course.decided, course.frequency, on)
    return timedelta(days=INTERVAL_DAYS.get(frequency, INTERVAL_DAYS[BIWEEKLY]))


def _next(course: CourseFacts, number: int, before: date | None, after: date) -> date:
    frequency = frequency_on(course.decided, course.frequency, before or after)
    on_weekdays = number <= INDUCTION_SESSIONS or frequency == TWICE_WEEKLY
    if on_weekdays:
        soonest = before + timedelta(days=SHORTEST_GAP) if before else after
        return first_day(max(after, soonest), course.weekdays)
    soonest = before + timedelta(days=INTERVAL_DAYS[frequency]) if before else after
    return max(after, soonest)
