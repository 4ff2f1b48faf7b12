"""The Twilio gateway: what it asks for, and what it makes of each answer, through the real library and a real line."""

import base64
import logging
import socket

import pytest

from notifications.gateways import twilio
from notifications.gateways.base import Accepted, Declined, Outgoing, Unknown
from tests.notifications.stand_in import Twilio

TEXT = Outgoing(
    "01a20d46-fc5f-70f1-a006-0f8a625e4ec2", "+16145550123", "Cardinal Care: see you Monday.", 7200
)


@pytest.fixture
def provider(settings):
    stand_in = Twilio()
    settings.TWILIO_API_URL = stand_in.url
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "1" * 32, "secret"
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "MG" + "2" * 32, ""
    settings.PUBLIC_BASE_URL = "https://clinic.example"
    yield stand_in
    stand_in.close()


def test_a_text_is_asked_for_with_everything_that_settles_it_later(provider):
    outcome = twilio.TwilioGateway().send(TEXT)

    [(path, form, authorization)] = provider.asked
    assert outcome == Accepted("SM" + "0" * 32)
    assert path == f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json"
    assert form == {
        "To": "+16145550123",
        "Body": "Cardinal Care: see you Monday.",
        "MessagingServiceSid": "MG" + "2" * 32,
        "StatusCallback": f"https://clinic.example/webhooks/twilio/status?message={TEXT.id}",
        "ValidityPeriod": "7200",
    }
    assert base64.b64decode(authorization.removeprefix("Basic ")).decode() == f"AC{'1' * 32}:secret"


def test_a_number_of_our_own_stands_where_no_service_is_named(provider, settings):
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "", "+16145550100"
    twilio.TwilioGateway().send(TEXT)
    form = provider.asked[0][1]
    assert ("MessagingServiceSid" in form, form["From"]) == (False, "+16145550100")


@pytest.mark.parametrize(
    ("seconds", "asked"), [(-3, "5"), (4, "5"), (5, "5"), (36000, "36000"), (90000, "36000")]
)
def test_the_validity_stays_inside_what_twilio_takes(provider, seconds, asked):
    twilio.TwilioGateway().send(Outgoing(TEXT.id, TEXT.to, TEXT.body, seconds))
    assert provider.asked[0][1]["ValidityPeriod"] == asked


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21211, "permanent"),
        (400, 21614, "permanent"),
        (400, 99999, "permanent"),
        (400, 21610, "suppress"),
        (429, 20429, "transient"),
        (429, 14107, "transient"),
        (401, 20003, "configuration"),
        (404, 20404, "configuration"),
        (400, 21606, "configuration"),
        (400, 30034, "configuration"),
    ],
)
def test_each_refusal_has_its_kind(provider, status, code, kind):
    provider.refuse(status, code)
    assert twilio.TwilioGateway().send(TEXT) == Declined(kind, str(code))


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_broken_provider_may_have_sent_it(provider, status):
    provider.answer = (status, {"code": 20500, "message": "oops", "status": status})
    assert isinstance(twilio.TwilioGateway().send(TEXT), Unknown)


@pytest.mark.parametrize("answer", ["reset", (201, b"no json"), (500, b"<html>")])
def test_an_answer_that_never_came_or_says_nothing_is_unknown(provider, answer):
    provider.answer = answer
    assert isinstance(twilio.TwilioGateway().send(TEXT), Unknown)
    assert len(provider.asked) == 1


def test_silence_is_unknown_and_not_asked_again(provider, monkeypatch):
    monkeypatch.setattr(twilio, "TIMEOUT_SECONDS", 0.3)
    provider.answer = "hang"
    assert isinstance(twilio.TwilioGateway().send(TEXT), Unknown)
    assert len(provider.asked) == 1


def test_where_nobody_listens_nothing_was_sent_and_it_may_be_tried_again(provider, settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.TWILIO_API_URL = f"http://127.0.0.1:{probe.getsockname()[1]}"
        assert twilio.TwilioGateway().send(TEXT) == Declined("transient", "not_connected")


@pytest.mark.parametrize("body", ["", "   ", "x" * 1601])
def test_what_twilio_would_refuse_is_not_asked(provider, body):
    assert twilio.TwilioGateway().send(Outgoing(TEXT.id, TEXT.to, body, 60)) == Declined(
        "permanent", "body_length"
    )
    assert provider.asked == []


def test_no_log_names_a_number_or_a_word_of_the_text(provider, caplog):
    logging.getLogger("twilio.http_client").setLevel(logging.NOTSET)
    twilio.TwilioGateway().send(TEXT)
    assert "555" not in caplog.text
    assert "Cardinal" not in caplog.text
