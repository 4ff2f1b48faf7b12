"""The planner against an exact solver (CP-SAT of OR-Tools) on small random courses.

    ./run bench quality [--quick]

Both pay by `scheduling.cost` and keep the rules of `scheduling.conditions`. The solver may choose any legal start of
any day within weeks of the ideal one; "distance" is how much more the planner's plan costs, in slots away from the
wished time (15 minutes).
"""

import json
import random
import statistics
import sys
import time as clock
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from ortools.sat.python import cp_model

from benchmarks._clinics import MONDAY, filled, house, instant, whole_day
from scheduling import cost, pattern, planner, protocol
from scheduling.conditions import check
from scheduling.cost import COST, Request
from scheduling.diary_facts import Diary
from scheduling.pattern import Wanted
from scheduling.protocol import CourseFacts

INSTANCES = 30 if "--quick" in sys.argv else 250
SEED = 1
TENTHS = 10  # the solver counts in whole numbers
PHASES = (protocol.INDUCTION, protocol.WEEKLY, protocol.MAINTENANCE)
BEFORE, AFTER, MAKE_UP = 7, 14, 42
SECONDS = 60.0
HORIZON_DAYS = 120


@dataclass(frozen=True, slots=True)
class Compared:
    seed: int
    planner_cost: float
    best_cost: float
    proven: bool
    wanted: int
    planner_left_out: int
    best_left_out: int
    planner_ms: float

    @property
    def distance(self) -> float:
        return round(self.planner_cost - self.best_cost, 1)


def instance(seed: int) -> tuple[Request, Diary]:
    """A course, new or under way, in a clinic somewhere between empty and full."""
    dice = random.Random(seed)
    now = instant(MONDAY, time(7)) + timedelta(days=dice.choice((-3, -3, -3, 2, 9, 16)))
    closed = [
        whole_day(MONDAY + timedelta(days=dice.randrange(35)), "closed", dice.choice((1, 1, 1, 3, 8)))
        for _ in range(dice.randrange(4))
    ]
    last = MONDAY + timedelta(days=HORIZON_DAYS)
    book = house(
        chairs=dice.randint(1, 4),
        nurses=dice.randint(1, 2),
        opens=time(8),
        closes=time(dice.choice((13, 16, 18))),
        first=MONDAY - timedelta(days=7),
        last=last,
        now=now,
        patients_per_nurse=dice.randint(1, 4),
        closed=closed,
    )
    book = filled(book, dice, tries=dice.choice((0, 100, 300, 800)), first=MONDAY, days=70)
    return _request(dice, book), book


def _request(dice: random.Random, book: Diary) -> Request:
    pair = dice.choice(((0, 3), (1, 4), (0, 2), (2, 4), (0, 1), (1, 3)))
    never = tuple({dice.randrange(5)} - set(pair)) if dice.random() < 0.4 else ()
    course = CourseFacts(
        protocol.TRD,
        MONDAY,
        pair,
        never_weekdays=never,
        not_before=dice.choice((None, None, time(9), time(11))),
        not_after=dice.choice((None, None, time(15))),
    )
    held = _held(dice, course, book)
    until = dice.choice(("induction", "induction", "week8"))
    wanted = pattern.wanted(course, until=until, held=held)
    at, flexible = time(dice.randrange(8, 15)), dice.choice((None, 60, 120))
    chair = dice.choice((None, 0))
    return Request(course, wanted, at, flexible_minutes=flexible, held=held, chair=chair)


def _held(dice: random.Random, course: CourseFacts, book: Diary) -> dict[int, date]:
    """The first is done where the course is under way; of the others some are lost, some booked."""
    today = book.local_date(book.now)
    if today <= MONDAY:
        return {}
    days = enumerate(pattern.induction_days(MONDAY, course.weekdays), 1)
    return {number: day for number, day in days if number == 1 or dice.random() < 0.6}


def compare(seed: int) -> Compared:
    request, book = instance(seed)
    began = clock.process_time()
    plan = planner.plan(request, book)
    spent = (clock.process_time() - began) * 1000
    by_number = {want.number: want for want in request.wanted}
    places = {by_number[s.number]: (s.start, s.chair) for s in plan.sessions}
    price = cost.of_plan(request, book, places)
    best, left_out, proven = optimum(request, book)
    return Compared(seed, price, best, proven, len(by_number), len(plan.unplaced), left_out, spent)


def optimum(request: Request, book: Diary) -> tuple[float, int, bool]:
    """The least cost that any plan can have, how many it leaves out, and whether that is proven."""
    model = _Model(request, book)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = SECONDS
    solver.parameters.num_workers = 2
    status = solver.solve(model.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise RuntimeError(f"no plan at all: {solver.status_name(status)}")
    left_out = sum(solver.value(skip) for skip in model.skips)
    return solver.objective_value / TENTHS, left_out, status == cp_model.OPTIMAL


class _Model:
    """Which session on which day at which start; the days form a chain that pays for its gaps."""

    def __init__(self, request: Request, book: Diary):
        self.request, self.book = request, book
        self.today = book.local_date(book.now)
        self.model = cp_model.CpModel()
        self.price: list[Any] = []
        self.skips: list[Any] = []
        self.on_day: dict[tuple[date, str], list[Any]] = defaultdict(list)
        self.choices: list[tuple[Any, frozenset[Any]]] = []
        for want in request.wanted:
            self._place(want)
        self.nodes = self._nodes()
        self._chain()
        self._weeks()
        if request.chair is None:
            self._chairs()
        self.model.minimize(sum(self.price))

    def _place(self, want: Wanted) -> None:
        """At one of its candidates, or left out."""
        skip = self.model.new_bool_var(f"skip {want.number}")
        self.skips.append(skip)
        self._pay(COST.left_out, skip)
        ones = [skip]
        for on in self._days(want):
            for (_free, start), slot_price in self._starts(on).items():
                one = self.model.new_bool_var(f"{want.number} at {start}")
                self._pay(slot_price + cost.of_day(want, on, self.today, COST), one)
                self.on_day[on, want.phase].append(one)
                self.choices.append((one, _free))
                ones.append(one)
        self.model.add_exactly_one(ones)

    def _days(self, want: Wanted) -> list[date]:
        lost = want.on < self.today
        first = self.today if lost else max(self.today, want.on - timedelta(days=BEFORE))
        after = MAKE_UP if any(other.on < self.today for other in self.request.wanted) else AFTER
        last = max(self.today, want.on) + timedelta(days=after)
        days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        held, earliest = set(self.request.held.values()), self.request.course.starts_on
        return [on for on in days if on >= earliest and on not in held]

    def _starts(self, on: date) -> dict[tuple[frozenset[Any], datetime], float]:
        """The cheapest legal start of a day for each set of free chairs: the others can never be better."""
        course, day = self.request.course, self.book.day(on)
        best: dict[frozenset[Any], tuple[float, datetime]] = {}
        for start in (day.moment(at) for at in day.starts):
            ends = (start + timedelta(minutes=self.book.session_minutes)).astimezone(self.book.zone)
            begins = start.astimezone(self.book.zone)
            early = course.not_before is not None and begins.time() < course.not_before
            late = course.not_after is not None and ends.time() > course.not_after
            if on.weekday() in course.never_weekdays or early or late or check(self.book, start):
                continue
            free = frozenset(day.free_chairs(day.at(start))) if self.request.chair is None else frozenset()
            price = cost.of_slot(self.request, day, start, COST)
            if free not in best or price < best[free][0]:
                best[free] = (price, start)
        return {(free, start): price for free, (price, start) in best.items()}

    def _nodes(self) -> list[tuple[date, str, Any]]:
        """A day with the phase of its session, and whether there is one; what is held is always there."""
        nodes = [(on, phase, None) for on, phase in cost.held_days(self.request)]
        for (on, phase), ones in self.on_day.items():
            used = self.model.new_bool_var(f"{phase} on {on}")
            self.model.add(sum(ones) == used)
            nodes.append((on, phase, used))
        return sorted(nodes, key=lambda node: (node[0], node[1]))

    def _chain(self) -> None:
        """A circuit through the start (0) and every day that has a session, in order of time."""
        arcs: list[tuple[int, int, Any]] = [(0, 0, self.model.new_bool_var("nothing"))]
        self.firsts: list[tuple[date, Any]] = []
        for index, (on, phase, used) in enumerate(self.nodes, 1):
            if used is not None:
                arcs.append((index, index, used.negated()))
            begins, ends = self.model.new_bool_var(""), self.model.new_bool_var("")
            arcs += [(0, index, begins), (index, 0, ends)]
            self.firsts.append((on, begins))
            for other, (later, then, _used) in enumerate(self.nodes[index:], index + 1):
                if later > on and PHASES.index(phase) <= PHASES.index(then):
                    arc = self.model.new_bool_var("")
                    gaps = cost.ideal_gaps(self.request.course, phase, then)
                    self._pay(cost.of_gap((later - on).days, gaps, COST), arc)
                    arcs.append((index, other, arc))
        self.model.add_circuit(arcs)

    def _weeks(self) -> None:
        """More than two in a treatment week, counted from whichever day is the first."""
        last = max((on for on, _phase, _used in self.nodes), default=MONDAY)
        possible = self.firsts
        if self.request.held:
            earliest = min(self.request.held.values())
            possible = [(on, begins) for on, begins in self.firsts if on <= earliest]
        for first, begins in possible:
            for week in range(protocol.week_of(first, last) + 1):
                inside = [used for on, _p, used in self.nodes if protocol.week_of(first, on) == week + 1]
                if len(inside) > protocol.MOST_IN_A_WEEK:
                    self._pay_too_many(inside, begins)

    def _pay_too_many(self, inside: list[Any], begins: Any) -> None:
        over = self.model.new_int_var(0, len(inside), "")
        count = sum(1 if used is None else used for used in inside)
        self.model.add(count - protocol.MOST_IN_A_WEEK <= over).only_enforce_if(begins)
        self._pay(COST.week_full, over)

    def _chairs(self) -> None:
        """A chair of the patient's own is chosen; each session that cannot be in it pays."""
        usual = {chair.id: self.model.new_bool_var(f"usual {chair.id}") for chair in self.book.chairs}
        self.model.add_exactly_one(usual.values())
        for one, free in self.choices:
            elsewhere = [usual[chair] for chair in usual if chair not in free]
            if elsewhere:
                other = self.model.new_bool_var("")
                self.model.add(other >= one + sum(elsewhere) - 1)
                self._pay(COST.other_chair, other)

    def _pay(self, price: float, what: Any) -> None:
        whole = round(price * TENTHS)
        if whole:
            self.price.append(whole * what)


def figures(found: list[Compared]) -> dict[str, Any]:
    away = sorted(item.distance for item in found)
    return {
        "instances": len(found),
        "seeds": f"{found[0].seed} to {found[-1].seed}",
        "optimum proven": sum(item.proven for item in found),
        "distance from the optimum, in slots": {
            "median": statistics.median(away),
            "p90": away[int(len(away) * 0.9)],
            "worst": away[-1],
            "mean": round(statistics.mean(away), 2),
        },
        "plans that are optimal": sum(value <= 0 for value in away),
        "worst seeds": [i.seed for i in sorted(found, key=lambda i: -i.distance)[:5] if i.distance > 0],
        "sessions wanted": sum(item.wanted for item in found),
        "left out by the planner": sum(item.planner_left_out for item in found),
        "left out by the optimum": sum(item.best_left_out for item in found),
        "placeable but left out": sum(max(0, i.planner_left_out - i.best_left_out) for i in found),
        "planner_ms": {
            "median": round(statistics.median(item.planner_ms for item in found), 2),
            "worst": round(max(item.planner_ms for item in found), 2),
        },
    }


def main() -> None:
    print(json.dumps(figures([compare(SEED + number) for number in range(INSTANCES)]), indent=2))


if __name__ == "__main__":
    main()
