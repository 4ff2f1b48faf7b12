"""Twilio, by its own library. Facts: Twilio has no idempotency key for messages, so an outcome that is not known is
never repeated; only a failed connection or an answer of 4xx means "certainly not sent"."""

from functools import cached_property
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from .base import Accepted, Declined, Outcome, Outgoing, Unknown

TIMEOUT_SECONDS = 15
LONGEST_BODY = 1600
# Twilio's error codes; any other is final and shown to a person.
_SUPPRESS = {21610}
_TRANSIENT = {20429, 14107, 21611, 30001, 30022, 63038, 60728, 35125}
_CONFIGURATION = {
    *{20003, 20404, 21212, 21603, 21606, 21408, 21608, 21703, 21704, 21705},
    *{30002, 30032, 30033, 30034, 30035, 30450},
}
# Before the connection stood, nothing can have been accepted.
_NOT_CONNECTED = ("ConnectTimeoutError", "NewConnectionError", "NameResolutionError")


class HttpClient(TwilioHttpClient):
    """Twilio's client with its documented hook: another address where the settings name one, for tests."""

    def __init__(self):
        super().__init__(timeout=TIMEOUT_SECONDS)

    def request(self, method, url, *args, **kwargs):
        if settings.TWILIO_API_URL:
            target = urlsplit(settings.TWILIO_API_URL)
            url = urlunsplit((target.scheme, target.netloc, *urlsplit(url)[2:]))
        return super().request(method, url, *args, **kwargs)


class TwilioGateway:
    @cached_property
    def _client(self) -> Client:
        account, token = settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN
        return Client(account, token, http_client=HttpClient())

    def send(self, text: Outgoing) -> Outcome:
        if not text.body.strip() or len(text.body) > LONGEST_BODY:
            return Declined("permanent", "body_length")
        try:
            message = self._client.messages.create(**_parameters(text))
        except TwilioRestException as error:
            return _refused(error.status, error.code)
        except requests.exceptions.RequestException as error:
            return _broken(error)
        except (TwilioException, ValueError):
            # Also an answer that is no JSON: something between us and Twilio spoke.
            return Unknown("provider_error")
        return Accepted(sid=message.sid or "")


def _parameters(text: Outgoing) -> dict[str, object]:
    sender = settings.TWILIO_MESSAGING_SERVICE_SID
    origin = {"messaging_service_sid": sender} if sender else {"from_": settings.TWILIO_FROM}
    return {
        **origin,
        "to": text.to,
        "body": text.body,
        # The row's id in the signed address: a callback settles even a text whose answer never came.
        "status_callback": f"{settings.PUBLIC_BASE_URL}/webhooks/twilio/status?message={text.id}",
        "validity_period": max(5, min(36000, text.valid_seconds)),
    }


def _refused(status: int, code: int | None) -> Outcome:
    name = str(code or status)
    if status >= 500:
        return Unknown(name)
    if code in _SUPPRESS:
        return Declined("suppress", name)
    if status == 429 or code in _TRANSIENT:
        return Declined("transient", name)
    if status in (401, 403) or code in _CONFIGURATION:
        return Declined("configuration", name)
    return Declined("permanent", name)


def _broken(error: requests.exceptions.RequestException) -> Outcome:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    names = {type(error).__name__, type(reason).__name__}
    if isinstance(error, requests.exceptions.ConnectTimeout) or names & set(_NOT_CONNECTED):
        return Declined("transient", "not_connected")
    return Unknown(type(error).__name__)
