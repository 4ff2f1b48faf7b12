"""A year of a clinic, day by day, in memory: what happens to it is drawn from a seed and is the same for both policies.

What is assumed stands in `Assumed` and, in words, in docs/planner.md. A policy (benchmarks/_desks.py) answers: it
books, repairs and calls back. What happens does not depend on it: a person's luck is drawn for their n-th visit.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

import holidays

from benchmarks._clinics import ZONE, house, instant, whole_day
from scheduling import protocol
from scheduling.conditions import check
from scheduling.diary_facts import Busy, Diary
from scheduling.planner import pick_chair
from scheduling.protocol import INDUCTION_SESSIONS, CourseFacts

FIRST = date(2027, 1, 4)
WARM_UP, COUNTED, RUN_OUT = 8, 52, 10  # weeks
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Assumed:
    chairs: int = 6
    nurses: int = 2
    opens: time = time(8)
    closes: time = time(18)
    calls_a_week: float = 4.0
    no_show: float = 0.07
    cancelled: float = 0.08
    most_notice_days: int = 5
    late_authorization: float = 0.15
    most_days_late: int = 14
    snow_days: int = 5
    nurse_ill: float = 0.03  # each working day
    overrun: float = 0.08
    overrun_minutes: int = 30
    cannot_wait: float = 0.3
    gives_up: float = 0.008  # after each visit
    gives_up_after_no_show: float = 0.06
    goes_on: float = 0.75  # after the eighth
    goes_on_later: float = 0.94  # after each visit from the twelfth
    weekly_later: float = 0.4
    takes_sooner_place: float = 0.5


PAIRS = ((0, 3), (1, 4), (0, 3), (2, 4), (1, 3), (0, 2))
TIMES = (time(8), time(9), time(9), time(10), time(10), time(11), time(13), time(13), time(14))


@dataclass
class Person:
    """Who called, what they wish, and how their course stands."""

    key: int
    course: CourseFacts
    at: time
    calls_on: date
    authorized_on: date
    given: dict[int, date] = field(default_factory=dict)
    booked: dict[int, "Visit"] = field(default_factory=dict)
    attempts: int = 0
    chair: Any = None
    cannot: set[date] = field(default_factory=set)  # days that they have cancelled
    gone: bool = False
    waits_until: date | None = None  # when somebody will speak with them about what was lost

    @property
    def held(self) -> dict[int, date]:
        return {**self.given, **{number: visit.on for number, visit in self.booked.items()}}

    @property
    def eighth_day(self) -> int | None:
        days = sorted(self.given.values())
        return (days[7] - days[0]).days + 1 if len(days) >= INDUCTION_SESSIONS else None


@dataclass(frozen=True, slots=True)
class Visit:
    key: int
    person: Person
    number: int
    start: datetime
    chair: Any
    attempt: int

    @property
    def on(self) -> date:
        return self.start.astimezone(ZONE).date()


class Policy(Protocol):
    def __init__(self, clinic: "Clinic") -> None: ...
    def new(self, person: Person) -> None: ...
    def lost(self, visit: Visit, why: str) -> None: ...
    def repair(self, visits: Sequence[Visit]) -> None: ...
    def morning(self) -> None: ...
    def seen(self, person: Person) -> None: ...


class Fate:
    """The year as it will be, drawn beforehand."""

    def __init__(self, seed: int, assumed: Assumed):
        self.seed, self.assumed = seed, assumed
        dice = random.Random(f"{seed} year")
        weeks = WARM_UP + COUNTED + RUN_OUT
        self.days = [FIRST + timedelta(days=n) for n in range(weeks * 7)]
        public = holidays.country_holidays("US", years=[FIRST.year, FIRST.year + 1])
        self.holidays = {on for on in self.days if on in public}
        working = [on for on in self.days if on.weekday() < 5 and on not in self.holidays]
        winter = [on for on in working if on.month in (12, 1, 2, 3)]
        self.snow = set(dice.sample(winter, assumed.snow_days)) | set(dice.sample(working, 2))
        self.ill = {on for on in working if dice.random() < assumed.nurse_ill}
        self.people = self._people(dice, working)

    def luck(self, person: Person, what: str, attempt: int) -> random.Random:
        return random.Random(f"{self.seed} {person.key} {what} {attempt}")

    def _people(self, dice: random.Random, working: Sequence[date]) -> dict[date, list[Person]]:
        found: dict[date, list[Person]] = {on: [] for on in self.days}
        key = 0
        for on in working:
            for _call in range(_poisson(dice, self.assumed.calls_a_week / 5)):
                found[on].append(self._person(dice, key, on))
                key += 1
        return found

    def _person(self, dice: random.Random, key: int, on: date) -> Person:
        starts_on = on + timedelta(days=dice.randint(3, 10))
        pair = dice.choice(PAIRS)
        others = [weekday for weekday in range(5) if weekday not in pair]
        never = tuple(sorted(dice.sample(others, dice.choices((0, 1, 2), (40, 40, 20))[0])))
        late = dice.random() < self.assumed.late_authorization
        days_late = dice.randint(1, self.assumed.most_days_late)
        frequency = protocol.EVERY_WEEK if dice.random() < self.assumed.weekly_later else protocol.BIWEEKLY
        course = CourseFacts(protocol.TRD, starts_on, pair, frequency, never_weekdays=never)
        authorized = starts_on + timedelta(days=days_late) if late else on
        return Person(key, course, dice.choice(TIMES), on, authorized)


class Clinic:
    """The book and the people; time goes by in `live`."""

    def __init__(self, fate: Fate, policy: type[Policy]):
        self.fate, self.assumed = fate, fate.assumed
        self.people: list[Person] = []
        self.visits: dict[int, Visit] = {}
        self.counts = dict.fromkeys(("booked", "given", "lost", "waited"), 0)
        self.open_days = 0
        self._keys = 0
        self.today = fate.days[0]
        closed = [whole_day(on, "holiday") for on in sorted(fate.holidays)]
        self.house = house(
            chairs=self.assumed.chairs,
            nurses=self.assumed.nurses,
            opens=self.assumed.opens,
            closes=self.assumed.closes,
            first=fate.days[0],
            last=fate.days[-1] + timedelta(days=120),
            now=instant(self.today, time(6, 30)),
            closed=closed,
        )
        self.diary = self.house
        self.policy = policy(self)

    def live(self) -> None:
        for on in self.fate.days:
            self.today = on
            if on.weekday() < 5 and on not in self.fate.holidays:
                self._day()

    def counted(self, on: date) -> bool:
        return WARM_UP * 7 <= (on - FIRST).days < (WARM_UP + COUNTED) * 7

    def book(self, person: Person, number: int, start: datetime, chair: Any) -> None:
        """Both policies book here, and nothing that breaks a rule is let through."""
        refused = check(self.diary, start, chair)
        if refused or number in person.held or not self.in_rules(person, self.diary.local_date(start)):
            raise RuntimeError(f"a policy broke a rule: {[r.code for r in refused]}")
        self._keys, person.attempts = self._keys + 1, person.attempts + 1
        visit = Visit(self._keys, person, number, start, chair, person.attempts)
        self.visits[visit.key] = person.booked[number] = visit
        self.diary = self.diary.with_busy(Busy(visit.key, chair, person.key, self.diary.span(start)))

    def free(self, visit: Visit) -> None:
        del self.visits[visit.key], visit.person.booked[visit.number]
        self.diary = self.diary.without({visit.key})

    def in_rules(self, person: Person, on: date, *, without: int = 0) -> bool:
        """The rules of practice, for both: two days between, at most two in a treatment week, days that they can."""
        others = [day for number, day in person.held.items() if number != without]
        first = min([on, *others])
        in_week = sum(protocol.week_of(first, day) == protocol.week_of(first, on) for day in others)
        near = any(abs((on - day).days) < protocol.SHORTEST_GAP for day in others)
        can = on not in person.cannot and on.weekday() not in person.course.never_weekdays
        return can and not near and in_week < protocol.MOST_IN_A_WEEK

    def _day(self) -> None:
        self.diary = self._this_morning()
        self.open_days += self.counted(self.today) and self.today not in self.fate.snow
        self.policy.repair(self._hit())
        self._cancellations()
        for person in self.fate.people[self.today]:
            mine = replace(person, given={}, booked={}, cannot=set())
            self.people.append(mine)
            self.policy.new(mine)
        self.policy.morning()
        self._sessions()

    def _this_morning(self) -> Diary:
        """The book as it stands, on this day's house."""
        busy = [Busy(v.key, v.chair, v.person.key, self.house.span(v.start)) for v in self.visits.values()]
        closed, nurses = list(self.house.closed), list(self.house.nurses)
        if self.today in self.fate.snow:
            closed.append(whole_day(self.today, "snow"))
        if self.today in self.fate.ill:
            nurses.remove(next(s for s in nurses if self.house.local_date(s.start) == self.today))
        now = instant(self.today, time(6, 30))
        return replace(self.house, now=now, busy=busy, closed=closed, nurses=nurses)

    def todays(self) -> list[Visit]:
        return sorted((v for v in self.visits.values() if v.on == self.today), key=lambda v: (v.start, v.key))

    def _hit(self) -> list[Visit]:
        """Today's visits where something of the day itself has changed."""
        return self.todays() if self.today in self.fate.snow | self.fate.ill else []

    def fate_of(self, visit: Visit) -> tuple[str, int]:
        """What will become of a visit, and how many days before its day that is known."""
        dice = self.fate.luck(visit.person, "visit", visit.attempt)
        throw = dice.random()
        if throw < self.assumed.no_show:
            return "no_show", 0
        if throw < self.assumed.no_show + self.assumed.cancelled:
            return "cancelled", dice.randint(0, self.assumed.most_notice_days)
        return "comes", 0

    def _cancellations(self) -> None:
        for visit in list(self.visits.values()):
            what, notice = self.fate_of(visit)
            if visit.key not in self.visits:
                continue  # went with another that was lost
            if what == "cancelled" and visit.on - timedelta(days=notice) <= self.today:
                self._lose(visit, what)

    def _lose(self, visit: Visit, why: str) -> None:
        self.free(visit)
        visit.person.cannot |= {visit.on} if why == "cancelled" else set()
        self._count("booked", "lost")
        self.policy.lost(visit, why)

    def _count(self, *names: str) -> None:
        for name in names:
            self.counts[name] += self.counted(self.today)

    def _sessions(self) -> None:
        """The day in the chairs. Whoever runs over keeps a chair; the next one waits, or goes home."""
        # Whatever is decided at the chair is for another day.
        self.diary = replace(self.diary, now=instant(self.today, self.assumed.closes))
        until: dict[Any, datetime] = {}
        for visit in self.todays():
            if visit.key not in self.visits:
                continue
            if visit.person.authorized_on > self.today:
                self._lose(visit, "not_authorized")
                continue
            if self.fate_of(visit)[0] == "no_show":
                self._lose(visit, "no_show")
                self._may_give_up(visit, "no_show", self.assumed.gives_up_after_no_show)
                continue
            dice = self.fate.luck(visit.person, "chair", visit.attempt)
            overruns, waits = dice.random() < self.assumed.overrun, dice.random() >= self.assumed.cannot_wait
            chair = visit.chair
            if until.get(chair, visit.start) > visit.start:
                free = [
                    c for c in self.diary.day(self.today).chairs if until.get(c, visit.start) <= visit.start
                ]
                taken = {
                    v.chair
                    for v in self.todays()
                    if v.start < self.diary.span(visit.start).end and v is not visit
                }
                chair = next((c for c in free if c not in taken), chair)
            start = max(visit.start, until.get(chair, visit.start))
            if start > visit.start:
                self._count("waited")
                if not waits:
                    self._lose(visit, "could_not_wait")
                    continue
            more = self.assumed.overrun_minutes if overruns else 0
            until[chair] = self.diary.span(start).end + timedelta(minutes=more)
            self._give(visit)

    def _give(self, visit: Visit) -> None:
        person = visit.person
        self.free(visit)
        person.given[visit.number], person.chair = self.today, visit.chair
        self._count("booked", "given")
        stays = 1.0 - self.assumed.gives_up
        if len(person.given) == INDUCTION_SESSIONS:
            stays = self.assumed.goes_on
        elif len(person.given) >= 12:
            stays = self.assumed.goes_on_later
        self._may_give_up(visit, "stays", 1.0 - stays)
        if not person.gone:
            self.policy.seen(person)

    def _may_give_up(self, visit: Visit, what: str, chance: float) -> None:
        """A stop after the eighth is a decision, before it a loss. All that is booked goes."""
        person = visit.person
        if (
            self.fate.luck(
                person, what, len(person.given) * 100 + visit.attempt * (what == "no_show")
            ).random()
            < chance
        ):
            person.gone = True
            for other in list(person.booked.values()):
                self.free(other)


def broken(clinic: Clinic, visit: Visit) -> bool:
    """Can it not stay where it is, as the house is this morning?"""
    found = check(clinic.diary.without({visit.key}), visit.start, visit.chair)
    return bool({r.code for r in found} & {"closed", "no_nurse", "no_prescriber", "starts_crowded"})


def chair_at(clinic: Clinic, person: Person, start: datetime) -> Any:
    return pick_chair(clinic.diary, start, person.chair)


def _poisson(dice: random.Random, mean: float) -> int:
    """Knuth's way: good for small means."""
    count, product, limit = 0, dice.random(), 2.718281828459045**-mean
    while product > limit:
        count, product = count + 1, product * dice.random()
    return count
