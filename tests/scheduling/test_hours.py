from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling import hours
from scheduling.hours import Interval, NonexistentTime, WeeklySpan

NEW_YORK = ZoneInfo("America/New_York")
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)  # 02:00 jumps to 03:00; 02:00 falls back to 01:00


def _at(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def test_wall_is_the_same_wall_time_on_both_sides_of_a_clock_change():
    assert hours.wall(date(2026, 3, 7), time(9), NEW_YORK) == datetime(2026, 3, 7, 14, tzinfo=UTC)
    assert hours.wall(date(2026, 3, 9), time(9), NEW_YORK) == datetime(2026, 3, 9, 13, tzinfo=UTC)


def test_wall_refuses_a_time_that_the_clock_jumps_over():
    with pytest.raises(NonexistentTime):
        hours.wall(SPRING, time(2, 30), NEW_YORK)
    assert hours.wall(SPRING, time(3), NEW_YORK) == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_wall_takes_the_first_of_a_time_that_comes_twice():
    assert hours.wall(AUTUMN, time(1, 30), NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_spans_over_midnight_are_merged_into_one_stretch():
    nightly = [WeeklySpan(day, time(20), time(0)) for day in range(7)] + [
        WeeklySpan(day, time(0), time(6)) for day in range(7)
    ]
    merged = hours.merge(hours.spans(nightly, ZoneInfo("UTC"), date(2026, 3, 2), date(2026, 3, 3)))
    assert Interval(_at(2, 20), _at(3, 6)) in merged


def test_spans_that_end_before_they_begin_end_on_the_next_day():
    [night] = hours.spans(
        [WeeklySpan(0, time(22), time(6))], ZoneInfo("UTC"), date(2026, 3, 2), date(2026, 3, 2)
    )
    assert night == Interval(_at(2, 22), _at(3, 6))


def test_spans_keep_to_their_first_and_last_date():
    span = WeeklySpan(0, time(8), time(9), first=date(2026, 3, 9), last=date(2026, 3, 16))
    found = hours.spans([span], ZoneInfo("UTC"), date(2026, 3, 1), date(2026, 3, 31))
    assert [interval.start.day for interval in found] == [9, 16]


def test_subtract_cuts_a_closure_out():
    left = hours.subtract([Interval(_at(2, 8), _at(2, 18))], [Interval(_at(2, 12), _at(2, 13))])
    assert left == [Interval(_at(2, 8), _at(2, 12)), Interval(_at(2, 13), _at(2, 18))]


@given(
    zone=st.sampled_from(["America/New_York", "America/Phoenix", "Australia/Lord_Howe", "Europe/Lisbon"]),
    day=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    at=st.times(),
)
def test_wall_round_trips_or_says_that_the_time_does_not_exist(zone, day, at):
    tz, at = ZoneInfo(zone), at.replace(fold=0)
    try:
        instant = hours.wall(day, at, tz)
    except NonexistentTime:
        return
    assert instant.astimezone(tz).replace(tzinfo=None) == datetime.combine(day, at)


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 100)), max_size=12))
def test_merge_keeps_every_moment_and_leaves_no_touching_pair(pairs):
    start = _at(2, 0)

    intervals = [Interval(start + timedelta(minutes=a), start + timedelta(minutes=a + n)) for a, n in pairs]
    merged = hours.merge(intervals)
    assert all(any(stretch.holds(interval) for stretch in merged) for interval in intervals)
    assert all(a.end < b.start for a, b in pairwise(merged))
