"""The Twilio gateway: what it asks for, and what it makes of each answer, through the real library and a real line."""

import base64
import logging
import socket
from datetime import UTC, datetime, timedelta

import pytest

from notifications.gateways import twilio, twilio_codes
from notifications.gateways.base import (
    Accepted,
    CannotTell,
    Declined,
    Found,
    NotThere,
    Outgoing,
    Sought,
    Unknown,
)
from tests.twilio.asking import ask

ID = "01a20d46-fc5f-70f1-a006-0f8a625e4ec2"
TEXT = Outgoing(ID, "+16145550123", "Cardinal Care: see you Monday.", 7200)


def send(text=TEXT):
    return ask("send", text)


def test_a_text_is_asked_for_with_everything_that_settles_it_later(provider):
    outcome = send()

    [(_method, path, form)] = provider.asked
    assert outcome == Accepted(f"SM{1:032x}")
    assert path == f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json"
    assert form == {
        "To": "+16145550123",
        "Body": "Cardinal Care: see you Monday.",
        "MessagingServiceSid": "MG" + "2" * 32,
        "StatusCallback": f"https://clinic.example/webhooks/twilio/status?message={ID}",
        "ValidityPeriod": "7200",
    }
    [authorization] = provider.authorizations
    assert base64.b64decode(authorization.removeprefix("Basic ")).decode() == f"AC{'1' * 32}:secret"


def test_a_number_of_our_own_stands_where_no_service_is_named(provider, settings):
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "", "+16145550100"
    send()
    form = provider.asked[0][2]
    assert ("MessagingServiceSid" in form, form["From"]) == (False, "+16145550100")


@pytest.mark.parametrize(
    ("seconds", "asked"), [(-3, "5"), (4, "5"), (5, "5"), (36000, "36000"), (90000, "36000")]
)
def test_the_validity_stays_inside_what_twilio_takes(provider, seconds, asked):
    send(Outgoing(TEXT.id, TEXT.to, TEXT.body, seconds))
    assert provider.asked[0][2]["ValidityPeriod"] == asked


@pytest.mark.parametrize(("code", "kind"), sorted(twilio_codes.KIND_OF.items()))
def test_each_known_code_has_its_kind(provider, code, kind):
    provider.refuse(429 if kind == "slow_down" else 400, code)
    assert send() == Declined(kind, str(code))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 99999, "permanent"),  # nobody knows it: never tried again by itself
        (401, 20003, "configuration"),
        (403, 99999, "configuration"),
        (404, 20404, "configuration"),
        (429, 99999, "slow_down"),
    ],
)
def test_an_unknown_code_goes_by_its_status_and_is_never_repeated(provider, status, code, kind):
    provider.refuse(status, code)
    assert send() == Declined(kind, str(code))


def test_twilios_own_test_numbers(provider):
    kinds = {
        number: send(Outgoing(ID, number, "Hello", 60)).kind
        for number in ("+15005550001", "+15005550002", "+15005550003", "+15005550004", "+15005550009")
    }
    assert list(kinds.values()) == ["number", "number", "configuration", "suppress", "number"]


def test_one_number_abroad_stops_nobody_elses_texts(provider):
    provider.refuse(400, 21408)
    assert send(Outgoing(ID, "+525512345678", "Hello", 60)) == Declined("number", "21408")


def test_slow_down_says_for_how_long(provider):
    provider.refuse(429, 20429, retry_after="7")
    assert send() == Declined("slow_down", "20429", 7.0)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_broken_provider_may_have_sent_it(provider, status):
    provider.refuse(status, 20500)
    assert send() == Unknown("20500")


@pytest.mark.parametrize(("fault", "accepted"), [("reset", 0), ("lost", 1)])
def test_a_broken_line_is_unknown_and_not_asked_again(provider, fault, accepted):
    provider.behave(fault=fault)
    assert isinstance(send(), Unknown)
    assert (len(provider.asked), len(provider.messages)) == (1, accepted)


def test_silence_is_unknown_and_not_asked_again(provider, monkeypatch):
    monkeypatch.setattr(twilio, "TIMEOUT_SECONDS", 0.3)
    provider.behave(fault="hang")
    assert send() == Unknown("TimeoutError")
    assert len(provider.asked) == 1


def test_where_nobody_listens_nothing_was_sent_and_it_may_be_tried_again(provider, settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.TWILIO_API_URL = f"http://127.0.0.1:{probe.getsockname()[1]}"
        assert send() == Declined("unreachable", "not_connected")


@pytest.mark.parametrize(
    ("to", "body", "refusal"),
    [
        ("", "Hello", Declined("number", "21211")),
        ("6145550123", "Hello", Declined("number", "21211")),
        ("+1614555", "Hello", None),
        ("+161455", "Hello", Declined("number", "21211")),
        ("+1234567890123456", "Hello", Declined("number", "21211")),
        ("+16145550123", "", Declined("permanent", "21602")),
        ("+16145550123", "   ", Declined("permanent", "21602")),
        ("+16145550123", "x" * 1600, None),
        ("+16145550123", "x" * 1601, Declined("permanent", "21617")),
    ],
)
def test_what_twilio_would_refuse_is_not_asked(provider, to, body, refusal):
    outcome = send(Outgoing(TEXT.id, to, body, 60))
    assert (outcome == refusal) if refusal else isinstance(outcome, Accepted)
    assert len(provider.asked) == (0 if refusal else 1)


def test_without_a_sender_nothing_is_asked(provider, settings):
    settings.TWILIO_MESSAGING_SERVICE_SID = ""
    assert send() == Declined("configuration", "21603")
    assert provider.asked == []


# -- looking up --


def sought(**fields):
    since = datetime.now(UTC) - timedelta(seconds=2)
    return Sought(**{"id": ID, "to": TEXT.to, "body": TEXT.body, "since": since, **fields})


def test_a_text_is_found_by_its_number_its_words_and_its_time(provider):
    sid = send().sid
    assert ask("look", sought()) == Found(sid, "accepted")
    assert ask("look", sought(body="Another")) == NotThere()
    assert ask("look", sought(to="+16145550124")) == NotThere()
    assert ask("look", sought(since=datetime.now(UTC) + timedelta(minutes=1))) == NotThere()
    assert ask("look", sought(known=frozenset({sid}))) == NotThere()


def test_by_its_own_id_its_status_is_asked(provider):
    sid = send().sid
    provider.messages[sid].update(status="undelivered", error_code=30003)
    assert ask("look", sought(sid=sid)) == Found(sid, "undelivered", "30003")
    assert ask("look", sought(sid="SM" + "f" * 32)) == NotThere()


def test_a_provider_that_cannot_answer_tells_nothing(provider, settings):
    provider.refuse(503, 20503)
    assert isinstance(ask("look", sought()), CannotTell)
    assert ask("look", sought(sid="SM" + "f" * 32)) == CannotTell("20503")
    settings.TWILIO_API_URL = "http://127.0.0.1:9"
    assert ask("look", sought()) == CannotTell("ClientConnectorError")


def test_words_are_taken_from_the_providers_records(provider):
    sid = send().sid
    assert ask("redact", sid) is True
    assert provider.messages[sid]["body"] == ""
    assert ask("redact", "SM" + "f" * 32) is True  # gone already
    provider.__exit__()
    assert ask("redact", sid) is False
    provider.__enter__()


def test_no_log_names_a_number_or_a_word_of_the_text(provider, caplog):
    for name in ("twilio.http_client", "twilio.async_http_client", "notifications.gateways.twilio"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    send()
    ask("look", sought())
    assert "555" not in caplog.text
    assert "Cardinal" not in caplog.text
