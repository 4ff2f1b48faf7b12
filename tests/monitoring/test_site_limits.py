"""A site's limits: each possible by itself and beside the others; every fault at once, by page and API."""

from dataclasses import asdict

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent
from monitoring import limits, site_limits
from monitoring.api_limits import LimitsPatch
from monitoring.limits import Limits, faults_in
from monitoring.state import limits_of, rules_of
from monitoring.views.limits import LimitsForm, _initial
from tests.api.client import team
from tests.factories import MONDAY, make_staffed_site, make_user

DEFAULTS = asdict(Limits())
pytestmark = pytest.mark.django_db


def told(**changes):
    return [(f.code, f.name, f.other) for f in faults_in({**DEFAULTS, **changes})]


def test_the_defaults_fit_each_other_and_every_limit_has_its_bounds():
    assert told() == []
    assert set(limits._POSSIBLE) == set(DEFAULTS) == set(site_limits.LABELS)


@pytest.mark.parametrize(("name", "low", "high"), [(n, *ends) for n, ends in limits._POSSIBLE.items()])
def test_each_limit_at_its_bounds_and_beyond(name, low, high):
    def codes(value):
        return [f.code for f in faults_in({name: value})]

    assert [codes(v) for v in (low - 1, low, high, high + 1)] == [["out_of_range"], [], [], ["out_of_range"]]
    assert [codes(v) for v in (True, "5", None, 5.0)] == [["out_of_range"]] * 4


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"systolic_before_amber": 159}, None),
        ({"systolic_before_amber": 160}, ("not_below", "systolic_before_amber", "systolic_before_red")),
        ({"systolic_before_red": 140}, ("not_below", "systolic_before_amber", "systolic_before_red")),
        ({"diastolic_before_amber": 99}, None),
        ({"diastolic_before_amber": 100}, ("not_below", "diastolic_before_amber", "diastolic_before_red")),
        ({"systolic_red_twice": 200}, None),
        ({"systolic_red_twice": 201}, ("above", "systolic_red_twice", "systolic_red_once")),
        ({"diastolic_red_twice": 120}, None),
        ({"diastolic_red_twice": 121}, ("above", "diastolic_red_twice", "diastolic_red_once")),
        ({"systolic_red_twice": 140}, None),
        ({"systolic_red_twice": 139}, ("above", "systolic_before_amber", "systolic_red_twice")),
        ({"diastolic_red_twice": 90}, None),
        ({"diastolic_red_twice": 89}, ("above", "diastolic_before_amber", "diastolic_red_twice")),
        ({"spo2_red_once": 93}, None),
        ({"spo2_red_once": 94}, ("above", "spo2_red_once", "spo2_red_twice")),
        ({"spo2_red_twice": 95}, None),
        ({"spo2_red_twice": 96}, ("above", "spo2_red_twice", "spo2_amber")),
        ({"sedation_red": 3}, None),
        ({"sedation_red": 4}, ("above", "sedation_red", "sedation_amber")),
        ({"diastolic_red_once": 199}, None),
        ({"diastolic_red_once": 200}, ("not_below", "diastolic_red_once", "systolic_red_once")),
    ],
)
def test_two_limits_beside_each_other(changes, fault):
    assert told(**changes) == ([fault] if fault else [])


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def manager(site):
    return make_user(site=site, role="manager")


def test_all_faults_at_once_and_nothing_kept(site, manager):
    wrong = {"systolic_before_red": 130, "spo2_red_once": 97, "late_minutes": 61, "observation_minutes": 90}
    with pytest.raises(site_limits.Invalid) as refused:
        site_limits.change_limits(site=site, changes={**wrong, "spo": 3}, by=manager, now=MONDAY)
    assert sorted(fault.field for fault in refused.value.faults) == [
        "late_minutes",
        "observation_minutes",
        "spo",
        "spo2_red_once",
        "systolic_before_amber",
    ]
    site.refresh_from_db()
    assert (site.limits, site.observation_minutes) == ({}, 120)
    assert not AuditEvent.objects.filter(action="site.changed").exists()


def test_a_limit_is_judged_beside_those_that_the_site_has_already(site, manager):
    first = site_limits.change_limits(site=site, changes={"spo2_amber": 93}, by=manager, now=MONDAY)
    assert first.limits == {"spo2_amber": 93}
    with pytest.raises(site_limits.Invalid) as refused:
        site_limits.change_limits(site=first, changes={"spo2_red_twice": 94}, by=manager, now=MONDAY)
    assert [fault.field for fault in refused.value.faults] == ["spo2_red_twice"]
    back = site_limits.change_limits(site=first, changes={"spo2_amber": None}, by=manager, now=MONDAY)
    assert (back.limits, limits_of(back)) == ({}, Limits())
    changed = AuditEvent.objects.filter(action="site.changed").order_by("at", "pk").first()
    assert changed.detail["changed"] == {"limits": [{}, {"spo2_amber": 93}]}


def test_the_page_tells_every_fault_beside_its_field(site, manager):
    client = Client()
    client.force_login(manager)
    body = {name: ("" if value is False else value) for name, value in _initial(site).items()}
    body |= {
        "systolic_before_red": "130",
        "spo2_red_once": "97",
        "late_minutes": "soon",
        "alert_minutes": "0",
    }
    page = client.post(reverse("monitoring:limits"), body)
    assert page.status_code == 422
    named = {"systolic_before_amber", "spo2_red_once", "late_minutes", "alert_minutes"}
    assert set(page.context["form"].errors) == named
    assert "Must be below “Before: systolic from, red [practice]”." in page.content.decode()
    assert (
        client.post(reverse("monitoring:limits"), {**body, "systolic_before_red": "150"}).status_code == 422
    )


def test_page_and_api_ask_for_the_same():
    wanted = {*site_limits.SETTINGS, *DEFAULTS}
    assert set(LimitsForm().fields) == set(LimitsPatch.model_fields) == wanted


def test_limits_are_read_by_all_and_changed_by_a_manager(site):
    apis = team(site)
    path = f"/sites/{site.pk}/limits"
    found = apis["nurse"].get(path).body
    assert found == {
        **DEFAULTS,
        "checkpoint_minutes": [15, 30, 40, 60, 90, 120],
        "flagged_minutes": [50, 75, 105],
        "alert_minutes": 5,
        "observation_minutes": 120,
        "observe_from_last_device": False,
    }
    for role in ("desk", "nurse", "prescriber"):
        assert apis[role].patch(path, {"spo2_amber": 94}).status == 403
    changed = apis["manager"].patch(path, {"spo2_amber": 94, "checkpoint_minutes": [60, 20, 20]})
    assert (changed.status, changed.body) == (
        200,
        {**found, "spo2_amber": 94, "checkpoint_minutes": [20, 60]},
    )
    wrong = apis["manager"].patch(path, {"systolic_red_once": 170, "alert_minutes": 0})
    assert (wrong.status, wrong.fields) == (422, ["alert_minutes", "systolic_red_twice"])
    site.refresh_from_db()
    assert rules_of(site).minutes == (20, 60)
    again = apis["manager"].patch(path, {"spo2_amber": None, "checkpoint_minutes": None})
    assert again.body == found
    assert team(make_staffed_site(name="Elsewhere"))["manager"].get(path).status == 404
