"""The line to the provider: many texts in flight at its rate, each answered once. No database here.

The caller's thread owns the rows and says what is to be sent; a thread of its own speaks to the provider. A text is
posted only while the line is good: not stopped, and the caller's lease renewed a moment ago. Everything that was put
in comes out again with an outcome, `Unsent` for what never had its turn.
"""

import asyncio
import random
import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from clinic import logs
from notifications.gateways.base import (
    CannotTell,
    Declined,
    Gateway,
    Look,
    Outcome,
    Outgoing,
    Sought,
    Unknown,
    Unsent,
)

# So many unknown outcomes in a row, or doors that nobody opens, are a provider in trouble: stop, rather than make a
# thousand of them.
TROUBLE_AFTER = 8
SLOWEST = 30.0
LOOKS_AT_ONCE = 8
TROUBLE, CONFIGURATION, ASKED = "trouble", "configuration", "asked"
_log = logs.get(__name__)


class Line:
    """Use with `with`. `per_second`: segments; 0 is as fast as it goes."""

    def __init__(self, gateway: Gateway, *, in_flight: int, per_second: float = 0):
        self._gateway, self._in_flight, self._per_second = gateway, in_flight, per_second
        self._answers: SimpleQueue[tuple[str, Outcome | Look]] = SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="texts-line", daemon=True)
        self._good_until = 0.0
        self._next_at, self._slow, self._slowed_at = 0.0, 0, 0.0
        self._trouble_in_a_row = 0
        self.trouble_after = TROUBLE_AFTER
        self.open_count = 0
        self.stopped = ""
        self.stop_code = ""

    def __enter__(self) -> "Line":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def good_for(self, seconds: float) -> None:
        """The caller still holds the lease: texts may be posted for so long."""
        self._good_until = time.monotonic() + seconds

    def stop(self, why: str = ASKED, code: str = "") -> None:
        """Post nothing more. What is in flight is still answered."""
        if not self.stopped:
            self.stopped, self.stop_code = why, code

    def send(self, texts: Sequence[Outgoing]) -> None:
        self.open_count += len(texts)
        self._loop.call_soon_threadsafe(self._put, self._texts, texts)

    def look(self, sought: Sequence[Sought]) -> None:
        self.open_count += len(sought)
        self._loop.call_soon_threadsafe(self._put, self._looks, sought)

    def collect(self, wait: float) -> list[tuple[str, Outcome | Look]]:
        """What has come since, at least one unless `wait` seconds pass without."""
        found: list[tuple[str, Outcome | Look]] = []
        try:
            found.append(self._answers.get(timeout=wait))
            while True:
                found.append(self._answers.get_nowait())
        except Empty:
            pass
        self.open_count -= len(found)
        return found

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._texts: asyncio.Queue[Outgoing] = asyncio.Queue()
        self._looks: asyncio.Queue[Sought] = asyncio.Queue()
        self._closing = asyncio.Event()
        self._ready.set()
        async with self._gateway:
            workers = [asyncio.create_task(self._send_all()) for _ in range(self._in_flight)]
            workers += [asyncio.create_task(self._look_all()) for _ in range(LOOKS_AT_ONCE)]
            await self._closing.wait()
            await self._texts.join()
            await self._looks.join()
            for worker in workers:
                worker.cancel()

    @staticmethod
    def _put(queue: asyncio.Queue, items: Sequence[object]) -> None:
        for item in items:
            queue.put_nowait(item)

    async def _send_all(self) -> None:
        while True:
            text = await self._texts.get()
            outcome = await self._send(text)
            self._answers.put((text.id, outcome))
            self._texts.task_done()

    async def _look_all(self) -> None:
        while True:
            sought = await self._looks.get()
            try:
                answer = await self._gateway.look(sought)
            except Exception as error:
                _log.error("gateway_failed", message=sought.id, exc_info=error)
                answer = CannotTell(type(error).__name__)
            self._answers.put((sought.id, answer))
            self._looks.task_done()

    async def _send(self, text: Outgoing) -> Outcome:
        await self._wait_turn(text.segments)
        if self.stopped or time.monotonic() >= self._good_until:
            return Unsent()
        posted = time.monotonic()
        try:
            outcome = await self._gateway.send(text)
        except Exception as error:
            # A gateway that fails in a way that we did not think of may have sent.
            _log.error("gateway_failed", message=text.id, exc_info=error)
            outcome = Unknown(type(error).__name__)
        self._learn(outcome, posted)
        return outcome

    async def _wait_turn(self, segments: int) -> None:
        """Turns are a segment's time apart; after "slow down" all of them come later."""
        while not self.stopped:
            present = time.monotonic()
            if present >= self._next_at:
                self._next_at = present + segments / self._per_second if self._per_second else self._next_at
                return
            await asyncio.sleep(min(self._next_at - present, 0.5))

    def _learn(self, outcome: Outcome, posted: float) -> None:
        if isinstance(outcome, Unknown) or (isinstance(outcome, Declined) and outcome.kind == "unreachable"):
            self._trouble_in_a_row += 1
            if self._trouble_in_a_row >= self.trouble_after:
                self.stop(TROUBLE, outcome.code)
            return
        self._trouble_in_a_row = 0
        if isinstance(outcome, Declined) and outcome.kind == "slow_down":
            self._slow_down(outcome, posted)
        elif isinstance(outcome, Declined) and outcome.kind == "configuration":
            self.stop(CONFIGURATION, outcome.code)
        else:
            self._slow = 0

    def _slow_down(self, outcome: Declined, posted: float) -> None:
        """As long as the provider asks, else 0.1 s doubled each time, at most half a minute, a little apart.

        Texts that were in flight already when it was said first are one "slow down", not so many.
        """
        if posted >= self._slowed_at:
            self._slow, self._slowed_at = self._slow + 1, time.monotonic()
        wait = outcome.retry_after or min(SLOWEST, 0.1 * 2**self._slow)
        self._next_at = max(self._next_at, time.monotonic() + wait * random.uniform(0.9, 1.1))
