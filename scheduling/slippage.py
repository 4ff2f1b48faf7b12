"""Where the days went: why an induction's eighth session comes later than the pattern has it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scheduling import pattern, protocol
from scheduling.protocol import CourseFacts

NO_SHOW, CANCELLED_PATIENT, CANCELLED_CLINIC = "no_show", "cancelled_patient", "cancelled_clinic"
MOVED, NOT_BOOKED, PLANNED_LATE = "moved", "not_booked", "planned_late"


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt that came to nothing, or a move: `on` the day that it was to be."""

    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class LostDays:
    """So many days, from this session on, for this reason. `session` counts in order of time, from 1."""

    days: int
    reason: str
    session: int
    on: date


@dataclass(frozen=True, slots=True)
class Slippage:
    """`eighth_on` as the book stands, the last day that is in time, and where the days between went."""

    first_on: date | None
    eighth_on: date | None
    due_by: date | None
    reasons: list[LostDays]

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


def slippage(course: CourseFacts, held: Mapping[int, date], lost: Sequence[Lost]) -> Slippage:
    """`held`: number and day of what is booked or done; `lost`: every attempt that came to nothing, and every move."""
    days = sorted(held.values())
    eighth = pattern.projected_eighth(days, course=course)
    first = days[0] if days else None
    if first is None:
        return Slippage(None, eighth, None, [])
    ideal = pattern.induction_days(first, course.weekdays)
    expected = _expected(days, course)
    reasons, lag = [], 0
    for index, (wish, real) in enumerate(zip(ideal, expected, strict=False)):
        before = expected[index - 1] if index else first
        grown = (real - wish).days - lag
        if grown > 0:
            booked = index < len(days)
            reasons.append(LostDays(grown, _why(lost, before, real, booked), index + 1, real))
        lag = max(lag, (real - wish).days)
    return Slippage(first, eighth, first + timedelta(days=protocol.EIGHTH_DUE_DAY - 1), reasons)


def _expected(days: Sequence[date], course: CourseFacts) -> list[date]:
    """The eight days in order of time: what is held, then the wished weekdays for what is not booked."""
    found = list(days[: protocol.INDUCTION_SESSIONS])
    while len(found) < protocol.INDUCTION_SESSIONS:
        soonest = found[-1] + timedelta(days=protocol.SHORTEST_GAP)
        found.append(pattern.first_day(soonest, course.weekdays))
    return found


def _why(lost: Sequence[Lost], before: date, real: date, booked: bool) -> str:
    """The newest thing that happened between two sessions; without one, it was planned so, or never booked."""
    between = [item for item in lost if before < item.on <= real]
    if between:
        # Somebody who did not come weighs more than the move that repaired it.
        return min(between, key=lambda item: (item.reason == MOVED, item.on)).reason
    return PLANNED_LATE if booked else NOT_BOOKED
