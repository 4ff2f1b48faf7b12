"""What a plan pays for: the stated costs, in one place.

Pure. The planner looks for the plan with the least of `of_plan`; the benchmark of its quality lets a solver look for
less by the same function. The unit is one slot away from the wished time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any

from scheduling import protocol
from scheduling.day import MINUTE, Day
from scheduling.diary_facts import Diary
from scheduling.hours import wall_or_next
from scheduling.pattern import Wanted
from scheduling.protocol import BIWEEKLY, EVERY_WEEK, INDUCTION, WEEKLY, CourseFacts


@dataclass(frozen=True, slots=True)
class Cost:
    """Rules of practice weigh more than any wait for a make-up; nothing weighs as much as leaving a session out."""

    day_off: float = 12  # each day from the ideal day
    late: float = 24  # each day that a lost session of induction waits
    late_after: float = 2  # the same after induction, where a session more in the week heals nothing
    gap_off: float = 8  # each day that a gap differs from the pattern's
    gap_short: float = 1200  # less than two days between sessions [practice]
    week_full: float = 1200  # each session beyond two in a treatment week [practice]
    left_out: float = 10_000  # a session without a place
    outside_wish: float = 60  # beyond the minutes that the patient can be flexible
    load: float = 0.2  # each other patient in the building at the start
    other_chair: float = 1  # not the chair that the patient knows
    hands_full: float = 0.4  # each moment at which every nurse's hands would be full: between equals only
    # Minutes after its start at which a session wants a nurse's hands: the dose, the 40-minute pressure, the leaving.
    hands: tuple[int, ...] = (
        protocol.FIRST_DEVICE_MINUTES,
        protocol.FIRST_DEVICE_MINUTES + 40,
        protocol.FIRST_DEVICE_MINUTES + 120,
    )
    hands_minutes: int = 5


COST = Cost()


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `at` is wall time at the site; `held` the numbers already booked or done."""

    course: CourseFacts
    wanted: Sequence[Wanted]
    at: time
    flexible_minutes: int | None = None
    held: Mapping[int, date] = field(default_factory=dict)
    chair: Any = None


def of_plan(
    request: Request, diary: Diary, places: Mapping[Wanted, tuple[datetime, Any]], cost: Cost = COST
) -> float:
    """The whole price of a plan; `places` holds start and chair of each session that has a place."""
    today = diary.local_date(diary.now)
    price = cost.left_out * (len(request.wanted) - len(places))
    days = []
    for want, (start, _chair) in places.items():
        on = diary.local_date(start)
        price += of_day(want, on, today, cost) + of_slot(request, diary.day(on), start, cost)
        days.append((on, want.phase))
    price += of_gaps(request, sorted([*held_days(request), *days]), cost)
    usual = request.chair
    if usual is None and places:
        usual = Counter(chair for _start, chair in places.values()).most_common(1)[0][0]
        price += cost.other_chair * sum(chair != usual for _start, chair in places.values())
    return price


def of_day(want: Wanted, on: date, today: date, cost: Cost) -> float:
    """Of the day alone. A session whose day has passed is made up: the sooner the better."""
    if want.on >= today:
        return cost.day_off * abs((on - want.on).days)
    return (cost.late if want.phase == INDUCTION else cost.late_after) * (on - today).days


def of_slot(request: Request, day: Day, start: datetime, cost: Cost) -> float:
    """Of the time alone, on its day."""
    wish, at = wish_of(request, day), day.at(start)
    return abs(at - wish) / day.slot + beside_distance(request, day, at, wish, cost)


def beside_distance(request: Request, day: Day, at: int, wish: int, cost: Cost) -> float:
    near = day.near(at)
    price = cost.load * sum(held.start <= at for held in near)
    price += cost.hands_full * _hands_full(day, at, cost)
    flexible = request.flexible_minutes
    if flexible is not None and abs(at - wish) > flexible * MINUTE:
        price += cost.outside_wish
    if request.chair is not None and request.chair not in day.free_chairs(at):
        price += cost.other_chair
    return price


def wish_of(request: Request, day: Day) -> int:
    return day.at(wall_or_next(day.on, request.at, day.zone))


def of_gaps(request: Request, days: Sequence[tuple[date, str]], cost: Cost) -> float:
    """Between all the days of a course in order of time, each with its phase; and of weeks with more than two."""
    price = 0.0
    for (before, earlier), (after, later) in pairwise(days):
        price += of_gap((after - before).days, ideal_gaps(request.course, earlier, later), cost)
    if days:
        weeks = Counter(protocol.week_of(days[0][0], on) for on, _phase in days)
        price += cost.week_full * sum(max(0, count - protocol.MOST_IN_A_WEEK) for count in weeks.values())
    return price


def of_gap(gap: int, ideal: Sequence[int], cost: Cost) -> float:
    if gap < 1:
        return float("inf")
    price = cost.gap_short if gap < protocol.SHORTEST_GAP else 0.0
    return price + cost.gap_off * min(abs(gap - days) for days in ideal)


def ideal_gaps(course: CourseFacts, earlier: str, later: str) -> tuple[int, ...]:
    """Days between two sessions for which nothing is paid: the trials' pattern, and what the patient wished."""
    twice_a_week = (*_wished_gaps(course), 3, 4)
    if later == INDUCTION:
        return twice_a_week
    if later == WEEKLY:
        # Week 5 begins 4 days after a Thursday's eighth session.
        return (3, 4, 7) if earlier == INDUCTION else (7,)
    return {EVERY_WEEK: (7,), BIWEEKLY: (14,)}.get(course.frequency, (*twice_a_week, 7, 14))


def held_days(request: Request) -> list[tuple[date, str]]:
    """What is booked or done, each day with its phase."""
    first = min(request.held.values(), default=date.min)
    return [
        (on, protocol.phase_of_session(number, protocol.week_of(first, on)))
        for number, on in request.held.items()
    ]


def _wished_gaps(course: CourseFacts) -> list[int]:
    """Mondays and Wednesdays are 2 and 5 days apart; whoever wishes them is not moved to Thursdays."""
    found = [(b - a) % 7 for a in course.weekdays for b in course.weekdays if a != b]
    return [gap for gap in found if gap >= protocol.SHORTEST_GAP and 7 - gap >= protocol.SHORTEST_GAP]


def _hands_full(day: Day, at: int, cost: Cost) -> int:
    """How often as many patients want hands at once as there are nurses."""
    others = [held.start for held in day.near(at)]
    width, times = cost.hands_minutes * MINUTE, 0
    moments = [minutes * MINUTE for minutes in cost.hands]
    for mine in moments:
        same = sum(-width < other + theirs - at - mine < width for other in others for theirs in moments)
        times += same > 0 and same >= day.nurses_on_shift.at(at + mine)
    return times
