"""No input gives a 500: every form of every page is filled with what nobody should type, field by field."""

from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from django.test import Client

from clinic.ids import new_id
from clinic.models import Shift
from monitoring import chairside, dosing, readings
from monitoring.predose import Answers
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
ODD = [
    "",
    "\x00",
    "x",
    "-1",
    "9" * 25,
    "1e400",
    "²",
    "٣",
    "25:61",
    "0001-01-01",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-03-02T09:00:00",
    "01a20d46-fc5f-70f1-a006-0f8a625e4ec2",
    "a" * 3000,
    "<b>&amp;</b>",
]
FINE = (200, 302, 403, 404, 405, 409, 413, 422)


class _Forms(HTMLParser):
    """(method, action, {field: value}) of each form of a page; its first option or its checked one as value."""

    def __init__(self):
        super().__init__()
        self.forms, self.select = [], None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append((attrs.get("method", "get").lower(), attrs.get("action", ""), {}))
        if not self.forms or tag not in ("input", "select", "textarea", "option", "button"):
            return
        fields = self.forms[-1][2]
        name, kind = attrs.get("name"), attrs.get("type", "text")
        if tag == "option" and self.select:
            if "selected" in attrs or not fields.get(self.select):
                fields[self.select] = attrs.get("value", "")
        elif name and (tag != "input" or kind not in ("radio", "checkbox") or "checked" in attrs):
            fields.setdefault(name, attrs.get("value", ""))
        elif name:
            fields.setdefault(name, "")
        self.select = name if tag == "select" else None if tag != "option" else self.select


def _forms(client, path):
    parser = _Forms()
    parser.feed(client.get(path).content.decode())
    for method, action, fields in parser.forms:
        target = urljoin(f"http://testserver{path}", action or "")
        if "logout" not in target and "/static/" not in target:
            yield method, target.removeprefix("http://testserver"), fields


@pytest.fixture
def world(time_machine):
    """One session to come and one with its reading due, at a site that all four roles work at."""
    time_machine.move_to(MONDAY, tick=False)
    site = make_staffed_site(chairs=2, nurses=2)
    coming = make_session(course=make_course(site=site), starts_at=MONDAY + timedelta(days=1))
    running = make_session(course=make_course(site=site))
    nurse = make_user(site=site, role="nurse")
    chairside.arrive(session=running, by=nurse, now=MONDAY)
    values = {"systolic": 120, "diastolic": 80, "heart_rate": 70, "spo2": 98}
    answers = Answers(
        **values,
        ate_within_2h=False,
        drank_within_30min=False,
        nasal_spray_within_1h=False,
        suicidal_thoughts=False,
        escort_confirmed=True,
        prescriber_on_site=True,
        oximeter_on_site=True,
    )
    chairside.record_pre_dose(session=running, answers=answers, by=nurse, now=MONDAY)
    for number in (1, 2):
        at = MONDAY + timedelta(minutes=5 * number)
        expiry = (MONDAY + timedelta(days=99)).date()
        dosing.start_device(
            session=running, number=number, started_at=at, lot="L", expires_on=expiry, by=nurse, now=at
        )
    at = MONDAY + timedelta(minutes=20)
    high = {**values, "systolic": 210}
    found = readings.record_checkpoint(
        session=running, client_id=new_id(), measured_at=at, values=high, by=nurse, now=at
    )
    time_machine.move_to(at, tick=False)
    return site, coming, running, found.alerts[0]


def _pages(world):
    site, coming, running, alert = world
    fresh = make_patient(site=site)
    return {
        "desk": [
            "/today/",
            f"/courses/new/?patient={fresh.pk}",
            f"/courses/{coming.course_id}/plan/",
            f"/courses/{coming.course_id}/",
            f"/sessions/{coming.pk}/move/",
            f"/sessions/{coming.pk}/cancel/",
            "/patients/",
            "/patients/add/",
            f"/patients/{fresh.pk}/",
            f"/patients/{fresh.pk}/edit/",
            "/patients/import/",
            "/texts/",
            "/demo/phones/",
        ],
        "nurse": [
            "/floor/",
            f"/sessions/{running.pk}/chair/",
            f"/sessions/{coming.pk}/chair/",
            f"/alerts/{alert.pk}/",
        ],
        "manager": ["/settings/", "/settings/limits/", "/settings/audit/", "/accounts/password/change/"],
    }


@pytest.mark.parametrize("role", ["desk", "nurse", "manager"])
def test_no_field_of_any_form_breaks_a_page(world, role):
    from django.db import transaction

    client = Client(raise_request_exception=False)
    client.force_login(make_user(site=world[0], role=role))
    tried, broken = 0, []
    for path in _pages(world)[role]:
        for method, target, fields in list(_forms(client, path)):
            for name in [name for name in fields if name != "csrfmiddlewaretoken"]:
                for odd in ODD:
                    before = transaction.savepoint()
                    answer = getattr(client, method)(target, {**fields, name: odd})
                    transaction.savepoint_rollback(before)
                    tried += 1
                    if answer.status_code not in FINE:
                        broken.append((target.partition("?")[0], name, odd[:30], answer.status_code))
    print(*broken, sep="\n")
    assert broken == []
    assert tried > 200
    assert Shift.objects.filter(site=world[0]).exists()
    assert TreatmentSession.objects.filter(status=SessionStatus.OBSERVING).exists()
