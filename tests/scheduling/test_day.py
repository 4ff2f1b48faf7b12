"""A day in whole numbers says the same as the book in instants."""

from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.conditions import check, fits
from scheduling.day import MINUTE
from scheduling.diary_facts import Busy, Closed, Own
from scheduling.hours import Interval, Presence, WeeklySpan, merge, spans
from tests.scheduling.test_planner import MONDAY, ZONE, _at, busy, diary


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ([], 0),
        ([(8, 18)], 1),
        ([(8, 12), (12, 18)], 1),
        ([(8, 11), (12, 18)], 0),
        ([(8, 18), (10, 13)], 1),
        ([(8, 18), (8, 18)], 2),
        ([(9, 11)], 0),
    ],
)
def test_least_cover_is_the_smallest_number_at_any_moment(shifts, expected):
    assert Presence(shifts).least(9, 14) == expected


@given(
    st.lists(st.tuples(st.integers(-5, 20), st.integers(1, 10)), max_size=6),
    st.integers(-8, 30),
    st.integers(1, 12),
)
def test_presence_counts_as_one_would_by_hand(shifts, start, length):
    stretches = [(begins, begins + lasts) for begins, lasts in shifts]
    by_hand = [sum(a <= moment < b for a, b in stretches) for moment in range(start, start + length)]
    found = Presence(stretches)
    assert [found.at(moment) for moment in range(start, start + length)] == by_hand
    assert found.least(start, start + length) == min(by_hand)


@pytest.mark.parametrize(
    ("prescriber", "codes"),
    [((9, 15), []), ((9, 16), ["no_prescriber"]), ((8, 0), []), ((9, 14), [])],
)
def test_a_prescriber_is_there_from_the_first_device(prescriber, codes):
    """A session from 09:00 has its first device at 09:15."""
    there = [Interval(_at(0, *prescriber), _at(0, 11, 30))]
    assert [r.code for r in check(diary(prescribers=there), _at(0, 9))] == codes


def test_a_prescriber_stays_to_the_end():
    there = [Interval(_at(0, 9), _at(0, 11, 29))]
    assert [r.code for r in check(diary(prescribers=there), _at(0, 9))] == ["no_prescriber"]


def test_the_grid_begins_at_the_whole_hour_and_ends_with_the_hours():
    day = diary(opens=time(8, 10), closes=time(11, 5)).day(MONDAY)
    starts = [day.moment(at).astimezone(ZONE).time() for at in day.starts]
    assert starts == [time(8, 15), time(8, 30)]


def test_slots_come_nearest_first_and_of_two_the_earlier():
    day = diary(opens=time(8), closes=time(11, 15)).day(MONDAY)
    order = [day.moment(at).astimezone(ZONE).time() for at in day.outward(day.at(_at(0, 8, 15)))]
    assert order == [time(8, 15), time(8, 0), time(8, 30), time(8, 45)]


def test_a_day_of_the_spring_jump_has_23_hours():
    night = diary(zone=ZoneInfo("America/New_York")).day(date(2026, 3, 8))
    assert night.end == 23 * 60 * MINUTE


def _at_night(**fields):
    """A site that is open from the evening to the early morning."""
    first, last = MONDAY - timedelta(days=2), MONDAY + timedelta(days=20)
    open_ = merge(spans([WeeklySpan(day, time(18), time(6)) for day in range(7)], ZONE, first, last))
    return replace(diary(**fields), hours=open_, nurses=open_ * 2, prescribers=open_)


@settings(deadline=None, max_examples=60)
@given(
    night=st.booleans(),
    minutes=st.integers(-60, 16 * 24 * 60),
    taken=st.lists(st.tuples(st.integers(0, 16 * 24 * 4), st.integers(0, 1)), max_size=30),
    shut=st.tuples(st.integers(0, 300), st.integers(1, 20), st.sampled_from([None, 0, 1])),
)
def test_fits_says_what_check_says(night, minutes, taken, shut):
    others = [busy(_at(0, 0) + timedelta(minutes=15 * n), chair, n) for n, chair in taken]
    closed = [
        Closed(
            Interval(_at(0, 0) + timedelta(hours=shut[0]), _at(0, 0) + timedelta(hours=sum(shut[:2]))),
            "shut",
            shut[2],
        )
    ]
    book = (_at_night if night else diary)(busy=others, closed=closed, patients_per_nurse=1)
    start = _at(0, 0) + timedelta(minutes=minutes)
    day = book.day(book.local_date(start))
    assert fits(day, day.at(start)) == (check(book, start) == [])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 95), st.integers(0, 1)), min_size=1, max_size=8))
def test_a_diary_that_has_been_looked_at_takes_in_what_is_added(sessions):
    book = _at_night()
    for number, (offset, quarter, chair) in enumerate(sessions):
        for on in range(-1, 11):
            book.day(MONDAY + timedelta(days=on))  # looked at before it changes
        start = _at(offset, 0) + timedelta(minutes=15 * quarter)
        book = book.with_busy(Busy(number, chair, None, book.span(start)))
    fresh = replace(book)
    for on in range(-1, 11):
        day = MONDAY + timedelta(days=on)
        assert sorted(h.id for h in book.day(day).busy) == sorted(h.id for h in fresh.day(day).busy)
        assert book.day(day) == replace(fresh.day(day), busy=book.day(day).busy, legal=book.day(day).legal)


def test_another_patient_has_other_days_in_the_same_book():
    book = diary(own=[Own("o", MONDAY, Interval(_at(0, 15), _at(0, 17)))])
    assert [r.code for r in check(book, _at(0, 9))] == ["same_day"]
    assert check(book.for_patient([]), _at(0, 9)) == []
