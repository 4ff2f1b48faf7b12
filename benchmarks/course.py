"""A year of a clinic of 6 chairs, lived twice from the same seeds: by this planner, and by first-fit as a desk does it.

    ./run bench course [--quick] [--chart docs/course.svg]

What is assumed is in docs/planner.md. No database: the rules, the planner and a book in memory.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks._chart import chart
from benchmarks._desks import ByHand, ByPlanner
from benchmarks._year import COUNTED, Assumed, Clinic, Fate, Policy
from scheduling import protocol

QUICK = "--quick" in sys.argv
SEEDS = range(1, 3 if QUICK else 8)
WAYS: dict[str, type[Policy]] = {"planner": ByPlanner, "first-fit": ByHand}


def live(seed: int, policy: type[Policy]) -> dict[str, Any]:
    clinic = Clinic(Fate(seed, Assumed()), policy)
    began = time.process_time()
    clinic.live()
    return {**figures(clinic), "seconds": round(time.process_time() - began, 1)}


def figures(clinic: Clinic) -> dict[str, Any]:
    begun = [p for p in clinic.people if p.given and clinic.counted(min(p.given.values()))]
    days = [person.eighth_day for person in begun]
    reached = sorted(day for day in days if day is not None)
    in_time = sum(day <= protocol.EIGHTH_DUE_DAY for day in reached)
    counts, house = clinic.counts, clinic.house
    hours = (clinic.assumed.closes.hour - clinic.assumed.opens.hour) * 60
    open_minutes = clinic.open_days * clinic.assumed.chairs * hours
    served = {p.key for p in clinic.people if any(clinic.counted(on) for on in p.given.values())}
    return {
        "inductions begun": len(begun),
        "eighth by day 28": round(in_time / len(begun), 3),
        "eighth reached": round(len(reached) / len(begun), 3),
        "median day of the eighth": statistics.median(reached),
        "day of the eighth, 90 of 100": reached[int(len(reached) * 0.9)],
        "chair use": round(counts["given"] * house.session_minutes / open_minutes, 3),
        "patients served": len(served),
        "sessions given": counts["given"],
        "booked visits that came to nothing": round(counts["lost"] / counts["booked"], 3),
        "eighth days": reached,
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    names = [name for name in runs[0] if name != "eighth days"]
    return {
        name: {
            "median": round(statistics.median(run[name] for run in runs), 3),
            "range": [min(run[name] for run in runs), max(run[name] for run in runs)],
        }
        for name in names
    }


def main() -> None:
    runs = {name: [live(seed, policy) for seed in SEEDS] for name, policy in WAYS.items()}
    answer: dict[str, Any] = {"seeds": [*SEEDS], "weeks counted": COUNTED}
    answer |= {name: summary(found) for name, found in runs.items()}
    if "--chart" in sys.argv:
        Path(sys.argv[sys.argv.index("--chart") + 1]).write_text(chart(runs), encoding="utf-8")
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
