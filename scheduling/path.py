"""The cheapest way through the candidate days of all the sessions that a course wants. Pure.

Dynamic programming: the sessions in order of their ideal days, for each the cheapest way to every candidate day. What
is held already stands fast between them.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise

from scheduling import protocol
from scheduling.cost import Cost, Request, held_days, ideal_gaps, of_gap
from scheduling.pattern import Wanted


@dataclass(frozen=True, slots=True)
class Option:
    """A candidate day of a session with its best start; `price` is for the day and the start alone."""

    on: date
    start: datetime
    price: float


@dataclass(frozen=True, slots=True)
class _Way:
    """The cheapest plan found so far that ends here: its price, its last session, the way it came."""

    price: float
    want: Wanted | None = None
    option: Option | None = None
    week: int = 0  # the treatment week of its last session, and how many of this way's sessions are in it
    in_week: int = 0
    before: "_Way | None" = None


Steps = Sequence[tuple[Wanted, Sequence[Option]]]


def cheapest(request: Request, steps: Steps, cost: Cost) -> tuple[dict[Wanted, Option], float]:
    """An option for each session, and the price; those that no way can hold are left out and paid for."""
    first = min([*request.held.values()], default=steps[0][0].on if steps else date.min)
    chosen, price = _solve(request, steps, cost, first)
    real = min([*request.held.values(), *(option.on for option in chosen.values())], default=first)
    if real != first:
        # Treatment weeks are counted from the first session, and that is on another day now.
        again, other = _solve(request, steps, cost, real)
        if min([*request.held.values(), *(option.on for option in again.values())]) == real:
            return again, other
    return chosen, price


def _solve(request: Request, steps: Steps, cost: Cost, first: date) -> tuple[dict[Wanted, Option], float]:
    solver = _Solver(request, cost, first)
    ways = solver.run(steps, may_skip=False) or solver.run(steps, may_skip=True)
    best = min(ways, key=lambda way: way.price + solver.tail(way))
    price = best.price + solver.tail(best)
    chosen = {}
    way: _Way | None = best
    while way is not None and way.want is not None and way.option is not None:
        chosen[way.want] = way.option
        way = way.before
    return chosen, price


class _Solver:
    """What one search looks up again and again."""

    def __init__(self, request: Request, cost: Cost, first: date):
        self.course, self.cost, self.first = request.course, cost, first
        self.held = sorted(held_days(request))
        self.held_on = [on for on, _phase in self.held]
        self.held_in_week = Counter(protocol.week_of(first, on) for on in self.held_on)
        self.gap = cache(self._gap)
        self.between = cache(self._between)

    def run(self, steps: Steps, *, may_skip: bool) -> list[_Way]:
        """The cheapest ways to the end; none where a session has no way to any of its days."""
        ways = [_Way(0)]
        for want, options in steps:
            left = [self._skip(way) for way in ways] if may_skip else []
            ways = [way for option in options for way in self._arrive(ways, want, option)] + left
            if not ways:
                return []
        return ways

    def tail(self, way: _Way) -> float:
        """From the last session of a way to the end of what is held."""
        return self.between(*_end(way), None, None)

    def _skip(self, way: _Way) -> _Way:
        return replace(way, price=way.price + self.cost.left_out)

    def _arrive(self, ways: Sequence[_Way], want: Wanted, option: Option) -> list[_Way]:
        """The cheapest way to this day, for each number of sessions that its week would then hold."""
        week = protocol.week_of(self.first, option.on)
        held = self.held_in_week[week]
        best: dict[int, tuple[float, _Way]] = {}
        for way in ways:
            in_week = way.in_week + 1 if way.week == week and way.option else 1
            price = way.price + option.price + self.between(*_end(way), option.on, want.phase)
            if held + in_week > protocol.MOST_IN_A_WEEK:
                price += self.cost.week_full
            if price < float("inf") and (in_week not in best or price < best[in_week][0]):
                best[in_week] = (price, way)
        return [_Way(price, want, option, week, in_week, way) for in_week, (price, way) in best.items()]

    def _between(self, last: date | None, earlier: str | None, on: date | None, later: str | None) -> float:
        """The gaps from one session to the next, by way of all that is held between them."""
        start = bisect_right(self.held_on, last) if last else 0
        end = bisect_left(self.held_on, on) if on else len(self.held)
        if on and end < len(self.held_on) and self.held_on[end] == on:
            return float("inf")
        chain = [*([(last, earlier)] if last else []), *self.held[start:end], *([(on, later)] if on else [])]
        if last and on and on <= last:
            return float("inf")
        return sum(
            self.gap((after - before).days, was, then) for (before, was), (after, then) in pairwise(chain)
        )

    def _gap(self, days: int, earlier: str, later: str) -> float:
        return of_gap(days, ideal_gaps(self.course, earlier, later), self.cost)


def _end(way: _Way) -> tuple[date | None, str | None]:
    return (way.option.on, way.want.phase) if way.option and way.want else (None, None)
