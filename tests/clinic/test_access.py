"""Who gets in, and how far: every page, every role, other sites, the lock-out, the headers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from clinic import tokens
from clinic.models import AuditEvent, User
from tests.factories import MONDAY, make_course, make_patient, make_session, make_site, make_user

pytestmark = pytest.mark.django_db
ID = "01a20d46-fc5f-70f1-a006-0f8a625e4ec2"
OPEN = (
    "api/",
    "calendar/",
    "clock/",
    "offline/",
    "worker.js",
    "accounts/",
    "healthz",
    "readyz",
    "metrics",
    "webhooks/",
    "setup/",
    "visit/",
    "admin/",
)


def client_for(user):
    client = Client()
    client.force_login(user, backend="clinic.backends.Backend")
    return client


def _addresses(patterns, prefix=""):
    for pattern in patterns:
        text = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, text)
        elif isinstance(pattern, URLPattern):
            yield text


def pages():
    for text in _addresses(get_resolver().url_patterns):
        if not text.startswith(OPEN):
            plain = re.sub(r"<uuid:\w+>", ID, text)
            yield "/" + re.sub(r"<slug:\w+>", "pause", re.sub(r"<int:\w+>", "1", plain))


@pytest.mark.parametrize("path", sorted(set(pages())))
def test_every_page_asks_who_you_are(path):
    make_user()
    for method in ("get", "post"):
        response = getattr(Client(), method)(path)
        assert (response.status_code, response.url.partition("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("path", sorted(set(pages())))
@pytest.mark.parametrize("role", ["desk", "nurse", "prescriber", "manager"])
def test_no_page_breaks_for_an_id_that_does_not_exist(path, role):
    client = client_for(make_user(site=make_site(), role=role))
    for method in ("get", "post"):
        assert getattr(client, method)(path).status_code in (200, 302, 403, 404, 405, 422)


def test_a_site_that_is_not_yours_does_not_exist():
    mine, theirs = make_site(), make_site()
    session = make_session(course=make_course(patient=make_patient(site=theirs), site=theirs))
    for role in ("desk", "nurse", "prescriber", "manager"):
        client = client_for(make_user(site=mine, role=role))
        for path in (
            f"/patients/{session.patient_id}/",
            f"/courses/{session.course_id}/",
            f"/sessions/{session.pk}/chair/",
            f"/sessions/{session.pk}/record/",
            f"/sessions/{session.pk}/move/",
            f"/patients/{session.patient_id}/texts/",
        ):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("desk", "/settings/", 403),
        ("nurse", "/settings/", 403),
        ("manager", "/settings/", 200),
        ("nurse", "/courses/new/", 403),
        ("desk", "/courses/new/", 200),
        ("prescriber", "/texts/", 403),
        ("nurse", "/floor/", 200),
        ("nurse", "/patients/add/", 403),
        ("manager", "/settings/audit/", 200),
        ("desk", "/settings/audit/", 403),
    ],
)
def test_a_role_keeps_to_its_pages(role, path, status):
    client = client_for(make_user(site=make_site(), role=role))
    assert client.get(path).status_code == status


def test_a_nurse_cannot_write_as_the_desk_nor_the_desk_as_a_nurse():
    site = make_site()
    session = make_session(course=make_course(patient=make_patient(site=site), site=site))
    nurse = client_for(make_user(site=site, role="nurse"))
    desk = client_for(make_user(site=site, role="desk"))
    assert nurse.post(f"/sessions/{session.pk}/no-show/").status_code == 403
    assert desk.post(f"/sessions/{session.pk}/pre-dose/").status_code == 403


def test_five_wrong_passwords_lock_the_name_out_and_the_trail_knows():
    make_user(username="ada")
    client = Client()
    statuses = []
    for _ in range(5):
        response = client.post("/accounts/login/", {"login": "ada", "password": "wrong"})
        statuses.append(response.status_code)
    right = client.post("/accounts/login/", {"login": "ada", "password": "correct horse battery"})

    assert statuses[:4] == [200] * 4
    assert right.status_code == 429
    assert AuditEvent.objects.filter(action="signin.failed").count() >= 4
    assert AuditEvent.objects.filter(action="signin.locked").exists()


def test_signing_in_and_out_is_in_the_trail():
    user = make_user(username="ada")
    client = Client()
    assert (
        client.post("/accounts/login/", {"login": "ada", "password": "correct horse battery"}).status_code
        == 302
    )
    client.post("/accounts/logout/")
    actions = list(AuditEvent.objects.filter(actor=user).order_by("id").values_list("action", flat=True))
    assert actions == ["signin", "signout"]


def test_nobody_signs_up():
    make_user()
    assert Client().get("/accounts/signup/").status_code == 404


def test_opening_a_patient_is_in_the_trail():
    site = make_site()
    patient, user = make_patient(site=site), make_user(site=site, role="desk")
    client_for(user).get(f"/patients/{patient.pk}/")
    event = AuditEvent.objects.get(action="patient.opened")
    assert (event.actor, event.patient, event.channel) == (user, patient, "page")


def test_headers_are_strict():
    make_user()
    response = Client().get("/accounts/login/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_a_token_acts_as_its_user_until_it_is_revoked():
    user = make_user()
    raw = tokens.make(user=user, name="x", by=None, now=MONDAY)
    assert tokens.user_for(raw, now=MONDAY) == user
    assert raw not in str(list(user.api_tokens.values()))
    tokens.revoke(token=user.api_tokens.get(), by=None, now=MONDAY)
    assert tokens.user_for(raw, now=MONDAY) is None


SAFE = {
    "PRODUCTION": "1",
    "SECRET_KEY": "x" * 50,
    "ALLOWED_HOSTS": "clinic.example",
    "PUBLIC_BASE_URL": "https://clinic.example",
    "DATABASE_URL": "postgres://u@db/clinic",
    "REDIS_URL": "redis://redis/0",
}


def _production(**changes):
    code = (
        "from clinic import settings as s; "
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS, s.SECURE_SSL_REDIRECT)"
    )
    env = {"PATH": "/usr/bin", **{k: v for k, v in {**SAFE, **changes}.items() if v is not None}}
    root = Path(django_settings.BASE_DIR)
    return subprocess.run([sys.executable, "-c", code], env=env, cwd=root, capture_output=True, text=True)


def test_production_has_secure_cookies_and_hsts():
    assert _production().stdout.split() == ["True", "True", "31536000", "True"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": None}, "SECRET_KEY"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"DEMO_CLOCK": "1"}, "DEMO_CLOCK"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"PUBLIC_BASE_URL": "http://clinic.example"}, "PUBLIC_BASE_URL"),
        ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL"),
        ({"TEXTS_PROVIDER": "twilio"}, "TWILIO_ACCOUNT_SID"),
        ({"TEXTS_PROVIDER": "pigeon"}, "TEXTS_PROVIDER"),
        ({"TWILIO_API_URL": "http://127.0.0.1"}, "TWILIO_API_URL"),
    ],
)
def test_production_refuses_an_unsafe_setting_and_names_it(changes, name):
    done = _production(**changes)
    assert done.returncode != 0
    assert name in done.stderr.strip().splitlines()[-1]


def test_production_names_every_unsafe_setting_at_once():
    done = _production(DEBUG="1", ALLOWED_HOSTS="*", SECRET_KEY="short")
    last = done.stderr.strip().splitlines()[-1]
    assert all(name in last for name in ("DEBUG", "ALLOWED_HOSTS", "SECRET_KEY"))


def test_an_empty_installation_leads_to_its_set_up_once():
    assert Client().get("/accounts/login/").url == "/setup/"
    client = Client()
    person = {"given_name": "Ada", "family_name": "L", "username": "ada", "password": "a long enough phrase"}
    weak = client.post("/setup/", {**person, "password": "short"})
    assert (weak.status_code, b"ada" in weak.content) == (422, True)
    assert client.post("/setup/", person).url == "/setup/site/"
    site = {"name": "North", "alias": "North Care", "timezone": "America/Chicago", "chairs": "One\nTwo"}
    hours = {"opens_0": "08:00", "closes_0": "18:00"}
    bad = client.post("/setup/site/", {**site, **hours, "closes_0": "07:00"})
    assert (bad.status_code, b"One" in bad.content, b"Closes before it opens" in bad.content) == (
        422,
        True,
        True,
    )
    assert client.post("/setup/site/", {**site, **hours}).url == "/setup/staff/"
    nurse = {**person, "username": "nina", "role": "nurse"}
    assert client.post("/setup/staff/", nurse).status_code == 302
    who = f"nurse:{User.objects.get(username='nina').pk}"
    shift = {"staff": who, "weekdays": ["0", "1"], "starts": "08:00", "ends": "18:00"}
    assert client.post("/setup/shifts/", shift).status_code == 302
    assert client.get("/", follow=True).status_code == 200
    assert Client().get("/setup/").status_code == 404
