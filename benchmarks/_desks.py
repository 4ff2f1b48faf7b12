"""Two ways to run the same clinic: by this product's planner and verbs, and by first-fit, as a desk does it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from benchmarks._year import DAY, Clinic, Person, Visit, broken, chair_at
from scheduling import pattern, planner, protocol
from scheduling.conditions import fits
from scheduling.cost import Request, wish_of
from scheduling.diary_facts import Diary, Own
from scheduling.hours import Interval
from scheduling.protocol import INDUCTION_SESSIONS

LAST_WEEKLY = INDUCTION_SESSIONS + pattern.WEEKLY_SESSIONS
MAINTENANCE_AHEAD = 6  # weeks
MOVED_AT_ONCE = 2


class ByPlanner:
    """Whole courses; what is lost is planned again at once; a closed day most urgent first; late ones are offered
    the soonest place each morning, in the order of the list of inductions."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic

    def new(self, person: Person) -> None:
        self._plan(person)

    def lost(self, visit: Visit, why: str) -> None:
        person = visit.person
        if why == "no_show":
            wait = self.clinic.fate.luck(person, "reached", visit.attempt).choices((0, 1, 3), (50, 30, 20))[0]
            person.waits_until = self.clinic.today + timedelta(days=wait)
        elif why == "not_authorized":
            person.waits_until = person.authorized_on
            for other in list(person.booked.values()):  # paused
                self.clinic.free(other)
        elif person.waits_until is None:
            self._plan(person)

    def repair(self, visits: Sequence[Visit]) -> None:
        by_urgency = sorted(visits, key=lambda visit: (_days_to_spare(visit.person), visit.start))
        leaving = []
        for visit in reversed(by_urgency):
            if broken(self.clinic, visit):
                self.clinic.free(visit)
                leaving.insert(0, visit)
        for visit in leaving:
            self._place_again(visit)

    def morning(self) -> None:
        for person in self.clinic.people:
            if person.gone:
                continue
            if person.waits_until and person.waits_until <= self.clinic.today:
                person.waits_until = None
            if person.waits_until is None and _missing(person):
                self._plan(person)
        for person in sorted(self.clinic.people, key=_days_to_spare):
            if not person.gone and _days_to_spare(person) < 0:
                self._offer_sooner(person)

    def seen(self, person: Person) -> None:
        if len(person.booked) < 2 and not _missing(person):
            self._plan(person)

    def _mend(self, person: Person) -> bool:
        """The next visits a little later, so that what is lost is made up before day 28."""
        today, held = self.clinic.today, person.held
        if not person.given:
            return False
        wanted = [
            w
            for w in pattern.wanted(person.course, until="induction", held=held)
            if w.number in _missing(person)
        ]
        ahead = sorted((v for v in person.booked.values() if v.on > today), key=lambda visit: visit.start)
        booked = {v.key: pattern.Wanted(v.number, 1, protocol.INDUCTION, v.on) for v in ahead[:MOVED_AT_ONCE]}
        request = Request(person.course, wanted, person.at, held=held, chair=person.chair)
        plan = planner.mend(request, self._diary(person), booked)
        if plan is None:
            return False
        for visit in ahead:
            if visit.number in {session.number for session in plan.sessions}:
                self.clinic.free(visit)
        for session in plan.sessions:
            self.clinic.book(person, session.number, session.start, session.chair)
        return True

    def _plan(self, person: Person) -> None:
        if _missing(person) and self._mend(person):
            return
        today, held = self.clinic.today, person.held
        course = person.course
        if not held:
            starts_on = max(course.starts_on, today)
            course = replace(course, starts_on=starts_on)
        until, weeks = "induction", 0
        if set(range(1, INDUCTION_SESSIONS + 1)) <= set(held):
            until = "maintenance" if len(person.given) >= LAST_WEEKLY - 1 else "week8"
            weeks = protocol.week_of(min(held.values()), today) + MAINTENANCE_AHEAD
            if len(person.given) < INDUCTION_SESSIONS:
                return
        wanted = pattern.wanted(course, until=until, held=held, weeks=weeks)
        request = Request(course, wanted, person.at, held=held, chair=person.chair)
        for session in planner.plan(request, self._diary(person)).sessions:
            on = self.clinic.diary.local_date(session.start)
            if self.clinic.in_rules(person, on):
                self.clinic.book(person, session.number, session.start, session.chair)

    def _diary(self, person: Person) -> Diary:
        """The book, read for this person: not on the days that they have cancelled."""
        now = Interval(self.clinic.diary.now, self.clinic.diary.now)
        return self.clinic.diary.for_patient([Own(on, on, now, occupying=False) for on in person.cannot])

    def _place_again(self, visit: Visit) -> None:
        person, held = visit.person, visit.person.held
        want = pattern.Wanted(visit.number, 1, protocol.phase_of_session(visit.number, 1), visit.on)
        request = Request(person.course, [want], person.at, held=held, chair=visit.chair)
        plan = planner.plan(request, self._diary(person))
        starts = [session.start for session in plan.sessions]
        starts += planner.make_ups(request, self._diary(person), limit=1)
        for start in starts:
            if self.clinic.in_rules(person, self.clinic.diary.local_date(start)):
                self.clinic.book(person, visit.number, start, chair_at(self.clinic, person, start))
                return

    def _offer_sooner(self, person: Person) -> None:
        """The last session of induction, where a place days sooner keeps the rules and the patient says yes."""
        booked = [v for number, v in person.booked.items() if number <= INDUCTION_SESSIONS]
        if not booked or _missing(person):
            return
        last = max(booked, key=lambda visit: visit.start)
        others = {number: day for number, day in person.held.items() if number != last.number}
        request = Request(person.course, [], person.at, held=others, chair=person.chair)
        start = next(iter(planner.make_ups(request, self._diary(person), limit=1)), None)
        if start is None or self.clinic.diary.local_date(start) + DAY >= last.on:
            return
        says = self.clinic.fate.luck(person, "sooner", self.clinic.today.toordinal()).random()
        on = self.clinic.diary.local_date(start)
        if says < self.clinic.assumed.takes_sooner_place and self.clinic.in_rules(
            person, on, without=last.number
        ):
            self.clinic.free(last)
            self.clinic.book(person, last.number, start, chair_at(self.clinic, person, start))


class ByHand:
    """First-fit: each visit takes the first free time from the wished one on; what is missed comes at the end, when
    the patient is next seen; a closed day is repaired in the order in which people had called."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic

    def new(self, person: Person) -> None:
        start = pattern.first_day(person.course.starts_on, person.course.weekdays)
        for number, day in enumerate(pattern.induction_days(start, person.course.weekdays), 1):
            self._first_fit(person, number, day)

    def lost(self, visit: Visit, why: str) -> None:
        person = visit.person
        if why == "no_show":
            person.waits_until = self.clinic.today + timedelta(days=7)
        elif why == "not_authorized":
            person.waits_until = person.authorized_on
        elif visit.number > INDUCTION_SESSIONS:
            self._first_fit(person, visit.number, visit.on + DAY)
        else:
            self._at_the_end(person, visit.number)

    def repair(self, visits: Sequence[Visit]) -> None:
        in_call_order = sorted(visits, key=lambda visit: visit.key)
        leaving = []
        for visit in reversed(in_call_order):
            if broken(self.clinic, visit):
                self.clinic.free(visit)
                leaving.insert(0, visit)
        for visit in leaving:
            self._first_fit(visit.person, visit.number, self.clinic.today)

    def morning(self) -> None:
        for person in self.clinic.people:
            if not person.gone and person.waits_until and person.waits_until <= self.clinic.today:
                self._catch_up(person)

    def seen(self, person: Person) -> None:
        self._catch_up(person)

    def _catch_up(self, person: Person) -> None:
        """What is missing, at the end; after induction the next visit, one at a time."""
        if person.waits_until and person.authorized_on > self.clinic.today:
            return
        person.waits_until = None
        for number in _missing(person):
            self._at_the_end(person, number)
        if not _missing(person) and not person.booked:
            number = max(person.given, default=0) + 1
            weekly = number <= LAST_WEEKLY or person.course.frequency == protocol.EVERY_WEEK
            last = max(person.given.values(), default=self.clinic.today)
            self._first_fit(
                person, number, max(self.clinic.today, last + timedelta(days=7 if weekly else 14))
            )

    def _at_the_end(self, person: Person, number: int) -> None:
        last = max(person.held.values(), default=self.clinic.today)
        after = max(self.clinic.today, last + 2 * DAY)
        self._first_fit(person, number, pattern.first_day(after, person.course.weekdays))

    def _first_fit(self, person: Person, number: int, first: date) -> None:
        """The first free time from the wished one on, that day, then before it, then the next day."""
        diary = self.clinic.diary
        for on in (first + timedelta(days=offset) for offset in range(60)):
            if not self.clinic.in_rules(person, on):
                continue
            day = diary.day(on)
            wish = wish_of(Request(person.course, [], person.at), day)
            later = [at for at in day.starts if at >= wish]
            for at in [*later, *(at for at in reversed(day.starts) if at < wish)]:
                if fits(day, at) and day.moment(at) >= diary.now:
                    start = day.moment(at)
                    self.clinic.book(person, number, start, chair_at(self.clinic, person, start))
                    return


def _missing(person: Person) -> list[int]:
    return [number for number in range(1, INDUCTION_SESSIONS + 1) if number not in person.held]


def _days_to_spare(person: Person) -> int:
    """Of an induction that has begun or is booked; many where nothing is in danger."""
    days = sorted(person.held.values())
    if len(days) < INDUCTION_SESSIONS or len(person.given) >= INDUCTION_SESSIONS:
        return 10_000
    return (days[0] + timedelta(days=protocol.EIGHTH_DUE_DAY - 1) - days[INDUCTION_SESSIONS - 1]).days
