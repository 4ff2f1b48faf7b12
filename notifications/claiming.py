"""What the holder of the lease takes up, starts and gives back: every step is a transaction that names the holder.

A row is marked "sending" and that is committed before the provider hears of it. Whoever dies in between leaves a row
whose outcome is unknown: it is looked up at the provider, and never repeated blindly.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from notifications import escorts, limits, links, offering, projection, staff
from notifications.candidates import Candidate, candidates, objection, suppressed_among
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import Outgoing, Sought
from notifications.models import Attempt, Message
from notifications.projection import note
from notifications.sender import Lease
from notifications.settling import FIRST_LOOK, change, insert_attempts
from notifications.wording import length_of

EXPIRED_AT_ONCE = 128
LOOKS_IN_A_TURN = 64
S = MessageStatus


def claim(lease: Lease, *, now: datetime, limit: int) -> list[Any]:
    """Take up to `limit` due rows for this process alone; return their ids, soonest due first.

    PostgreSQL skips what others hold; SQLite's transactions take turns from their beginning. The
    conditional UPDATE is the guard on both.
    """
    with transaction.atomic():
        skip = connection.features.has_select_for_update_skip_locked
        due = Message.objects.due(now).order_by("due_at", "pk").select_for_update(skip_locked=skip)
        ids = list(due.values_list("pk", flat=True)[:limit])
        if ids:
            mine = Message.objects.filter(pk__among=ids, status=S.PENDING)
            mine.update(status=S.CLAIMED, claimed_at=now, claim=lease.holder)
    return ids


def start(lease: Lease, claimed: Sequence[Any], *, now: datetime) -> list[Outgoing]:
    """Ask everything again at the last moment, and mark what may go as being sent. Commits before any sending."""
    if not claimed:
        return []
    with transaction.atomic():
        found = candidates(claimed, lease.holder)
        ready = _without_objection(found, now)
        marked = Message.objects.filter(
            pk__among=[c.pk for c in ready], status=S.CLAIMED, claim=lease.holder
        ).update(status=S.SENDING, claimed_at=now)
        if marked != len(ready):
            # Another process has taken over and given some of them back: none of this may go.
            transaction.set_rollback(True)
            return []
        insert_attempts([Attempt(message_id=c.pk, at=now, event="sending", status=S.SENDING) for c in ready])
        links.open_for(
            (
                (c.session, c.to, c.about_at, c.session_ends, c.site)
                for c in ready
                if links.MASK in c.body and c.session_ends
            ),
            now=now,
        )
    return [_outgoing(candidate, now) for candidate in ready]


@transaction.atomic
def expire(*, now: datetime) -> int:
    """What came too late is never sent."""
    late = list(
        Message.objects.filter(status=S.PENDING, due_at__lte=now, expires_at__lte=now)[:EXPIRED_AT_ONCE]
    )
    return sum(projection.withdraw(message, cause="expired", now=now) for message in late)


@transaction.atomic
def recover(lease: Lease, *, now: datetime) -> int:
    """Rows of a process that is gone: never handed over means waiting again; handed over means unknown."""
    expire(now=now)
    left = Message.objects.in_flight().exclude(claim=lease.holder).select_for_update().order_by("pk")
    rows = list(left)
    for message in rows:
        was = message.status
        changes: dict[str, Any] = (
            {"status": S.PENDING, "claim": None, "claimed_at": None}
            if was == S.CLAIMED
            else {"status": S.UNKNOWN, "cause": "sender_lost", "claim": None, "look_at": now + FIRST_LOOK}
        )
        if change(message, [was], **changes):
            note(message, "sender_lost", now)
    return len(rows)


def to_look_up(*, now: datetime, leave_out: set[str] = frozenset()) -> list[Sought]:  # type: ignore[assignment]
    """The texts about which the provider is to be asked now."""
    rows = list(
        Message.objects.to_look_up(now).exclude(pk__in=leave_out).order_by("look_at")[:LOOKS_IN_A_TURN]
    )
    if not rows:
        return []
    numbers = {row.to for row in rows if not row.provider_sid}
    known = Message.objects.filter(to__in=numbers).exclude(provider_sid="")
    sids = frozenset(known.values_list("provider_sid", flat=True)) if numbers else frozenset()
    return [
        Sought(
            str(row.pk),
            row.to,
            links.filled(row, row.session_id),
            row.claimed_at or row.due_at,
            row.provider_sid,
            sids,
        )
        for row in rows
    ]


def _without_objection(found: Sequence[Candidate], now: datetime) -> list[Candidate]:
    today = limits.reminders_by_patient(found, now=now)
    stopped = suppressed_among(found)
    dealt_with = {
        **staff.no_longer_wanted(found),
        **escorts.no_longer_ready(found, now=now),
        **offering.no_longer_open(found),
    }
    ready = []
    for candidate in found:
        status, cause = objection(candidate, stopped, today)
        if candidate.expires_at <= now:
            # After an outage more may be late than `expire` takes at once.
            status, cause = S.CANCELLED, "expired"
        if not status and candidate.pk in dealt_with:
            status, cause = S.CANCELLED, dealt_with[candidate.pk]
        if status:
            _put_aside(candidate, status, cause, now)
            continue
        ready.append(candidate)
        if candidate.kind == MessageKind.REMINDER:
            today.count(candidate, now)
    return ready


def _put_aside(candidate: Candidate, status: str, cause: str, now: datetime) -> None:
    message = Message(pk=candidate.pk, status=S.CLAIMED)
    if change(message, [S.CLAIMED], status=status, cause=cause, settled_at=now, claim=None):
        note(message, "not_sent", now, code=cause)


def _outgoing(candidate: Candidate, now: datetime) -> Outgoing:
    seconds = int((candidate.expires_at - now).total_seconds())
    words = links.filled(candidate, candidate.session)
    segments = length_of(words).segments if settings.TEXTS_PER_SECOND else 1
    return Outgoing(str(candidate.pk), candidate.to, words, seconds, segments)
