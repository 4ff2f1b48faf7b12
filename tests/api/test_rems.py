"""The monitoring form, serious events and papers, as another system sees them."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clinic.models import Document
from monitoring.models import MonitoringForm
from tests.api.client import Api, team
from tests.factories import make_course, make_patient, make_staffed_site, make_user
from tests.monitoring.rems_stage import DAY, LEFT, go_through

pytestmark = pytest.mark.django_db
ID = "01a20d46-fc5f-70f1-a006-0f8a625e4ec2"


@pytest.fixture
def world(time_machine):
    time_machine.move_to(LEFT + timedelta(hours=1), tick=False)
    site = make_staffed_site(phone="+16145550100", address="1 Main Street")
    people = team(site)
    people["nurse"].user.email = "nora@clinic.example"
    people["nurse"].user.save()
    course = make_course(site=site, patient=make_patient(site=site, sex="female"))
    session = go_through(course, people["nurse"].user)
    form = MonitoringForm.objects.get(session=session)
    return {"site": site, "people": people, "session": session, "form": form, "nurse": people["nurse"]}


def upload(api, site, content=b"%PDF-1.7", kind="proof", key=None, **fields):
    file = SimpleUploadedFile("fax.pdf", content, content_type="application/pdf")
    headers = api._headers() | ({"HTTP_IDEMPOTENCY_KEY": key} if key else {})
    data = {"site": str(site.pk), "kind": kind, "file": file, **fields}
    response = Client(raise_request_exception=False).post("/api/v1/documents", data, **headers)
    return response.status_code, json.loads(response.content)


def test_a_form_is_answered_and_sent_with_its_proof(world):
    nurse, form = world["nurse"], world["form"]
    whole = nurse.get(f"/forms/{form.pk}").body
    assert (whole["status"], whole["missing"], whole["due_on"], whole["day"]) == (
        "open",
        ["serious_event"],
        "2026-03-09",
        0,
    )
    lots = next(a for a in whole["answers"] if a["code"] == "lots")
    assert (lots["value"], lots["record"]["words"], lots["answer"]) == ("L1, L1", "the devices", None)

    refused = nurse.post(f"/forms/{form.pk}/send", {"channel": "fax"})
    assert (refused.status, refused.codes) == (409, ["missing_answer", "reason_required", "reason_required"])
    assert refused.fields == ["answers.serious_event", "override.missing_answers", "override.no_proof"]

    assert nurse.patch(f"/forms/{form.pk}", {"answers": {"serious_event": "no"}}).body["missing"] == []
    status, proof = upload(nurse, world["site"])
    assert status == 201
    sent = nurse.post(f"/forms/{form.pk}/send", {"channel": "fax", "proof": proof["id"]}, key="k1")
    again = nurse.post(f"/forms/{form.pk}/send", {"channel": "fax", "proof": proof["id"]}, key="k1")
    assert (sent.status, sent.body["status"], sent.body["sending"]["proof"]) == (201, "sent", proof["id"])
    assert again.body == sent.body
    assert form.sendings.count() == 1
    twice = nurse.post(f"/forms/{form.pk}/send", {"channel": "fax", "proof": proof["id"]})
    assert (twice.status, twice.codes) == (409, ["already_sent"])


def test_faults_of_answers_come_all_at_once_and_nothing_is_kept(world):
    nurse, form = world["nurse"], world["form"]
    odd = {"serious_event": "x", "pressure_40": [1], "lots": "a\x00b", "nothing": {}, "dose": 56}
    answer = nurse.patch(f"/forms/{form.pk}", {"answers": odd})
    assert answer.status == 422
    assert set(answer.fields) == {f"answers.{code}" for code in odd}
    differs = nurse.patch(f"/forms/{form.pk}", {"answers": {"ready_minutes": 75, "serious_event": "no"}})
    assert (differs.status, differs.fields) == (409, ["reasons.ready_minutes"])
    owner = nurse.patch(f"/forms/{form.pk}", {"answers": {"serious_event": "no"}, "owner": "nobody"})
    assert (owner.status, owner.fields) == (422, ["owner"])
    assert not form.answers.exists()


def test_lists_by_status_and_site(world, time_machine):
    nurse, form, site = world["nurse"], world["form"], str(world["site"].pk)

    def ids(api=nurse, **params):
        return [item["id"] for item in api.get("/forms", **params).body["items"]]

    assert ids(site=site, status="open") == [str(form.pk)]
    assert ids(site=site, status="late") == []
    assert ids(site=site, status="sent") == []
    assert ids(site=ID) == []
    assert ids(Api(make_user(site=make_staffed_site(), role="nurse"))) == []
    assert nurse.get("/forms", status="lost").status == 422
    time_machine.move_to(LEFT + 7 * DAY, tick=False)
    assert ids(status="late") == []
    time_machine.move_to(LEFT + 8 * DAY, tick=False)
    assert ids(status="late") == [str(form.pk)]
    assert nurse.get("/forms").body["items"][0]["status"] == "late"


def test_an_owner_by_name_and_who_may_what(world):
    people, form, session = world["people"], world["form"], world["session"]
    other = people["prescriber"].user.username
    assert world["nurse"].patch(f"/forms/{form.pk}", {"owner": other}).body["owner"] == other
    assert world["nurse"].patch(f"/forms/{form.pk}", {"owner": people["desk"].user.username}).status == 422
    desk = people["desk"]
    assert desk.get(f"/forms/{form.pk}").status == 200
    for answer in (
        desk.patch(f"/forms/{form.pk}", {"answers": {"serious_event": "no"}}),
        desk.post(f"/forms/{form.pk}/send", {"channel": "fax"}),
        desk.get(f"/forms/{form.pk}/pdf"),
        desk.get(f"/sessions/{session.pk}/summary.pdf"),
        desk.post(f"/sessions/{session.pk}/serious-events", {"what": "x"}),
    ):
        assert (answer.status, answer.codes) == (403, ["not_allowed"])


@pytest.mark.pdf
def test_papers_come_as_pdf(world):
    nurse, form, session = world["nurse"], world["form"], world["session"]
    for path in (
        f"/forms/{form.pk}/pdf",
        f"/sessions/{session.pk}/summary.pdf",
        f"/sessions/{session.pk}/instructions.pdf",
    ):
        answer = nurse.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")


def test_papers_that_lie_or_have_no_place_are_refused(world):
    nurse, site = world["nurse"], world["site"]
    assert upload(nurse, site, b"<html>")[0] == 422
    assert upload(nurse, site, kind="poem")[0] == 422
    assert upload(nurse, site, kind="certification")[0] == 403
    assert upload(nurse, site, patient=ID)[0] == 404
    assert upload(nurse, make_staffed_site())[0] == 404
    assert not Document.objects.exists()
    first, again = upload(nurse, site, key="u1"), upload(nurse, site, b"%PDF-1.7", key="u2")
    assert first[1]["id"] != again[1]["id"]
    assert upload(nurse, site, patient=str(world["session"].patient_id))[0] == 201


def test_a_serious_event_with_its_steps(world):
    nurse, session, site = world["nurse"], world["session"], str(world["site"].pk)
    assert nurse.post(f"/sessions/{session.pk}/serious-events", {"what": " "}).fields == ["what"]
    event = nurse.post(f"/sessions/{session.pk}/serious-events", {"what": "Fainted"})
    assert (event.status, [s["step"] for s in event.body["steps"]]) == (201, ["flagged"])
    path = f"/serious-events/{event.body['id']}"
    assert set(nurse.post(f"{path}/steps", {"step": "x", "text": ""}).fields) == {"step", "text"}
    assert nurse.post(f"{path}/steps", {"step": "done", "text": "x", "document": ID}).fields == ["document"]
    _status, paper = upload(nurse, world["site"], kind="serious_event")
    step = {"step": "reported", "text": "By telephone", "document": paper["id"]}
    assert nurse.post(f"{path}/steps", step).status == 201
    assert nurse.post(f"{path}/steps", {"step": "closed", "text": "Well"}).status == 201
    assert nurse.post(f"{path}/steps", {"step": "closed", "text": "Well"}).codes == ["wrong_state"]
    assert [s["step"] for s in nurse.get(path).body["steps"]] == ["flagged", "reported", "closed"]
    assert nurse.get("/serious-events", site=site, open="true").body["items"] == []
    assert len(nurse.get("/serious-events", site=site, open="false").body["items"]) == 1


def test_enrolment_step_by_step(world):
    desk, patient = world["people"]["desk"], world["session"].patient_id
    path = f"/patients/{patient}/enrolment"
    _status, paper = upload(desk, world["site"], kind="enrolment", patient=str(patient))
    first = {"on": "2026-03-01", "prescriber": "Dr Vale", "document": paper["id"]}
    assert desk.post(path, first).status == 201
    assert desk.get(f"/patients/{patient}").body["rems_enrolled_on"] == "2026-03-01"
    assert desk.post(path, {"kind": "transfer_told", "on": "2026-03-02", "note": "To Lakeside"}).status == 201
    assert desk.post(path, {"kind": "ended", "on": "2026-03-02", "note": ""}).fields == ["note"]
    assert desk.post(path, {"kind": "ended", "on": "2026-03-02", "note": "Moved"}).status == 201
    assert desk.post(path, {"kind": "ended", "on": "2026-03-02", "note": "Moved"}).codes == ["not_enrolled"]
    assert desk.post(path, {"kind": "wished", "on": "2026-03-02"}).fields == ["kind"]
