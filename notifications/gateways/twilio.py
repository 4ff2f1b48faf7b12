"""Twilio, by its own library. Facts: Twilio has no idempotency key for messages, so an outcome that is not known is
never repeated; only a failed connection or an answer of 4xx means "certainly not sent"."""

import asyncio
import logging
from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from django.conf import settings
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from . import twilio_codes
from .base import (
    Accepted,
    CannotTell,
    Declined,
    Found,
    Look,
    NotThere,
    Outcome,
    Outgoing,
    Sought,
    Unknown,
)

TIMEOUT_SECONDS = 10
LONGEST_BODY = 1600
LONGEST_VALIDITY = 36_000
# Twilio's clock and ours.
CLOCKS_APART = timedelta(seconds=5)
MOST_LISTED = 50
_BROKEN = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
# What the last answer of this task asked for: the library's exceptions carry no headers.
_retry_after: ContextVar[float | None] = ContextVar("retry_after", default=None)


class HttpClient(AsyncHttpClient):
    """Twilio's documented hook for another HTTP client: one with a time-out, that logs no telephone number, and that
    goes to another address where the settings name one, for tests."""

    def __init__(self, session: aiohttp.ClientSession):
        super().__init__(logging.getLogger(__name__), True, TIMEOUT_SECONDS)
        self.session = session

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        who = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        async with self.session.request(
            method,
            _elsewhere(url),
            params=params,
            data=data,
            headers={**(headers or {}), **who},
            allow_redirects=allow_redirects,
        ) as answer:
            _retry_after.set(_seconds(answer.headers.get("Retry-After", "")))
            return Response(answer.status, await answer.text(), answer.headers)


class TwilioGateway:
    async def __aenter__(self) -> "TwilioGateway":
        # Our line limits what is in flight; a kept connection is given up before Twilio's side gives it up.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=10)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        )
        client = HttpClient(self._session)
        self._client = Client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=client)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._session.close()

    async def send(self, text: Outgoing) -> Outcome:
        if fault := _never_accepted(text):
            return fault
        try:
            message = await self._client.messages.create_async(**_parameters(text))
        except (TwilioRestException, TwilioServiceException) as error:
            return _refused(error, text.to)
        except _BROKEN as error:
            return _broken(error)
        except (TwilioException, ValueError):
            # Also an answer that is no JSON: something between us and Twilio spoke.
            return Unknown("provider_error")
        return Accepted(sid=message.sid or "") if message.sid else Unknown("provider_error")

    async def look(self, sought: Sought) -> Look:
        try:
            return await (self._ask(sought) if sought.sid else self._search(sought))
        except (TwilioRestException, TwilioServiceException) as error:
            gone = sought.sid and error.status == 404
            return NotThere() if gone else CannotTell(str(error.code or error.status))
        except (*_BROKEN, TwilioException, ValueError) as error:
            return CannotTell(type(error).__name__)

    async def redact(self, sid: str) -> bool:
        try:
            await self._client.messages(sid).update_async(body="")
        except (TwilioRestException, TwilioServiceException) as error:
            return bool(error.status == 404)
        except (*_BROKEN, TwilioException, ValueError):
            return False
        return True

    async def _ask(self, sought: Sought) -> Look:
        row = await self._client.messages(sought.sid).fetch_async()
        return Found(sought.sid, str(row.status), str(row.error_code or ""))

    async def _search(self, sought: Sought) -> Look:
        """By number, words and time of making. Never by the time of sending: what still waits has none."""
        earliest = sought.since - CLOCKS_APART
        rows = await self._client.messages.list_async(to=sought.to, limit=MOST_LISTED, page_size=MOST_LISTED)
        for row in rows:
            made = row.date_created
            same = row.body == sought.body and row.sid not in sought.known
            if same and made is not None and made >= earliest.replace(microsecond=0):
                return Found(row.sid or "", str(row.status), str(row.error_code or ""))
        return NotThere()


def _elsewhere(url: str) -> str:
    if not settings.TWILIO_API_URL:
        return url
    target = urlsplit(settings.TWILIO_API_URL)
    return urlunsplit((target.scheme, target.netloc, *urlsplit(url)[2:]))


def _never_accepted(text: Outgoing) -> Declined | None:
    """What Twilio refuses in words that its own description does not hold: asked here, before it is asked there."""
    digits = text.to.removeprefix("+")
    if not text.to.startswith("+") or not digits.isdigit() or not 7 <= len(digits) <= 15:
        return Declined("number", "21211")
    if not text.body.strip():
        return Declined("permanent", "21602")
    if len(text.body) > LONGEST_BODY:
        return Declined("permanent", "21617")
    if not (settings.TWILIO_MESSAGING_SERVICE_SID or settings.TWILIO_FROM):
        return Declined("configuration", "21603")
    return None


def _parameters(text: Outgoing) -> dict[str, Any]:
    sender = settings.TWILIO_MESSAGING_SERVICE_SID
    origin = {"messaging_service_sid": sender} if sender else {"from_": settings.TWILIO_FROM}
    return {
        **origin,
        "to": text.to,
        "body": text.body,
        # The row's id in the signed address: a callback settles even a text whose answer never came.
        "status_callback": f"{settings.PUBLIC_BASE_URL}/webhooks/twilio/status?message={text.id}",
        "validity_period": max(5, min(LONGEST_VALIDITY, text.valid_seconds)),
    }


def _refused(error: Any, to: str) -> Outcome:
    code = error.code if isinstance(error.code, int) else None
    kind = twilio_codes.kind_of(error.status, code, to)
    name = str(code or error.status)
    return Unknown(name) if kind is None else Declined(kind, name, _retry_after.get())


def _seconds(header: str) -> float | None:
    return float(header) if header.isdigit() else None


def _broken(error: Exception) -> Outcome:
    """Before the connection stood, nothing can have been accepted."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Declined("unreachable", "not_connected")
    return Unknown(type(error).__name__)
