"""A site's chairs, hours, closures and shifts over some days, kept in memory while its mark stands.

The database gives a site a new mark with every change of these (`clinic.db.MarksHouse`), so whoever knows the mark of
this moment knows whether what was read before is still right.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db.models import DateField, DateTimeField, Q, UUIDField

from clinic import public_holidays
from clinic.enums import Role
from clinic.models import Chair, Closure, House, OpeningHours, Shift, Site
from clinic.prepared import Param, Prepared
from scheduling.diary_facts import ChairFacts, Closed, by_local_day
from scheduling.hours import Interval, WeeklySpan, merge, spans, subtract, wall_or_next

# Some hundred site-months: enough for the sites that one process serves, a few megabytes.
KEPT = 512
_BLOCK = timedelta(weeks=4)

_SITE = Param("site", UUIDField())
_START, _END = Param("start", DateTimeField()), Param("end", DateTimeField())
_FIRST = Param("first", DateField())
_mark = Prepared(House.objects.filter(site_id=_SITE).values_list("mark", flat=True))
_chairs = Prepared(Chair.objects.filter(site_id=_SITE, active=True).values_list("pk", "name"))
_hours = Prepared(
    OpeningHours.objects.filter(site_id=_SITE).values_list(
        "weekday", "opens", "closes", "valid_from", "valid_until"
    )
)
_closures = Prepared(
    Closure.objects.filter(site_id=_SITE, starts_at__lt=_END, ends_at__gt=_START).values_list(
        "starts_at", "ends_at", "reason", "chair_id", "staff_id"
    )
)
_shifts = Prepared(
    Shift.objects.filter(
        Q(starts_at__lt=_END, ends_at__gt=_START)
        | Q(weekday__isnull=False) & (Q(valid_until__isnull=True) | Q(valid_until__gte=_FIRST)),
        site_id=_SITE,
        staff__is_active=True,
    )
)


@dataclass(frozen=True)
class HouseFacts:
    chairs: Sequence[ChairFacts]
    hours: Sequence[Interval]
    closed: Sequence[Closed]
    nurses: Sequence[Interval]
    prescribers: Sequence[Interval]
    zone: Any

    def between(self, around: Interval) -> "HouseFacts":
        """Of these days only. What was reckoned by the day is kept: nobody asks it for other days."""
        made = replace(
            self,
            hours=[stretch for stretch in self.hours if stretch.meets(around)],
            closed=[closed for closed in self.closed if closed.span.meets(around)],
            nurses=[stretch for stretch in self.nurses if stretch.meets(around)],
            prescribers=[stretch for stretch in self.prescribers if stretch.meets(around)],
        )
        by_day = {name: getattr(self, name) for name in ("nurses_by_day", "prescribers_by_day")}
        made.__dict__.update(by_day)
        return made

    @cached_property
    def nurses_by_day(self) -> dict[date, list[Interval]]:
        return by_local_day(self.nurses, self.zone)

    @cached_property
    def prescribers_by_day(self) -> dict[date, list[Interval]]:
        return by_local_day(self.prescribers, self.zone)


def house_of(site: Site, first: date, last: date) -> HouseFacts:
    """The house as it is now, on the site's days from `first` to `last`."""
    return house_at(site, _mark.one(site=site.pk), first, last)


def house_at(site: Site, mark: UUID | None, first: date, last: date) -> HouseFacts:
    """As `house_of`, where the mark has been read a moment ago."""
    start, end = _block(first), _block(last) + _BLOCK - timedelta(days=1)
    read = _kept if mark else _read
    return read(site.pk, mark, site.tz, site.holidays, start, end).between(around_days(site.tz, first, last))


def _block(day: date) -> date:
    """Houses are kept in whole blocks of four weeks, so that those who ask for other days share what is kept."""
    return day - timedelta(days=day.toordinal() % _BLOCK.days)


def _read(site: Any, mark: UUID | None, zone: Any, holidays: str, first: date, last: date) -> HouseFacts:
    around = around_days(zone, first, last)
    times = {"site": site, "start": around.start, "end": around.end}
    weekly = [WeeklySpan(*row) for row in _hours(site=site)]
    out = _closures(**times)
    by_role = _by_role(_shifts(**times, first=first), zone, first, last, _away(out))
    return HouseFacts(
        chairs=[ChairFacts(pk, name) for pk, name in _chairs(site=site)],
        hours=merge(spans(weekly, zone, first, last)),
        closed=[*_closed(out), *_holidays(zone, holidays, first, last)],
        nurses=by_role[Role.NURSE],
        prescribers=by_role[Role.PRESCRIBER],
        zone=zone,
    )


_kept = lru_cache(maxsize=KEPT)(_read)


def around_days(zone: Any, first: date, last: date) -> Interval:
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    return Interval(start, datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC))


_Out = tuple[datetime, datetime, str, Any, Any]


def _closed(out: Sequence[_Out]) -> list[Closed]:
    return [
        Closed(Interval(starts, ends), reason, chair)
        for starts, ends, reason, chair, person in out
        if person is None
    ]


def _away(out: Sequence[_Out]) -> dict[Any, list[Interval]]:
    """By person, when they are not here in spite of their shifts."""
    away = defaultdict(list)
    for starts, ends, _reason, _chair, person in out:
        if person is not None:
            away[person].append(Interval(starts, ends))
    return away


def _holidays(zone: Any, holidays: str, first: date, last: date) -> list[Closed]:
    found = []
    for day, name in public_holidays.between(holidays, first, last + timedelta(days=1)).items():
        midnight, end = (wall_or_next(d, time(), zone) for d in (day, day + timedelta(days=1)))
        found.append(Closed(Interval(midnight, end), name))
    return found


def _by_role(
    shifts: Sequence[Shift], zone: Any, first: date, last: date, away: Mapping[Any, list[Interval]]
) -> dict[str, list[Interval]]:
    """One person's overlapping shifts are merged, for one person is one person."""
    by_person: dict[tuple[str, Any], list[Interval]] = defaultdict(list)
    for shift in shifts:
        by_person[shift.role, shift.staff_id] += occurrences(shift, zone, first, last)
    by_role: dict[str, list[Interval]] = defaultdict(list)
    for (role, person), intervals in by_person.items():
        by_role[role] += subtract(merge(intervals), away.get(person, ()))
    return by_role


def occurrences(shift: Shift, zone: Any, first: date, last: date) -> list[Interval]:
    """When this shift is worked from `first` to `last`."""
    if shift.starts_at is not None and shift.ends_at is not None:
        return [Interval(shift.starts_at, shift.ends_at)]
    if shift.weekday is None or shift.starts is None or shift.ends is None:
        return []  # the database's own rule keeps such a row out
    weekly = WeeklySpan(shift.weekday, shift.starts, shift.ends, shift.valid_from, shift.valid_until)
    return spans([weekly], zone, first, last)
