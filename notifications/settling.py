"""Writing down what became of texts: answers, callbacks, look-ups. A status only ever goes up."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from clinic.prepared import Insert, UpdateEach
from notifications import sender
from notifications.enums import MessageStatus
from notifications.gateways.base import (
    Accepted,
    CannotTell,
    Declined,
    Found,
    Look,
    NotThere,
    Outcome,
    Unknown,
    Unsent,
)
from notifications.gateways.twilio_codes import CONFIGURATION, KIND_OF
from notifications.models import Attempt, Message
from notifications.projection import note
from notifications.suppression import PROVIDER, suppress

S = MessageStatus
# The last four are final.
RANK = {S.PENDING: 0, S.CLAIMED: 1, S.SENDING: 2, S.UNKNOWN: 3, S.SENT: 4}
FINAL = (S.DELIVERED, S.FAILED, S.CANCELLED, S.SUPPRESSED)
MOST_TRIES = 5
# Steps of a text's story that are counted.
DECLINED, NEVER_ARRIVED, RETRIED = "declined_transient", "never_arrived", "retried"
SLOW_DOWN_WAIT = timedelta(seconds=1)
# An outcome that nobody knows is looked up soon, and again later than any request of ours can still arrive.
FIRST_LOOK, SECOND_LOOK = timedelta(seconds=3), timedelta(seconds=12)
LOOK_AGAIN = timedelta(seconds=10)
GIVEN_UP_AFTER = timedelta(hours=24)
# Callbacks are best effort: what was accepted and never heard of is asked about, so long after it was handed over.
ASK_AFTER = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# The provider's own words for how a text fares.
_PROVIDER = {
    **dict.fromkeys(("queued", "accepted", "scheduled", "sending", "sent"), S.SENT),
    **dict.fromkeys(("delivered", "read", "partially_delivered"), S.DELIVERED),
    **dict.fromkeys(("undelivered", "failed", "canceled"), S.FAILED),
}
_OPTED_OUT = "21610"
_OURS = {str(code) for code, kind in KIND_OF.items() if kind == CONFIGURATION}
insert_attempts = Insert(Attempt)
_settle = UpdateEach(
    Message, "provider_sid", "status", "sent_at", "settled_at", "look_at", "claim", "cause", "looks"
)


@transaction.atomic
def settle_all(outcomes: Mapping[str, Outcome], *, now: datetime) -> None:
    """Write down what became of the texts that this process was sending, in as few statements as for one."""
    held = Message.objects.filter(pk__among=list(outcomes)).select_for_update().order_by("pk")
    rows = {str(pk): status for pk, status in held.values_list("pk", "status")}
    accepted = {pk: answer for pk, answer in outcomes.items() if isinstance(answer, Accepted)}
    _settle_accepted(accepted, rows, now)
    others = [pk for pk in outcomes if pk not in accepted and rows.get(pk) == S.SENDING]
    for message in Message.objects.filter(pk__in=others):
        _settle_other(message, outcomes[str(message.pk)], now)


@transaction.atomic
def apply_callback(message: Message, *, status: str, sid: str, code: str, now: datetime) -> None:
    """The provider tells how a text fares. In any order, any number of times; only upwards."""
    message = Message.objects.select_for_update().get(pk=message.pk)
    _apply(message, status, sid, code, now, event=f"provider_{status}")


@transaction.atomic
def settle_look(message_id: Any, look: Look, *, now: datetime) -> None:
    """What the provider said when it was asked about a text."""
    message = Message.objects.select_for_update().get(pk=message_id)
    if message.status not in (S.UNKNOWN, S.SENT):
        Message.objects.filter(pk=message.pk).update(look_at=None)
    elif isinstance(look, Found):
        _apply(message, look.status, look.sid, look.code, now, event="looked_up")
        _next_question(message, now)
    elif isinstance(look, NotThere):
        _not_there(message, now)
    else:
        _cannot_tell(message, look, now)


def change(message: Message, statuses: Sequence[str], **changes: Any) -> bool:
    """The one conditional UPDATE of a text. False where somebody else was first."""
    if not Message.objects.filter(pk=message.pk, status__in=statuses).update(**changes):
        return False
    for name, value in changes.items():
        setattr(message, name, value)
    return True


def _settle_accepted(accepted: Mapping[str, Accepted], rows: Mapping[str, str], now: datetime) -> None:
    for delivered in (False, True):
        some = {pk: answer.sid for pk, answer in accepted.items() if answer.delivered == delivered}
        mine = {pk: sid for pk, sid in some.items() if rows.get(pk) in (S.SENDING, S.UNKNOWN)}
        status = S.DELIVERED if delivered else S.SENT
        _settle(
            mine,
            status=status,
            sent_at=now,
            settled_at=now if delivered else None,
            look_at=None if delivered else now + ASK_AFTER[0],
            claim=None,
            cause="",
            looks=0,
        )
        insert_attempts(
            [
                Attempt(message_id=pk, at=now, event="accepted", status=status, provider_sid=sid)
                for pk, sid in mine.items()
            ]
        )
        # Where a callback came before the answer it knows more, but not always the number.
        early = [pk for pk in some if pk in rows and pk not in mine]
        for message in Message.objects.filter(pk__in=early, provider_sid="") if early else ():
            Message.objects.filter(pk=message.pk).update(provider_sid=some[str(message.pk)])


def _settle_other(message: Message, outcome: Outcome, now: datetime) -> None:
    if isinstance(outcome, Unknown):
        look_at = now + FIRST_LOOK
        if change(message, [S.SENDING], status=S.UNKNOWN, cause=outcome.code, claim=None, look_at=look_at):
            note(message, "outcome_unknown", now, code=outcome.code)
    elif isinstance(outcome, Unsent):
        if change(message, [S.SENDING], status=S.PENDING, claim=None):
            note(message, "not_handed_over", now)
    elif isinstance(outcome, Declined):
        _settle_declined(message, outcome, now)


def _settle_declined(message: Message, outcome: Declined, now: datetime) -> None:
    if outcome.kind == "suppress":
        suppress(message.to, source=PROVIDER, now=now)
    changes = _after_decline(message, outcome, now)
    if change(message, [S.SENDING], cause=outcome.code, claim=None, **changes):
        note(message, f"declined_{outcome.kind}", now, code=outcome.code)


def _after_decline(message: Message, outcome: Declined, now: datetime) -> dict[str, Any]:
    if outcome.kind in ("configuration", "unreachable"):
        # Not this text's fault: it keeps its time, and the sender stops or pauses as a whole.
        return {"status": S.PENDING}
    if outcome.kind == "slow_down":
        return {"status": S.PENDING, "due_at": _before_expiry(message, now + SLOW_DOWN_WAIT)}
    if outcome.kind == "transient" and (tries := _tries(message, DECLINED) + 1) < MOST_TRIES:
        return {"status": S.PENDING, "due_at": _before_expiry(message, now + timedelta(seconds=5 * 4**tries))}
    return {"status": S.SUPPRESSED if outcome.kind == "suppress" else S.FAILED, "settled_at": now}


def _tries(message: Message, event: str) -> int:
    """How often it came to nothing in this way since a person last sent it again."""
    retried = message.attempts.filter(event=RETRIED).order_by("at", "pk").last()
    rows = message.attempts.filter(event=event)
    return (rows.filter(at__gte=retried.at) if retried else rows).count()


def _before_expiry(message: Message, due: datetime) -> datetime:
    return min(due, message.expires_at - timedelta(seconds=1))


def _apply(message: Message, status: str, sid: str, code: str, now: datetime, *, event: str) -> None:
    to = _PROVIDER.get(status)
    if to is None or message.status in FINAL or (to == S.SENT and RANK[S(message.status)] >= RANK[S.SENT]):
        return
    message.status, message.provider_sid = to, sid or message.provider_sid
    message.sent_at = message.sent_at or now
    message.cause, message.claim = code, None
    final = to in FINAL
    message.settled_at = now if final else None
    message.look_at = None if final else now + ASK_AFTER[0]
    message.looks = 0
    message.save(
        update_fields=[
            "status",
            "provider_sid",
            "sent_at",
            "cause",
            "claim",
            "settled_at",
            "look_at",
            "looks",
        ]
    )
    note(message, event, now, code=code)
    if code == _OPTED_OUT:
        suppress(message.to, source=PROVIDER, now=now)
    elif to == S.FAILED and code in _OURS:
        # Many are accepted first and refused afterwards: an unregistered campaign, say. The next would fail alike.
        sender.stop_at_once(code, since=message.sent_at, now=now)


def _next_question(message: Message, now: datetime) -> None:
    """Still on its way: ask again later, a few times."""
    if message.status != S.SENT:
        return
    looks = message.looks + 1
    sent_at = message.sent_at or now
    look_at = max(sent_at + ASK_AFTER[looks], now + LOOK_AGAIN) if looks < len(ASK_AFTER) else None
    Message.objects.filter(pk=message.pk).update(looks=looks, look_at=look_at)


def _not_there(message: Message, now: datetime) -> None:
    """Once may be too early; twice, the second time later than any request of ours can arrive, it was never sent."""
    if message.status == S.SENT:
        Message.objects.filter(pk=message.pk).update(look_at=None)
        note(message, "gone_at_provider", now)
        return
    if message.looks == 0:
        Message.objects.filter(pk=message.pk).update(looks=1, look_at=now + SECOND_LOOK)
        return
    asked: dict[str, Any] = {"claim": None, "look_at": None, "looks": 0}
    note(message, NEVER_ARRIVED, now)
    if message.expires_at <= now:
        change(message, [S.UNKNOWN], status=S.CANCELLED, cause="expired", settled_at=now, **asked)
    elif _tries(message, NEVER_ARRIVED) < MOST_TRIES:
        change(message, [S.UNKNOWN], status=S.PENDING, cause="", **asked)
    else:
        # Others go: something about this one is not as we think. A late callback may still settle it.
        change(message, [S.UNKNOWN], cause=NEVER_ARRIVED, **asked)
        note(message, "given_to_a_person", now, code=NEVER_ARRIVED)


def _cannot_tell(message: Message, look: CannotTell, now: datetime) -> None:
    """Ask again; after a day a person decides."""
    since = message.claimed_at or message.due_at
    given_up = now - since > GIVEN_UP_AFTER
    wait = ASK_AFTER[0] if message.status == S.SENT else LOOK_AGAIN
    Message.objects.filter(pk=message.pk).update(look_at=None if given_up else now + wait)
    if given_up:
        note(message, "given_to_a_person", now, code=look.code)
