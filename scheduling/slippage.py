"""Where the days went: why an induction's eighth session comes later than the pattern has it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from scheduling import pattern, protocol
from scheduling.protocol import CourseFacts

NO_SHOW, CANCELLED_PATIENT, CANCELLED_CLINIC = "no_show", "cancelled_patient", "cancelled_clinic"
MOVED, NOT_BOOKED, PLANNED_LATE = "moved", "not_booked", "planned_late"


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt that came to nothing, or a move to a later day: `on` the day that it was to be."""

    on: date
    reason: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class LostDays:
    """So many days, from this session on, for this reason. `session` counts in order of time, from 1."""

    days: int
    reason: str
    session: int
    on: date


@dataclass(frozen=True, slots=True)
class Slippage:
    """`eighth_on` as the book stands, the day that the pattern has for it, the last day that is in time, and where
    the days between went: those of `reasons` add up to the days between the pattern's day and `eighth_on`."""

    first_on: date | None
    eighth_on: date | None
    pattern_on: date | None
    due_by: date | None
    reasons: list[LostDays]

    @property
    def days_lost(self) -> int:
        return sum(item.days for item in self.reasons)

    @property
    def days_to_spare(self) -> int:
        """Days between the eighth session and day 28; negative where day 28 is missed."""
        if self.eighth_on is None or self.due_by is None:
            return 0
        return (self.due_by - self.eighth_on).days

    @property
    def eighth_day(self) -> int | None:
        """The day of treatment of the eighth session; day 1 is the first session's."""
        if self.eighth_on is None or self.first_on is None:
            return None
        return (self.eighth_on - self.first_on).days + 1


def slippage(
    course: CourseFacts, held: Mapping[int, date], lost: Sequence[Lost], *, today: date | None = None
) -> Slippage:
    """`held`: number and day of what is booked or done; `lost`: every attempt that came to nothing, and every move."""
    eighth = pattern.projected_eighth(list(held.values()), course=course, today=today)
    first = min(held.values(), default=None)
    day_one = first or pattern.first_day(course.starts_on, course.weekdays)
    ideal = pattern.induction_days(day_one, course.weekdays)
    due_by = day_one + timedelta(days=protocol.EIGHTH_DUE_DAY - 1) if first else None
    reasons = _reasons(ideal, course, held, lost, today) if eighth else []
    return Slippage(first, eighth, ideal[-1], due_by, reasons)


def _reasons(
    ideal: Sequence[date],
    course: CourseFacts,
    held: Mapping[int, date],
    lost: Sequence[Lost],
    today: date | None,
) -> list[LostDays]:
    """What was lost and not caught up with by the eighth session: the newest loss is caught up with first."""
    expected = pattern.expected_days(list(held.values()), course=course, today=today)
    numbers = [number for _day, number in sorted((day, number) for number, day in held.items())]
    found: list[LostDays] = []
    for index, (wish, real) in enumerate(zip(ideal, expected, strict=True)):
        grown = max(0, (real - wish).days) - sum(item.days for item in found)
        if grown > 0:
            before = expected[index - 1] if index else None
            number = numbers[index] if index < len(numbers) else None
            reason = _why(lost, before, real, number) or _by_itself(found, before, real, number)
            found.append(LostDays(grown, reason, index + 1, real))
        found = _caught_up(found, -grown)
    return _joined(found)


def _caught_up(found: list[LostDays], days: int) -> list[LostDays]:
    left = list(found)
    while days > 0:
        last = left.pop()
        if last.days > days:
            left.append(replace(last, days=last.days - days))
        days -= last.days
    return left


def _joined(found: Sequence[LostDays]) -> list[LostDays]:
    """Days in a row that went for the same reason are told once."""
    joined: list[LostDays] = []
    for item in found:
        if joined and joined[-1].reason == item.reason:
            joined[-1] = replace(joined[-1], days=joined[-1].days + item.days)
        else:
            joined.append(item)
    return joined


def _why(lost: Sequence[Lost], before: date | None, real: date, number: int | None) -> str | None:
    """What happened between two sessions, or to an earlier attempt at this one."""
    soonest = before or date.min
    between = [item for item in lost if soonest < item.on <= real]
    own = [item for item in lost if number is not None and item.number == number and item.on <= real]
    # Somebody who did not come weighs more than the move that repaired it.
    found = min(between or own, key=lambda item: (item.reason == MOVED, item.on), default=None)
    return found.reason if found else None


def _by_itself(found: Sequence[LostDays], before: date | None, real: date, number: int | None) -> str:
    """Nothing happened here: what was lost before still tells, or it was planned so, or never booked."""
    in_step = before is not None and (real - before).days <= protocol.LONGEST_GAP
    if found and in_step:
        return found[-1].reason
    return NOT_BOOKED if number is None else PLANNED_LATE
