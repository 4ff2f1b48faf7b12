"""Where each invented patient stands: how long ago they began, how often they come, what they missed.

Pure: dates in, dates out. The same patients stand in the same places whenever the demo is loaded.
"""

import random
from dataclasses import dataclass
from datetime import date, time, timedelta


@dataclass(frozen=True, slots=True)
class Journey:
    """`weeks` since the first session; `every` days between maintenance sessions; `today` the part of today."""

    weeks: int
    weekdays: tuple[int, int]
    at: time
    dose_mg: int = 84
    indication: str = "trd"
    every: int = 14
    ended: str = ""


@dataclass(frozen=True, slots=True)
class PastVisit:
    number: int
    on: date
    outcome: str  # completed, no_show or cancelled


MON_THU, TUE_FRI = (0, 3), (1, 4)
_HOURS = (
    time(8, 30),
    time(9, 0),
    time(10, 0),
    time(11, 15),
    time(12, 30),
    time(13, 30),
    time(14, 15),
    time(15, 0),
)

# Weeks since the first session; None has no course yet, so that somebody can be booked at once.
OHIO_WEEKS = (
    0,
    1,
    2,
    3,
    5,
    14,
    0,
    2,
    3,
    6,
    7,
    11,
    20,
    26,
    0,
    1,
    1,
    3,
    4,
    6,
    9,
    12,
    17,
    22,
    30,
    31,
    13,
    19,
    5,
    2,
    None,
    None,
)
ARIZONA_WEEKS = (1, 3, 6, 15, 0, 10, 21, 28, None, 2)
# Their places in the lists of people, and how the course ended.
ENDED = {27: "stopped", 26: "completed"}


def journey(index: int, weeks: int) -> Journey:
    """The journey of the `index`-th patient."""
    return Journey(
        weeks=weeks,
        weekdays=MON_THU if index % 2 == 0 else TUE_FRI,
        at=_HOURS[index % len(_HOURS)],
        dose_mg=56 if weeks == 0 or index % 5 == 0 else 84,
        indication="mdsi" if index in (7, 15) else "trd",
        every=7 if index % 3 == 0 else 14,
        ended=ENDED.get(index, ""),
    )


def first_day(plan: Journey, today: date) -> date:
    """The first session's date: the first weekday of the pattern in the week `weeks` weeks ago."""
    monday = today - timedelta(days=today.weekday() + 7 * plan.weeks)
    return monday + timedelta(days=plan.weekdays[0])


def pattern(plan: Journey, start: date) -> list[date]:
    """Every session's date by the label's pattern, for forty weeks: twice a week, weekly, then `every` days."""
    gap = (plan.weekdays[1] - plan.weekdays[0]) % 7
    induction = [start + timedelta(days=7 * week + extra) for week in range(4) for extra in (0, gap)]
    if plan.indication == "mdsi":
        return induction
    weekly = [start + timedelta(days=7 * week) for week in range(4, 8)]
    maintenance = [start + timedelta(days=56 + plan.every * turn) for turn in range(224 // plan.every)]
    return induction + weekly + maintenance


def past(plan: Journey, today: date, seed: int) -> list[PastVisit]:
    """What became of the sessions before today. About one in eleven was lost, as in real clinics."""
    chance = random.Random(seed)
    visits, number = [], 1
    for on in pattern(plan, first_day(plan, today)):
        if on >= today:
            break
        outcome = (
            chance.choices(["completed", "no_show", "cancelled"], [91, 5, 4])[0]
            if number > 1
            else "completed"
        )
        visits.append(PastVisit(number, on, outcome))
        number += outcome == "completed"
    return visits
