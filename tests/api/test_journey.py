"""The whole journey through the API, as another system would go it: a new site, a course, a session to its end."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from clinic.enums import Role
from clinic.models import Membership
from tests.api.client import Api
from tests.factories import make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # Monday, 10:00 in New York


@pytest.fixture
def at(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def apis(at):
    return {str(role): Api(make_user(username=f"the-{role}")) for role in Role}


@pytest.fixture
def site(apis):
    hours = [{"weekday": day, "opens": "00:00", "closes": "24:00"} for day in range(7)]
    body = {
        "name": "North",
        "alias": "North Care",
        "timezone": "America/New_York",
        "chairs": 2,
        "hours": hours,
    }
    made = apis["manager"].post("/sites", {**body, "phone": "614-555-0100"})
    assert made.status == 201
    for role in ("desk", "nurse", "prescriber"):
        member = {"username": f"the-{role}", "role": role}
        assert apis["manager"].post(f"/sites/{made.body['id']}/members", member).status == 201
    for role in ("nurse", "prescriber"):
        for day in range(7):
            shift = {"role": role, "staff": f"the-{role}", "weekday": day, "starts": "00:00", "ends": "00:00"}
            assert apis["manager"].post(f"/sites/{made.body['id']}/shifts", shift).status == 201
    return made.body


@pytest.fixture
def course(apis, site):
    patient = apis["desk"].post(
        "/patients",
        {
            "site": site["id"],
            "mrn": "A1",
            "given_name": "Ada",
            "family_name": "Example",
            "birth_date": "1980-05-17",
            "phone": "614-555-0123",
            "sms_consent": {"given": True, "method": "paper", "wording": "Yes"},
            "rems_enrolled_on": "2026-02-01",
            "escort": {"name": "Sam", "phone": "614-555-0124"},
        },
    )
    assert patient.status == 201
    body = {
        "patient": patient.body["id"],
        "site": site["id"],
        "indication": "trd",
        "starts_on": "2026-03-02",
        "weekdays": [0, 3],
        "time": "10:30",
        "dose_mg": 56,
    }
    made = apis["desk"].post("/courses", body)
    assert made.status == 201
    return made.body


@pytest.fixture
def sessions(apis, course):
    plan = apis["desk"].post(f"/courses/{course['id']}/plan", {"until": "induction"})
    assert (plan.status, len(plan.body["sessions"]), plan.body["unplaced"]) == (200, 8, [])
    wanted = [{"number": s["number"], "starts_at": s["starts_at"]} for s in plan.body["sessions"]]
    booked = apis["desk"].post(f"/courses/{course['id']}/book", {"sessions": wanted})
    assert booked.status == 201
    return booked.body["sessions"]


ANSWERS = {
    "systolic": 124,
    "diastolic": 78,
    "heart_rate": 70,
    "spo2": 98,
    "ate_within_2h": False,
    "drank_within_30min": False,
    "nasal_spray_within_1h": False,
    "suicidal_thoughts": False,
    "escort_confirmed": True,
    "medicines": [],
    "prescriber_on_site": True,
    "oximeter_on_site": True,
}
CALM = {
    "systolic": 122,
    "diastolic": 76,
    "heart_rate": 68,
    "spo2": 98,
    "respiratory_rate": 14,
    "sedation": 5,
    "dissociation": "none",
}


def test_the_whole_journey(apis, sessions, at):
    nurse, session = apis["nurse"], sessions[0]["id"]
    t0 = NOW + timedelta(minutes=35)
    assert [s["status"] for s in sessions] == ["booked"] * 8
    assert apis["desk"].post(f"/sessions/{session}/arrive").body["status"] == "arrived"
    at.move_to(t0, tick=False)
    assert nurse.post(f"/sessions/{session}/pre-dose", ANSWERS).body["may_dose"] is True

    first = _device(nurse, session, 1, t0)
    too_soon = _device(nurse, session, 2, t0 + timedelta(minutes=1))
    at.move_to(t0 + timedelta(minutes=5), tick=False)
    second = _device(nurse, session, 2, t0 + timedelta(minutes=5))

    assert [c["minute"] for c in first.body["checkpoints"]] == [15, 30, 40, 60, 90, 120]
    assert (first.status, too_soon.status, too_soon.codes) == (201, 409, ["too_soon"])
    assert (second.status, second.body["next_device_at"]) == (201, None)

    for minute in (15, 30, 40, 60, 90, 120):
        at.move_to(t0 + timedelta(minutes=minute), tick=False)
        answer = _reading(nurse, session, t0 + timedelta(minutes=minute), CALM)
        assert (answer.status, answer.body["minute"], answer.body["alerts"]) == (201, minute, [])
        if minute == 90:
            early = nurse.post(f"/sessions/{session}/ready", {"at": _iso(t0 + timedelta(minutes=90))})
            assert (early.status, early.codes) == (409, ["minutes_120"])
    end = t0 + timedelta(minutes=121)
    at.move_to(end, tick=False)
    assert (
        nurse.post(f"/sessions/{session}/ready", {"at": _iso(end), "by": "N. Nurse"}).body["status"]
        == "ready"
    )
    left = nurse.post(f"/sessions/{session}/leave", {"at": _iso(end), "with_escort": True})
    assert left.body["status"] == "completed"

    record = nurse.get(f"/sessions/{session}/observation").body["items"]
    assert [line["at"] for line in record] == sorted(line["at"] for line in record)
    assert {line["kind"] for line in record} == {"status", "assigned", "pre_dose", "device", "checkpoint"}


def test_a_red_reading_is_a_task_until_somebody_says_what_was_done(apis, sessions, at, site):
    nurse, session = apis["nurse"], sessions[0]["id"]
    _dosed(apis, session, at)
    at.move_to(NOW + timedelta(minutes=40), tick=False)

    answer = _reading(
        nurse, session, NOW + timedelta(minutes=40), {**CALM, "systolic": 206, "diastolic": 110}
    )

    assert [(a["level"], a["code"]) for a in answer.body["alerts"]] == [
        ("red", "bp_very_high"),
        ("amber", "bp_rise"),
    ]
    red = answer.body["alerts"][0]["id"]
    assert nurse.post(f"/alerts/{red}/acknowledge", {"action": ""}).status == 422
    assert nurse.post(f"/alerts/{red}/acknowledge", {"action": "Prescriber called"}).status == 200
    again = nurse.post(f"/alerts/{red}/acknowledge", {"action": "Again"})
    assert (again.status, again.codes) == (409, ["acknowledged"])
    open_ones = nurse.get("/alerts", site=site["id"], open="true").body["items"]
    assert [alert["code"] for alert in open_ones] == ["bp_rise"]


def test_a_reading_is_corrected_by_a_new_version(apis, sessions, at):
    nurse, session = apis["nurse"], sessions[0]["id"]
    _dosed(apis, session, at)
    at.move_to(NOW + timedelta(minutes=15), tick=False)
    entry = _reading(nurse, session, NOW + timedelta(minutes=15), CALM).body["id"]

    no_reason = nurse.patch(f"/checkpoints/{entry}", {"systolic": 130, "reason": " "})
    fixed = nurse.patch(f"/checkpoints/{entry}", {"systolic": 130, "reason": "Read the wrong line"})

    assert (no_reason.status, no_reason.fields) == (422, ["reason"])
    assert (fixed.body["id"], fixed.body["version"], fixed.body["systolic"]) == (entry, 2, 130)
    history = nurse.get(f"/checkpoints/{entry}/history").body["items"]
    assert [version["systolic"] for version in history] == [122, 130]


def test_a_replay_changes_nothing_and_other_content_is_a_conflict(apis, sessions, at):
    nurse, session = apis["nurse"], sessions[0]["id"]
    _dosed(apis, session, at)
    at.move_to(NOW + timedelta(minutes=15), tick=False)
    key, moment = str(uuid4()), NOW + timedelta(minutes=15)

    first = _reading(nurse, session, moment, CALM, key)
    replay = _reading(nurse, session, moment, CALM, key)
    other = _reading(nurse, session, moment, {**CALM, "systolic": 140}, key)

    assert (first.status, replay.status, replay.body["id"]) == (201, 201, first.body["id"])
    assert (other.status, other.codes) == (409, ["conflict"])


def test_two_courses_cannot_have_one_chair_at_one_time(apis, sessions, site):
    desk = apis["desk"]
    other = _another_course(desk, site, "A2")
    wanted = [{"number": 1, "starts_at": sessions[0]["starts_at"], "chair": sessions[0]["chair"]}]

    answer = desk.post(f"/courses/{other}/book", {"sessions": wanted})

    assert (answer.status, answer.codes, answer.fields) == (
        409,
        ["chair_taken", "starts_crowded"],
        ["sessions[0]", "sessions[0]"],
    )
    assert desk.get("/sessions", course=other).body["items"] == []


def test_move_replaces_the_reminder_and_cancel_withdraws_it(apis, sessions):
    desk, session = apis["desk"], sessions[3]["id"]
    before = _reminders(desk, session)
    later = datetime.fromisoformat(sessions[3]["starts_at"]) + timedelta(days=1)

    moved = desk.post(f"/sessions/{session}/move", {"starts_at": later.isoformat(), "scope": "this"})
    after_move = _reminders(desk, session)
    desk.post(f"/sessions/{session}/cancel", {"reason": "Ill", "by": "patient"})

    assert moved.body["starts_at"] == later.isoformat()
    assert (before, after_move) == (["pending"], ["pending", "cancelled"])
    assert _reminders(desk, session) == ["cancelled", "cancelled"]


def test_a_first_dose_of_84_wants_a_reason(apis, site):
    desk = apis["desk"]
    course = _another_course(desk, site, "A3", dose_mg=84)
    wanted = {"sessions": [{"number": 1, "starts_at": "2026-03-05T10:00:00-05:00"}]}

    asked = desk.post(f"/courses/{course}/book", wanted)
    given = desk.post(
        f"/courses/{course}/book", {**wanted, "override": {"first_dose_84": "Came from hospital"}}
    )

    assert (asked.status, asked.codes, asked.fields) == (409, ["reason_required"], ["override.first_dose_84"])
    assert given.status == 201


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"birth_date": "2009-03-01"}, "under_age"),
        ({"contraindications": ["intracerebral_haemorrhage"]}, "contraindicated"),
    ],
)
def test_a_stop_is_a_stop(apis, site, fields, code):
    desk = apis["desk"]
    course = _another_course(desk, site, "A4", patient=fields)

    answer = desk.post(
        f"/courses/{course}/book", {"sessions": [{"number": 1, "starts_at": "2026-03-05T10:00:00-05:00"}]}
    )

    assert (answer.status, answer.codes) == (409, [code])


def test_a_closure_names_whom_it_hits(apis, sessions, site):
    span = {
        "starts_at": "2026-03-05T00:00:00-05:00",
        "ends_at": "2026-03-06T00:00:00-05:00",
        "reason": "Snow",
    }
    answer = apis["manager"].post(f"/sites/{site['id']}/closures", span)
    assert [session["id"] for session in answer.body["affected"]] == [sessions[1]["id"]]


def test_openings_leave_out_what_is_taken(apis, sessions, site):
    found = apis["desk"].get(f"/sites/{site['id']}/openings", **{"from": "2026-03-05", "to": "2026-03-05"})
    starts = [item["starts_at"] for item in found.body["items"]]
    # One nurse begins one session in a slot.
    assert sessions[1]["starts_at"] not in starts
    assert "2026-03-05T09:00:00-05:00" in starts


def test_roles_keep_to_their_work(apis, site, sessions):
    session = sessions[0]["id"]
    assert apis["nurse"].post(f"/sessions/{session}/cancel", {"reason": "x", "by": "clinic"}).status == 403
    assert apis["desk"].post(f"/sessions/{session}/pre-dose", ANSWERS).status == 403
    assert apis["desk"].post(f"/sites/{site['id']}/members", {"username": "x", "role": "desk"}).status == 403
    stranger = Api(make_user())
    assert stranger.get(f"/sessions/{session}").status == 404
    assert stranger.get(f"/sites/{site['id']}").status == 404


def test_a_patient_who_walks_out_is_a_deviation(apis, sessions, at):
    nurse, session = apis["nurse"], sessions[0]["id"]
    _dosed(apis, session, at)
    at.move_to(NOW + timedelta(minutes=50), tick=False)
    body = {"at": _iso(NOW + timedelta(minutes=50)), "with_escort": False}

    refused = nurse.post(f"/sessions/{session}/leave", body)
    walked = nurse.post(f"/sessions/{session}/leave", {**body, "early": "Left by herself; prescriber told"})

    assert (refused.status, "minutes_120" in refused.codes, "reading_now" in refused.codes) == (
        409,
        True,
        True,
    )
    assert walked.body["status"] == "completed"


def _dosed(apis, session, at):
    """Arrived, cleared and dosed with both devices, T0 at NOW."""
    nurse = apis["nurse"]
    apis["desk"].post(f"/sessions/{session}/arrive")
    nurse.post(f"/sessions/{session}/pre-dose", ANSWERS)
    at.move_to(NOW + timedelta(minutes=5), tick=False)
    for number in (1, 2):
        assert _device(nurse, session, number, NOW + timedelta(minutes=5 * (number - 1))).status == 201


def _device(nurse, session, number, started_at):
    body = {"number": number, "started_at": _iso(started_at), "lot": "L1", "expires_on": "2027-01-31"}
    return nurse.post(f"/sessions/{session}/devices", body)


def _reading(nurse, session, measured_at, values, key=None):
    body = {"client_id": key or str(uuid4()), "measured_at": _iso(measured_at), **values}
    return nurse.post(f"/sessions/{session}/checkpoints", body)


def _another_course(desk, site, mrn, *, dose_mg=56, patient=None):
    body = {
        "site": site["id"],
        "mrn": mrn,
        "given_name": "Bo",
        "family_name": "B",
        "birth_date": "1970-01-01",
    }
    made = desk.post("/patients", {**body, "rems_enrolled_on": "2026-02-01", **(patient or {})}).body
    body = {"patient": made["id"], "site": site["id"], "indication": "trd", "starts_on": "2026-03-02"}
    return desk.post("/courses", {**body, "weekdays": [0, 3], "time": "10:30", "dose_mg": dose_mg}).body["id"]


def _reminders(desk, session):
    items = desk.get("/messages", session=session).body["items"]
    return [item["status"] for item in items if item["kind"] == "reminder"]


def _iso(moment):
    return moment.isoformat()


def test_whoever_makes_a_site_is_its_manager(apis, site):
    assert Membership.objects.filter(user=apis["manager"].user, site=site["id"], role="manager").exists()
