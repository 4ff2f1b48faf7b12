"""The drug through the API: from the delivery to the count, and what a role may not."""

from datetime import timedelta

import pytest

from monitoring.models import Device
from tests.api.client import team
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site
from tests.monitoring.cabinet import cleared, give

pytestmark = pytest.mark.django_db
KIT = {"ndc": "50458-028-02", "lot": "5JG2201", "expires_on": "2027-01-31"}


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    return time_machine


@pytest.fixture
def site():
    return make_staffed_site(chairs=2, nurses=2)


@pytest.fixture
def apis(site):
    return team(site)


@pytest.fixture
def receive(site, apis):
    def send(*kits, **fields):
        facts = {"site": str(site.pk), "source": "Besse", "received_on": "2026-03-02"}
        return apis["nurse"].post("/devices", {**facts, "kits": list(kits) or [KIT], **fields})

    return send


def test_from_the_delivery_to_the_count(site, apis, receive, at):
    nurse = apis["nurse"]
    expected = {"site": str(site.pk), "expected_on": "2026-03-03", "devices": 2, "source": "Besse"}
    delivery = nurse.post("/deliveries", expected)
    assert (delivery.status, len(nurse.get("/deliveries", site=site.pk).body["items"])) == (201, 1)
    done = receive({**KIT, "serial": "S1"}, delivery=delivery.body["id"], reference="INV 7")
    assert done.status == 201
    first, second = done.body["items"]
    assert (first["lot"], first["place"], first["days_left"], first["reference"]) == (
        "5JG2201",
        "shelf",
        335,
        "INV 7",
    )
    session = cleared(site, nurse.user)
    fits = nurse.get("/devices", session=session.pk).body["items"]
    assert [item["id"] for item in fits] == [first["id"], second["id"]]
    dose = {"number": 1, "started_at": MONDAY.isoformat(), "device": first["id"]}
    started = nurse.post(f"/sessions/{session.pk}/devices", dose)
    assert (started.status, started.body["device"]) == (201, first["id"])
    assert nurse.post(f"/sessions/{session.pk}/devices", dose).status == 201
    late = {**dose, "number": 2, "started_at": (MONDAY + timedelta(minutes=5)).isoformat()}
    at.move_to(MONDAY + timedelta(minutes=5), tick=False)
    again = nurse.post(f"/sessions/{session.pk}/devices", late)
    assert (again.status, again.codes) == (409, ["not_on_shelf"])
    wasted = {"reason": "Dropped", "witness": apis["prescriber"].user.username}
    gone = nurse.post(f"/devices/{second['id']}/waste", wasted)
    assert (gone.status, gone.body["place"]) == (200, "wasted")
    cabinet = nurse.get(f"/sites/{site.pk}/drug").body
    assert cabinet["balance"] == {
        "received": 2,
        "given": 1,
        "wasted": 1,
        "returned": 0,
        "lost": 0,
        "shelf": 0,
    }
    assert [(s["session"], s["missing"], s["code"]) for s in cabinet["sessions"]] == [
        (str(session.pk), 1, "short")
    ]
    assert {"short", "not_counted", "inventory_due"} <= {w["code"] for w in cabinet["warnings"]}
    count = {"site": str(site.pk), "second": apis["manager"].user.username, "lines": []}
    assert nurse.post("/counts", count).status == 201
    assert nurse.get("/counts", site=site.pk).body["items"][0]["lines"] == []
    story = nurse.get(f"/devices/{first['id']}").body["entries"]
    assert [(entry["kind"], entry["from"], entry["to"]) for entry in story] == [
        ("received", "outside", "shelf"),
        ("given", "shelf", "given"),
    ]
    kinds = [entry["kind"] for entry in nurse.get("/ledger", site=site.pk).body["items"]]
    assert sorted(kinds) == ["given", "received", "received", "wasted"]
    assert len(nurse.get("/ledger", kind="given").body["items"]) == 1
    assert nurse.get("/ledger", **{"from": "2026-03-04"}).body["items"] == []


def test_return_loss_and_the_deas_duties(apis, receive, site):
    nurse = apis["nurse"]
    one, two = receive().body["items"]
    back = nurse.post(f"/devices/{one['id']}/return", {"reason": "Recall", "to": "Inmar"})
    assert (back.status, back.body["place"]) == (200, "returned")
    refused = nurse.post(f"/devices/{one['id']}/return", {"reason": "Recall", "to": "Inmar"})
    assert (refused.status, refused.codes) == (409, ["not_on_shelf"])
    loss = nurse.post(f"/devices/{two['id']}/lose", {"nature": "theft", "circumstances": "Gone"})
    assert (loss.status, loss.body["notice"]["due_on"], loss.body["form_106"]["due_on"]) == (
        201,
        "2026-03-03",
        "2026-04-16",
    )
    path = f"/losses/{loss.body['id']}"
    told = apis["manager"].post(f"{path}/notice", {"at": MONDAY.isoformat(), "how": "E-mail"})
    assert told.body["notice"]["done_at"] is not None
    filed = nurse.post(f"{path}/form-106", {"at": MONDAY.isoformat(), "number": "106-1"})
    assert (filed.body["form_number"], nurse.post(f"{path}/notice", {"at": "x", "how": ""}).status) == (
        "106-1",
        422,
    )
    assert len(nurse.get("/losses", site=site.pk).body["items"]) == 1
    found = nurse.post(f"/devices/{two['id']}/correct", {"reason": "Behind the drawer"})
    assert found.body["place"] == "shelf"
    both = {"site": str(site.pk), "devices": [two["id"]], "nature": "other", "circumstances": "Gone again"}
    assert nurse.post("/losses", both).status == 201
    unknown = nurse.post("/losses", {**both, "devices": [two["id"], "nonsense"]})
    assert (unknown.status, unknown.fields) == (422, ["devices[1]"])


def test_stops_and_faults_come_all_at_once(apis, receive, site):
    bad = receive({**KIT, "ndc": "x", "lot": ""}, source="", patient=None)
    assert (bad.status, set(bad.fields)) == (422, {"kits[0].ndc", "kits[0].lot", "source"})
    old = receive({**KIT, "expires_on": "2026-03-01"})
    assert (old.status, old.codes) == (409, ["reason_required"])
    patient = make_patient(site=site)
    named = receive(patient=str(patient.pk)).body["items"][0]
    assert (named["patient"], named["days_left"]) == (str(patient.pk), 14)
    stranger = cleared(site, apis["nurse"].user)
    dose = {"number": 1, "started_at": MONDAY.isoformat()}
    for what in ({"device": named["id"]}, {"lot": "5JG2201", "expires_on": "2027-01-31"}):
        answer = apis["nurse"].post(f"/sessions/{stranger.pk}/devices", {**dose, **what})
        assert (answer.status, answer.codes) == (409, ["other_patient"])
    for what, fields in (({}, ["lot", "expires_on"]), ({"device": "x"}, ["device"])):
        answer = apis["nurse"].post(f"/sessions/{stranger.pk}/devices", {**dose, **what})
        assert (answer.status, answer.fields) == (422, fields)


def test_labels_and_doses_are_corrected(apis, receive, site):
    nurse = apis["nurse"]
    one, _two = receive().body["items"]
    session = cleared(site, nurse.user)
    give(session, nurse.user, Device.objects.get(pk=one["id"]))
    fixed = nurse.patch(f"/kits/{one['kit']}", {"lot": "5JG2207", "reason": "Misread"})
    assert [item["lot"] for item in fixed.body["items"]] == ["5JG2207", "5JG2207"]
    other = {"lot": "9", "expires_on": "2027-01-31", "reason": "The sample box"}
    swapped = nurse.post(f"/sessions/{session.pk}/devices/1/exchange", other)
    assert (swapped.body["version"], swapped.body["lot"], swapped.body["device"]) == (3, "9", None)


def test_a_site_that_gives_from_its_stock_only(apis, site):
    answer = apis["manager"].post(f"/sites/{site.pk}/drug-settings", {"by_hand": False})
    assert (answer.status, answer.body["by_hand"]) == (200, False)
    session = cleared(site, apis["nurse"].user)
    dose = {"number": 1, "started_at": MONDAY.isoformat(), "lot": "X", "expires_on": "2027-01-31"}
    assert apis["nurse"].post(f"/sessions/{session.pk}/devices", dose).codes == ["not_in_stock"]


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("desk", set()),
        ("nurse", {"see", "handle", "count"}),
        ("prescriber", {"see", "handle", "count"}),
        ("manager", {"see", "count"}),
    ],
)
def test_who_may_what(apis, receive, site, role, may):
    device = receive().body["items"][0]
    who = apis[role]
    statuses = {
        "see": who.get(f"/devices/{device['id']}").status,
        "handle": who.post(f"/devices/{device['id']}/return", {"reason": "x", "to": "y"}).status,
        "count": who.post("/counts", {"site": str(site.pk), "second": "nobody", "lines": []}).status,
    }
    assert {name for name, status in statuses.items() if status != 403} == may
    assert who.get("/devices").body["items"] == [] or "see" in may
    assert who.get("/ledger").body["items"] == [] or "see" in may


def test_a_device_of_another_site_does_not_exist(receive, site):
    device = receive().body["items"][0]
    elsewhere = make_staffed_site()
    stranger = team(elsewhere)["nurse"]
    assert stranger.get(f"/devices/{device['id']}").status == 404
    assert stranger.get("/devices").body["items"] == []
    session = make_session(course=make_course(site=elsewhere))
    dose = {"number": 1, "started_at": MONDAY.isoformat(), "device": device["id"]}
    assert stranger.post(f"/sessions/{session.pk}/devices", dose).fields == ["device"]


def test_an_extra_device_wants_a_second_person_of_the_staff_by_their_user_name(site, apis, receive, at):
    items = receive(KIT, {**KIT, "ndc": "50458-028-03"}).body["items"]
    nurse, session = apis["nurse"], cleared(site, apis["nurse"].user)
    at.move_to(MONDAY + timedelta(minutes=10), tick=False)

    def start(number, **more):
        moment = MONDAY + timedelta(minutes=5 * (number - 1))
        body = {"number": number, "started_at": moment.isoformat(), "device": items[number - 1]["id"], **more}
        return nurse.post(f"/sessions/{session.pk}/devices", body)

    assert [start(1).status, start(2).status, start(3).codes] == [201, 201, ["over_dose"]]
    for witness in ("B. Hale", nurse.user.username, apis["desk"].user.username):
        refused = start(3, extra={"reason": "Dropped", "witness": witness})
        assert (refused.status, refused.fields) == (422, ["extra.witness"])
    second = apis["prescriber"].user.username
    assert start(3, extra={"reason": "Dropped", "witness": second}).status == 201
    entries = nurse.get(f"/devices/{items[2]['id']}").body["entries"]
    assert (entries[-1]["kind"], entries[-1]["witness"]) == ("given", second)
