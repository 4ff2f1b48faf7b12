"""Red alerts go on to further people until somebody says what was done; what happened stays written."""

from datetime import timedelta

import pytest

from clinic.errors import Invalid, Refused
from clinic.models import AuditEvent
from monitoring import alerts, assigning, escalation, ladder, signals
from monitoring.models import Alert, AlertEvent, Assignment, Observation
from tests.factories import MONDAY, make_site, make_user
from tests.monitoring.test_chairside import (  # noqa: F401 - fixtures
    at,
    cleared,
    dosed,
    nurse,
    read,
    session,
    site,
)

pytestmark = pytest.mark.django_db
HIGH = {"systolic": 210, "diastolic": 90}
NOON = MONDAY


@pytest.mark.parametrize(
    ("minutes", "step"),
    [(0, 0), (4.99, 0), (5, 1), (9.99, 1), (10, 2), (15, 3), (20, 3), (10_000, 3), (-3, 0)],
)
def test_a_step_for_each_of_the_sites_minutes_up_to_the_top(minutes, step):
    assert ladder.step_due(NOON, NOON + timedelta(minutes=minutes), 5) == step


MEMBERS = [("nurse", "n1"), ("nurse", "n2"), ("prescriber", "p1"), ("manager", "m1"), ("desk", "d1")]


@pytest.mark.parametrize(
    ("step", "owner", "on_shift", "people"),
    [
        (1, "n1", {"nurse": ["n1", "n2"]}, ["n2"]),
        (1, "n1", {}, ["n2"]),
        (1, "n1", {"nurse": ["n1"]}, ["n2"]),
        (2, "n1", {"prescriber": ["p1"]}, ["p1"]),
        (3, "n1", {}, ["m1"]),
        (3, "m1", {}, []),
    ],
)
def test_the_next_people_by_their_role_those_on_shift_first(step, owner, on_shift, people):
    assert ladder.people_of(step, owner, MEMBERS, on_shift) == people


def test_a_role_with_nobody_but_the_owner_passes_it_on():
    assert ladder.people_of(1, "n1", [("nurse", "n1"), ("prescriber", "p1")], {}) == ["p1"]


@pytest.fixture
def told():
    heard = []

    def hear(**kwargs):
        heard.append((kwargs["step"], [person.username for person in kwargs["people"]]))

    signals.alert_escalated.connect(hear, weak=False, dispatch_uid="told")
    yield heard
    signals.alert_escalated.disconnect(dispatch_uid="told")


@pytest.fixture
def red(dosed, nurse):  # noqa: F811
    return next(a for a in read(dosed, nurse, 40, HIGH).alerts if a.level == "red")


def test_an_unanswered_red_alert_goes_up_step_by_step_and_no_step_twice(red, told):
    for minute in (44, 45, 45, 46, 50, 50, 55, 90):
        escalation.escalate(now=at(minute))
    assert [step for step, _people in told] == [1, 2, 3]
    events = AlertEvent.objects.filter(alert=red)
    assert list(events.values_list("kind", "step")) == [
        ("raised", 0),
        ("escalated", 1),
        ("escalated", 2),
        ("escalated", 3),
    ]
    assert AuditEvent.objects.filter(action="alert.escalated").count() == 3


def test_a_beat_that_was_dead_makes_up_for_every_step(red, told):
    assert escalation.escalate(now=at(80)) == 3
    assert [step for step, _people in told] == [1, 2, 3]


def test_an_answered_alert_and_an_amber_one_go_nowhere(red, told, nurse, dosed):  # noqa: F811
    read(dosed, nurse, 41, {"spo2": 94})
    alerts.acknowledge_alert(alert=red, action="Lying down, prescriber beside", by=nurse, now=at(42))
    assert escalation.escalate(now=at(200)) == 0
    assert told == []


def test_what_comes_late_from_a_tablet_counts_from_when_we_knew(dosed, nurse, told):  # noqa: F811
    read(dosed, nurse, 15, HIGH, now=at(60))
    escalation.escalate(now=at(64))
    assert told == []
    escalation.escalate(now=at(65))
    assert [step for step, _people in told] == [1]


def test_the_sites_minutes_are_used(red, told, site):  # noqa: F811
    type(site).objects.filter(pk=site.pk).update(alert_minutes=2)
    escalation.escalate(now=at(42))
    assert [step for step, _people in told] == [1]


def test_a_receiver_that_fails_leaves_the_step_made(red):
    def fails(**kwargs):
        raise RuntimeError("no text today")

    signals.alert_escalated.connect(fails, weak=False, dispatch_uid="fails")
    try:
        escalation.escalate(now=at(45))
    finally:
        signals.alert_escalated.disconnect(dispatch_uid="fails")
    red.refresh_from_db()
    assert red.escalated == 1


def test_the_timeline_says_who_had_it_and_what_was_done(red, nurse):  # noqa: F811
    escalation.escalate(now=at(45))
    alerts.acknowledge_alert(alert=red, action="Prescriber examined", by=nurse, now=at(46))
    rows = [(e.kind, [p["name"] for p in e.people], e.note) for e in red.events.all()]
    assert rows[0] == ("raised", [nurse.display_name], "")
    assert rows[1][0] == "escalated"
    assert rows[1][1]
    assert rows[2] == ("acknowledged", [], "Prescriber examined")


def test_handing_over_takes_the_open_alerts_along(red, dosed, nurse, site):  # noqa: F811
    other = make_user(site=site, role="nurse")
    assigning.assign_nurse(session=dosed, nurse=other, by=nurse, now=at(41))
    assigning.assign_nurse(session=dosed, nurse=other, by=nurse, now=at(41))
    assert Observation.objects.get(session=dosed).nurse == other
    assert {alert.owner for alert in Alert.objects.all()} == {other}
    assert list(Assignment.objects.values_list("nurse", flat=True)) == [nurse.pk, other.pk]
    assert AuditEvent.objects.filter(action="nurse.assigned").count() == 2


def test_all_of_mine_go_in_one_step(dosed, nurse, site):  # noqa: F811
    other = make_user(site=site, role="nurse")
    assert assigning.hand_over(site=site, nurse=nurse, to=other, by=nurse, now=at(20)) == 1
    with pytest.raises(Refused) as refused:
        assigning.hand_over(site=site, nurse=nurse, to=other, by=nurse, now=at(21))
    assert refused.value.codes == ["nobody"]


def test_nobody_is_handed_to_a_stranger_or_the_desk(dosed, nurse, site):  # noqa: F811
    strangers = [make_user(site=site, role="desk"), make_user(site=make_site(), role="nurse")]
    for stranger in strangers:
        with pytest.raises(Invalid):
            assigning.assign_nurse(session=dosed, nurse=stranger, by=nurse, now=at(20))
