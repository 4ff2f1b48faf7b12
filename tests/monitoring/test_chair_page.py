"""The Chair page: each step by its form, faults beside their fields, and nothing typed is lost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.ids import new_id
from clinic.models import AuditEvent
from monitoring.models import Checkpoint, DeviceUse, PreDose
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_session, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at")]
ANSWERS = {
    "systolic": "124",
    "diastolic": "78",
    "heart_rate": "70",
    "spo2": "98",
    "suicidal_thoughts": "no",
    "escort_confirmed": "on",
    "prescriber_on_site": "on",
    "oximeter_on_site": "on",
    "nothing_eaten": "on",
    "nothing_drunk": "on",
    "no_nasal_spray": "on",
}
DEVICE = {"number": "1", "lot": "5JG2201", "expires_on": "2027-01-31"}


@pytest.fixture
def nurse(site):
    client = Client()
    client.force_login(make_user(site=site, role="nurse"))
    return client


@pytest.fixture
def session(site):
    return make_session(course=make_course(site=site))


def _url(session, name="chair", *more):
    return reverse(f"monitoring:{name}", args=[session.pk, *more])


def _state(session):
    return TreatmentSession.objects.get(pk=session.pk).status


def _dosed(nurse, session, at):
    nurse.post(_url(session, "arrive"))
    nurse.post(_url(session, "pre-dose"), ANSWERS)
    at.move_to(MONDAY + timedelta(minutes=20), tick=False)
    nurse.post(_url(session, "device"), DEVICE)


def test_what_nobody_asked_is_never_kept_as_a_no(nurse, session):
    nurse.post(_url(session, "arrive"))
    asked = {name: value for name, value in ANSWERS.items() if not name.startswith("no")}
    again = nurse.post(_url(session, "pre-dose"), asked)
    assert again.status_code == 409
    row = PreDose.objects.get()
    assert not row.may_dose
    stands = [gate["code"] for gate in row.gates if not gate["ok"]]
    assert stands == ["food", "drink", "nasal_spray"]
    assert row.answers["ate_within_2h"] is True
    nurse.post(_url(session, "pre-dose"), ANSWERS)
    assert PreDose.objects.get(version=2).answers["drank_within_30min"] is False


def test_a_session_goes_from_arrival_to_leaving_by_its_forms(nurse, session, at):
    _dosed(nurse, session, at)
    at.move_to(MONDAY + timedelta(minutes=25), tick=False)
    assert nurse.post(_url(session, "device"), {**DEVICE, "number": "2"}).status_code == 302
    assert _state(session) == "observing"
    for minute in (15, 30, 40, 60, 90, 120):
        at.move_to(MONDAY + timedelta(minutes=20 + minute), tick=False)
        reading = {**_reading(), "minute": str(minute), "client_id": str(new_id())}
        assert nurse.post(_url(session, "checkpoint"), reading).status_code == 302
    at.move_to(MONDAY + timedelta(minutes=141), tick=False)
    ready = {"clinician": "N. Nurse", "escort_reached": "on", "instructions_given": "on"}
    assert nurse.post(_url(session, "ready"), ready).status_code == 302
    assert nurse.post(_url(session, "leave"), {"with_escort": "yes"}).status_code == 302
    assert _state(session) == "completed"
    record = nurse.get(_url(session, "record")).content.decode()
    assert record.index("Arrived") < record.index("5JG2201") < record.rindex("122/76")
    assert AuditEvent.objects.filter(action="patient.opened", channel="page").exists()


def _reading(**changes):
    values = {
        "systolic": "122",
        "diastolic": "76",
        "heart_rate": "68",
        "spo2": "98",
        "respiratory_rate": "14",
    }
    return {**values, "sedation": "5", "dissociation": "none", **changes}


def test_a_half_filled_form_comes_back_with_every_fault_and_all_that_was_typed(nurse, session):
    nurse.post(_url(session, "arrive"))
    answer = nurse.post(
        _url(session, "pre-dose"), {"systolic": "abc", "diastolic": "81", "ate_within_2h": "on"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="abc"' in page
    assert 'value="81"' in page
    assert page.count("invalid-feedback") >= 3
    assert not PreDose.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"), [("systolic", "500"), ("spo2", "101"), ("heart_rate", "-1"), ("spo2", "9" * 30)]
)
def test_a_value_that_cannot_be_is_told_beside_its_field(nurse, session, field, value):
    nurse.post(_url(session, "arrive"))
    answer = nurse.post(_url(session, "pre-dose"), {**ANSWERS, field: value})
    assert answer.status_code == 422
    assert f'value="{value}"' in answer.content.decode()
    assert not PreDose.objects.exists()


def test_a_gate_that_stands_asks_for_its_reason_and_lets_it_go_on(nurse, session):
    nurse.post(_url(session, "arrive"))
    stands = nurse.post(_url(session, "pre-dose"), {**ANSWERS, "nothing_eaten": ""})
    assert (stands.status_code, b'name="reason-food"' in stands.content) == (409, True)
    reasons = {**ANSWERS, "nothing_eaten": "", "reason-food": "A biscuit; the prescriber agrees."}
    assert nurse.post(_url(session, "pre-dose"), reasons).status_code == 302
    assert [row.may_dose for row in PreDose.objects.order_by("version")] == [False, True]


def test_no_device_before_the_questions_and_none_too_soon(nurse, session, at):
    nurse.post(_url(session, "arrive"))
    early = nurse.post(_url(session, "device"), DEVICE)
    assert (early.status_code, b"5JG2201" in early.content) == (409, True)
    nurse.post(_url(session, "pre-dose"), ANSWERS)
    nurse.post(_url(session, "device"), DEVICE)
    at.move_to(MONDAY + timedelta(minutes=4), tick=False)
    soon = nurse.post(_url(session, "device"), {**DEVICE, "number": "2"})
    assert soon.status_code == 409
    assert DeviceUse.objects.count() == 1


def test_the_same_reading_sent_twice_is_one_reading(nurse, session, at):
    _dosed(nurse, session, at)
    reading = {**_reading(), "client_id": str(new_id())}
    assert [nurse.post(_url(session, "checkpoint"), reading).status_code for _ in range(2)] == [302, 302]
    assert Checkpoint.objects.count() == 1
    other = nurse.post(_url(session, "checkpoint"), {**reading, "systolic": "130"})
    assert other.status_code == 409
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["device", "checkpoint", "ready", "leave", "stop-dosing", "pre-dose", "reopen"]
)
@pytest.mark.parametrize("body", [{}, {"number": "x", "client_id": "y", "at": "25:99", "lot": "\x00"}])
def test_no_post_breaks_a_step(nurse, session, name, body, at):
    nurse.post(_url(session, "arrive"))
    assert nurse.post(_url(session, name), body).status_code in (302, 409, 422)
    _dosed(nurse, session, at)
    assert nurse.post(_url(session, name), body).status_code in (302, 409, 422)


def test_a_correction_wants_a_reason_and_keeps_the_old_value(nurse, session, at):
    _dosed(nurse, session, at)
    nurse.post(_url(session, "checkpoint"), {**_reading(systolic="221"), "client_id": str(new_id())})
    entry = Checkpoint.objects.get().entry
    url = _url(session, "correct-checkpoint", entry)
    right = {**_reading(systolic="121"), "client_id": str(Checkpoint.objects.get().client_id)}
    bare = nurse.post(url, right)
    done = nurse.post(url, {**right, "reason": "Read the wrong line"})
    assert (bare.status_code, done.status_code) == (422, 302)
    assert list(Checkpoint.objects.order_by("version").values_list("systolic", flat=True)) == [221, 121]
    assert "221" in nurse.get(_url(session, "record")).content.decode()


def test_the_desk_may_look_and_not_write(session, site):
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    page = desk.get(_url(session))
    assert page.status_code == 200
    assert b'name="systolic"' not in page.content


def test_the_page_asks_as_often_after_six_readings_as_after_one(nurse, session, at):
    _dosed(nurse, session, at)

    def take(minute):
        at.move_to(MONDAY + timedelta(minutes=20 + minute), tick=False)
        nurse.post(
            _url(session, "checkpoint"), {**_reading(), "minute": str(minute), "client_id": str(new_id())}
        )

    def asked():
        with CaptureQueriesContext(connection) as queries:
            nurse.get(_url(session))
        return len(queries)

    take(15)
    nurse.get(_url(session))
    few = asked()
    for minute in (30, 40, 60, 90):
        take(minute)
    nurse.get(_url(session))
    assert asked() == few
