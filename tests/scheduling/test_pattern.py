"""The days that a course should have after week 4, after a pause and at another frequency."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling import pattern, protocol
from scheduling.protocol import CourseFacts

MONDAY = date(2026, 3, 2)
TRD = CourseFacts("trd", MONDAY, (0, 3), enrolled_on=MONDAY)


def _offsets(wanted):
    return [(want.on - MONDAY).days for want in wanted]


def test_maintenance_goes_on_every_two_weeks_from_week_8():
    wanted = [w for w in pattern.wanted(TRD, until="maintenance", weeks=16) if w.phase == "maintenance"]
    assert [w.number for w in wanted] == [13, 14, 15, 16]
    assert _offsets(wanted) == [63, 77, 91, 105]
    assert [w.week for w in wanted] == [10, 12, 14, 16]


def test_maintenance_goes_on_weekly_where_that_was_decided():
    weekly = replace(TRD, frequency="weekly")
    wanted = [w for w in pattern.wanted(weekly, until="maintenance", weeks=12) if w.phase == "maintenance"]
    assert _offsets(wanted) == [56, 63, 70, 77]


def test_maintenance_follows_the_last_session_that_was_held():
    held = {
        n: MONDAY + timedelta(days=d)
        for n, d in enumerate((0, 3, 7, 10, 14, 17, 21, 24, 28, 35, 42, 49, 70), 1)
    }
    wanted = pattern.wanted(TRD, until="maintenance", weeks=16, held=held)
    assert [(w.number, (w.on - MONDAY).days) for w in wanted] == [(14, 84), (15, 98)]


def test_after_a_pause_induction_goes_on_at_its_weekdays():
    held = {1: MONDAY, 2: MONDAY + timedelta(days=3), 3: MONDAY + timedelta(days=7)}
    wanted = pattern.continued(TRD, [4, 5, 6], after=MONDAY + timedelta(days=29), held=held)
    assert _offsets(wanted) == [31, 35, 38]
    assert {w.phase for w in wanted} == {"induction"}


@pytest.mark.parametrize(
    ("frequency", "offsets"),
    [("weekly", [31, 38, 45]), ("biweekly", [38, 52, 66]), ("twice_weekly", [28, 31, 35])],
)
def test_after_induction_the_frequency_sets_the_days(frequency, offsets):
    course = replace(TRD, frequency=frequency)
    held = {1: MONDAY, 8: MONDAY + timedelta(days=24)}
    wanted = pattern.continued(course, [9, 10, 11], after=MONDAY + timedelta(days=25), held=held)
    assert _offsets(wanted) == offsets


def test_an_unknown_horizon_is_an_error():
    with pytest.raises(ValueError, match="for ever"):
        pattern.wanted(TRD, until="for ever")


@given(
    weekdays=st.lists(st.integers(0, 6), min_size=2, max_size=2, unique=True),
    frequency=st.sampled_from(["twice_weekly", "weekly", "biweekly"]),
    done=st.integers(0, 20),
    count=st.integers(1, 12),
    pause=st.integers(0, 200),
)
def test_what_is_continued_keeps_its_order_and_two_days_between(weekdays, frequency, done, count, pause):
    course = replace(TRD, weekdays=tuple(weekdays), frequency=frequency)
    held = {n: MONDAY + timedelta(days=3 * n) for n in range(1, done + 1)}
    after = MONDAY + timedelta(days=3 * done + pause)
    numbers = range(done + 1, done + 1 + count)
    days = [want.on for want in pattern.continued(course, numbers, after=after, held=held)]
    assert len(days) == count
    assert days[0] >= after
    assert all(
        (b - a).days >= protocol.SHORTEST_GAP
        for a, b in zip([*held.values(), *days], days, strict=False)
        if b > a
    )
    assert days == sorted(set(days))


@pytest.mark.parametrize(
    ("frequency", "days", "asks"),
    [
        ("weekly", 14, False),
        ("weekly", 15, True),
        ("twice_weekly", 15, True),
        ("biweekly", 28, False),
        ("biweekly", 29, True),
    ],
)
def test_a_long_gap_asks_a_prescriber(frequency, days, asks):
    facts = {"last_given": MONDAY, "eighth_done": True, "today": MONDAY}
    found = protocol.decision_wanted(frequency, next_on=MONDAY + timedelta(days=days), **facts)
    assert (found is not None) is asks
    if asks:
        assert found.code == "long_gap"


def test_no_decision_is_asked_in_induction_or_before_anything_was_given():
    late = MONDAY + timedelta(days=100)
    assert (
        protocol.decision_wanted("weekly", last_given=MONDAY, eighth_done=False, next_on=None, today=late)
        is None
    )
    assert (
        protocol.decision_wanted("weekly", last_given=None, eighth_done=True, next_on=None, today=late)
        is None
    )
    assert protocol.decision_wanted("weekly", last_given=MONDAY, eighth_done=True, next_on=None, today=late)
