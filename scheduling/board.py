"""What Today shows: chairs by time, the list beside it, who is in the building and how many nurses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import DateField, UUIDField

from clinic.models import Site
from clinic.prepared import Param, Prepared
from scheduling import diary as diaries
from scheduling.authorizations import Known, known_on, standing_of
from scheduling.diary_facts import Diary
from scheduling.enums import OCCUPYING, SessionStatus
from scheduling.hours import Interval, Presence
from scheduling.lines import Frame, Line, Load, Missing, Out, Rights
from scheduling.models import TreatmentSession
from scheduling.readiness import Ready, readiness

_STEP = timedelta(minutes=30)
# What `_Row` holds, in its order.
_COLUMNS = (
    "pk",
    "patient_id",
    "course_id",
    "chair_id",
    "chair__name",
    "number",
    "phase",
    "dose_mg",
    "starts_at",
    "ends_at",
    "expected_at",
    "status",
    "confirmation",
    "patient__family_name",
    "patient__given_name",
    "patient__rems_enrolled_on",
    "patient__escort_name",
    "patient__contraindications",
    "course__payer_authorizes",
)
_of_day = Prepared(
    TreatmentSession.objects.filter(site_id=Param("site", UUIDField()), local_date=Param("day", DateField()))
    .order_by("starts_at", "pk")
    .values_list(*_COLUMNS)
)
# A cancelled or missed session holds no chair; a completed one shows where it was.
_IN_A_COLUMN = (*OCCUPYING, SessionStatus.COMPLETED)


class _Row(NamedTuple):
    """A session with what a line of it shows."""

    pk: Any
    patient: Any
    course: Any
    chair_id: Any
    chair: str
    number: int
    phase: str
    dose_mg: int
    starts_at: datetime
    ends_at: datetime
    expected_at: datetime | None
    status: str
    confirmation: str
    family_name: str
    given_name: str
    enrolled_on: date | None
    escort: str
    contraindications: list[str]
    payer_authorizes: bool


@dataclass(frozen=True, slots=True)
class DayBoard:
    day: date
    start: datetime
    rows: int
    frame: Frame
    lines: list[Line]
    closures: list[str]
    out: list[Out]
    is_open: bool
    now_row: int | None

    @property
    def placed(self) -> list[Line]:
        """Those that stand in a column of the board."""
        return [line for line in self.lines if line.column]

    @property
    def current(self) -> list[Line]:
        return [line for line in self.lines if not line.over]

    @property
    def over(self) -> list[Line]:
        return [line for line in self.lines if line.over]


def day_board(site: Site, day: date, *, now: datetime, may: Rights) -> DayBoard:
    """The board of one of the site's days, in a fixed number of queries."""
    diary = diaries.load(site=site, first=day, last=day, now=now)
    sessions = _sessions(site, day)
    window = _window(diary, day, sessions)
    chairs = tuple((chair.id, chair.name) for chair in diary.chairs)
    known = known_on(site, day)
    columns = {pk: column for column, (pk, _name) in enumerate(chairs, start=2)}
    return DayBoard(
        day=day,
        start=window.start,
        rows=_rows(site, window.end - window.start),
        frame=Frame(chairs, _ticks(site, window), _load(site, diary, window), site.tz),
        lines=[_line(row, site, window, now, known, columns, may) for row in sessions],
        closures=[c.reason for c in diary.closed if c.chair is None and c.span.meets(window)],
        out=_out(site, diary, window, columns),
        is_open=any(hours.meets(window) for hours in diary.hours),
        now_row=_rows(site, now - window.start) + 1 if window.start <= now < window.end else None,
    )


def _sessions(site: Site, day: date) -> list[_Row]:
    """The day's sessions as plain rows, in one query: a full house has hundreds, and looks every few seconds."""
    return [_Row(*row) for row in _of_day(site=site.pk, day=day)]


def readiness_of(session: TreatmentSession, known: Mapping[Any, Known]) -> list[Ready]:
    """`known`: what the payers have authorized, by course."""
    patient = session.patient
    return readiness(
        starts_at=session.starts_at,
        enrolled_on=patient.rems_enrolled_on,
        escort=patient.escort_name,
        confirmation=session.confirmation,
        contraindicated=bool(patient.contraindications),
        authorization=standing_of(
            known, session.course_id, session.number, wanted=session.course.payer_authorizes
        ),
    )


def _missing(row: _Row, known: Mapping[Any, Known], now: datetime) -> tuple[Missing, ...]:
    found = readiness(
        starts_at=row.starts_at,
        enrolled_on=row.enrolled_on,
        escort=row.escort,
        confirmation=row.confirmation,
        contraindicated=bool(row.contraindications),
        authorization=standing_of(known, row.course, row.number, wanted=row.payer_authorizes),
    )
    return tuple(Missing(i.detail, i.owner, i.by, late=i.by < now) for i in found if not i.ok)


def _line(
    row: _Row,
    site: Site,
    window: Interval,
    now: datetime,
    known: Mapping[Any, Known],
    columns: Mapping[Any, int],
    may: Rights,
) -> Line:
    waiting = row.status == SessionStatus.BOOKED
    return Line(
        pk=row.pk,
        patient=row.patient,
        course=row.course,
        who=f"{row.family_name}, {row.given_name}",
        chair=row.chair,
        number=row.number,
        phase=row.phase,
        dose_mg=row.dose_mg,
        starts_at=row.starts_at,
        expected_at=row.expected_at,
        status=row.status,
        confirmation=row.confirmation,
        missing=_missing(row, known, now) if waiting else (),
        overdue=waiting and now > (row.expected_at or row.starts_at),
        first_row=_rows(site, row.starts_at - window.start) + 1,
        rows=max(1, _rows(site, row.ends_at - row.starts_at)),
        column=columns.get(row.chair_id) if row.status in _IN_A_COLUMN else None,
        may=may,
        tz=site.tz,
    )


def _window(diary: Diary, day: date, sessions: list[_Row]) -> Interval:
    """The whole hours that hold the opening hours and every session of the day."""
    open_today = [h for h in diary.hours if day in (diary.local_date(h.start), diary.local_date(h.end))]
    midnight = datetime.combine(day, datetime.min.time(), diary.zone)
    starts = [max(h.start, midnight) for h in open_today] + [s.starts_at for s in sessions]
    ends = [min(h.end, midnight + timedelta(days=1)) for h in open_today] + [s.ends_at for s in sessions]
    start = min(starts, default=midnight + timedelta(hours=8)).astimezone(diary.zone)
    end = max(ends, default=midnight + timedelta(hours=18)).astimezone(diary.zone)
    return Interval(
        start.replace(minute=0), end if not end.minute else end.replace(minute=0) + timedelta(hours=1)
    )


def _rows(site: Site, length: timedelta) -> int:
    return round(length / timedelta(minutes=site.slot_minutes))


def _load(site: Site, diary: Diary, window: Interval) -> tuple[Load, ...]:
    nurses = Presence((span.start, span.end) for span in diary.nurses)
    patients = Presence((item.span.start, item.span.end) for item in diary.busy)
    found, moment = [], window.start
    while moment < window.end:
        row = _rows(site, moment - window.start) + 2
        room = nurses.at(moment) * diary.patients_per_nurse
        found.append(Load(moment, patients.at(moment), room, row, max(1, _rows(site, _STEP))))
        moment += _STEP
    return tuple(found)


def _out(site: Site, diary: Diary, window: Interval, columns: Mapping[Any, int]) -> list[Out]:
    """What is closed, chair by chair, as far as the board shows it: nothing can be put there."""
    found = []
    for closed in diary.closed:
        start, end = max(closed.span.start, window.start), min(closed.span.end, window.end)
        if start >= end:
            continue
        row, rows = _rows(site, start - window.start) + 2, max(1, _rows(site, end - start))
        chairs = columns.values() if closed.chair is None else [columns.get(closed.chair)]
        found += [Out(closed.reason, row, rows, column) for column in chairs if column]
    return found


def _ticks(site: Site, window: Interval) -> tuple[tuple[int, datetime], ...]:
    """The row on which each full hour begins."""
    hours = round((window.end - window.start) / timedelta(hours=1))
    moments = [window.start + timedelta(hours=hour) for hour in range(hours)]
    return tuple((_rows(site, moment - window.start) + 1, moment) for moment in moments)
