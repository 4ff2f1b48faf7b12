from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring import schedule
from monitoring.schedule import Rules

T0 = datetime(2026, 3, 2, 14, tzinfo=UTC)
RULES = Rules()


def at(minute):
    return T0 + timedelta(minutes=minute)


def test_checkpoints_are_the_default_schedule_with_the_official_ones_marked():
    dues = schedule.checkpoints(T0, RULES)
    assert [(d.minute, d.required) for d in dues] == [
        (15, False),
        (30, False),
        (40, True),
        (60, False),
        (90, False),
        (120, True),
    ]
    assert [d.due_at for d in dues] == [at(d.minute) for d in dues]


@pytest.mark.parametrize(("until", "extra"), [(134, []), (135, [135]), (149, [135]), (150, [135, 150])])
def test_checkpoints_go_on_every_quarter_of_an_hour(until, extra):
    minutes = [d.minute for d in schedule.checkpoints(T0, RULES, until=at(until))]
    assert minutes == [15, 30, 40, 60, 90, 120, *extra]


@pytest.mark.parametrize(("dose", "devices"), [(56, 2), (84, 3)])
def test_devices_for_a_dose(dose, devices):
    assert schedule.devices_for(dose) == devices


def test_earliest_leave_counts_from_the_first_device_or_the_last_where_the_site_says_so():
    assert schedule.earliest_leave_at(T0, at(10), RULES) == at(120)
    assert schedule.earliest_leave_at(T0, at(10), Rules(from_last_device=True)) == at(130)


@pytest.mark.parametrize(
    ("measured", "taken", "minute"),
    [
        (9, set(), None),
        (10, set(), 15),
        (15, set(), 15),
        (35, {15, 30}, 40),
        (38, {15, 30, 40}, None),
        (47, {15, 30}, 40),
        (55, {15, 30, 40}, 60),
        (200, {15, 30, 40, 60, 90}, 120),
    ],
)
def test_answers_names_the_latest_open_checkpoint(measured, taken, minute):
    dues = schedule.checkpoints(T0, RULES)
    assert schedule.answers(T0, at(measured), dues, taken) == minute


@pytest.mark.parametrize(("now", "state"), [(39, "upcoming"), (40, "due"), (45, "due"), (46, "late")])
def test_steps_turn_due_and_then_late(now, state):
    found = schedule.steps(schedule.checkpoints(T0, RULES), {15, 30}, now=at(now), rules=RULES)
    assert next(step.state for step in found if step.due.minute == 40) == state
    assert schedule.next_due(found).minute == 40


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(
    minutes=st.lists(st.integers(1, 600), max_size=10),
    observation=st.integers(120, 600),
    until=st.integers(0, 900),
    last_device=st.integers(0, 30),
    from_last=st.booleans(),
)
def test_no_schedule_loses_an_official_checkpoint_or_lets_anybody_leave_before_two_hours(
    minutes, observation, until, last_device, from_last
):
    rules = Rules(tuple(minutes), observation, from_last)

    dues = schedule.checkpoints(T0, rules, until=at(until))

    assert all(due.due_at > T0 for due in dues)
    assert {40, observation} <= {due.minute for due in dues if due.required}
    assert schedule.earliest_leave_at(T0, at(last_device), rules) >= at(120)
