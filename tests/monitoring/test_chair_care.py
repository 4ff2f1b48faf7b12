"""The Chair page: sources on demand, last values beside the new ones, corrections that undo nobody's, leaving early."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic import tokens
from monitoring import dosing, readings, state
from monitoring.models import Checkpoint, Deviation, DeviceUse, Observation
from monitoring.record import record_of
from tests.factories import make_session, make_user
from tests.monitoring.test_chair_page import ANSWERS, _reading
from tests.monitoring.test_chairside import (  # noqa: F401 - fixtures
    at,
    cleared,
    device,
    dosed,
    nurse,
    read,
    session,
    site,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(time_machine):
    time_machine.move_to(at(20), tick=False)
    return time_machine


@pytest.fixture
def page(nurse):  # noqa: F811
    client = Client()
    client.force_login(nurse)
    return client


def url(session, name, *more):  # noqa: F811
    return reverse(f"monitoring:{name}", args=[session.pk, *more])


def test_every_check_stands_with_its_source(page, session):  # noqa: F811
    page.post(url(session, "arrive"))
    answers = {**ANSWERS, "conditions": ["pregnancy", "psychosis"], "nothing_eaten": ""}
    content = page.post(url(session, "pre-dose"), answers).content.decode()
    assert content.count("US prescribing information [label]") >= 8
    assert content.count("FDA REMS programme") == 4
    for words in ("Pregnancy: not recommended", "Psychosis: watch closely", "Checks that are met"):
        assert words in content
    names = ["reason-pregnancy", "reason-food"]
    assert [f'name="{name}"' in content for name in names] == [True, True]


def test_the_last_visits_values_stand_beside_and_are_not_copied_in(page, dosed, nurse, site):  # noqa: F811
    later = make_session(course=dosed.course, starts_at=dosed.starts_at + timedelta(days=3))
    page.post(url(later, "arrive"))
    content = page.get(url(later, "chair")).content.decode()
    assert "Last: 120" in content
    assert 'value="120"' not in content


def test_two_nurses_who_correct_one_reading(page, dosed, nurse, site):  # noqa: F811
    first = read(dosed, nurse, 15).checkpoint
    target = url(dosed, "correct-checkpoint", first.entry)
    body = {**_reading(), "client_id": str(first.client_id), "reason": "Typo", "version": "1"}
    other = Client()
    other.force_login(make_user(site=site, role="nurse", first_name="Noor", last_name="Ames"))
    assert other.post(target, {**body, "systolic": "131"}).status_code == 302
    lost = page.post(target, {**body, "systolic": "129"})
    assert lost.status_code == 409
    assert "Noor Ames has corrected this entry in the meantime: 131/76" in lost.content.decode()
    assert "129" in lost.content.decode()
    assert list(Checkpoint.objects.order_by("version").values_list("systolic", flat=True)) == [120, 131]


def test_two_nurses_who_take_one_checkpoint_keep_both(page, dosed, nurse, site):  # noqa: F811
    other = make_user(site=site, role="nurse")
    rows = [read(dosed, who, 15, minute=15).checkpoint for who in (nurse, other)]
    assert [(row.minute, row.by) for row in rows] == [(15, nurse), (15, other)]
    assert Checkpoint.objects.count() == 2


def test_two_nurses_who_correct_one_device(dosed, nurse):  # noqa: F811
    fix = {"session": dosed, "number": 1, "reason": "Clock", "version": 1, "by": nurse, "now": at(10)}
    dosing.correct_device(started_at=at(-1), **fix)
    with pytest.raises(Exception, match="superseded"):
        dosing.correct_device(started_at=at(-2), **fix)
    assert DeviceUse.objects.filter(number=1).count() == 2


def test_what_was_corrected_stays_readable_on_the_page(page, dosed, nurse):  # noqa: F811
    dosing.correct_device(
        session=dosed, number=1, started_at=at(-2), reason="Wall clock was fast", by=nurse, now=at(8)
    )
    first = read(dosed, nurse, 15, {"spo2": 88}).checkpoint
    readings.correct_checkpoint(
        checkpoint=first, changes={"spo2": 98}, reason="Finger was cold", by=nurse, now=at(16)
    )
    content = page.get(url(dosed, "chair")).content.decode()
    for words in ("Wall clock was fast", "Finger was cold", "SpO2 88 %", "SpO2 98 %"):
        assert words in content


def test_late_is_told_both_ways(page, dosed, nurse, now):  # noqa: F811
    read(dosed, nurse, 23, minute=15, now=at(43))
    now.move_to(at(44), tick=False)
    content = page.get(url(dosed, "chair")).content.decode()
    assert "measured 8 min after it was due; entered 20 min later" in content


def test_a_symptom_in_other_words_breaks_no_page(page, dosed, nurse):  # noqa: F811
    found = read(dosed, nurse, 15, {"symptoms": ["Shortness of breath", "Metallic taste"]})
    assert [alert.code for alert in found.alerts] == ["crisis_symptoms"]
    assert found.checkpoint.symptoms == ["breathless", "Metallic taste"]
    assert b"Metallic taste" in page.get(url(dosed, "chair")).content
    assert page.get(url(dosed, "record")).status_code == 200


def test_escort_and_instructions_have_times_of_their_own(page, dosed, now):  # noqa: F811
    assert page.post(url(dosed, "escort")).status_code == 302
    now.move_to(at(60), tick=False)
    page.post(url(dosed, "escort"))
    page.post(url(dosed, "instructions-given"))
    seen = Observation.objects.get(session=dosed)
    assert (seen.escort_reached_at, seen.instructions_given_at) == (at(20), at(60))
    assert "Escort reached at" in page.get(url(dosed, "chair")).content.decode()


def test_leaving_early_wants_to_know_who_was_told(page, dosed):  # noqa: F811
    body = {"with_escort": "yes", "early": "Feels well and walks out"}
    assert page.post(url(dosed, "leave"), body).status_code == 422
    assert page.post(url(dosed, "leave"), {**body, "told": "Dr. Raman"}).status_code == 302
    row = Deviation.objects.get()
    assert (row.kind, row.told) == ("left_early", "Dr. Raman")
    lines = {line.kind: line.text for line in record_of(dosed)}
    assert lines["deviation"] == "Feels well and walks out; told: Dr. Raman"
    missed = page.get(url(dosed, "chair")).content.decode()
    assert "had left" in missed


def test_a_red_alert_elsewhere_is_heard_at_this_chair(page, dosed, nurse, site):  # noqa: F811
    read(dosed, nurse, 15, {"spo2": 85})
    chair = site.chairs.create(name="Other", position=9)
    other = make_session(chair=chair, course=dosed.course, starts_at=dosed.starts_at + timedelta(days=1))
    page.post(url(other, "arrive"))
    content = page.get(url(other, "chair")).content.decode()
    assert "data-alarm" in content
    assert "SpO2 85 %" in content


def test_a_page_says_how_closely_flagged_patients_are_watched(site):  # noqa: F811
    manager = Client()
    manager.force_login(make_user(site=site, role="manager"))
    first = manager.get(reverse("monitoring:limits")).content.decode()
    assert 'value="50, 75, 105"' in first
    from monitoring.views.limits import LimitsForm, _initial

    body = {k: ("" if v is False else v) for k, v in _initial(site).items()}
    body |= {"flagged_minutes": "20, 50", "alert_minutes": "3"}
    assert set(body) == set(LimitsForm().fields)
    assert manager.post(reverse("monitoring:limits"), body).status_code == 302
    site.refresh_from_db()
    assert (site.flagged_minutes, site.alert_minutes) == ([20, 50], 3)
    assert (
        manager.post(reverse("monitoring:limits"), {**body, "flagged_minutes": "9" * 5000}).status_code == 422
    )


@pytest.fixture
def api(nurse):  # noqa: F811
    token = tokens.make(user=nurse, name="t", by=None, now=at(0))
    return Client(headers={"Authorization": f"Bearer {token}"})


def test_floor_hand_over_and_alerts_by_the_api(api, dosed, nurse, site):  # noqa: F811
    alert = read(dosed, nurse, 15, {"spo2": 85}).alerts[0]
    other = make_user(site=site, role="nurse")
    floor = api.get(f"/api/v1/sites/{site.pk}/floor").json()
    assert [(c["nurse"], c["step"]["kind"]) for c in floor["items"]] == [(nurse.username, "again")]
    assert floor["loads"] == [{"nurse": nurse.username, "patients": 1, "most": 4}]

    def post(path, body):
        return api.post(f"/api/v1{path}", body, content_type="application/json")

    one = post(f"/sessions/{dosed.pk}/nurse", {"nurse": other.username})
    back = post(f"/sites/{site.pk}/hand-over", {"from": other.username, "to": nurse.username})
    nobody = post(f"/sites/{site.pk}/hand-over", {"from": other.username, "to": nurse.username})
    assert (one.status_code, back.json()["patients"], nobody.status_code) == (200, 1, 409)
    assert post(f"/sessions/{dosed.pk}/nurse", {"nurse": "nobody"}).status_code == 422
    story = api.get(f"/api/v1/alerts/{alert.pk}").json()
    assert [event["kind"] for event in story["timeline"]] == ["raised", "handed_on", "handed_on"]


def test_a_correction_by_the_api_names_the_version_it_saw(api, dosed, nurse):  # noqa: F811
    row = read(dosed, nurse, 15).checkpoint

    def patch(**body):
        return api.patch(
            f"/api/v1/checkpoints/{row.entry}", {"reason": "Typo", **body}, content_type="application/json"
        )

    assert patch(systolic=121, version=1).status_code == 200
    lost = patch(systolic=122, version=1)
    assert (lost.status_code, lost.json()["errors"][0]["code"]) == (409, "superseded")
    assert patch(systolic=122, version=2).status_code == 200


def test_what_was_noted_before_is_not_asked_again_and_reasons_are_in_words(page, dosed, nurse, now):  # noqa: F811
    read(dosed, nurse, 15, {"not_taken": "cuff_fault"})
    before = page.get(url(dosed, "chair")).content.decode()
    page.post(url(dosed, "escort"))
    after = page.get(url(dosed, "chair")).content.decode()
    checked = 'name="escort_reached" class="checkboxinput form-check-input" id="id_escort_reached" checked'
    assert (checked in before, checked in after) == (False, True)
    assert "not taken: cuff fault" in after
    assert "cuff_fault" not in page.get(url(dosed, "record")).content.decode()


@pytest.mark.parametrize(("minute", "asked"), [(9, None), (10, 15), (22, 15)])
def test_a_reading_in_between_ticks_off_no_checkpoint_that_is_still_to_come(page, dosed, now, minute, asked):  # noqa: F811
    now.move_to(at(minute), tick=False)
    form = page.get(url(dosed, "chair")).context["forms"]["checkpoint"]
    assert form["minute"].value() == asked
    values = {
        "client_id": str(form["client_id"].value()),
        "minute": asked or "",
        "systolic": 120,
        "diastolic": 80,
    }
    assert page.post(url(dosed, "checkpoint"), values).status_code == 302
    assert state.load(dosed).taken == ({asked} if asked else set())
