"""One day of the book in whole numbers: what a slot meets there, looked up quickly.

Pure. All times are counted in microseconds from midnight at the site, so that nothing is rounded and a change of the
clock needs no thought here. The rules themselves are in conditions.py.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from scheduling.hours import Interval, Presence

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1) // TICK
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Held:
    """A chair that is held from `start` to `end`."""

    start: int
    end: int
    chair: Any
    id: Any


@dataclass(frozen=True)
class Day:
    """`closed` holds (span, reason), `out` (span, chair); `nurses` and `prescribers` one span a stretch on shift."""

    on: date
    zone: ZoneInfo
    origin: datetime
    end: int
    length: int
    slot: int
    patients_per_nurse: int
    chairs: Sequence[Any]
    hours: Sequence[Span]
    closed: Sequence[tuple[Span, str]]
    out: Sequence[tuple[Span, Any]]
    nurses: Sequence[Span]
    prescribers: Sequence[Span]
    busy: Sequence[Held]
    # What the rules said of a start, so that it is reckoned once.
    legal: dict[int, bool] = field(default_factory=dict)

    def at(self, moment: datetime) -> int:
        return (moment - self.origin) // TICK

    def moment(self, at: int) -> datetime:
        return self.origin + at * TICK

    @cached_property
    def starts(self) -> Sequence[int]:
        """Every start of the day on the site's grid, inside the opening hours."""
        found: list[int] = []
        for opens, closes in self.hours:
            last = min(self.end - 1, closes - self.length)
            found += range(self._on_grid(max(opens, 0)), last + 1, self.slot)
        return found

    def outward(self, wish: int) -> Iterator[int]:
        """The starts, those nearest to `wish` first; of two as near, the earlier."""
        starts = self.starts
        after = bisect_left(starts, wish)
        before = after - 1
        while before >= 0 or after < len(starts):
            later = before < 0 or (after < len(starts) and starts[after] - wish < wish - starts[before])
            if later:
                yield starts[after]
                after += 1
            else:
                yield starts[before]
                before -= 1

    @cached_property
    def nurses_on_shift(self) -> Presence:
        return Presence(self.nurses)

    @cached_property
    def prescribers_on_shift(self) -> Presence:
        return Presence(self.prescribers)

    def near(self, at: int) -> list[Held]:
        """Who is in the house at any time of a session from `at`."""
        end = at + self.length
        return [held for held in self.busy if held.start < end and at < held.end]

    def free_chairs(self, at: int) -> list[Any]:
        """The chairs that nobody holds and that are in use, in the site's order."""
        end = at + self.length
        taken = {held.chair for held in self.busy if held.start < end and at < held.end}
        taken.update(chair for span, chair in self.out if span[0] < end and at < span[1])
        return [chair for chair in self.chairs if chair not in taken]

    def _on_grid(self, at: int) -> int:
        """The first slot at or after `at`, counted from the whole hour of the wall clock."""
        local = self.moment(at).astimezone(self.zone)
        past = (local.minute * MINUTE + local.second * 1_000_000 + local.microsecond) % self.slot
        return at + (self.slot - past) % self.slot


def as_span(interval: Interval, origin: datetime) -> Span:
    return (interval.start - origin) // TICK, (interval.end - origin) // TICK
