"""Which device may go to whom, the sums, the forecast, the clocks of the law: at each limit and one to either side."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic import public_holidays
from monitoring import dea, stock_rules
from monitoring.stock_forecast import Expected, Need, forecast
from monitoring.stock_rules import Balance, Unit, balance, by_lot, days_left, fitting, problems

TODAY = date(2026, 3, 2)


def day(n):
    return TODAY + timedelta(days=n)


def unit(number, *, expires=300, received=-5, patient=None, kit=None, lot="L"):
    return Unit(number, kit or number, 1, lot, day(expires), day(received), patient)


@pytest.mark.parametrize(
    ("expires", "patient", "found"),
    [
        (0, None, []),
        (-1, None, ["expired"]),
        (1, None, []),
        (0, "A", []),
        (0, "B", ["other_patient"]),
        (-1, "B", ["expired", "other_patient"]),
    ],
)
def test_expired_and_foreign_devices_are_stopped(expires, patient, found):
    assert problems(unit(1, expires=expires, patient=patient), "A", TODAY) == found


def test_first_expiry_first_out_after_the_patients_own_and_one_kit_after_the_other():
    units = [
        unit(1, expires=50, kit="z"),
        unit(2, expires=20, received=-1, kit="m"),
        unit(3, expires=20, received=-9, kit="n"),
        unit(4, expires=90, patient="A"),
        unit(5, expires=10, patient="B"),
        unit(6, expires=-1),
        unit(7, expires=50, kit="z"),
    ]
    assert [u.id for u in fitting(units, "A", TODAY)] == [4, 3, 2, 1, 7]
    assert [u.id for u in fitting(units, "B", TODAY)] == [5, 3, 2, 1, 7]


@pytest.mark.parametrize(("received", "left"), [(0, 14), (-13, 1), (-14, 0), (-15, -1)])
def test_a_patient_named_device_has_fourteen_days(received, left):
    assert days_left(unit(1, received=received, patient="A"), TODAY) == left


def test_its_expiry_may_come_before_the_fourteen_days_and_is_all_that_binds_the_clinics_own():
    assert days_left(unit(1, received=0, expires=3, patient="A"), TODAY) == 3
    assert days_left(unit(1, received=-100, expires=3), TODAY) == 3


def test_the_balance_is_the_sum_of_the_moves():
    moves = [
        ("outside", "shelf", 5),
        ("shelf", "given", 2),
        ("shelf", "wasted", 1),
        ("shelf", "lost", 1),
        ("lost", "shelf", 1),
        ("shelf", "outside", 1),
        ("wasted", "wasted", 3),
    ]
    found = balance(moves)
    assert found == Balance(received=4, given=2, wasted=1, returned=0, lost=0, shelf=1)
    assert found.closes
    assert not Balance(received=2, given=1).closes


places = st.sampled_from(["outside", "shelf", "given", "wasted", "returned", "lost"])


@given(st.lists(st.tuples(places, places, st.integers(1, 9))))
def test_no_moves_whatever_open_the_balance(moves):
    assert balance(moves).closes


def test_the_shelf_lies_in_piles():
    units = [unit(1, lot="B"), unit(2, lot="A", expires=1), unit(3, lot="B"), unit(4, lot="B", patient="A")]
    assert [[u.id for u in pile] for pile in by_lot(units)] == [[4], [2], [1, 3]]


# -- the forecast --


def look(units=(), needs=(), deliveries=(), horizon=14, warn_days=30):
    return forecast(units, needs, deliveries, today=TODAY, horizon=horizon, warn_days=warn_days)


def test_sessions_are_served_in_order_of_time_and_the_last_is_short():
    units = [unit(n) for n in range(5)]
    needs = [Need("late", "B", day(3), 3), Need("soon", "A", day(1), 2), Need("last", "C", day(4), 2)]
    found = look(units, needs)
    assert [(r.need.session, len(r.units), r.missing, r.code) for r in found.reservations] == [
        ("soon", 2, 0, ""),
        ("late", 3, 0, ""),
        ("last", 0, 2, "short"),
    ]
    assert found.free == []


@pytest.mark.parametrize(
    ("arrives", "code", "missing", "expected"),
    [(3, "", 0, 2), (2, "", 0, 2), (4, "delivery_late", 2, 0), (-1, "short", 2, 0)],
)
def test_a_delivery_helps_only_when_it_comes_by_the_day(arrives, code, missing, expected):
    found = look(needs=[Need("s", "A", day(3), 2)], deliveries=[Expected("d", day(arrives), 2)])
    (item,) = found.reservations
    assert (item.code, item.missing, item.expected) == (code, missing, expected)
    assert [d.id for d in found.overdue] == (["d"] if arrives < 0 else [])


def test_a_delivery_of_another_patient_helps_nobody_else_and_none_helps_twice():
    needs = [Need("a", "A", day(2), 2), Need("b", "B", day(3), 2), Need("c", "C", day(4), 2)]
    coming = [Expected("his", day(1), 2, "B"), Expected("ours", day(1), 2)]
    found = look(needs=needs, deliveries=coming)
    assert [r.missing for r in found.reservations] == [0, 0, 2]
    assert [r.code for r in found.reservations] == ["", "", "short"]


def test_a_device_that_expires_before_the_session_is_not_meant_for_it():
    found = look([unit(1, expires=2), unit(2, expires=3)], [Need("s", "A", day(3), 2)])
    assert [[u.id for u in r.units] for r in found.reservations] == [[2]]
    assert [u.id for u in found.unused] == [1]


def test_a_patients_own_are_taken_first_and_what_nobody_booked_is_told():
    own, other = unit(1, patient="A"), unit(2, patient="B")
    found = look([unit(3), own, other], [Need("s", "A", day(2), 1)])
    assert found.reservations[0].units == (own,)
    assert found.unused == [other]


@pytest.mark.parametrize(("on", "seen"), [(14, 1), (15, 0)])
def test_the_horizon_is_the_sites(on, seen):
    assert len(look(needs=[Need("s", "A", day(on), 2)]).reservations) == seen


@given(
    stock=st.lists(st.tuples(st.integers(-2, 20), st.sampled_from([None, "A", "B"])), max_size=12),
    wanted=st.lists(st.tuples(st.integers(0, 14), st.sampled_from("ABC"), st.integers(0, 3)), max_size=8),
    coming=st.lists(
        st.tuples(st.integers(-2, 16), st.integers(1, 4), st.sampled_from([None, "A"])), max_size=4
    ),
)
def test_no_device_is_meant_for_two_and_every_need_is_accounted_for(stock, wanted, coming):
    units = [unit(n, expires=e, patient=p) for n, (e, p) in enumerate(stock)]
    needs = [Need(n, p, day(on), k) for n, (on, p, k) in enumerate(wanted)]
    deliveries = [Expected(n, day(on), k, p) for n, (on, k, p) in enumerate(coming)]
    found = look(units, needs, deliveries)
    meant = [u.id for r in found.reservations for u in r.units]
    assert len(meant) == len(set(meant))
    assert sorted(meant + [u.id for u in found.free]) == [u.id for u in units]
    for item in found.reservations:
        assert len(item.units) + item.expected + item.missing == item.need.devices
        assert all(problems(u, item.need.patient, item.need.on) == [] for u in item.units)
    assert sum(r.expected for r in found.reservations) <= sum(d.devices for d in deliveries)


# -- the law's clocks --

FEDERAL = public_holidays.of_year("US", 2026)


@pytest.mark.parametrize(
    ("found_on", "due_on"),
    [
        (date(2026, 3, 2), date(2026, 3, 3)),  # Monday
        (date(2026, 3, 5), date(2026, 3, 6)),  # Thursday
        (date(2026, 3, 6), date(2026, 3, 9)),  # Friday
        (date(2026, 3, 7), date(2026, 3, 9)),  # Saturday
        (date(2026, 5, 22), date(2026, 5, 26)),  # before Memorial Day
        (date(2026, 11, 25), date(2026, 11, 27)),  # before Thanksgiving
    ],
)
def test_the_written_notice_is_due_on_the_next_business_day(found_on, due_on):
    assert dea.notice_due_on(found_on, FEDERAL) == due_on


def test_form_106_and_the_inventory():
    assert dea.form_106_due_on(date(2026, 3, 2)) == date(2026, 4, 16)
    assert dea.inventory_due_on(date(2026, 3, 2)) == date(2028, 3, 2)
    assert dea.inventory_due_on(date(2028, 2, 29)) == date(2030, 2, 28)


def test_kits_hold_two_or_three():
    assert stock_rules.KIT_SIZES == {"50458-028-02": 2, "50458-028-03": 3}
