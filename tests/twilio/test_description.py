"""Every request of ours, and every answer of the stand-in, against Twilio's own OpenAPI description of its Messages.

The description is Twilio's (MIT) and not part of this project: it is read from `shared/twilio` beside the project's
folder, or from where TWILIO_OPENAPI says.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from notifications.gateways.base import Accepted, Declined, Found, Outgoing, Sought, Unknown
from tests.twilio.asking import ask, raw

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("TWILIO_OPENAPI", ROOT.parent / "shared" / "twilio"))
PLAIN, WITH_ERRORS = FOLDER / "messages.openapi.json", FOLDER / "messages.openapi.errors.json"
pytestmark = pytest.mark.skipif(
    not PLAIN.exists(), reason="Twilio's OpenAPI description is not here (TWILIO_OPENAPI names its folder)"
)
TEXT = Outgoing("01a20d46-fc5f-70f1-a006-0f8a625e4ec2", "+16145550123", "Care: see you Monday.", 7200)


@pytest.fixture(scope="module")
def described():
    """Validates a request, and the answer to it."""
    from openapi_core import OpenAPI
    from openapi_core.testing import MockRequest, MockResponse

    api = OpenAPI.from_file_path(str(WITH_ERRORS))

    class Described:
        def request(self, method, path, *, query=None, form=None, account=True):
            headers = (
                {"Authorization": aiohttp.encode_basic_auth("AC" + "1" * 32, "secret")} if account else {}
            )
            asked = MockRequest(
                "https://api.twilio.com",
                method.lower(),
                path,
                args=query or {},
                headers=headers,
                data=urlencode(form).encode() if form is not None else b"",
                content_type="application/x-www-form-urlencoded",
            )
            api.validate_request(asked)
            return asked

        def answer(self, asked, status, body):
            answer = MockResponse(json.dumps(body).encode(), status, content_type="application/json")
            api.validate_response(asked, answer)

    return Described()


def _form_or_query(method, values):
    return {"form": values} if method == "POST" else {"query": values}


def test_every_request_of_ours_is_described(provider, described, settings):
    sid = ask("send", TEXT).sid
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "", "+16145550100"
    ask("send", Outgoing(TEXT.id, TEXT.to, "é" * 1600, 1))
    plain = {
        "id": TEXT.id,
        "to": TEXT.to,
        "body": TEXT.body,
        "since": datetime.now(UTC) - timedelta(minutes=1),
    }
    ask("look", Sought(**plain))
    ask("look", Sought(**plain, sid=sid))
    ask("redact", sid)

    for method, path, values in provider.asked:
        described.request(method, path, **_form_or_query(method, values))
    assert [method for method, _path, _values in provider.asked] == ["POST", "POST", "GET", "GET", "POST"]


@pytest.mark.parametrize(
    ("changes", "account"),
    [
        ({"To": None}, True),
        ({"MessagingServiceSid": "MG1"}, True),
        ({"ValidityPeriod": "soon"}, True),
        ({}, False),
    ],
)
def test_the_description_refuses_what_is_wrong(provider, described, changes, account):
    """Else the test above could not fail."""
    from openapi_core.exceptions import OpenAPIError

    ask("send", TEXT)
    [(method, path, form)] = provider.asked
    wrong = {name: value for name, value in {**form, **changes}.items() if value is not None}
    with pytest.raises(OpenAPIError):
        described.request(method, path, form=wrong, account=account)


def test_every_answer_of_the_stand_in_is_described_and_read_by_the_library(provider, described):
    assert isinstance(ask("send", TEXT), Accepted)
    [(method, path, form)] = provider.asked
    asked = described.request(method, path, form=form)
    described.answer(asked, *raw("POST", provider.url + path, form))

    sid = next(iter(provider.messages))
    one_path = path.removesuffix(".json") + f"/{sid}.json"
    for url, query in ((path, {"To": TEXT.to, "PageSize": "50"}), (one_path, {})):
        status, body = raw("GET", f"{provider.url}{url}?{urlencode(query)}")
        described.answer(described.request("GET", url, query=query), status, body)
    since = datetime.now(UTC) - timedelta(minutes=1)
    assert isinstance(ask("look", Sought(TEXT.id, TEXT.to, TEXT.body, since)), Found)


def test_words_are_redacted_as_described_and_twice_is_the_same(provider, described):
    sid = ask("send", TEXT).sid
    assert (ask("redact", sid), ask("redact", sid)) == (True, True)
    assert provider.messages[sid]["body"] == ""
    [_send, (method, path, form), again] = provider.asked
    assert (method, form, again) == ("POST", {"Body": ""}, (method, path, form))
    answer = raw(method, provider.url + path, form)
    described.answer(described.request(method, path, form=form), *answer)


@pytest.mark.parametrize(
    ("status", "code", "gone"),
    [(404, 20404, True), (429, 20429, False), (401, 20003, False), (500, 20500, False)],
)
def test_a_refused_redaction_is_tried_again_unless_there_is_nothing(provider, described, status, code, gone):
    sid = ask("send", TEXT).sid
    provider.refuse(status, code)
    assert ask("redact", sid) is gone
    method, path, form = provider.asked[-1]
    described.answer(described.request(method, path, form=form), *raw(method, provider.url + path, form))


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, 21610, Declined("suppress", "21610")),
        (401, 20003, Declined("configuration", "20003")),
        (404, 20404, Declined("configuration", "20404")),
        (429, 20429, Declined("slow_down", "20429")),
        (500, 20500, Unknown("20500")),
        (503, 20503, Unknown("20503")),
    ],
)
def test_every_refusal_of_the_stand_in_is_described_and_read_by_the_library(
    provider, described, status, code, outcome
):
    provider.refuse(status, code)
    assert ask("send", TEXT) == outcome
    [(method, path, form)] = provider.asked
    answered, body = raw("POST", provider.url + path, form)
    assert answered == status
    described.answer(described.request(method, path, form=form), status, body)


@pytest.mark.parametrize(
    "status", ["queued", "sending", "sent", "delivered", "undelivered", "failed", "canceled"]
)
def test_every_word_for_how_a_text_fares_is_known_to_us(described, status):
    from notifications.settling import _PROVIDER

    words = json.loads(PLAIN.read_text())["components"]["schemas"]["message_enum_status"]["enum"]
    assert status in words
    # Those that only texts to us have.
    assert set(words) - set(_PROVIDER) == {"receiving", "received"}
