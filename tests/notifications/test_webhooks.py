"""What comes from outside: signed by Twilio against our public address, or refused and without effect."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from django.test import Client
from twilio.request_validator import RequestValidator

from clinic.ids import new_id
from notifications.enums import MessageStatus
from notifications.models import InboundMessage, Message, Suppression
from scheduling import booking
from scheduling.booking import Placement
from tests.factories import MONDAY, make_course

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 25, 15, tzinfo=UTC)
ACCOUNT, TOKEN, PUBLIC = "AC" + "1" * 32, "the-token", "https://clinic.example"


@pytest.fixture(autouse=True)
def twilio(settings, time_machine):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.PUBLIC_BASE_URL = ACCOUNT, TOKEN, PUBLIC
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def message():
    booking.book_course(course=make_course(), sessions=[Placement(1, MONDAY)], by=None, now=NOW)
    row = Message.objects.get(kind="reminder")
    Message.objects.filter(pk=row.pk).update(status=MessageStatus.SENDING, claimed_at=NOW)
    return row


def _post(path, token=TOKEN, base=PUBLIC, **form):
    form = {"AccountSid": ACCOUNT, **form}
    signature = RequestValidator(token).compute_signature(f"{base}{path}", form)
    # The proxy speaks plain HTTP with another host name to us; only the public address was signed.
    return Client().post(path, form, HTTP_X_TWILIO_SIGNATURE=signature)


def _status(message):
    return f"/webhooks/twilio/status?message={message.pk}"


def _state(message):
    message.refresh_from_db()
    return message.status


def test_a_signed_callback_settles_its_row(message):
    answer = _post(_status(message), MessageSid="SM1", MessageStatus="delivered")
    assert (answer.status_code, _state(message), message.provider_sid) == (204, "delivered", "SM1")


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "another"},
        {"base": "https://elsewhere.example"},
        {"AccountSid": "AC" + "9" * 32},
    ],
)
def test_anything_else_is_refused_and_changes_nothing(message, forged):
    answer = _post(_status(message), **{"MessageSid": "SM1", "MessageStatus": "delivered", **forged})
    assert (answer.status_code, _state(message)) == (403, "sending")


def test_without_a_signature_or_a_token_of_ours_nothing_is_believed(message, settings):
    form = {"AccountSid": ACCOUNT, "MessageStatus": "delivered"}
    assert Client().post(_status(message), form).status_code == 403
    settings.TWILIO_AUTH_TOKEN = ""
    assert _post(_status(message), token="", MessageStatus="delivered").status_code == 403
    assert _state(message) == "sending"


def test_a_signature_for_another_row_does_not_fit_this_one(message):
    form = {"AccountSid": ACCOUNT, "MessageStatus": "delivered"}
    signature = RequestValidator(TOKEN).compute_signature(
        f"{PUBLIC}/webhooks/twilio/status?message={new_id()}", form
    )
    assert Client().post(_status(message), form, HTTP_X_TWILIO_SIGNATURE=signature).status_code == 403


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
def test_callbacks_in_any_order_end_alike(message, order):
    for word in order:
        assert _post(_status(message), MessageSid="SM1", MessageStatus=word).status_code == 204
    assert _state(message) == "delivered"


@pytest.mark.parametrize("word", ["", "teleported", "DELIVERED", "x" * 500])
def test_a_word_that_we_do_not_know_is_taken_and_changes_nothing(message, word):
    assert _post(_status(message), MessageSid="SM1", MessageStatus=word).status_code == 204
    assert _state(message) == "sending"


def test_a_row_that_we_do_not_know_is_taken():
    assert _post(f"/webhooks/twilio/status?message={new_id()}", MessageStatus="sent").status_code == 204
    assert _post("/webhooks/twilio/status?message=nonsense", MessageStatus="sent").status_code == 204


def test_a_reply_comes_in_once_however_often_it_is_delivered(message):
    form = {"MessageSid": "SMin", "From": message.to, "To": "+16145550100", "Body": "C"}
    for _ in range(3):
        answer = _post("/webhooks/twilio/inbound", **form)
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
    assert InboundMessage.objects.count() == 1


def test_a_reply_without_a_signature_does_not_come_in(message):
    Client().post("/webhooks/twilio/inbound", {"MessageSid": "SMin", "From": message.to, "Body": "STOP"})
    assert not InboundMessage.objects.exists()
    assert not Suppression.objects.exists()


def test_stop_that_twilio_has_answered_itself_still_stops_and_is_not_answered_twice(message):
    form = {"MessageSid": "SMin", "From": message.to, "To": "+1", "Body": "STOP", "OptOutType": "STOP"}
    _post("/webhooks/twilio/inbound", **form)
    assert Suppression.objects.filter(number=message.to).exists()
    assert not Message.objects.filter(kind="stop_ok").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"From": ""},
        {"MessageSid": ""},
        {"From": "x" * 30},
        {"Body": "\x00\x00"},
        {"MessageSid": "S\x00"},
        {"From": "+1\x00"},
    ],
)
def test_odd_posts_are_answered_and_break_nothing(message, change):
    form = {"MessageSid": "SMin", "From": message.to, "To": "+16145550100", "Body": "C", **change}
    assert _post("/webhooks/twilio/inbound", **form).status_code == 200


@pytest.mark.parametrize("name", ["MessageSid", "MessageStatus", "ErrorCode"])
def test_an_odd_callback_is_taken(message, name):
    form = {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "30003"}
    form[name] += "\x00"
    assert _post(_status(message), **form).status_code == 204
    assert _state(message) == "failed"


def test_only_posts_are_listened_to():
    for path in ("status", "inbound"):
        assert Client().get(f"/webhooks/twilio/{path}").status_code == 405
