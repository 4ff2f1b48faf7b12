"""What holds for every address of the API: its description, its errors, its sign-in, its lists."""

import json

import pytest
from django.test import Client
from openapi_spec_validator import validate

from clinic.api_root import api
from tests.api.client import Api, team
from tests.factories import make_course, make_patient, make_session, make_site, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
ID = "01a20d46-fc5f-70f1-a006-0f8a625e4ec2"
# The names that other systems rely on; one that goes missing breaks them.
PROMISED = {
    "POST /sites",
    "POST /sites/{site_id}/members",
    "POST /sites/{site_id}/shifts",
    "POST /sites/{site_id}/closures",
    "GET /sites/{site_id}/openings",
    "POST /patients",
    "GET /patients/{patient_id}",
    "PATCH /patients/{patient_id}",
    "POST /courses",
    "GET /courses/{course_id}",
    "POST /courses/{course_id}/plan",
    "POST /courses/{course_id}/book",
    "GET /sessions",
    "GET /sessions/{session_id}",
    "POST /sessions/{session_id}/move",
    "POST /sessions/{session_id}/cancel",
    "POST /sessions/{session_id}/confirm",
    "POST /sessions/{session_id}/no-show",
    "POST /sessions/{session_id}/late",
    "POST /sessions/{session_id}/arrive",
    "POST /sessions/{session_id}/pre-dose",
    "POST /sessions/{session_id}/devices",
    "POST /sessions/{session_id}/checkpoints",
    "PATCH /checkpoints/{entry_id}",
    "POST /sessions/{session_id}/ready",
    "POST /sessions/{session_id}/leave",
    "GET /sessions/{session_id}/observation",
    "GET /alerts",
    "POST /alerts/{alert_id}/acknowledge",
    "GET /forms",
    "GET /forms/{form_id}",
    "PATCH /forms/{form_id}",
    "POST /forms/{form_id}/send",
    "GET /forms/{form_id}/pdf",
    "POST /sessions/{session_id}/serious-events",
    "GET /messages",
    "POST /messages/{message_id}/cancel",
    "GET /sites/{site_id}/reminder-rules",
    "PUT /sites/{site_id}/reminder-rules",
    "GET /sites/{site_id}/wordings",
    "PUT /sites/{site_id}/wordings/{kind}/{language}",
    "GET /sites/{site_id}/text-policy",
    "PATCH /sites/{site_id}/text-policy",
    "GET /sites/{site_id}/texts-by-day",
    "POST /sessions/{session_id}/escort-text",
    "GET /me",
    "PATCH /me",
    "POST /messages/{message_id}/retry",
    "GET /counts",
    "GET /courses/{course_id}/authorizations",
    "GET /deliveries",
    "GET /devices",
    "GET /devices/{device_id}",
    "GET /ledger",
    "GET /losses",
    "GET /serious-events",
    "GET /serious-events/{event_id}",
    "GET /sites/{site_id}/calls",
    "GET /sites/{site_id}/calls/{session_id}",
    "GET /sites/{site_id}/drug",
    "GET /sites/{site_id}/replies",
    "GET /sites/{site_id}/text-offers",
    "GET /sites/{site_id}/waitlist",
    "PATCH /authorizations/{authorization_id}",
    "PATCH /kits/{kit_id}",
    "POST /authorizations/{authorization_id}/end",
    "POST /counts",
    "POST /courses/{course_id}/authorizations",
    "POST /courses/{course_id}/payer-authorizes",
    "POST /courses/{course_id}/waitlist",
    "POST /deliveries",
    "POST /deliveries/{delivery_id}/cancel",
    "POST /devices",
    "POST /devices/{device_id}/correct",
    "POST /devices/{device_id}/lose",
    "POST /devices/{device_id}/return",
    "POST /devices/{device_id}/waste",
    "POST /losses",
    "POST /losses/{loss_id}/form-106",
    "POST /losses/{loss_id}/notice",
    "POST /offers",
    "POST /offers/{offer_id}/accept",
    "POST /offers/{offer_id}/decline",
    "POST /patients/{patient_id}/enrolment",
    "POST /serious-events/{event_id}/steps",
    "POST /sessions/{session_id}/devices/{number}/exchange",
    "POST /sites/{site_id}/calls/{session_id}/hand-over",
    "POST /sites/{site_id}/calls/{session_id}/outcome",
    "POST /sites/{site_id}/calls/{session_id}/take",
    "POST /sites/{site_id}/drug-settings",
    "POST /sites/{site_id}/replies/{reply_id}/done",
    "POST /sites/{site_id}/replies/{reply_id}/hand-over",
    "POST /sites/{site_id}/replies/{reply_id}/take",
    "POST /sites/{site_id}/text-offers",
    "POST /sites/{site_id}/text-offers/{round_id}/take-back",
    "POST /waitlist/{entry_id}/remove",
}


def operations():
    schema = api.get_openapi_schema()
    for path, methods in schema["paths"].items():
        for method in methods:
            yield method.upper(), path.removeprefix("/api/v1")


def _path(path):
    return "/".join(ID if part.startswith("{") else part for part in path.split("/"))


def test_the_description_is_valid_openapi_and_holds_what_was_promised():
    answer = Client().get("/api/v1/openapi.json")
    validate(json.loads(answer.content))
    assert not PROMISED - {f"{method} {path}" for method, path in operations()}


def test_every_operation_says_what_it_does():
    schema = api.get_openapi_schema()
    silent = [
        (path, method)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if not operation.get("summary") or operation["summary"] == operation["operationId"]
    ]
    assert silent == []


@pytest.mark.parametrize(("method", "path"), sorted(operations()))
def test_without_a_token_nothing_is_told(method, path):
    answer = Client().generic(method, f"/api/v1{_path(path)}", b"{}", content_type="application/json")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), sorted(op for op in operations() if "{" in op[1]))
def test_an_id_of_another_site_is_unknown(method, path):
    answer = Api(make_user(site=make_site(), role="manager")).send(method.lower(), _path(path), "{}")
    assert answer.status in (404, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", ["{", "[1", "nonsense", '"text"', "[]", "null", "\x00", "{}" * 3])
def test_a_malformed_body_is_told_and_never_breaks(body):
    answer = Api(make_user(site=make_site(), role="desk")).send("post", "/patients", body)
    assert answer.status in (400, 422)
    assert (answer.body["status"], bool(answer.body["detail"])) == (answer.status, True)
    assert set(answer.body) == {"type", "title", "status", "detail", "errors"}


def test_an_unknown_address_and_a_wrong_method_are_told_in_the_same_shape():
    desk = Api(make_user(site=make_site(), role="desk"))
    unknown, wrong = desk.get("/nowhere"), desk.send("delete", "/patients", "{}")
    for answer, status in ((unknown, 404), (wrong, 405)):
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert answer.body["status"] == status


def test_all_faults_are_told_at_once_each_at_its_field():
    site = make_site()
    desk = Api(make_user(site=site, role="desk"))
    answer = desk.post("/patients", {"site": str(site.pk), "birth_date": "soon", "phone": 7})
    assert answer.status == 422
    assert {"mrn", "given_name", "family_name", "birth_date", "phone"} <= set(answer.fields)


def test_a_fault_never_repeats_what_was_sent():
    site = make_site()
    desk = Api(make_user(site=site, role="desk"))
    answer = desk.post(
        "/patients", {"site": str(site.pk), "given_name": ["Secretname"], "birth_date": "Secretname"}
    )
    assert answer.status == 422
    assert "Secretname" not in json.dumps(answer.body)


@pytest.mark.parametrize(
    "path", ["/sites", "/patients", "/sessions", "/messages", "/alerts", "/forms", "/serious-events"]
)
def test_a_list_has_pages_and_refuses_a_cursor_that_is_none(path):
    desk = Api(make_user(site=make_site(), role="desk"))
    assert desk.get(path).body.keys() == {"items", "next"}
    assert desk.get(path, cursor="%%%").status == 422


def test_the_cursor_goes_through_all_patients_once():
    site = make_site()
    wanted = {str(make_patient(site=site).pk) for _ in range(103)}
    desk, found, cursor = Api(make_user(site=site, role="desk")), [], ""
    while cursor is not None:
        answer = desk.get("/patients", cursor=cursor).body
        found += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
    assert (len(found), set(found)) == (103, wanted)


@pytest.mark.parametrize(
    ("role", "path", "right"),
    [
        ("desk", "/sessions/{id}/pre-dose", "treat"),
        ("nurse", "/sessions/{id}/no-show", "book"),
        ("nurse", "/courses/{course}/plan", "book"),
        ("prescriber", "/sessions/{id}/cancel", "book"),
    ],
)
def test_what_a_role_may_not_do_is_403(role, path, right):
    site = make_staffed_site()
    session = make_session(course=make_course(site=site))
    body = {**_ANSWERS, "reason": "x", "by": "patient"}
    answer = team(site)[role].post(path.format(id=session.pk, course=session.course_id), body)
    assert (answer.status, answer.codes) == (403, ["not_allowed"])
    assert right in json.dumps(answer.body)


_ANSWERS = {
    "systolic": 120,
    "diastolic": 80,
    "heart_rate": 70,
    "spo2": 98,
    "ate_within_2h": False,
    "drank_within_30min": False,
    "nasal_spray_within_1h": False,
    "escort_confirmed": True,
    "prescriber_on_site": True,
    "oximeter_on_site": True,
}


@pytest.mark.parametrize("path", ["/sessions", "/patients"])
def test_a_list_asks_the_database_as_often_for_thirty_as_for_three(path, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    site = make_staffed_site(chairs=40, nurses=40)
    chairs = list(site.chairs.all())
    desk = Api(make_user(site=site, role="desk"))

    def asked():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = desk.get(path)
        assert answer.status == 200
        return len(queries)

    for chair in chairs[:3]:
        make_session(course=make_course(site=site), chair=chair)
    desk.get(path)
    few = asked()
    for chair in chairs[3:33]:
        make_session(course=make_course(site=site), chair=chair)
    assert asked() == few
