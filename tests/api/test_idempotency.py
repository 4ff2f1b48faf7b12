"""`Idempotency-Key`: the same question gets the same answer, and its deed is done once."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client

from clinic.models import IdempotencyRecord, Patient
from tests.api.client import Api
from tests.factories import make_patient, make_site, make_user

pytestmark = pytest.mark.django_db


def _person(site, mrn="K1"):
    return {
        "site": str(site.pk),
        "mrn": mrn,
        "given_name": "Ada",
        "family_name": "Example",
        "birth_date": "1980-05-17",
    }


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def desk(site):
    return Api(make_user(site=site, role="desk"))


def test_the_same_request_twice_is_done_once_and_answered_alike(desk, site):
    first = desk.post("/patients", _person(site), key="one")
    again = desk.post("/patients", _person(site), key="one")

    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert Patient.objects.count() == 1


def test_the_same_key_with_another_body_or_address_is_refused(desk, site):
    desk.post("/patients", _person(site), key="one")
    other_body = desk.post("/patients", _person(site, mrn="K2"), key="one")
    other_path = desk.post("/courses", _person(site), key="one")

    assert [(a.status, a.codes) for a in (other_body, other_path)] == [(422, ["key_reused"])] * 2
    assert Patient.objects.count() == 1


def test_a_refusal_is_remembered_as_well(desk, site):
    taken = make_patient(site=site, mrn="K1")
    first = desk.post("/patients", _person(site), key="one")
    taken.delete()
    again = desk.post("/patients", _person(site), key="one")
    fresh = desk.post("/patients", _person(site), key="two")

    assert [first.status, again.status, fresh.status] == [409, 409, 201]
    assert again.body == first.body
    assert again.headers["Content-Type"] == "application/problem+json"


def test_two_people_may_use_the_same_key(desk, site):
    other = Api(make_user(site=site, role="desk"))
    assert desk.post("/patients", _person(site, "K1"), key="one").status == 201
    assert other.post("/patients", _person(site, "K2"), key="one").status == 201
    assert Patient.objects.count() == 2


def test_a_key_that_is_too_long_is_refused_and_one_of_255_is_not(desk, site):
    assert desk.post("/patients", _person(site), key="k" * 256).codes == ["key_too_long"]
    assert desk.post("/patients", _person(site), key="k" * 255).status == 201


def test_without_a_token_no_key_is_kept(site):
    answer = Client().post(
        "/api/v1/patients", _person(site), content_type="application/json", HTTP_IDEMPOTENCY_KEY="one"
    )
    assert answer.status_code == 401
    assert not IdempotencyRecord.objects.exists()


def test_a_failure_of_ours_may_be_tried_again(desk, site, monkeypatch):
    from clinic import patients

    real = patients.add_patient

    def broken(**facts):
        real(**facts)
        raise RuntimeError("the disk went away")

    monkeypatch.setattr(patients, "add_patient", broken)
    failed = desk.post("/patients", _person(site), key="one")
    monkeypatch.undo()
    again = desk.post("/patients", _person(site), key="one")

    assert (failed.status, again.status) == (500, 201)
    assert "disk" not in str(failed.body)
    assert Patient.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_with_one_key_do_it_once(desk, site):
    gate, answers = Barrier(8), []

    def ask():
        gate.wait()
        try:
            answers.append(desk.post("/patients", _person(site), key="one"))
        finally:
            connection.close()

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status for answer in answers] == [201] * 8
    assert len({answer.body["id"] for answer in answers}) == 1
    assert Patient.objects.count() == 1
