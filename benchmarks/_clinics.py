"""Clinics and books invented from a seed, in memory, for the benchmarks of the planner."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.conditions import check
from scheduling.diary_facts import Busy, ChairFacts, Closed, Diary
from scheduling.hours import Interval, WeeklySpan, merge, spans
from scheduling.planner import pick_chair

ZONE = ZoneInfo("America/New_York")
MONDAY = date(2026, 3, 2)


def instant(day: date, at: time) -> datetime:
    return datetime.combine(day, at, ZONE).astimezone(UTC)


def whole_day(day: date, reason: str, days: int = 1) -> Closed:
    return Closed(Interval(instant(day, time()), instant(day + timedelta(days=days), time())), reason)


def house(
    *,
    chairs: int,
    nurses: int,
    opens: time,
    closes: time,
    first: date,
    last: date,
    now: datetime,
    patients_per_nurse: int = 4,
    closed: Sequence[Closed] = (),
) -> Diary:
    """Open from Monday to Friday, nurses and a prescriber there as long as it is open; nobody booked."""
    weekly = [WeeklySpan(weekday, opens, closes) for weekday in range(5)]
    hours = merge(spans(weekly, ZONE, first, last))
    return Diary(
        zone=ZONE,
        now=now,
        chairs=[ChairFacts(number, f"Chair {number + 1}") for number in range(chairs)],
        hours=hours,
        patients_per_nurse=patients_per_nurse,
        closed=closed,
        nurses=hours * nurses,
        prescribers=hours,
    )


def filled(diary: Diary, dice: random.Random, *, tries: int, first: date, days: int) -> Diary:
    """With sessions of others wherever a random start happens to be free."""
    for number in range(tries):
        day = first + timedelta(days=dice.randrange(days))
        start = instant(day, time(dice.randrange(8, 16), dice.choice((0, 15, 30, 45))))
        if not check(diary, start):
            chair = pick_chair(diary, start, dice.randrange(len(diary.chairs)))
            diary = diary.with_busy(Busy(("other", number), chair, None, diary.span(start)))
    return diary
