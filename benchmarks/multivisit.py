"""Many patients with several visits each, nurses needed alone at set-up and at discharge.

    ./run bench multivisit

40 working days, slots of 15 minutes. A nurse does nothing else in the slot in which a visit begins and in the slot in
which it ends; between them they may watch up to four patients. 40 patients with 2 nurses, 60 and 75 with 3, made anew
from a seed. The planner books one course after another, as calls come in; `conflicts` counts independently, from the
list of visits alone, and must find nothing.
"""

import json
import random
import sys
import time as clock
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from benchmarks._clinics import MONDAY, ZONE, house, instant
from scheduling import pattern, planner, protocol
from scheduling.cost import COST, Request, beside_distance, wish_of
from scheduling.diary_facts import Busy, Diary
from scheduling.protocol import CourseFacts

SIZES = ((40, 2, 6), (60, 3, 8), (75, 3, 9))  # patients, nurses, chairs
WEEKS = 8  # 40 working days
SEEDS = (1,) if "--quick" in sys.argv else (1, 2, 3)
OPENS, CLOSES = time(8), time(18)
SLOT, LENGTH, WATCHED = timedelta(minutes=15), timedelta(minutes=150), 4
# Hands are wanted for the whole first and last slot, and a slot in which nobody has any is as good as closed.
ALONE = replace(COST, hands=(0, 135), hands_minutes=15, hands_full=100_000.0)
PAIRS = ((0, 3), (1, 4), (0, 2), (2, 4), (1, 3))


@dataclass(frozen=True, slots=True)
class Booked:
    patient: int
    chair: Any
    start: datetime


def patients(seed: int, count: int) -> list[Request]:
    """Each begins in one of the first five weeks; induction, and the weekly visits that the 40 days still hold."""
    dice, found = random.Random(f"{seed} {count}"), []
    for _patient in range(count):
        week = dice.randrange(5)
        course = CourseFacts(protocol.TRD, MONDAY + timedelta(weeks=week), dice.choice(PAIRS))
        last = MONDAY + timedelta(weeks=WEEKS)
        wanted = [want for want in pattern.wanted(course, until="week8") if want.on < last]
        found.append(Request(course, wanted, time(dice.randrange(8, 15), dice.choice((0, 30)))))
    return found


def empty(nurses: int, chairs: int) -> Diary:
    last = MONDAY + timedelta(days=7 * WEEKS - 1)
    now = instant(MONDAY, time(7))
    return house(
        chairs=chairs,
        nurses=nurses,
        opens=OPENS,
        closes=CLOSES,
        first=MONDAY,
        last=last,
        now=now,
        patients_per_nurse=WATCHED,
    )


def solve(requests: Sequence[Request], diary: Diary) -> list[Booked]:
    """One course after another, each by the planner over all that is booked."""
    visits = []
    for patient, request in enumerate(requests):
        for session in planner.plan(request, diary, ALONE).sessions:
            if _hands_are_free(request, diary, session.start):
                span = diary.span(session.start)
                key = (patient, session.number)
                diary = diary.with_busy(Busy(key, session.chair, patient, span))
                visits.append(Booked(patient, session.chair, session.start))
    return visits


def _hands_are_free(request: Request, diary: Diary, start: datetime) -> bool:
    day = diary.day(diary.local_date(start))
    return beside_distance(request, day, day.at(start), wish_of(request, day), ALONE) < ALONE.hands_full


def conflicts(visits: Sequence[Booked], *, nurses: int, chairs: int) -> dict[str, int]:
    """Counted from the visits alone, slot by slot: nothing of the planner or its rules is asked."""
    in_chair: Counter[Any] = Counter()
    watched: Counter[datetime] = Counter()
    alone: Counter[datetime] = Counter()
    for visit in visits:
        for number in range(LENGTH // SLOT):
            in_chair[visit.chair, visit.start + number * SLOT] += 1
            watched[visit.start + number * SLOT] += 1
        alone[visit.start] += 1
        alone[visit.start + LENGTH - SLOT] += 1
    days = Counter((visit.patient, visit.start.astimezone(ZONE).date()) for visit in visits)
    return {
        "chair twice": sum(count > 1 for count in in_chair.values()),
        "no such chair": sum(visit.chair not in range(chairs) for visit in visits),
        "nurse needed alone twice": sum(count > nurses for count in alone.values()),
        "too many to watch": sum(count > nurses * WATCHED for count in watched.values()),
        "patient twice a day": sum(count > 1 for count in days.values()),
        "outside the hours": sum(not _within_hours(visit) for visit in visits),
        "off the grid": sum(visit.start.minute % 15 != 0 or visit.start.second != 0 for visit in visits),
    }


def _within_hours(visit: Booked) -> bool:
    begins, ends = (moment.astimezone(ZONE) for moment in (visit.start, visit.start + LENGTH))
    working = begins.weekday() < 5 and 0 <= (begins.date() - MONDAY).days < 7 * WEEKS
    return working and begins.time() >= OPENS and ends.time() <= CLOSES and begins.date() == ends.date()


def run(seed: int, count: int, nurses: int, chairs: int) -> dict[str, Any]:
    requests, diary = patients(seed, count), empty(nurses, chairs)
    began = clock.perf_counter()
    visits = solve(requests, diary)
    seconds = clock.perf_counter() - began
    found = conflicts(visits, nurses=nurses, chairs=chairs)
    wanted = sum(len(request.wanted) for request in requests)
    return {
        "patients": count,
        "nurses": nurses,
        "chairs": chairs,
        "seed": seed,
        "visits wanted": wanted,
        "visits placed": len(visits),
        "seconds": round(seconds, 2),
        "conflicts": sum(found.values()),
        "conflicts by kind": {kind: number for kind, number in found.items() if number},
    }


def main() -> None:
    answer = [run(seed, *size) for size in SIZES for seed in SEEDS]
    print(json.dumps(answer, indent=2))
    if any(item["conflicts"] for item in answer):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
