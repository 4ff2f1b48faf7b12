"""All that the planner may know of a site and a patient, as plain facts."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from scheduling.day import MINUTE, TICK, Day, Held, Span, as_span
from scheduling.hours import Interval


@dataclass(frozen=True, slots=True)
class ChairFacts:
    id: Any
    name: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The site (chair None) or one chair is out of use."""

    span: Interval
    reason: str = ""
    chair: Any = None


@dataclass(frozen=True, slots=True)
class Busy:
    """A session that holds a chair."""

    id: Any
    chair: Any
    patient: Any
    span: Interval


@dataclass(frozen=True, slots=True)
class Own:
    """A session of the patient in hand, at whatever site: its day there and its hours."""

    id: Any
    on: date
    span: Interval
    number: int = 0
    occupying: bool = True


_OF_SHIFTS = ("_nurses_by_day", "_prescribers_by_day")


def _start(stretch: Interval) -> datetime:
    return stretch.start


def _end(stretch: Interval) -> datetime:
    return stretch.end


def _near(
    by_day: Mapping[date, list[Interval]], everything: Sequence[Interval], first: date, last: date
) -> Sequence[Interval]:
    return by_day.get(first, ()) if first == last else everything


def by_local_day(stretches: Sequence[Interval], zone: ZoneInfo) -> dict[date, list[Interval]]:
    """Each day of `zone` with the stretches that touch it."""
    by_day = defaultdict(list)
    for stretch in stretches:
        day, last = stretch.start.astimezone(zone).date(), stretch.end.astimezone(zone).date()
        while day <= last:
            by_day[day].append(stretch)
            day += timedelta(days=1)
    return dict(by_day)


@dataclass(frozen=True)
class Diary:
    """A site's book over some days, and the one patient it is read for.

    `hours` are merged; `nurses` and `prescribers` hold one merged list of intervals a person, flattened.
    """

    zone: ZoneInfo
    now: datetime
    chairs: Sequence[ChairFacts]
    hours: Sequence[Interval]
    slot_minutes: int = 15
    session_minutes: int = 150
    patients_per_nurse: int = 4
    closed: Sequence[Closed] = ()
    nurses: Sequence[Interval] = ()
    prescribers: Sequence[Interval] = ()
    busy: Sequence[Busy] = ()
    own: Sequence[Own] = ()

    def span(self, start: datetime) -> Interval:
        return Interval(start, start + timedelta(minutes=self.session_minutes))

    def local_date(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def with_busy(self, busy: Busy, own: Own | None = None) -> "Diary":
        """The same diary with one session more, as if it were booked already."""
        made = self._copy(busy=[*self.busy, busy], own=[*self.own, own] if own else self.own)
        day = busy.span.start.date()
        by_day = {**self._busy_by_day}
        by_day[day] = [*by_day.get(day, ()), busy]
        made.__dict__["_busy_by_day"] = by_day
        # Its own day, and those to which it may reach over midnight.
        near = {self.local_date(busy.span.start) + timedelta(days=offset) for offset in (-1, 0, 1)}
        made.__dict__["_days"] = {on: looked for on, looked in self._days.items() if on not in near}
        return made

    def without(self, ids: set[Any]) -> "Diary":
        """The same diary as if these sessions were not in it."""
        return self._copy(
            busy=[item for item in self.busy if item.id not in ids],
            own=[item for item in self.own if item.id not in ids],
        )

    def as_if(
        self, *, chairs: Sequence[ChairFacts], closed: Sequence[Closed], nurses: Sequence[Interval]
    ) -> "Diary":
        """The same book in another house."""
        made = self._copy(chairs=chairs, closed=closed, nurses=nurses)
        made.__dict__.pop("_nurses_by_day")
        return made

    def for_patient(self, own: Sequence[Own]) -> "Diary":
        """The same diary, read for the patient with these sessions."""
        made = self._copy(own=own)
        made.__dict__["_busy_by_day"] = self._busy_by_day
        made.__dict__["_days"] = self._days
        return made

    def _copy(self, **changes: Any) -> "Diary":
        """With these fields changed. What was reckoned from the other fields is kept: a plan makes many copies."""
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        made = Diary(**{**kept, **changes})
        made.__dict__.update({name: getattr(self, name) for name in _OF_SHIFTS})
        return made

    def with_days(
        self, nurses: dict[date, list[Interval]], prescribers: dict[date, list[Interval]]
    ) -> "Diary":
        """This diary, its shifts by day being known already."""
        self.__dict__.update(dict(zip(_OF_SHIFTS, (nurses, prescribers), strict=True)))
        return self

    def nurses_near(self, span: Interval) -> Sequence[Interval]:
        """The nurses' stretches that can meet `span`: those of its day, or all where it goes over midnight."""
        return _near(self._nurses_by_day, self.nurses, self.local_date(span.start), self.local_date(span.end))

    def day(self, on: date) -> Day:
        """The day `on` in whole numbers, reckoned once."""
        found = self._days.get(on)
        if found is None:
            found = self._days[on] = self._reckon(on)
        return found

    @cached_property
    def _days(self) -> dict[date, Day]:
        return {}

    def _reckon(self, on: date) -> Day:
        origin, after = (self._midnight(day) for day in (on, on + timedelta(days=1)))
        length = timedelta(minutes=self.session_minutes)
        # A session of this day may end on the next, and one of the day before on this.
        reach = Interval(origin, after + length)
        closed = [item for item in self.closed if item.span.meets(reach)]
        return Day(
            on=on,
            zone=self.zone,
            origin=origin,
            end=(after - origin) // TICK,
            length=length // TICK,
            slot=self.slot_minutes * MINUTE,
            patients_per_nurse=self.patients_per_nurse,
            chairs=[chair.id for chair in self.chairs],
            hours=[as_span(stretch, origin) for stretch in self.hours_between(origin, reach.end)],
            closed=[(as_span(item.span, origin), item.reason) for item in closed if item.chair is None],
            out=[(as_span(item.span, origin), item.chair) for item in closed if item.chair is not None],
            nurses=self._on_shift(self._nurses_by_day, on, origin, after),
            prescribers=self._on_shift(self._prescribers_by_day, on, origin, after),
            busy=[Held(*as_span(item.span, origin), item.chair, item.id) for item in self.busy_near(reach)],
        )

    def _midnight(self, on: date) -> datetime:
        return datetime.combine(on, time(), self.zone).astimezone(UTC)

    def _on_shift(
        self, by_day: Mapping[date, list[Interval]], on: date, origin: datetime, after: datetime
    ) -> list[Span]:
        later = [stretch for stretch in by_day.get(on + timedelta(days=1), ()) if stretch.start >= after]
        return [as_span(stretch, origin) for stretch in [*by_day.get(on, ()), *later]]

    def hours_between(self, first: datetime, last: datetime) -> Sequence[Interval]:
        """The opening hours that meet the time from `first` to `last`; they are merged and in order."""
        start = bisect_right(self.hours, first, key=_end)
        return self.hours[start : bisect_left(self.hours, last, key=_start)]

    @cached_property
    def _nurses_by_day(self) -> dict[date, list[Interval]]:
        return by_local_day(self.nurses, self.zone)

    @cached_property
    def _prescribers_by_day(self) -> dict[date, list[Interval]]:
        return by_local_day(self.prescribers, self.zone)

    def busy_near(self, span: Interval) -> list[Busy]:
        """Sessions that meet `span`."""
        first, last = span.start.date() - timedelta(days=1), span.end.date()
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [item for day in days for item in self._busy_by_day.get(day, ()) if item.span.meets(span)]

    @cached_property
    def _busy_by_day(self) -> dict[date, list[Busy]]:
        by_day = defaultdict(list)
        for item in self.busy:
            by_day[item.span.start.date()].append(item)
        return by_day
