"""When a site is open and who is there: wall times in, intervals in UTC out.

Pure. A clock change makes an hour vanish or come twice; here is the only place that has to know.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo


class NonexistentTime(ValueError):
    """A wall time that the clock jumps over in spring."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Half-open, in UTC."""

    start: datetime
    end: datetime

    def holds(self, other: "Interval") -> bool:
        return self.start <= other.start and other.end <= self.end

    def meets(self, other: "Interval") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class WeeklySpan:
    """Every week on `weekday` (0 is Monday) in wall time. An end at or before the start is on the next day.

    `first` and `last` bound the dates on which it begins; None is for ever.
    """

    weekday: int
    start: time
    end: time
    first: date | None = None
    last: date | None = None

    def on(self, day: date) -> bool:
        after_first = self.first is None or day >= self.first
        before_last = self.last is None or day <= self.last
        return day.weekday() == self.weekday and after_first and before_last


def wall(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant of a wall time, in UTC. A time that comes twice is the first of the two.

    Raises:
        NonexistentTime: when the clock jumps over it.
    """
    instant = datetime.combine(day, at, zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != datetime.combine(day, at):
        raise NonexistentTime(f"{day} {at:%H:%M} does not exist in {zone.key}")
    return instant


def wall_or_next(day: date, at: time, zone: ZoneInfo) -> datetime:
    """As `wall`; a skipped time is the first instant after the jump (a shift that begins in the gap)."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def spans(weekly: Iterable[WeeklySpan], zone: ZoneInfo, first: date, last: date) -> list[Interval]:
    """Every occurrence that touches the days `first` to `last`, in order; not merged."""
    found = []
    templates = list(weekly)
    for offset in range(-1, (last - first).days + 1):
        day = first + timedelta(days=offset)
        found += [_occurrence(template, day, zone) for template in templates if template.on(day)]
    return sorted(interval for interval in found if interval.start < interval.end)


def _occurrence(template: WeeklySpan, day: date, zone: ZoneInfo) -> Interval:
    end_day = day if template.end > template.start else day + timedelta(days=1)
    return Interval(wall_or_next(day, template.start, zone), wall_or_next(end_day, template.end, zone))


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Overlapping and touching ones become one, so that a night across midnight is one stretch."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged


def subtract(intervals: Sequence[Interval], gaps: Sequence[Interval]) -> list[Interval]:
    """What is left of `intervals` outside `gaps`."""
    left = list(intervals)
    for gap in gaps:
        left = [piece for interval in left for piece in _without(interval, gap)]
    return left


def _without(interval: Interval, gap: Interval) -> list[Interval]:
    if not interval.meets(gap):
        return [interval]
    pieces = [Interval(interval.start, gap.start), Interval(gap.end, interval.end)]
    return [piece for piece in pieces if piece.start < piece.end]


class Presence:
    """How many are there, at any moment, of people or things that each come and go at the ends of a stretch.

    Half-open, as `Interval`. Moments are datetimes, or whole numbers of one unit.
    """

    def __init__(self, stretches: Iterable[tuple[Any, Any]]):
        change: dict[Any, int] = defaultdict(int)
        for start, end in stretches:
            change[start] += 1
            change[end] -= 1
        self._changes = sorted(change)
        self._numbers = [0, *accumulate(change[moment] for moment in self._changes)]

    def at(self, moment: Any) -> int:
        return self._numbers[bisect_right(self._changes, moment)]

    def least(self, start: Any, end: Any) -> int:
        """The smallest number at any moment from `start` to `end`."""
        return min(self._numbers[bisect_right(self._changes, start) : bisect_left(self._changes, end) + 1])
