"""The house that the machine plays in, and what every one of its steps goes through."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from clinic.errors import Refused
from clinic.models import OpeningHours
from scheduling import booking, closures, courses
from scheduling.booking import Placement
from scheduling.models import Course, TreatmentSession
from tests.factories import make_patient, make_shift, make_site, make_user
from tests.scheduling import referee
from tests.scheduling.referee import Book, House, utc

# A Sunday before a week in which the clocks go forward, on the second Sunday of March.
BEGIN = datetime(2026, 3, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
HOUSE = SimpleNamespace()


def build():
    """Two sites: one in New York with working hours, one in Los Angeles that never closes."""
    day = make_site(chairs=3, patients_per_nurse=1)
    night = make_site(chairs=1, hours=None, timezone="America/Los_Angeles")
    for role, count in (("nurse", 2), ("prescriber", 1)):
        for _person in range(count):
            make_shift(site=day, role=role)
        always = make_user(site=night, role=role)
        for weekday in range(7):
            make_shift(site=night, role=role, staff=always, weekday=weekday, starts=time(0), ends=time(0))
    for weekday in range(7):
        OpeningHours.objects.create(site=night, weekday=weekday, opens=time(0), closes=time(0))
    HOUSE.sites = [day, night]
    HOUSE.by = make_user(site=day, role="desk")
    HOUSE.patients = [make_patient(site=site) for site in (day, day, day, day, night, night)]
    HOUSE.zones = {site.pk: site.tz for site in HOUSE.sites}
    HOUSE.courses = [_course(index, patient) for index, patient in enumerate(HOUSE.patients)]
    HOUSE.order = [session.pk for course in HOUSE.courses[:-1] for session in _booked(course)]


def _course(index, patient):
    return courses.start_course(
        patient=patient,
        site=patient.site,
        indication="mdsi" if index == 1 else "trd",
        starts_on=BEGIN.date() + DAY,
        weekdays=[[0, 3], [1, 4]][index % 2],
        time=time(9 + index),
        dose_mg=56,
        by=HOUSE.by,
        now=BEGIN,
    )


def _booked(course):
    plan = courses.plan_course(course=course, until="induction", now=BEGIN).plan.sessions
    wanted = [Placement(s.number, s.start, s.chair) for s in plan]
    booked = booking.book_course(course=course, sessions=wanted, by=HOUSE.by, now=BEGIN)
    return sorted(booked, key=lambda session: session.number)


class Stage(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now, self.order, self.courses = BEGIN, list(HOUSE.order), HOUSE.courses
        self.looks, self.book = 0, Book.read()

    def teardown(self):
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def do(self, verb, *, past=(), settles=False, **named):
        """Carry it out. A refusal changes nothing; whatever it did, the referee agrees with."""
        before = self.book
        try:
            result = verb(by=HOUSE.by, now=self.now, **named)
        except Refused:
            result = None
            if not settles:
                assert Book.read() == before
                return None
        self.book = Book.read()
        self._judge(before, {row.pk for row in past})
        new = [row for pk, row in self.book.rows.items() if pk not in before.rows]
        place = {course.pk: index for index, course in enumerate(self.courses)}
        self.order += [row.id for row in sorted(new, key=lambda r: (place[r.course], r.number))]
        return result

    def _judge(self, before, may_touch):
        assert before.rows.keys() <= self.book.rows.keys(), "a session is lost"
        houses = {}
        for pk, row in self.book.rows.items():
            old = before.rows.get(pk)
            if old is None or old.place != row.place:
                assert row.starts_at >= self.now
                house = houses.get(row.site) or houses.setdefault(row.site, self._house(row.site))
                assert house.faults(row, self.book.rows.values()) == set()
            if old and old.starts_at <= self.now and pk not in may_touch:
                assert (old.place, old.status) == (row.place, row.status), "the past was touched"

    def _house(self, pk):
        return House(next(site for site in HOUSE.sites if site.pk == pk))

    def session(self, index):
        return TreatmentSession.objects.get(pk=self.order[index % len(self.order)])

    def course(self, index):
        return Course.objects.get(pk=self.courses[index % len(self.courses)].pk)

    def site(self, index):
        return HOUSE.sites[index % 5 == 4]

    def start(self, site, days, at, night):
        """An instant in that many days; at the site that never closes, in the night as well."""
        at = night if night and site == HOUSE.sites[1] else at
        return utc(self.now.astimezone(site.tz).date() + days * DAY, at, site.tz)

    def span(self, site, days, hours):
        start = self.start(site, days, time(0), None)
        return {"starts_at": start + timedelta(hours=hours[0]), "ends_at": start + timedelta(hours=hours[1])}

    # What holds after every step.

    @invariant()
    def the_book_is_whole(self):
        referee.whole(self.book, self.now, HOUSE.zones)

    @invariant()
    def everything_is_told(self):
        referee.history(self.book)
        referee.trail()
        referee.offers_settled(self.book)

    @invariant()
    def what_the_house_broke_is_listed(self):
        """One site after the other: a fault that nobody mends is still there at the next look."""
        self.looks += 1
        site = HOUSE.sites[self.looks % 5 == 0]
        house, rows = House(site), self.book.rows.values()
        ahead = [r for r in rows if r.site == site.pk and r.status == "booked" and r.starts_at > self.now]
        expected = {row.id: found for row in ahead if (found := house.faults(row, rows))}
        listed = {row.pk: {r.code for r in why} for row, why in closures.conflicts(site, now=self.now)}
        assert listed == expected
