"""A database that is away, or that chose a transaction to yield: said in words, never a 500, never done twice."""

import json

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from clinic import outage, tokens
from clinic.models import IdempotencyRecord
from scheduling import answers, booking
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db


class Deadlock(Exception):
    sqlstate = "40P01"


def deadlock():
    error = OperationalError("deadlock detected")
    error.__cause__ = Deadlock()
    return error


@pytest.fixture
def course():
    return make_course(site=make_staffed_site())


@pytest.fixture
def ask(course, time_machine):
    time_machine.move_to(MONDAY.replace(day=1), tick=False)
    user = make_user(site=course.site, role="desk")
    token = tokens.make(user=user, name="test", by=None, now=MONDAY)
    body = json.dumps({"sessions": [{"number": 1, "starts_at": MONDAY.isoformat()}]})

    def asked(**headers):
        client = Client(headers={"Authorization": f"Bearer {token}", **headers})
        return client.post(f"/api/v1/courses/{course.pk}/book", body, content_type="application/json")

    return asked


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("verb", "more", "became"),
    [
        (answers.cancel_session, {"reason": "Ill", "cancelled_by": "patient"}, "cancelled"),
        (answers.mark_no_show, {}, "no_show"),
    ],
)
def test_a_deadlock_without_a_key_is_tried_again_too(course, monkeypatch, verb, more, became):
    session = make_session(course=course)
    real, errors = answers.change_status, [deadlock()]

    def yields_once(**kwargs):
        if errors:
            raise errors.pop()
        return real(**kwargs)

    monkeypatch.setattr(answers, "change_status", yields_once)
    assert verb(session=session, by=None, now=MONDAY, **more).status == became


@pytest.mark.parametrize(
    "error", [OperationalError("server closed the connection"), InterfaceError("closed")]
)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_a_lost_database_is_503_and_nothing_is_remembered(ask, monkeypatch, error, headers):
    def lost(**kwargs):
        raise error

    monkeypatch.setattr(booking, "book", lost)
    answer = ask(**headers)
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer["Content-Type"] == "application/problem+json"
    assert [fault["code"] for fault in answer.json()["errors"]] == ["unavailable"]
    assert not IdempotencyRecord.objects.exists()
    monkeypatch.undo()
    assert ask(**headers).status_code == 201


def test_a_deadlock_within_the_keys_transaction_is_tried_again_and_shown_to_nobody(ask, monkeypatch, course):
    real, errors = booking.book, [deadlock(), deadlock()]

    def yields_twice(**kwargs):
        if errors:
            raise errors.pop()
        return real(**kwargs)

    monkeypatch.setattr(booking, "book", yields_twice)
    answer = ask(**{"Idempotency-Key": "k"})
    assert answer.status_code == 201
    assert course.sessions.count() == 1
    assert ask(**{"Idempotency-Key": "k"}).content == answer.content


def test_what_yielded_and_what_was_lost_are_told_apart():
    assert outage.yielded(deadlock())
    assert outage.yielded(OperationalError("database is locked"))
    assert not outage.yielded(OperationalError("server closed the connection unexpectedly"))
