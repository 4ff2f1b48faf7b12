"""The gateway against Prism, a mock server that knows nothing but Twilio's own description.

    npm install --prefix build/prism @stoplight/prism-cli@5.14.2     (5.14.2 is the last for Node 20)

or PRISM=/path/to/prism. Prism checks what we send; its answers are the description's examples.
"""

import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from notifications.gateways import twilio
from notifications.gateways.base import Accepted, Declined, Found, Outgoing, Sought, Unknown
from tests.launcher.processes import free_port, get, wait_until
from tests.twilio.asking import ask
from tests.twilio.test_description import ROOT, TEXT, WITH_ERRORS

PRISM = os.environ.get("PRISM") or shutil.which(
    "prism", path=str(ROOT / "build" / "prism" / "node_modules" / ".bin")
)
pytestmark = [
    pytest.mark.skipif(not WITH_ERRORS.exists(), reason="Twilio's OpenAPI description is not here"),
    pytest.mark.skipif(
        not (PRISM and shutil.which("node")),
        reason="Node with Prism is not here (see tests/twilio/test_prism.py)",
    ),
]


@pytest.fixture(scope="module")
def prism():
    port = free_port()
    command = [PRISM, "mock", "-h", "127.0.0.1", "-p", str(port), "-v", "error", str(WITH_ERRORS)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: get(f"http://127.0.0.1:{port}/")[0] or process.poll(), 60, "Prism")
        assert process.poll() is None
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(autouse=True)
def clinic(settings, prism):
    settings.TWILIO_API_URL = prism
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "1" * 32, "secret"
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "MG" + "2" * 32, ""
    settings.PUBLIC_BASE_URL = "https://clinic.example"


@pytest.fixture
def prefer(monkeypatch):
    """Ask Prism for one of the description's errors."""
    real = twilio.HttpClient.request

    def choose(code, example):
        async def request(self, method, url, **options):
            options["headers"] = {
                **(options.get("headers") or {}),
                "Prefer": f"code={code}, example={example}",
            }
            return await real(self, method, url, **options)

        monkeypatch.setattr(twilio.HttpClient, "request", request)

    return choose


def test_a_text_is_accepted():
    assert isinstance(ask("send", TEXT), Accepted)


def test_a_wrong_service_is_refused(settings):
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG1"
    assert isinstance(ask("send", TEXT), Declined)


def test_a_text_is_looked_up_and_its_words_are_taken_away():
    sid = "SM" + "a" * 32
    sought = Sought(TEXT.id, TEXT.to, TEXT.body, datetime(2020, 1, 1, tzinfo=UTC), sid)
    assert isinstance(ask("look", sought), Found)
    assert ask("redact", sid) is True


@pytest.mark.parametrize(
    ("code", "example", "outcome"),
    [
        (400, "e21211", Declined("number", "21211")),
        (400, "e21610", Declined("suppress", "21610")),
        (400, "e21614", Declined("number", "21614")),
        (400, "e21606", Declined("configuration", "21606")),
        (400, "e21408", Declined("configuration", "21408")),
        (401, "e20003", Declined("configuration", "20003")),
        (429, "e20429", Declined("slow_down", "20429", 1.0)),
        (500, "e20500", Unknown("20500")),
        (503, "e20503", Unknown("20503")),
    ],
)
def test_every_error_of_the_description(prefer, code, example, outcome):
    prefer(code, example)
    assert ask("send", Outgoing(TEXT.id, TEXT.to, TEXT.body, 60)) == outcome
