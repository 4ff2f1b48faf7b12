"""A Twilio for tests and benchmarks: a real HTTP server on loopback that keeps what it accepted and calls back.

In a test: `with StandIn() as twilio`. As a process of its own, which a crash of the clinic does not touch:

    python -m tests.twilio.stand_in --port 4010 --latency 0.02

It is checked against Twilio's own description (tests/twilio/test_description.py).
"""

import argparse
import asyncio
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

BASE = "/2010-04-01/Accounts/{account}/Messages"
# Twilio's published test numbers.
MAGIC = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}


@dataclass
class Behaviour:
    """`fault`: "" accepts; a status and code as "429:20429" refuses; "hang" accepts nothing and says nothing, "lost"
    accepts and then breaks the line, "reset" breaks it before anything was read."""

    latency: float = 0.0
    fault: str = ""
    retry_after: str = ""
    # For so many requests; negative is for all.
    times: int = -1
    # Sent to the StatusCallback of each accepted text, in this order.
    callbacks: list[str] = field(default_factory=list)
    token: str = "secret"
    # When the first and the last text were accepted, by a clock that only goes forward.
    first_at: float = 0.0
    last_at: float = 0.0


class StandIn:
    def __init__(self, port: int = 0, **behaviour):
        self.behaviour = Behaviour(**behaviour)
        self.messages: dict[str, dict] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.authorizations: list[str] = []
        self.port = port
        self._next = 0
        self._tasks: set[asyncio.Task] = set()

    # -- as a thread of a test --

    def __enter__(self) -> "StandIn":
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[ready], daemon=True)
        self._thread.start()
        ready.wait(20)
        return self

    def __exit__(self, *exc_info) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.serve(ready))
        self._loop.close()

    async def serve(self, ready: threading.Event) -> None:
        self._stop = asyncio.Event()
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        async with aiohttp.ClientSession() as self._calls:
            ready.set()
            await self._stop.wait()
            for task in self._tasks:
                task.cancel()
        await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_post(f"{BASE}.json", self._create)
        app.router.add_get(f"{BASE}.json", self._list)
        app.router.add_get(f"{BASE}/{{sid}}.json", self._fetch)
        app.router.add_post(f"{BASE}/{{sid}}.json", self._update)
        app.router.add_delete(f"{BASE}/{{sid}}.json", self._delete)
        app.router.add_get("/_seen", self._seen)
        app.router.add_post("/_behave", self._behave)
        return app

    # -- what Twilio does --

    async def _create(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(("POST", request.path, form))
        self.authorizations.append(request.headers.get("Authorization", ""))
        fault = self._fault()
        if self.behaviour.latency:
            await asyncio.sleep(self.behaviour.latency)
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "reset":
            return self._break(request)
        if fault and fault != "lost":
            status, _colon, code = fault.partition(":")
            return self._refuse(int(status), int(code or 0))
        if code := MAGIC.get(form.get("To", "")):
            return self._refuse(400, code)
        row = self._keep(request.match_info["account"], form)
        if fault == "lost":
            return self._break(request)
        if self.behaviour.callbacks and form.get("StatusCallback"):
            self._background(self._call_back(row, form["StatusCallback"]))
        return web.json_response(row, status=201)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(("GET", request.path, dict(request.query)))
        if refusal := self._fault_of_reading():
            return refusal
        to, size = request.query.get("To"), int(request.query.get("PageSize", 50))
        rows = [row for row in reversed(self.messages.values()) if to is None or row["to"] == to][:size]
        path = f"{request.path}?PageSize={size}&Page=0"
        page = {"page": 0, "page_size": size, "start": 0, "end": max(0, len(rows) - 1), "uri": path}
        links = {"first_page_uri": path, "next_page_uri": None, "previous_page_uri": None}
        return web.json_response({"messages": rows, **page, **links})

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(("GET", request.path, {}))
        row = self.messages.get(request.match_info["sid"])
        return self._fault_of_reading() or (web.json_response(row) if row else self._refuse(404, 20404))

    async def _update(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(("POST", request.path, form))
        if refusal := self._fault_of_reading():
            return refusal
        row = self.messages.get(request.match_info["sid"])
        if row is None:
            return self._refuse(404, 20404)
        if "Body" in form:
            row["body"], row["date_updated"] = form["Body"], format_datetime(datetime.now(UTC))
        return web.json_response(row)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        gone = self.messages.pop(request.match_info["sid"], None)
        return web.Response(status=204) if gone else self._refuse(404, 20404)

    def _keep(self, account: str, form: dict[str, str]) -> dict:
        self._next += 1
        self.behaviour.last_at = time.monotonic()
        self.behaviour.first_at = self.behaviour.first_at or self.behaviour.last_at
        sid, present = f"SM{self._next:032x}", format_datetime(datetime.now(UTC))
        row = {
            "sid": sid,
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": form.get("Body", ""),
            "date_created": present,
            "date_sent": None,
            "date_updated": present,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "0" if form.get("MessagingServiceSid") else "1",
            "price": None,
            "price_unit": "USD",
            "status": "accepted" if form.get("MessagingServiceSid") else "queued",
            "subresource_uris": {"media": f"/2010-04-01/Accounts/{account}/Messages/{sid}/Media.json"},
            "to": form.get("To"),
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
        }
        self.messages[sid] = row
        return row

    async def _call_back(self, row: dict, url: str) -> None:
        for status in self.behaviour.callbacks:
            row["status"] = status
            form = {
                "AccountSid": row["account_sid"],
                "ApiVersion": row["api_version"],
                "From": row["from"] or "+16145550100",
                "To": row["to"],
                "MessageSid": row["sid"],
                "SmsSid": row["sid"],
                "MessageStatus": status,
                "SmsStatus": status,
            }
            if status in ("failed", "undelivered"):
                form["ErrorCode"] = "30003"
            signature = RequestValidator(self.behaviour.token).compute_signature(url, form)
            headers = {"X-Twilio-Signature": signature}
            try:
                async with self._calls.post(url, data=form, headers=headers) as answer:
                    await answer.read()
            except (aiohttp.ClientError, OSError):
                continue  # best effort, as Twilio's are

    # -- faults --

    def _fault(self) -> str:
        if not self.behaviour.fault or self.behaviour.times == 0:
            return ""
        self.behaviour.times -= 1
        return self.behaviour.fault

    def _fault_of_reading(self) -> web.StreamResponse | None:
        fault = self.behaviour.fault
        if not fault or fault in ("hang", "lost", "reset") or self.behaviour.times == 0:
            return None
        status, _colon, code = fault.partition(":")
        return self._refuse(int(status), int(code or 0))

    def _refuse(self, status: int, code: int) -> web.StreamResponse:
        more = f"https://www.twilio.com/docs/errors/{code}"
        body = {"code": code, "message": "refused", "more_info": more, "status": status}
        headers = {"Retry-After": self.behaviour.retry_after} if self.behaviour.retry_after else {}
        return web.json_response(body, status=status, headers=headers)

    @staticmethod
    def _break(request: web.Request) -> web.StreamResponse:
        request.transport.abort()
        return web.Response()

    def _background(self, work) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what only we ask --

    async def _seen(self, request: web.Request) -> web.StreamResponse:
        """How many texts were accepted, and which were accepted more than once."""
        counts = Counter(f"{row['to']} {row['body']}" for row in self.messages.values())
        twice = {text: number for text, number in counts.items() if number > 1}
        times = {"first_at": self.behaviour.first_at, "last_at": self.behaviour.last_at}
        texts = {"accepted": len(self.messages), "different": len(counts), "twice": twice}
        return web.json_response({**texts, **times})

    async def _behave(self, request: web.Request) -> web.StreamResponse:
        self.behave(**await request.json())
        return web.Response(status=204)

    def behave(self, **behaviour) -> None:
        for name, value in behaviour.items():
            setattr(self.behaviour, name, value)

    def refuse(self, status: int, code: int, **more) -> None:
        self.behave(fault=f"{status}:{code}", **more)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--behave", default="{}", help="JSON: what to do from the start")
    options = parser.parse_args()
    twilio = StandIn(options.port, **{"latency": options.latency, **json.loads(options.behave)})
    asyncio.run(twilio.serve(threading.Event()))


if __name__ == "__main__":
    main()
