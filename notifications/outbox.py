"""Sending what is due: claim, send, settle. Nothing is lost, nothing goes twice, and a person can see why.

One process at a time does it, under a lease (`sender.py`); what it does to rows is in `claiming.py` and `settling.py`.
"""

import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection

from notifications import claiming, line, sender, settling
from notifications.enums import MessageStatus
from notifications.gateways import provider
from notifications.gateways.base import CannotTell, Found, Gateway, NotThere
from notifications.line import Line
from notifications.models import Message
from notifications.sender import Lease

BATCH = 128
# A run ends after so long, and the next tick begins another: a worker that is asked to end should not wait for hours.
LONGEST_RUN = 300.0
# At most so much work of a slow sender is marked ahead of its turn.
AHEAD_SECONDS = 2.0
WAIT_SECONDS = 0.2
# Look-ups are seconds apart: no need to look for them at every turn.
ASK_SECONDS = 0.5
# How long an outcome that we know is kept in hand for a database that is away.
PATIENCE_SECONDS = 60.0
S = MessageStatus
# Set when this process is asked to end: runs stop posting, settle what is in flight, and return.
closing = threading.Event()


def dispatch(*, now: datetime, gateway: Gateway | None = None, batch: int = BATCH) -> int:
    """Send all that is due at `now`, and look up what nobody knows; return how many texts were handed over.

    Any number of processes may call this: one of them sends, the others return at once.
    """
    if not _work_waits(now):
        return 0
    lease = sender.take()
    if lease is None:
        return 0
    if lease.mended:
        sender.tell_mended(now=now)
    try:
        return _Run(lease, gateway or provider(), now, batch).go()
    finally:
        sender.release(lease)


class _Run:
    """One stretch of sending under a lease."""

    def __init__(self, lease: Lease, gateway: Gateway, now: datetime, batch: int):
        self.lease, self.gateway, self.batch = lease, gateway, batch
        self.began, self._now, self.renewed = time.monotonic(), now, time.monotonic()
        self.asked = self.began - ASK_SECONDS
        self.sent = 0
        self.in_hand: set[str] = set()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self.began)

    def go(self) -> int:
        claiming.recover(self.lease, now=self.now())
        rate = settings.TEXTS_PER_SECOND
        with Line(self.gateway, in_flight=settings.TEXTS_IN_FLIGHT, per_second=rate) as out:
            out.good_for(sender.GOOD_SECONDS)
            out.trouble_after = 1 if self.lease.careful else line.TROUBLE_AFTER
            while self._turn(out):
                pass
            self._finish(out)
        return self.sent

    def _turn(self, out: Line) -> bool:
        """Hand over, look up, settle. False when there is nothing left to do, or no more may be done."""
        if not self._keep_lease(out) or self._over(out):
            return False
        handed, more = self._feed(out)
        asked = self._ask(out)
        self._settle(out, WAIT_SECONDS if out.open_count else 0)
        return bool(handed or more or asked or out.open_count)

    def _keep_lease(self, out: Line) -> bool:
        if time.monotonic() - self.renewed < sender.RENEW_SECONDS:
            return True
        before = time.monotonic()
        if not sender.renew(self.lease):
            out.stop()
            return False
        self.renewed = before
        out.good_for(sender.GOOD_SECONDS - (time.monotonic() - before))
        claiming.expire(now=self.now())
        return True

    def _over(self, out: Line) -> bool:
        return bool(out.stopped) or closing.is_set() or time.monotonic() - self.began > LONGEST_RUN

    def _feed(self, out: Line) -> tuple[int, bool]:
        """Keep as many texts ready as the line will take soon. Returns how many were handed over, and whether more
        were claimed than may go."""
        room = self._room(out)
        if room <= 0:
            return 0, False
        claimed = claiming.claim(self.lease, now=self.now(), limit=room)
        ready = claiming.start(self.lease, claimed, now=self.now())
        self.sent += len(ready)
        out.send(ready)
        return len(ready), bool(claimed)

    def _room(self, out: Line) -> int:
        if self.lease.careful:
            return 1 - out.open_count
        if settings.TEXTS_PER_SECOND:
            ahead = max(1, int(settings.TEXTS_PER_SECOND * AHEAD_SECONDS))
            return min(ahead, self.batch) - out.open_count
        # The next batch is made ready while the one before it is still in the line: making it takes as long as half
        # a batch takes to go.
        return self.batch if out.open_count <= settings.TEXTS_IN_FLIGHT + self.batch // 2 else 0

    def _ask(self, out: Line) -> int:
        if self.lease.careful or time.monotonic() - self.asked < ASK_SECONDS:
            return 0
        self.asked = time.monotonic()
        sought = claiming.to_look_up(now=self.now(), leave_out=self.in_hand)
        self.in_hand |= {item.id for item in sought}
        out.look(sought)
        return len(sought)

    def _settle(self, out: Line, wait: float) -> None:
        answers = out.collect(wait)
        if answers:
            _persist(lambda: self._write(answers))
        if self.lease.careful and answers and not out.stopped:
            sender.calm(self.lease)
            out.trouble_after = line.TROUBLE_AFTER

    def _write(self, answers: Sequence[tuple[str, Any]]) -> None:
        looks = {pk: answer for pk, answer in answers if isinstance(answer, Found | NotThere | CannotTell)}
        outcomes = {pk: answer for pk, answer in answers if pk not in looks}
        if outcomes:
            settling.settle_all(outcomes, now=self.now())
        for pk, look in looks.items():
            settling.settle_look(pk, look, now=self.now())
        self.in_hand -= set(looks)

    def _finish(self, out: Line) -> None:
        """Settle what is in flight; then say why the line was stopped."""
        out.stop()
        while out.open_count:
            self._settle(out, WAIT_SECONDS)
        if out.stopped == line.CONFIGURATION:
            _persist(lambda: sender.stop(self.lease, out.stop_code, now=self.now()))
        elif out.stopped == line.TROUBLE:
            _persist(lambda: sender.pause(self.lease, out.stop_code))


def _work_waits(now: datetime) -> bool:
    """Three looks into small indexes: what an idle tick costs."""
    rows = Message.objects
    return (
        rows.filter(status=S.PENDING, due_at__lte=now).exists()
        or rows.to_look_up(now).exists()
        or rows.in_flight().exists()
    )


def _persist(write: Any) -> None:
    """An answer of the provider is worth waiting for the database: it is in hand and nowhere else."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            write()
            return
        except OperationalError:
            # Inside somebody's transaction nothing can be tried again.
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            close_old_connections()
            time.sleep(0.2)
