"""Settings of the texts' provider that cannot work are told before the first text, all at once, without a secret."""

import io

import pytest
from django.core.checks import run_checks
from django.core.management import call_command

from clinic.safety_net import unsafe
from clinic.texts_settings import faults

TOKEN = "f00dfacecafe"
GOOD = {
    "TEXTS_PROVIDER": "twilio",
    "TWILIO_ACCOUNT_SID": "AC" + "1a" * 16,
    "TWILIO_AUTH_TOKEN": TOKEN,
    "TWILIO_MESSAGING_SERVICE_SID": "MG" + "2B" * 16,
    "TWILIO_FROM": "",
    "TWILIO_API_URL": "",
    "TWILIO_SENDER": "long_code",
    "SEGMENTS_PER_SECOND": {"long_code": 1.0, "toll_free": 3.0},
    "TEXTS_PER_SECOND": 1.0,
    "TEXTS_IN_FLIGHT": 32,
    "PUBLIC_BASE_URL": "https://clinic.example",
}
NUMBER = {"TWILIO_MESSAGING_SERVICE_SID": ""}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {**NUMBER, "TWILIO_FROM": "+16145550100"},
        {**NUMBER, "TWILIO_FROM": "12345"},
        {"TWILIO_FROM": "+16145550100"},
        {"TEXTS_PER_SECOND": 0.0},
        {"TEXTS_PROVIDER": "console", "TWILIO_ACCOUNT_SID": "", "PUBLIC_BASE_URL": "http://localhost:8000"},
    ],
)
def test_settings_that_can_work_are_told_nothing(changes):
    assert faults({**GOOD, **changes}) == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"TEXTS_PROVIDER": "pigeon"}, "TEXTS_PROVIDER"),
        ({"TWILIO_ACCOUNT_SID": ""}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_ACCOUNT_SID": "SK" + "1" * 32}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_ACCOUNT_SID": "AC" + "1" * 33}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_ACCOUNT_SID": "AC" + "g" * 32}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN"),
        ({"TWILIO_AUTH_TOKEN": TOKEN + "\n"}, "TWILIO_AUTH_TOKEN"),
        (NUMBER, "TWILIO_MESSAGING_SERVICE_SID"),
        ({"TWILIO_MESSAGING_SERVICE_SID": "MG1"}, "TWILIO_MESSAGING_SERVICE_SID"),
        ({**NUMBER, "TWILIO_FROM": "614-555-0100"}, "TWILIO_FROM"),
        ({**NUMBER, "TWILIO_FROM": "+0614"}, "TWILIO_FROM"),
        ({"TWILIO_SENDER": "letter"}, "TWILIO_SENDER"),
        ({"TEXTS_PER_SECOND": -0.5}, "TEXTS_PER_SECOND"),
        ({"TEXTS_IN_FLIGHT": 0}, "TEXTS_IN_FLIGHT"),
    ],
)
def test_each_that_cannot_is_named_with_what_to_do(changes, name):
    [fault] = faults({**GOOD, **changes})
    assert (fault.name, fault.fatal, fault.detail.startswith(name)) == (name, True, True)
    assert fault.hint


def test_all_are_told_at_once_and_no_value_is_repeated():
    wrong = {
        "TWILIO_ACCOUNT_SID": "ACsecretive",
        "TWILIO_AUTH_TOKEN": f" {TOKEN}",
        "TWILIO_FROM": "614secretive",
    }
    found = faults({**GOOD, **NUMBER, **wrong, "PUBLIC_BASE_URL": "http://x"})
    assert [fault.name for fault in found] == [
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_FROM",
        "PUBLIC_BASE_URL",
    ]
    said = str(found)
    assert TOKEN not in said
    assert "secretive" not in said


def test_an_address_without_https_is_a_warning_but_not_where_a_stand_in_is_asked():
    [fault] = faults({**GOOD, "PUBLIC_BASE_URL": "http://localhost:8000"})
    assert (fault.name, fault.fatal) == ("PUBLIC_BASE_URL", False)
    local = {"PUBLIC_BASE_URL": "http://localhost:8000", "TWILIO_API_URL": "http://127.0.0.1:4010"}
    assert faults({**GOOD, **local}) == []


def test_production_names_them_among_its_own(settings):
    said = unsafe(
        {
            **GOOD,
            "SECRET_KEY": "x" * 50,
            "DEBUG": False,
            "DEMO_CLOCK": True,
            "ALLOWED_HOSTS": ["clinic.example"],
            "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}},
            "TWILIO_ACCOUNT_SID": "AC1",
            "TWILIO_AUTH_TOKEN": "",
        }
    )
    assert said == [
        "DEMO_CLOCK must be off.",
        "TWILIO_ACCOUNT_SID must be AC and 32 hex digits.",
        "TWILIO_AUTH_TOKEN is missing.",
    ]


@pytest.fixture
def wrong(settings):
    settings.TEXTS_PROVIDER, settings.TWILIO_AUTH_TOKEN = "twilio", TOKEN
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_FROM = "AC1", "+16145550100"


def test_djangos_own_check_tells_errors_and_warnings(wrong):
    found = {(check.id, check.is_serious()) for check in run_checks(tags=["texts"])}
    assert found == {("texts.E.TWILIO_ACCOUNT_SID", True), ("texts.W.PUBLIC_BASE_URL", False)}


def test_nothing_is_checked_where_texts_go_nowhere():
    assert run_checks(tags=["texts"]) == []


def test_the_command_prints_a_line_for_each_and_no_secret(wrong, settings):
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("texts_check", stdout=out)
    first, second = out.getvalue().splitlines()
    assert first.startswith("TWILIO_ACCOUNT_SID must be")
    assert second.startswith("PUBLIC_BASE_URL does not")
    assert TOKEN not in out.getvalue()
    settings.TWILIO_ACCOUNT_SID, out = "AC" + "1" * 32, io.StringIO()
    call_command("texts_check", stdout=out)
    assert len(out.getvalue().splitlines()) == 1
