"""Whom a text did not reach, so that a person telephones. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# How far ahead a text that did not arrive is somebody's task.
LOOK_AHEAD = timedelta(days=14)
# How long after a question about the day after the visit somebody still asks by telephone.
LOOK_BACK = timedelta(days=3)
# Who was reminded a moment ago may still answer; but not when the visit is this near.
TIME_TO_ANSWER, NEAR = timedelta(hours=2), timedelta(hours=4)

UNDELIVERED, UNKNOWN, UNCONFIRMED, NO_TEXTS, NOT_TOLD, NOT_ASKED = (
    "undelivered",
    "unknown",
    "unconfirmed",
    "no_texts",
    "not_told",
    "not_asked",
)
# Texts that tell of the time of a visit.
OF_VISIT = ("booked", "moved", "reminder")
_ON_ITS_WAY = ("pending", "claimed", "sending")


@dataclass(frozen=True, slots=True)
class Told:
    """One text about the session's present time. `asked`: the provider is still being asked what became of it."""

    kind: str
    status: str
    due_at: datetime
    sent_at: datetime | None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A session ahead, or one that took place; the texts about its time, whether its patient gets texts at all, and for
    how many hours before the visit a site wants it confirmed."""

    starts_at: datetime
    status: str
    confirmation: str
    texts: Sequence[Told]
    gets_texts: bool
    hours: int


def why_to_call(facts: Facts, *, now: datetime) -> str:
    """One of the reasons above; "" where nobody needs to call."""
    if facts.status == "completed":
        checks = [t for t in facts.texts if t.kind == "check" and t.due_at > now - LOOK_BACK]
        return NOT_ASKED if _trouble(checks) else ""
    if not now < facts.starts_at <= now + LOOK_AHEAD:
        return ""
    if facts.status == "cancelled":
        return NOT_TOLD if _trouble([t for t in facts.texts if t.kind == "cancelled"]) else ""
    if facts.status != "booked" or facts.confirmation != "unconfirmed":
        return ""
    of_visit = [text for text in facts.texts if text.kind in OF_VISIT]
    if trouble := _trouble(of_visit):
        return trouble
    if facts.starts_at - now > timedelta(hours=facts.hours) or _may_still_answer(facts, of_visit, now):
        return ""
    return UNCONFIRMED if facts.gets_texts else NO_TEXTS


def _trouble(texts: Sequence[Told]) -> str:
    """What is wrong with the last text that was handed over; one that arrived later heals those before it."""
    tried = [t for t in texts if t.status in ("failed", "sent", "delivered", "unknown")]
    last = max(tried, key=lambda text: text.due_at, default=None)
    if last is None:
        return ""
    if last.status == "failed":
        return UNDELIVERED
    return UNKNOWN if last.status == "unknown" and not last.asked else ""


def _may_still_answer(facts: Facts, texts: Sequence[Told], now: datetime) -> bool:
    if not facts.gets_texts or facts.starts_at - now <= NEAR:
        return False
    reminders = [text for text in texts if text.kind == "reminder"]
    return any(
        text.status in _ON_ITS_WAY or (text.sent_at is not None and text.sent_at > now - TIME_TO_ANSWER)
        for text in reminders
    )
