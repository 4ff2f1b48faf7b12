"""Reads the Diary: everything the planner may know, in a fixed number of queries whatever the size."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import DateField, DateTimeField, Q, Subquery, UUIDField

from clinic.models import Closure, House, Patient, Site
from clinic.prepared import Param, Prepared
from scheduling.diary_facts import Busy, Diary, Own
from scheduling.enums import COUNTED, OCCUPYING
from scheduling.hours import Interval
from scheduling.house import HouseFacts, around_days, house_at, house_of
from scheduling.models import Course, TreatmentSession


class _Row(NamedTuple):
    """A session as it was read; `mark` is that of the site's house at this moment."""

    id: Any
    site: Any
    chair: Any
    patient: Any
    course: Any
    number: int
    status: str
    on: date
    starts_at: datetime
    ends_at: datetime
    mark: UUID | None

    @property
    def span(self) -> Interval:
        return Interval(self.starts_at, self.ends_at)


_SITE = Param("site", UUIDField())
# By the day as well as by the instants: the day is in the index, and a session has at most twelve hours.
_at_site = Q(
    site_id=_SITE,
    local_date__range=(Param("first", DateField()), Param("last", DateField())),
    starts_at__lt=Param("end", DateTimeField()),
    ends_at__gt=Param("start", DateTimeField()),
    status__in=OCCUPYING,
)
_of_patient = Q(patient_id=Param("patient", UUIDField()), status__in=COUNTED)
_columns = ("pk", "site_id", "chair_id", "patient_id", "course_id", "number", "status", "local_date")


def _sessions(which: Q) -> Prepared:
    rows = TreatmentSession.objects.filter(which).order_by("starts_at", "pk")
    mark = Subquery(House.objects.filter(site_id=_SITE).values("mark"))
    return Prepared(rows.values_list(*_columns, "starts_at", "ends_at", mark))


_sessions_at_site, _sessions_for_patient = _sessions(_at_site), _sessions(_at_site | _of_patient)


@dataclass(frozen=True, slots=True)
class CourseDiary:
    """The diary for a course's patient; number and day of what the course holds; the chair of its last session."""

    diary: Diary
    held: Mapping[int, date]
    usual: Any


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
    rows = [row for row in _read(site, first, last, patient) if row.id not in exclude]
    return _made(site, first, last, now, patient, rows)


def load_for_course(course: Course, *, first: date, last: date, now: datetime) -> CourseDiary:
    """`load` for the patient of `course`, and what the course holds already, in one go."""
    first, last = first - timedelta(days=1), last + timedelta(days=1)
    rows = _read(course.site, first, last, course.patient)
    mine = [row for row in rows if row.course == course.pk and row.status in COUNTED]
    held = {row.number: row.on for row in mine}
    diary = _made(course.site, first, last, now, course.patient, rows)
    return CourseDiary(diary, held, mine[-1].chair if mine else None)


def _read(site: Site, first: date, last: date, patient: Patient | None) -> list[_Row]:
    """The sessions that hold a chair at the site on these days, and all that count of the patient's, wherever."""
    around = around_days(site.tz, first, last)
    values = {"site": site.pk, "first": first - timedelta(days=1), "last": last}
    values |= {"start": around.start, "end": around.end}
    if patient is None:
        return [_Row(*row) for row in _sessions_at_site(**values)]
    return [_Row(*row) for row in _sessions_for_patient(**values, patient=patient.pk)]


def _made(
    site: Site, first: date, last: date, now: datetime, patient: Patient | None, rows: Sequence[_Row]
) -> Diary:
    house, around = _house(site, first, last, rows), around_days(site.tz, first, last)
    near = [row for row in rows if row.span.meets(around)]
    made = Diary(
        zone=site.tz,
        now=now,
        chairs=house.chairs,
        hours=house.hours,
        slot_minutes=site.slot_minutes,
        session_minutes=site.session_minutes,
        patients_per_nurse=site.patients_per_nurse,
        closed=house.closed,
        nurses=house.nurses,
        prescribers=house.prescribers,
        busy=[_busy(row) for row in near if row.site == site.pk and row.status in OCCUPYING],
        own=[_own(row) for row in near if patient is not None and row.patient == patient.pk],
    )
    return made.with_days(house.nurses_by_day, house.prescribers_by_day)


def _house(site: Site, first: date, last: date, rows: Sequence[_Row]) -> HouseFacts:
    return house_at(site, rows[0].mark, first, last) if rows else house_of(site, first, last)


def _busy(row: _Row) -> Busy:
    return Busy(row.id, row.chair, row.patient, row.span)


def _own(row: _Row) -> Own:
    return Own(row.id, row.on, row.span, row.number, row.status in OCCUPYING)


def interval(row: TreatmentSession | Closure) -> Interval:
    return Interval(row.starts_at, row.ends_at)
