"""What Today shows: chairs by time, the list beside it, who is in the building and how many nurses."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinic.models import Chair, Site
from scheduling import diary as diaries
from scheduling.diary_facts import Diary
from scheduling.enums import OCCUPYING, SessionStatus
from scheduling.hours import Interval, cover_at
from scheduling.models import TreatmentSession
from scheduling.readiness import Ready, readiness

_STEP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Entry:
    """A session on the board. `first_row` and `rows` count slots from the board's start."""

    session: TreatmentSession
    first_row: int
    rows: int
    missing: list[Ready]
    overdue: bool

    @property
    def over(self) -> bool:
        """Nothing is left to do with it today. A no-show still wants somebody on the telephone."""
        return self.session.status in (SessionStatus.COMPLETED, SessionStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Load:
    """Half an hour: patients in the building and how many the nurses on shift may have."""

    at: datetime
    patients: int
    capacity: int
    row: int
    rows: int


@dataclass(frozen=True, slots=True)
class DayBoard:
    day: date
    start: datetime
    rows: int
    chairs: list[tuple[Chair, list[Entry]]]
    entries: list[Entry]
    load: list[Load]
    ticks: list[tuple[int, datetime]]
    closures: list[str]
    is_open: bool
    now_row: int | None

    @property
    def current(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.over]

    @property
    def over(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.over]


def day_board(site: Site, day: date, *, now: datetime) -> DayBoard:
    """The board of one of the site's days, in a fixed number of queries."""
    diary = diaries.load(site=site, first=day, last=day, now=now)
    sessions = list(sessions_of(site, day))
    window = _window(diary, day, sessions)
    entries = [_entry(session, site, window, now) for session in sessions]
    chairs = list(Chair.objects.filter(site=site, active=True))
    columns = [(chair, [e for e in entries if _shown_in(e, chair)]) for chair in chairs]
    return DayBoard(
        day=day,
        start=window.start,
        rows=_rows(site, window.end - window.start),
        chairs=columns,
        entries=entries,
        load=_load(site, diary, window),
        ticks=_ticks(site, window),
        closures=[c.reason for c in diary.closed if c.chair is None and c.span.meets(window)],
        is_open=any(hours.meets(window) for hours in diary.hours),
        now_row=_rows(site, now - window.start) + 1 if window.start <= now < window.end else None,
    )


def sessions_of(site: Site, day: date):
    """The day's sessions with all that a line of them shows, in one query."""
    return (
        TreatmentSession.objects.on(site, day)
        .select_related("chair", "patient", "course")
        .order_by("starts_at", "pk")
    )


def missing_for(session: TreatmentSession) -> list[Ready]:
    return [item for item in readiness_of(session) if not item.ok]


def readiness_of(session: TreatmentSession) -> list[Ready]:
    patient = session.patient
    return readiness(
        starts_at=session.starts_at,
        enrolled_on=patient.rems_enrolled_on,
        escort=patient.escort_name,
        confirmation=session.confirmation,
        contraindicated=bool(patient.contraindications),
    )


def _entry(session: TreatmentSession, site: Site, window: Interval, now: datetime) -> Entry:
    waiting = session.status == SessionStatus.BOOKED
    expected = session.expected_at or session.starts_at
    return Entry(
        session=session,
        first_row=_rows(site, session.starts_at - window.start) + 1,
        rows=max(1, _rows(site, session.ends_at - session.starts_at)),
        missing=missing_for(session) if waiting else [],
        overdue=waiting and now > expected,
    )


def _shown_in(entry: Entry, chair: Chair) -> bool:
    """A cancelled or missed session holds no chair; a completed one shows where it was."""
    status = entry.session.status
    return entry.session.chair_id == chair.pk and status in (*OCCUPYING, SessionStatus.COMPLETED)


def _window(diary: Diary, day: date, sessions: list[TreatmentSession]) -> Interval:
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


def _load(site: Site, diary: Diary, window: Interval) -> list[Load]:
    found, moment = [], window.start
    while moment < window.end:
        nurses = cover_at(moment, diary.nurses)
        patients = sum(item.span.start <= moment < item.span.end for item in diary.busy)
        row = _rows(site, moment - window.start) + 2
        found.append(
            Load(moment, patients, nurses * diary.patients_per_nurse, row, max(1, _rows(site, _STEP)))
        )
        moment += _STEP
    return found


def _ticks(site: Site, window: Interval) -> list[tuple[int, datetime]]:
    """The row on which each full hour begins."""
    hours = round((window.end - window.start) / timedelta(hours=1))
    moments = [window.start + timedelta(hours=hour) for hour in range(hours)]
    return [(_rows(site, moment - window.start) + 1, moment) for moment in moments]
