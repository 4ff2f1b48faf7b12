"""No input gives a 500: every form of every page is filled with what nobody should type, field by field."""

import os
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote, urljoin

import pytest
from django.db import transaction
from django.test import Client

from clinic import documents
from clinic.ids import new_id
from clinic.models import Shift
from monitoring import chairside, deliveries, dosing, inventory, readings, serious, stocktake
from monitoring.models import MonitoringForm
from monitoring.predose import Answers
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user
from tests.monitoring import cabinet
from tests.monitoring.rems_stage import LEFT, go_through

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.search]
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
# In the suite each field meets four of them in turn; with HYPOTHESIS_PROFILE=long each meets all.
EACH = len(ODD) if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 4
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
    client = _client(make_user(site=world[0], role=role))
    assert _tried(client, _pages(world)[role]) > 12 * EACH
    assert Shift.objects.filter(site=world[0]).exists()
    assert TreatmentSession.objects.filter(status=SessionStatus.OBSERVING).exists()


@pytest.fixture
def stock(time_machine):
    """A cabinet with a box of each kind, one device given and one lost, a count that differs, a delivery to come."""
    time_machine.move_to(MONDAY, tick=False)
    site = make_staffed_site(chairs=2, nurses=2)
    nurse, second = (make_user(site=site, role="nurse") for _ in range(2))
    (kit,) = cabinet.receive(site, nurse)
    theirs = make_patient(site=site)
    cabinet.receive(site, nurse, cabinet.box(lot="THEIRS"), patient=theirs)
    given, lost = cabinet.devices(kit)
    session = cabinet.cleared(site, nurse)
    cabinet.give(session, nurse, given)
    report = inventory.lose(
        devices=[lost],
        nature="theft",
        circumstances="The door was open",
        discovered_at=MONDAY,
        by=nurse,
        now=MONDAY,
    )
    found = [stocktake.Found("THEIRS", cabinet.EXPIRY, 1, theirs.pk)]
    count = stocktake.count_stock(
        site=site, kind="shift", business="", second=second, note="", found=found, by=nurse, now=MONDAY
    )
    friday = MONDAY.date() + timedelta(days=4)
    deliveries.expect_delivery(
        site=site, expected_on=friday, devices=4, source="Besse", patient=None, by=nurse, now=MONDAY
    )
    return site, nurse, session, kit, report, count


def test_no_field_of_the_drug_pages_breaks_one(stock):
    site, nurse, session, kit, report, count = stock
    pages = [
        f"/drug/{name}/" for name in ("receive", "waste", "return", "lose", "deliveries", "ledger", "count")
    ]
    pages += [
        "/drug/",
        "/drug/audit/",
        f"/drug/kits/{kit.pk}/",
        f"/drug/losses/{report.pk}/",
        f"/drug/counts/{count.pk}/",
    ]
    pages += [f"/sessions/{session.pk}/device/1/exchange/", f"/sessions/{session.pk}/chair/"]
    assert _tried(_client(nurse), pages) > 60 * EACH
    assert _tried(_client(make_user(site=site, role="manager")), ["/drug/settings/"]) > 2 * EACH
    asked = ["/drug/lacking/?day", "/drug/receive/?delivery", "/drug/waste/?devices", "/drug/counts/?page"]
    asked += [f"/drug/audit/{kind}/?last=2026-03-02&first" for kind in ("pdf", "csv")]
    asked += [f"/drug/audit/{kind}/?first=2026-03-02&last" for kind in ("pdf", "csv")]
    _ask(_client(nurse), asked)
    scans = ["/drug/receive/scan/", f"/sessions/{session.pk}/device/scan/"]
    codes = [*ODD, *("01003504580280271727013110" + odd for odd in ODD)]
    for target in scans:
        broken = [
            code for code in codes if _client(nurse).post(target, {"scan": code}).status_code not in FINE
        ]
        assert broken == []


@pytest.fixture
def report(time_machine):
    """A session that has ended, its monitoring form, a serious event of it, and a patient who is enrolled."""
    time_machine.move_to(LEFT, tick=False)
    site = make_staffed_site(phone="+16145550100", address="1 Main Street, Columbus")
    nurse = make_user(site=site, role="nurse", email="nora@clinic.example")
    session = go_through(make_course(site=site), nurse)
    event = serious.flag_serious(session=session, what="Fainted", began_at=LEFT, by=nurse, now=LEFT)
    documents.keep(site=site, kind="proof", name="fax.pdf", content=b"%PDF-1.7", by=nurse, now=LEFT)
    return site, nurse, session, event


def test_no_field_of_the_forms_for_the_rems_breaks_a_page(report):
    site, nurse, session, event = report
    form = MonitoringForm.objects.get(session=session)
    pages = ["/forms/", f"/forms/{form.pk}/", f"/sessions/{session.pk}/serious/", f"/serious/{event.pk}/"]
    pages += [f"/patients/{session.patient_id}/enrolment/", f"/sessions/{session.pk}/chair/"]
    assert _tried(_client(nurse), pages) > 40 * EACH
    assert _tried(_client(make_user(site=site, role="manager")), ["/settings/rems/"]) >= 8 * EACH


def _client(user):
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def _tried(client, pages):
    """How many times some field of a form of these pages held what nobody should type; none of it broke a page."""
    tried, broken = 0, []
    for path in pages:
        for method, target, fields in list(_forms(client, path)):
            for name in [name for name in fields if name != "csrfmiddlewaretoken"]:
                for odd in (ODD[(tried + turn) % len(ODD)] for turn in range(EACH)):
                    before = transaction.savepoint()
                    answer = getattr(client, method)(target, {**fields, name: odd})
                    transaction.savepoint_rollback(before)
                    tried += 1
                    if answer.status_code not in FINE:
                        broken.append((target.partition("?")[0], name, odd[:30], answer.status_code))
    print(*broken, sep="\n")
    assert broken == []
    return tried


def _ask(client, addresses):
    broken = [
        (address, odd[:30])
        for address in addresses
        for odd in ODD
        if client.get(f"{address}={quote(odd)}").status_code not in FINE
    ]
    assert broken == []
