"""`/metrics`, `/healthz`, `/readyz`: for machines, and nothing about a patient."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from clinic import health
from clinic.models import Heartbeat
from tests.factories import make_patient, make_site

pytestmark = pytest.mark.django_db


def test_this_machine_may_ask():
    answer = Client().get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 200
    assert "clinic_heartbeat_age_seconds" in answer.content.decode()


@pytest.mark.parametrize(
    "request_of",
    [{"REMOTE_ADDR": "10.0.0.9"}, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.9"}],
)
def test_others_want_the_token(settings, request_of):
    settings.METRICS_TOKEN = "t0ken"
    for header, status in ((None, 403), ("Bearer wrong", 403), ("Bearer ", 403), ("Bearer t0ken", 200)):
        extra = {"HTTP_AUTHORIZATION": header} if header else {}
        assert Client().get("/metrics", **request_of, **extra).status_code == status


def test_without_a_token_set_no_token_fits(settings):
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", REMOTE_ADDR="10.0.0.9", HTTP_AUTHORIZATION="Bearer ").status_code == 403


def test_no_number_is_about_a_patient():
    make_patient(site=make_site(), family_name="Unmistakable")
    assert "Unmistakable" not in Client().get("/metrics").content.decode()


def test_ready_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(health, "_broker_answers", lambda: False)
    now = datetime.now(UTC)
    Heartbeat.objects.create(name="worker", at=now)
    Heartbeat.objects.create(name="beat", at=now - timedelta(minutes=5))
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "missing": ["broker", "beat"]})


def test_ready_when_all_is_there(monkeypatch):
    monkeypatch.setattr(health, "_broker_answers", lambda: True)
    Heartbeat.objects.create(name="worker", at=datetime.now(UTC))
    Heartbeat.objects.create(name="beat", at=datetime.now(UTC))
    assert Client().get("/readyz").json() == {"ready": True, "missing": []}


def test_healthy_asks_nobody(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/healthz").status_code == 200
