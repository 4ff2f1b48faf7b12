"""How many sessions may begin together: the same answer whoever was booked first, on the grid of slots or off it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.conditions import check
from scheduling.diary_facts import Busy, ChairFacts, Diary
from scheduling.hours import Interval
from tests.factories import MONDAY

ZONE = ZoneInfo("America/New_York")
LENGTH = timedelta(minutes=150)
OPEN = Interval(MONDAY - timedelta(hours=2), MONDAY + timedelta(hours=10))


def minutes(count):
    return MONDAY + timedelta(minutes=count)


def house(nurses):
    """Open wide, with more chairs than anybody needs; a nurse is there from and to a minute, or all day."""
    return Diary(
        zone=ZONE,
        now=MONDAY - timedelta(days=1),
        chairs=[ChairFacts(n, f"Chair {n}") for n in range(12)],
        hours=[OPEN],
        patients_per_nurse=50,
        nurses=[Interval(minutes(start), minutes(end)) for start, end in nurses],
        prescribers=[OPEN],
    )


def booked(diary, starts):
    """Each start in its turn; one that is refused as crowded, or at which no nurse is there, is left out."""
    taken = []
    for count, start in enumerate(starts):
        somebody = any(shift.start <= minutes(start) < shift.end for shift in diary.nurses)
        if not somebody or "starts_crowded" in {reason.code for reason in check(diary, minutes(start))}:
            continue
        span = Interval(minutes(start), minutes(start) + LENGTH)
        diary = diary.with_busy(Busy(count, count, None, span))
        taken.append(start)
    return sorted(taken)


ALL_DAY = (-120, 600)


@pytest.mark.parametrize("starts", [[0, 7, 20], [0, 20, 7], [20, 7, 0], [7, 0, 20]])
def test_two_nurses_begin_two_in_any_stretch_of_a_slot_whoever_was_first(starts):
    assert booked(house([ALL_DAY, ALL_DAY]), starts) == [0, 7, 20]


@pytest.mark.parametrize(("third", "fits"), [(14, False), (15, True), (-14, False), (-15, True)])
def test_a_stretch_is_one_slot_long_and_its_end_no_part_of_it(third, fits):
    assert (third in booked(house([ALL_DAY, ALL_DAY]), [0, 0, third])) is fits


@pytest.mark.parametrize("starts", [[0, 10], [10, 0]])
def test_where_a_nurse_goes_home_in_between_the_fewer_count(starts):
    assert len(booked(house([ALL_DAY, (-120, 5)]), starts)) == 1


SHIFTS = st.lists(
    st.tuples(st.integers(-60, 30), st.integers(31, 500)).map(lambda s: (s[0], s[1])), min_size=1, max_size=3
)


@given(nurses=SHIFTS, starts=st.lists(st.integers(0, 45), min_size=2, max_size=6), order=st.randoms())
def test_what_could_be_booked_in_one_order_can_be_in_any(nurses, starts, order):
    diary = house(nurses)
    once = booked(diary, starts)
    again = list(once)
    order.shuffle(again)
    assert booked(diary, again) == once
