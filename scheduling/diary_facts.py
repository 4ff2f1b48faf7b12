"""All that the planner may know of a site and a patient, as plain facts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

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
    chair_names: Mapping[Any, str] = field(default_factory=dict)

    def span(self, start: datetime) -> Interval:
        return Interval(start, start + timedelta(minutes=self.session_minutes))

    def local_date(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def with_busy(self, busy: Busy, own: Own | None = None) -> "Diary":
        """The same diary with one session more, as if it were booked already."""
        return self._copy(busy=[*self.busy, busy], own=[*self.own, own] if own else self.own)

    def without(self, ids: set[Any]) -> "Diary":
        """The same diary as if these sessions were not in it."""
        return self._copy(
            busy=[item for item in self.busy if item.id not in ids],
            own=[item for item in self.own if item.id not in ids],
        )

    def for_patient(self, own: Sequence[Own]) -> "Diary":
        """The same diary, read for the patient with these sessions."""
        return self._copy(own=own)

    def _copy(self, **changes: Any) -> "Diary":
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Diary(**{**kept, **changes})

    def busy_near(self, span: Interval) -> list[Busy]:
        """Sessions that meet `span`."""
        days = {span.start.date() - timedelta(days=1), span.start.date(), span.end.date()}
        return [item for day in days for item in self._busy_by_day.get(day, ()) if item.span.meets(span)]

    @cached_property
    def _busy_by_day(self) -> dict[date, list[Busy]]:
        by_day = defaultdict(list)
        for item in self.busy:
            by_day[item.span.start.date()].append(item)
        return by_day
