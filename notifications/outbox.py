"""Sending what is due: claim, send, settle. Nothing is lost, nothing goes twice, and a person can see why.

A row is marked "sending" and that is committed before the provider hears of it. Whoever dies in between
leaves a row whose outcome is unknown, which is shown to a person and never repeated blindly.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from clinic import audit, logs
from clinic.errors import Refused
from clinic.ids import new_id
from notifications import limits, projection
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways import provider
from notifications.gateways.base import Accepted, Declined, Gateway, Outcome, Outgoing, Unknown
from notifications.models import Attempt, Message
from notifications.projection import note
from notifications.suppression import suppress
from scheduling.enums import SessionStatus

BATCH = 256
# Longer than a whole batch takes; a claim older than this belongs to a process that is gone.
LEASE = timedelta(minutes=5)
MOST_TRIES = 5
# While our own settings are at fault, a text waits this long; its expiry ends it.
CONFIGURATION_WAIT = timedelta(minutes=10)
S = MessageStatus
# A status only ever goes up; the last four are final.
RANK = {S.PENDING: 0, S.CLAIMED: 1, S.SENDING: 2, S.UNKNOWN: 3, S.SENT: 4}
FINAL = (S.DELIVERED, S.FAILED, S.CANCELLED, S.SUPPRESSED)
_log = logs.get(__name__)


def dispatch(*, now: datetime, gateway: Gateway | None = None, batch: int = BATCH) -> int:
    """Send all that is due at `now`; return how many were handed over. Any number of processes may call this."""
    gateway, sent = gateway or provider(), 0
    while True:
        expire(now=now)
        claimed = claim(now=now, limit=batch)
        if not claimed:
            return sent
        ready = start(claimed, now=now)
        sent += len(ready)
        _send_all(ready, gateway, now)


@transaction.atomic
def claim(*, now: datetime, limit: int) -> list[Message]:
    """Take up to `limit` due rows for this process alone.

    PostgreSQL skips what others hold; SQLite's transactions take turns from their beginning. The
    conditional UPDATE is the guard on both.
    """
    skip = connection.features.has_select_for_update_skip_locked
    due = Message.objects.due(now).order_by("due_at", "pk").select_for_update(skip_locked=skip)
    ids = list(due.values_list("pk", flat=True)[:limit])
    token = new_id()
    mine = Message.objects.filter(pk__in=ids, status=S.PENDING)
    if not ids or not mine.update(status=S.CLAIMED, claimed_at=now, claim=token):
        return []
    rows = Message.objects.filter(claim=token, status=S.CLAIMED)
    return list(rows.select_related("patient__site", "site", "session").order_by("due_at", "pk"))


@transaction.atomic
def start(claimed: Sequence[Message], *, now: datetime) -> list[Message]:
    """Ask everything again at the last moment, and mark what may go as being sent. Commits before any sending."""
    ready = []
    today = limits.reminders_by_patient(claimed, now=now)
    for message in claimed:
        status, cause = _objection(message, today)
        if not status:
            ready.append(message)
            if message.kind == MessageKind.REMINDER:
                today.count(message, now)
        elif _change(message, [S.CLAIMED], status=status, cause=cause, settled_at=now, claim=None):
            note(message, "not_sent", now, code=cause)
    Message.objects.filter(pk__in=[m.pk for m in ready], status=S.CLAIMED).update(
        status=S.SENDING, claimed_at=now
    )
    for message in ready:
        message.status = S.SENDING
    Attempt.objects.bulk_create(Attempt(message=m, at=now, event="sending", status=S.SENDING) for m in ready)
    return ready


@transaction.atomic
def settle(message: Message, outcome: Outcome, *, now: datetime) -> None:
    """Write down what became of a text that this process was sending."""
    if isinstance(outcome, Accepted):
        _settle_accepted(message, outcome, now)
    elif isinstance(outcome, Unknown):
        if _change(message, [S.SENDING], status=S.UNKNOWN, cause=outcome.code, claim=None):
            note(message, "outcome_unknown", now, code=outcome.code)
    else:
        _settle_declined(message, outcome, now)


@transaction.atomic
def apply_callback(message: Message, *, status: str, sid: str, code: str, now: datetime) -> None:
    """The provider tells how a text fares. In any order, any number of times; only upwards."""
    message = Message.objects.select_for_update().get(pk=message.pk)
    to = {
        "queued": S.SENT,
        "accepted": S.SENT,
        "sending": S.SENT,
        "sent": S.SENT,
        "delivered": S.DELIVERED,
        "read": S.DELIVERED,
        "undelivered": S.FAILED,
        "failed": S.FAILED,
    }.get(status)
    if to is None or message.status in FINAL or (to == S.SENT and RANK[S(message.status)] >= RANK[S.SENT]):
        return
    message.status, message.provider_sid = to, sid or message.provider_sid
    message.sent_at = message.sent_at or now
    message.cause, message.claim = code, None
    message.settled_at = now if to in FINAL else None
    message.save(update_fields=["status", "provider_sid", "sent_at", "cause", "claim", "settled_at"])
    note(message, f"provider_{status}", now, code=code)


@transaction.atomic
def expire(*, now: datetime) -> int:
    """What came too late is never sent."""
    late = list(Message.objects.due(now).filter(expires_at__lte=now)[:BATCH])
    return sum(projection.withdraw(message, cause="expired", now=now) for message in late)


@transaction.atomic
def recover(*, now: datetime) -> int:
    """Rows of a process that is gone: never handed over means waiting again; handed over means unknown."""
    rows = list(Message.objects.unsettled(now - LEASE).select_for_update())
    for message in rows:
        was = message.status
        changes = (
            {"status": S.PENDING, "claim": None, "claimed_at": None}
            if was == S.CLAIMED
            else {"status": S.UNKNOWN, "cause": "sender_lost", "claim": None}
        )
        if _change(message, [was], **changes):
            note(message, "sender_lost", now)
    return len(rows)


@transaction.atomic
def cancel_message(*, message: Message, by, now: datetime) -> Message:
    """A person withdraws a text that is still waiting.

    Raises:
        Refused: `wrong_state`.
    """
    if not projection.withdraw(message, cause="by_hand", now=now):
        raise _wrong_state(message)
    _audit("message.cancelled", message, by, now)
    return message


@transaction.atomic
def retry_message(*, message: Message, by, now: datetime) -> Message:
    """A person decides that a failed or unknown text goes again: the same row, a new try.

    Raises:
        Refused: `wrong_state`, or `too_late`.
    """
    if message.expires_at <= now:
        raise Refused.because("too_late", _("It would come too late now."))
    changes: dict[str, Any] = {
        "status": S.PENDING,
        "due_at": now,
        "cause": "",
        "settled_at": None,
        "claim": None,
    }
    if not _change(message, [S.FAILED, S.UNKNOWN], **changes):
        raise _wrong_state(message)
    note(message, "retried", now)
    _audit("message.retried", message, by, now)
    return message


def _send_all(messages: Sequence[Message], gateway: Gateway, now: datetime) -> None:
    """Threads only talk to the provider; every row is settled here, one by one, as answers come."""
    with ThreadPoolExecutor(max_workers=min(len(messages), settings.TEXTS_IN_FLIGHT) or 1) as pool:
        for message, outcome in zip(
            messages, pool.map(lambda m: _try(gateway, m, now), messages), strict=True
        ):
            settle(message, outcome, now=now)


def _try(gateway: Gateway, message: Message, now: datetime) -> Outcome:
    seconds = int((message.expires_at - now).total_seconds())
    try:
        return gateway.send(Outgoing(str(message.pk), message.to, message.body, seconds))
    except Exception as error:
        # A gateway that fails in a way we did not think of may have sent.
        _log.error("gateway_failed", message=str(message.pk), exc_info=error)
        return Unknown(type(error).__name__)


def _objection(message: Message, today: limits.Reminders) -> tuple[str, str]:
    """Why this text may not go after all, as a status and a cause."""
    if message.kind in (MessageKind.STOP_OK, MessageKind.HELP, MessageKind.CRISIS):
        return "", ""  # the law and care ask for these answers, whatever was stopped
    if message.patient is not None and not projection.may_text(message.patient):
        return S.SUPPRESSED, "no_consent"
    session = message.session
    if message.kind != MessageKind.REMINDER or session is None:
        return "", ""
    if session.status != SessionStatus.BOOKED or session.starts_at != message.about_at:
        return S.CANCELLED, "moved" if session.status == SessionStatus.BOOKED else "not_booked"
    if today.too_many(message):
        return S.CANCELLED, "limit"
    return "", ""


def _settle_accepted(message: Message, outcome: Accepted, now: datetime) -> None:
    status = S.DELIVERED if outcome.delivered else S.SENT
    changes: dict[str, Any] = {"status": status, "provider_sid": outcome.sid, "sent_at": now, "claim": None}
    if outcome.delivered:
        changes["settled_at"] = now
    if _change(message, [S.SENDING], **changes):
        note(message, "accepted", now)
    else:
        # A callback came before the answer: it knows more.
        Message.objects.filter(pk=message.pk, provider_sid="").update(provider_sid=outcome.sid)


def _settle_declined(message: Message, outcome: Declined, now: datetime) -> None:
    if outcome.kind == "suppress":
        suppress(message.to, source="provider", now=now)
    changes = _after_decline(message, outcome, now)
    if _change(message, [S.SENDING], cause=outcome.code, claim=None, **changes):
        note(message, f"declined_{outcome.kind}", now, code=outcome.code)
    if outcome.kind == "configuration":
        _log.error("texts_misconfigured", code=outcome.code)


def _after_decline(message: Message, outcome: Declined, now: datetime) -> dict[str, Any]:
    tries = message.attempts.filter(event="sending").count()
    if outcome.kind == "configuration":
        return {"status": S.PENDING, "due_at": _before_expiry(message, now + CONFIGURATION_WAIT)}
    if outcome.kind == "transient" and tries < MOST_TRIES:
        return {"status": S.PENDING, "due_at": _before_expiry(message, now + timedelta(seconds=5 * 4**tries))}
    return {"status": S.SUPPRESSED if outcome.kind == "suppress" else S.FAILED, "settled_at": now}


def _before_expiry(message: Message, due: datetime) -> datetime:
    return min(due, message.expires_at - timedelta(seconds=1))


def _change(message: Message, statuses: Sequence[str], **changes: Any) -> bool:
    """The one conditional UPDATE of a text. False where somebody else was first."""
    if not Message.objects.filter(pk=message.pk, status__in=statuses).update(**changes):
        return False
    for name, value in changes.items():
        setattr(message, name, value)
    return True


def _wrong_state(message: Message) -> Refused:
    message.refresh_from_db(fields=["status"])
    detail = _("This text is %s.") % message.get_status_display().lower()
    return Refused.because("wrong_state", detail, present=message.status)


def _audit(action: str, message: Message, by, now: datetime) -> None:
    audit.record(action, by=by, now=now, site=message.site_id, patient=message.patient_id, on=message)
