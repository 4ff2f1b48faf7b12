"""A second opinion on the book, slow and plain, which shares no rule with the code that it judges."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from clinic.models import AuditEvent, Closure, OpeningHours, Shift
from scheduling.models import Course, CourseEvent, Offer, OfferEvent, SessionEvent, TreatmentSession

HOLDS = {"booked", "arrived", "dosing", "observing", "ready"}
COUNTS = HOLDS | {"completed"}
LEGAL = {
    ("", "booked"),
    *(("booked", to) for to in ("arrived", "cancelled", "no_show")),
    *(("arrived", to) for to in ("dosing", "booked", "cancelled")),
    *(("dosing", to) for to in ("observing", "completed")),
    *(("observing", to) for to in ("ready", "completed")),
    *(("ready", to) for to in ("completed", "observing")),
    ("no_show", "booked"),
}
STEP = timedelta(minutes=15)
LENGTH = timedelta(minutes=150)


@dataclass(frozen=True)
class Row:
    """A session as the database has it."""

    id: object
    course: object
    site: object
    patient: object
    chair: object
    number: int
    starts_at: datetime
    ends_at: datetime
    on: date
    status: str
    week: int
    phase: str

    @property
    def place(self):
        return self.starts_at, self.chair

    @property
    def holds(self):
        return self.status in HOLDS

    @property
    def counts(self):
        return self.status in COUNTS


@dataclass(frozen=True)
class Book:
    """Everything that a verb may change."""

    rows: dict
    courses: dict
    offers: dict
    written: tuple

    @classmethod
    def read(cls):
        names = ("id", "course_id", "site_id", "patient_id", "chair_id", "number")
        names += ("starts_at", "ends_at", "local_date", "status", "week", "phase")
        rows = [Row(*values) for values in TreatmentSession.objects.values_list(*names)]
        history = (SessionEvent, CourseEvent, OfferEvent, AuditEvent)
        return cls(
            rows={row.id: row for row in rows},
            courses={pk: rest for pk, *rest in Course.objects.values_list("pk", "status", "frequency")},
            offers=dict(Offer.objects.values_list("pk", "status")),
            written=tuple(model.objects.count() for model in history),
        )


def whole(book, now, zones):
    """What must hold of any book, whatever happened."""
    by_course, by_patient, by_chair = {}, {}, {}
    for row in book.rows.values():
        assert row.ends_at - row.starts_at == LENGTH
        assert row.on == row.starts_at.astimezone(zones[row.site]).date()
        if row.counts:
            by_course.setdefault(row.course, []).append(row)
            by_patient.setdefault(row.patient, []).append(row)
        if row.holds:
            by_chair.setdefault(row.chair, []).append(row)
    for rows in by_chair.values():
        rows.sort(key=lambda row: row.starts_at)
        assert all(a.ends_at <= b.starts_at for a, b in pairwise(rows)), "a chair twice"
    for rows in by_patient.values():
        assert max(Counter(row.on for row in rows).values()) == 1, "a patient twice a day"
    for course, rows in by_course.items():
        _course(rows, book.courses[course][0], now)


def _course(rows, status, now):
    assert max(Counter(row.number for row in rows).values()) == 1, "a number twice"
    first = min(row.on for row in rows)
    for row in rows:
        assert row.week == (row.on - first).days // 7 + 1
        late = "weekly" if row.week <= 8 else "maintenance"
        assert row.phase == ("induction" if row.number <= 8 else late)
    if status in ("paused", "stopped"):
        assert not [row for row in rows if row.status == "booked" and row.starts_at > now]


class House:
    """Hours, closures and shifts of a site as they stand, asked moment by moment."""

    def __init__(self, site):
        self.site, self.zone = site, ZoneInfo(site.timezone)
        self.hours = list(OpeningHours.objects.filter(site=site))
        self.closures = list(Closure.objects.filter(site=site))
        self.shifts = list(Shift.objects.filter(site=site))
        self._known = {}
        self.chairs = set(site.chairs.filter(active=True).values_list("pk", flat=True))

    def faults(self, row, rows):
        """What a session breaks here, given all the rows of the book."""
        others = [o for o in rows if o.site == row.site and o.holds and o.id != row.id]
        moments = [row.starts_at + STEP * n for n in range(LENGTH // STEP)]
        found = set()
        if not all(self._open(moment) for moment in moments):
            found.add("outside_hours")
        if row.chair not in self.chairs or any(self._shut(c, row) for c in self.closures):
            found.add("closed")
        here = {m: 1 + sum(o.starts_at <= m < o.ends_at for o in others) for m in moments}
        nurses = {m: self._on_shift("nurse", m) for m in moments}
        if any(nurses[m] == 0 or here[m] > nurses[m] * self.site.patients_per_nurse for m in moments):
            found.add("no_nurse")
        # The first device is not before a quarter of an hour has passed.
        if not all(self._on_shift("prescriber", m) for m in moments[1:]):
            found.add("no_prescriber")
        together = 1 + sum(o.starts_at == row.starts_at for o in others)
        if 0 < nurses[row.starts_at] < together:
            found.add("starts_crowded")
        return found

    def _open(self, moment):
        local = moment.astimezone(self.zone)
        return any(
            h.weekday == local.weekday()
            and h.opens <= local.time()
            and (h.closes.hour == h.closes.minute == 0 or local.time() < h.closes)
            for h in self.hours
        )

    def _shut(self, closure, row):
        meets = closure.starts_at < row.ends_at and row.starts_at < closure.ends_at
        return meets and closure.chair_id in (None, row.chair)

    def _on_shift(self, role, moment):
        if (role, moment) not in self._known:
            local = moment.astimezone(self.zone)
            there = {s.staff_id for s in self.shifts if s.role == role and self._covers(s, moment, local)}
            self._known[role, moment] = len(there)
        return self._known[role, moment]

    def _covers(self, shift, moment, local):
        if shift.starts_at is not None:
            return shift.starts_at <= moment < shift.ends_at
        all_day = shift.starts == shift.ends
        within = all_day or shift.starts <= local.time() < shift.ends
        return shift.weekday == local.weekday() and within


def history(book):
    """Every session came to its status and to its place by events that follow one another."""
    for pk, events in _by_session(SessionEvent.objects.all()).items():
        steps = [(e.from_status, e.to_status) for e in events if e.kind == "status"]
        assert steps[0][0] == ""
        assert all(step in LEGAL for step in steps), steps
        assert all(a[1] == b[0] for a, b in pairwise(steps)), steps
        assert steps[-1][1] == book.rows[pk].status
        moves = [e.detail for e in events if e.kind == "moved"]
        assert all(a["to"] == b["from"] for a, b in pairwise(moves))
        if moves:
            row = book.rows[pk]
            assert datetime.fromisoformat(moves[-1]["to"]["starts_at"]) == row.starts_at
            assert moves[-1]["to"]["chair"] == str(row.chair)


def _by_session(events):
    found = {}
    for event in events.order_by("at", "pk"):
        found.setdefault(event.session_id, []).append(event)
    return found


def trail():
    """Each row of history has its line in the audit trail, and no line stands there without one."""
    told = Counter(AuditEvent.objects.exclude(object_id=None).values_list("object_id", "action"))
    due = Counter()
    for event in SessionEvent.objects.all():
        action = event.to_status if event.kind == "status" else event.kind
        due[(event.session_id, f"session.{action}")] += 1
    for event in CourseEvent.objects.all():
        status = event.to_status if event.from_status else "started"
        due[(event.course_id, f"course.{status if event.to_status else event.kind}")] += 1
    for event in OfferEvent.objects.select_related("offer"):
        due[(event.offer.course_id, f"offer.{event.status}")] += 1
    mine = ("session.", "course.", "offer.")
    by_other_tables = ("course.frequency", "course.overridden")
    told = {
        key: count for key, count in told.items() if key[1].startswith(mine) and key[1] not in by_other_tables
    }
    assert told == dict(due)


def offers_settled(book):
    """An offer is open, and then one other thing for ever."""
    found = {}
    for event in OfferEvent.objects.order_by("at", "pk"):
        found.setdefault(event.offer_id, []).append(event.status)
    for pk, said in found.items():
        assert said[0] == "open"
        assert len(said) <= 2
        assert said[-1] == book.offers[pk]


def utc(day, at, zone):
    return datetime.combine(day, at, zone).astimezone(UTC)
