"""A tablet's queue at the server: once each, times as the tablet gave them, refusals that a person can read."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from clinic.ids import new_id
from clinic.models import AuditEvent
from monitoring.models import Checkpoint, DeviceUse, TabletEntry
from monitoring.record import record_of
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_session, make_user
from tests.monitoring.test_chair_page import ANSWERS, DEVICE, _dosed, _reading, _url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at")]
T0 = MONDAY + timedelta(minutes=20)


@pytest.fixture
def who(site):
    return make_user(site=site, role="nurse")


@pytest.fixture
def nurse(who):
    client = Client()
    client.force_login(who)
    return client


@pytest.fixture
def session(site):
    return make_session(course=make_course(site=site))


def entry(who, fields, *, at, skew=0, id_=None):
    made = id_ or new_id()
    return {
        **fields,
        "client_id": str(made),
        "entry_id": str(made),
        "entry_at": at.isoformat(),
        "entry_skew": str(skew),
        "entry_by": str(who.pk),
    }


def test_an_entry_sent_late_keeps_the_time_it_was_measured(nurse, who, session, at):
    _dosed(nurse, session, at)
    measured = T0 + timedelta(minutes=15, seconds=7)
    at.move_to(T0 + timedelta(minutes=55), tick=False)

    answer = nurse.post(_url(session, "checkpoint"), entry(who, _reading(), at=measured, skew=-1200))

    assert (answer.status_code, answer.json()["state"]) == (200, "saved")
    row = Checkpoint.objects.get()
    assert (row.measured_at, row.recorded_at) == (measured, T0 + timedelta(minutes=55))
    assert (row.minute, row.late) == (15, True)
    kept = TabletEntry.objects.get()
    assert (kept.pk, kept.tapped_at, kept.skew_ms) == (row.client_id, measured, -1200)


def test_a_time_that_was_typed_is_a_wall_time_around_the_tap(nurse, who, session, at):
    _dosed(nurse, session, at)
    tapped = T0 + timedelta(minutes=18)
    at.move_to(T0 + timedelta(hours=3), tick=False)
    nurse.post(_url(session, "checkpoint"), entry(who, _reading(measured="09:35"), at=tapped))
    assert Checkpoint.objects.get().measured_at == MONDAY + timedelta(minutes=35)


@pytest.mark.parametrize("times", [2, 3])
def test_a_replay_changes_nothing(nurse, who, session, at, times):
    _dosed(nurse, session, at)
    at.move_to(T0 + timedelta(minutes=16), tick=False)
    sent = entry(who, _reading(), at=T0 + timedelta(minutes=15))
    first = nurse.post(_url(session, "checkpoint"), sent).json()
    events = AuditEvent.objects.count()
    again = [nurse.post(_url(session, "checkpoint"), sent).json() for _ in range(times - 1)]
    assert not first["replayed"]
    assert [(a["state"], a["replayed"]) for a in again] == [("saved", True)] * (times - 1)
    assert (Checkpoint.objects.count(), AuditEvent.objects.count()) == (1, events)


def test_every_step_of_a_session_replayed_changes_nothing(nurse, who, session, at):
    nurse.post(_url(session, "arrive"))
    steps = [
        ("pre-dose", ANSWERS, 10),
        ("device", DEVICE, 20),
        ("device", {**DEVICE, "number": "2"}, 25),
        ("checkpoint", _reading(), 60),
        ("checkpoint", _reading(), 141),
        ("ready", {"clinician": "N", "escort_reached": "on", "instructions_given": "on"}, 142),
        ("leave", {"with_escort": "yes"}, 143),
    ]
    at.move_to(MONDAY + timedelta(minutes=150), tick=False)
    sent = [
        (name, entry(who, fields, at=MONDAY + timedelta(minutes=minute))) for name, fields, minute in steps
    ]
    first = [nurse.post(_url(session, name), data).json()["state"] for name, data in sent]
    events = AuditEvent.objects.count()
    again = [nurse.post(_url(session, name), data).json() for name, data in sent]
    assert first == ["saved"] * 7
    assert all(answer["replayed"] for answer in again)
    assert AuditEvent.objects.count() == events
    assert TreatmentSession.objects.get().status == "completed"
    assert [d.started_at for d in DeviceUse.objects.all()] == [T0, T0 + timedelta(minutes=5)]


@pytest.mark.django_db(transaction=True)
def test_the_same_entry_sent_twice_at_once_is_one(nurse, who, session, at):
    _dosed(nurse, session, at)
    at.move_to(T0 + timedelta(minutes=16), tick=False)
    sent = entry(who, _reading(), at=T0 + timedelta(minutes=15))

    def post(_number):
        client = Client()
        client.force_login(who)
        try:
            return client.post(_url(session, "checkpoint"), sent).json()["state"]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(post, range(6))) == ["saved"] * 6
    assert (Checkpoint.objects.count(), TabletEntry.objects.count()) == (1, 1)


def test_what_is_refused_comes_back_in_words_with_the_page_and_leaves_nothing(nurse, who, session, at):
    _dosed(nurse, session, at)
    at.move_to(T0 + timedelta(minutes=16), tick=False)
    sent = entry(who, _reading(systolic="400", spo2="101"), at=T0 + timedelta(minutes=15))
    answer = nurse.post(_url(session, "checkpoint"), sent)
    told = answer.json()
    assert (answer.status_code, told["state"]) == (422, "refused")
    assert {fault["field"] for fault in told["faults"]} == {"Systolic", "SpO2 %"}
    assert 'value="400"' in told["page"]
    assert not TabletEntry.objects.exists()
    assert not Checkpoint.objects.exists()


def test_before_the_first_device_and_in_time_to_come_a_person_decides(nurse, who, session, at):
    """A tablet whose clock is wrong is not put right in silence."""
    _dosed(nurse, session, at)
    at.move_to(T0 + timedelta(minutes=16), tick=False)
    for minutes in (-1, 22):
        sent = entry(who, _reading(), at=T0 + timedelta(minutes=minutes), skew=360_000)
        assert nurse.post(_url(session, "checkpoint"), sent).json()["state"] == "refused"
    assert not Checkpoint.objects.exists()


def test_answers_that_do_not_clear_are_kept_and_say_so(nurse, who, session):
    nurse.post(_url(session, "arrive"))
    fields = {name: value for name, value in ANSWERS.items() if name != "prescriber_on_site"}
    sent = entry(who, fields, at=MONDAY)
    told = nurse.post(_url(session, "pre-dose"), sent).json()
    assert told["state"] == "kept"
    assert "gate-stop" in told["page"]
    assert nurse.post(_url(session, "pre-dose"), sent).json()["replayed"]


def test_the_same_id_with_other_content_is_refused(nurse, who, session, at):
    _dosed(nurse, session, at)
    at.move_to(T0 + timedelta(minutes=16), tick=False)
    sent = entry(who, _reading(), at=T0 + timedelta(minutes=15))
    nurse.post(_url(session, "checkpoint"), sent)
    answer = nurse.post(_url(session, "checkpoint"), {**sent, "systolic": "131"})
    assert (answer.status_code, answer.json()["state"]) == (409, "refused")
    assert Checkpoint.objects.get().systolic == 122


def test_somebody_elses_entry_waits_for_them(nurse, site, session, at):
    _dosed(nurse, session, at)
    other = make_user(site=site, role="nurse")
    answer = nurse.post(_url(session, "checkpoint"), entry(other, _reading(), at=T0))
    assert (answer.status_code, answer.json()["state"]) == (409, "refused")
    assert not Checkpoint.objects.exists()


def test_a_discarded_entry_stays_readable_with_its_reason_and_is_never_saved_later(nurse, who, session, at):
    _dosed(nurse, session, at)
    at.move_to(T0 + timedelta(minutes=16), tick=False)
    sent = entry(who, _reading(), at=T0 + timedelta(minutes=15), skew=300_000)
    dropped = {**sent, "entry_kind": "checkpoint", "shown": ["Systolic 182", "Diastolic 104\x00"]}

    dropped["entry_kind"] += "\x00"

    assert nurse.post(_url(session, "discard"), dropped).json()["state"] == "refused"
    for _ in range(2):
        told = nurse.post(_url(session, "discard"), {**dropped, "reason": "Wrong patient"})
        assert told.json()["state"] == "discarded"

    row = TabletEntry.objects.get()
    assert (row.content, row.reason) == (["Systolic 182", "Diastolic 104"], "Wrong patient")
    line = next(line for line in record_of(session) if line.kind == "tablet")
    assert "Wrong patient" in line.text
    assert "5.0 min ahead" in line.text
    assert AuditEvent.objects.filter(action="tablet.discarded").count() == 1
    assert nurse.post(_url(session, "checkpoint"), sent).json()["state"] == "refused"


@pytest.mark.parametrize(
    "broken",
    [{"entry_id": "x"}, {"entry_at": "yesterday"}, {"entry_at": "2026-03-02T09:00:00"}, {"entry_id": ""}],
)
def test_a_broken_entry_is_refused_and_no_error(nurse, who, session, at, broken):
    _dosed(nurse, session, at)
    answer = nurse.post(_url(session, "checkpoint"), {**entry(who, _reading(), at=T0), **broken})
    assert answer.status_code == 422
    assert not Checkpoint.objects.exists()


@pytest.mark.parametrize("skew", ["", "fast", "9" * 40, "-9223372036854775809"])
def test_a_clock_that_was_not_measured_is_unknown(nurse, who, session, at, skew):
    _dosed(nurse, session, at)
    nurse.post(_url(session, "checkpoint"), {**entry(who, _reading(), at=T0), "entry_skew": skew})
    assert TabletEntry.objects.get().skew_ms is None


def test_without_script_the_forms_work_as_they_did(nurse, session, at):
    _dosed(nurse, session, at)
    answer = nurse.post(_url(session, "checkpoint"), {**_reading(), "client_id": str(new_id())})
    assert answer.status_code == 302
    assert not TabletEntry.objects.exists()


def test_the_worker_stands_at_the_root_and_is_open_to_nobody_in_particular(client):
    answer = client.get("/worker.js")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert (answer["Service-Worker-Allowed"], answer["Cache-Control"]) == ("/", "no-cache")
    assert "'self'" in answer["Content-Security-Policy"]
    assert "/static/js/chair.js" in answer.content.decode()
    assert client.get("/offline/").status_code == 200
    assert client.get("/clock/").json()["now"] == MONDAY.isoformat()


def test_only_what_a_nurse_opened_may_be_kept(nurse, site, session):
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    floor, record = reverse("monitoring:floor"), reverse("monitoring:record", args=[session.pk])
    assert [nurse.get(page).get("X-Keep") for page in (_url(session), floor)] == ["yes", "yes"]
    assert [desk.get(page).get("X-Keep") for page in (_url(session), floor)] == [None, None]
    others = (record, reverse("scheduling:today"), reverse("clinic:patients"), floor + "?wall=1")
    assert [nurse.get(page).get("X-Keep") for page in others] == [None] * 4


def test_the_page_asks_for_itself_again_for_nothing_while_nothing_is_new(nurse, session):
    page = nurse.get(_url(session))
    opened = AuditEvent.objects.filter(action="patient.opened").count()
    headers = {"HX-Request": "true", "If-None-Match": page["ETag"]}
    assert nurse.get(_url(session), headers=headers).status_code == 304
    nurse.post(_url(session, "arrive"))
    assert nurse.get(_url(session), headers=headers).status_code == 200
    assert AuditEvent.objects.filter(action="patient.opened").count() == opened
