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
    WEEKLY,
    CourseFacts,
    phase_of_session,
    week_of,
)

HORIZONS = ("induction", "week8", "maintenance")
# How far maintenance is planned where nobody says.
MAINTENANCE_WEEKS = 24
WEEKLY_SESSIONS = LAST_WEEKLY_WEEK - INDUCTION_WEEKS
INTERVAL_DAYS = {EVERY_WEEK: 7, BIWEEKLY: 14}


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
    start = held.get(1) or first_day(course.starts_on, course.weekdays)
    sessions = _induction(course, start)
    if until != "induction":
        sessions += _weekly(start)
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
    start = held.get(1) or first_day(after, course.weekdays)
    before = max((day for day in held.values()), default=None)
    found = []
    for number in sorted(numbers):
        on = _next(course, number, before, after)
        week = max(1, week_of(start, on))
        found.append(Wanted(number, week, phase_of_session(number, week), on))
        before = on
    return found


def projected_eighth(days: Sequence[date], *, course: CourseFacts) -> date | None:
    """The day of the eighth session: as held, or by the pattern for those that are not booked yet.

    `days` are the sessions that are booked or done. None where the course wants no eighth any more.
    """
    held = sorted(days)
    if len(held) >= INDUCTION_SESSIONS:
        return held[INDUCTION_SESSIONS - 1]
    if course.status not in ("planned", "active"):
        return None
    if not held:
        return induction_days(first_day(course.starts_on, course.weekdays), course.weekdays)[-1]
    day = held[-1]
    for _ in range(INDUCTION_SESSIONS - len(held)):
        day = first_day(day + timedelta(days=SHORTEST_GAP), course.weekdays)
    return day


def induction_days(start: date, weekdays: Sequence[int]) -> list[date]:
    """Two days in each of four weeks: the wished weekdays, or the trials' days where only one is wished."""
    others = [(weekday - start.weekday()) % 7 for weekday in weekdays]
    second = min((gap for gap in others if gap), default=PATTERN_DAYS[1] - 1)
    return [
        start + timedelta(weeks=week, days=extra) for week in range(INDUCTION_WEEKS) for extra in (0, second)
    ]


def _induction(course: CourseFacts, start: date) -> list[Wanted]:
    return [
        Wanted(number, week_of(start, on), INDUCTION, on)
        for number, on in enumerate(induction_days(start, course.weekdays), 1)
    ]


def _weekly(start: date) -> list[Wanted]:
    return [
        Wanted(INDUCTION_SESSIONS + index + 1, INDUCTION_WEEKS + index + 1, WEEKLY, _week_day(start, index))
        for index in range(WEEKLY_SESSIONS)
    ]


def _week_day(start: date, index: int) -> date:
    return start + timedelta(weeks=INDUCTION_WEEKS + index)


def _maintenance(course: CourseFacts, start: date, held: Mapping[int, date], weeks: int) -> list[Wanted]:
    """On from the last session of week 8, or from the last that is held after it."""
    number = INDUCTION_SESSIONS + WEEKLY_SESSIONS
    on = held.get(number, _week_day(start, WEEKLY_SESSIONS - 1))
    while number + 1 in held:
        number += 1
        on = held[number]
    step = timedelta(days=INTERVAL_DAYS.get(course.frequency, INTERVAL_DAYS[BIWEEKLY]))
    found = []
    while week_of(start, on + step) <= weeks:
        number, on = number + 1, on + step
        found.append(Wanted(number, week_of(start, on), MAINTENANCE, on))
    return found


def _next(course: CourseFacts, number: int, before: date | None, after: date) -> date:
    on_weekdays = number <= INDUCTION_SESSIONS or course.frequency == TWICE_WEEKLY
    if on_weekdays:
        soonest = before + timedelta(days=SHORTEST_GAP) if before else after
        return first_day(max(after, soonest), course.weekdays)
    soonest = before + timedelta(days=INTERVAL_DAYS[course.frequency]) if before else after
    return max(after, soonest)
