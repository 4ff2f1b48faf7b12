"""Reads the Diary: everything the planner may know, in a fixed number of queries whatever the size."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Q

from clinic import public_holidays
from clinic.enums import Role
from clinic.models import Chair, Closure, OpeningHours, Patient, Shift, Site
from scheduling.diary_facts import Busy, ChairFacts, Closed, Diary, Own
from scheduling.enums import COUNTED, OCCUPYING
from scheduling.hours import Interval, WeeklySpan, merge, spans, wall_or_next
from scheduling.models import TreatmentSession


def load(
    *,
    site: Site,
    first: date,
    last: date,
    now: datetime,
    patient: Patient | None = None,
    exclude: Collection[Any] = (),
) -> Diary:
    """The site's book from `first` to `last` (its own dates), and one day to either side.

    `exclude`: ids of sessions to leave out, those that are about to move.
    """
    first, last = first - timedelta(days=1), last + timedelta(days=1)
    around = _around(site, first, last)
    shifts = _shifts(site, first, last, around)
    return Diary(
        zone=site.tz,
        now=now,
        chairs=[ChairFacts(c.pk, c.name) for c in Chair.objects.filter(site=site, active=True)],
        hours=_hours(site, first, last),
        slot_minutes=site.slot_minutes,
        session_minutes=site.session_minutes,
        patients_per_nurse=site.patients_per_nurse,
        closed=_closed(site, around),
        nurses=shifts[Role.NURSE],
        prescribers=shifts[Role.PRESCRIBER],
        busy=_busy(site, around, exclude),
        own=_own(patient, around, exclude),
    )


def _around(site: Site, first: date, last: date) -> Interval:
    start = datetime.combine(first, time(), site.tz).astimezone(UTC)
    return Interval(start, datetime.combine(last + timedelta(days=1), time(), site.tz).astimezone(UTC))


def _hours(site: Site, first: date, last: date) -> list[Interval]:
    rows = OpeningHours.objects.filter(site=site)
    weekly = [WeeklySpan(h.weekday, h.opens, h.closes, h.valid_from, h.valid_until) for h in rows]
    return merge(spans(weekly, site.tz, first, last))


def _closed(site: Site, around: Interval) -> list[Closed]:
    rows = Closure.objects.filter(site=site, starts_at__lt=around.end, ends_at__gt=around.start)
    found = [Closed(Interval(c.starts_at, c.ends_at), c.reason, c.chair_id) for c in rows]
    first, last = around.start.astimezone(site.tz).date(), around.end.astimezone(site.tz).date()
    for day, name in public_holidays.between(site.holidays, first, last).items():
        midnight, end = (wall_or_next(d, time(), site.tz) for d in (day, day + timedelta(days=1)))
        found.append(Closed(Interval(midnight, end), name))
    return found


def _shifts(site: Site, first: date, last: date, around: Interval) -> dict[str, list[Interval]]:
    """By role; one person's overlapping shifts are merged, for one person is one person."""
    once = Q(starts_at__lt=around.end, ends_at__gt=around.start)
    weekly = Q(weekday__isnull=False) & (Q(valid_until__isnull=True) | Q(valid_until__gte=first))
    by_person: dict[tuple[str, Any], list[Interval]] = defaultdict(list)
    for shift in Shift.objects.filter(once | weekly, site=site, staff__is_active=True):
        by_person[shift.role, shift.staff_id] += _occurrences(shift, site, first, last)
    by_role: dict[str, list[Interval]] = defaultdict(list)
    for (role, _person), intervals in by_person.items():
        by_role[role] += merge(intervals)
    return by_role


def _occurrences(shift: Shift, site: Site, first: date, last: date) -> list[Interval]:
    if shift.starts_at is not None and shift.ends_at is not None:
        return [Interval(shift.starts_at, shift.ends_at)]
    if shift.weekday is None or shift.starts is None or shift.ends is None:
        return []  # the database's own rule keeps such a row out
    weekly = WeeklySpan(shift.weekday, shift.starts, shift.ends, shift.valid_from, shift.valid_until)
    return spans([weekly], site.tz, first, last)


def _busy(site: Site, around: Interval, exclude: Iterable[Any]) -> list[Busy]:
    rows = TreatmentSession.objects.filter(site=site, status__in=OCCUPYING)
    rows = rows.overlapping(around.start, around.end).exclude(pk__in=list(exclude))
    values = rows.values_list("pk", "chair_id", "patient_id", "starts_at", "ends_at")
    return [Busy(pk, chair, patient, Interval(start, end)) for pk, chair, patient, start, end in values]


def _own(patient: Patient | None, around: Interval, exclude: Iterable[Any]) -> list[Own]:
    if patient is None:
        return []
    rows = TreatmentSession.objects.filter(patient=patient, status__in=COUNTED)
    rows = rows.overlapping(around.start, around.end).exclude(pk__in=list(exclude))
    return [Own(s.pk, s.local_date, interval(s), s.number, s.status in OCCUPYING) for s in rows]


def interval(session: TreatmentSession) -> Interval:
    return Interval(session.starts_at, session.ends_at)
