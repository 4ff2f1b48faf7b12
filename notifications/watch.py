"""Is anything wrong with sending? Shown on pages, told to /readyz; nothing about a patient."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from clinic import health
from notifications import sender
from notifications.enums import MessageStatus
from notifications.models import Attempt, Message

S = MessageStatus
# A text that has been due so long, while none was handed over: somebody should look.
STUCK_AFTER = timedelta(minutes=15)
# Callbacks come within seconds; so long without any after something was accepted is silence.
SILENT_AFTER = timedelta(minutes=30)
SILENT_WITHIN = timedelta(hours=24)
_CALLBACK = "provider_"


@dataclass(frozen=True, slots=True)
class Trouble:
    """`code` for machines, `detail` a sentence for a person; `can_start` where a person may start texts again."""

    code: str
    detail: str
    since: datetime | None = None
    can_start: bool = False


def troubles(*, now: datetime) -> list[Trouble]:
    """Everything that keeps texts from going, or us from knowing how they fare."""
    return [*_of_sender(), *_stuck(now), *_silent(now), *_processes()]


def grave(*, now: datetime) -> list[Trouble]:
    """Only what stops texts, and not a provider that has a bad minute."""
    return [trouble for trouble in [*_of_sender(), *_stuck(now)] if trouble.code != "paused"]


def healthy() -> bool:
    """For /readyz."""
    return not grave(now=datetime.now(UTC))


def callbacks_come() -> bool:
    """For /readyz: the provider tells what becomes of texts, or had nothing to tell."""
    return not _silent(datetime.now(UTC))


def _of_sender() -> list[Trouble]:
    row = sender.state()
    if row.stopped_at and row.stopped_settings == sender.fingerprint():
        detail = _(
            "Texts are stopped: the provider refuses our settings (code %s). None is lost; mend it, then start again."
        )
        return [Trouble("stopped", detail % row.stop_code, row.stopped_at, can_start=True)]
    if row.paused_until and row.paused_until > datetime.now(UTC):
        detail = _("The provider is in trouble (%s): texts wait a little and are tried one by one.")
        return [Trouble("paused", detail % row.pause_code)]
    return []


def _stuck(now: datetime) -> list[Trouble]:
    late = Message.objects.filter(status=S.PENDING, due_at__lt=now - STUCK_AFTER, expires_at__gt=now)
    oldest = late.order_by("due_at").values_list("due_at", flat=True).first()
    if oldest is None or _handed_over_lately(now):
        return []
    return [Trouble("stuck", _("Texts that are due do not go. Does the worker run?"), oldest)]


def _handed_over_lately(now: datetime) -> bool:
    return Message.objects.filter(sent_at__gt=now - STUCK_AFTER).exists()


def _silent(now: datetime) -> list[Trouble]:
    """The provider accepted texts and has not told of any since: its callbacks do not reach us."""
    if settings.TEXTS_PROVIDER == "console":
        return []
    waiting = Message.objects.filter(
        status=S.SENT, look_at__isnull=False, sent_at__gt=now - SILENT_WITHIN, sent_at__lt=now - SILENT_AFTER
    )
    first = waiting.order_by("sent_at").values_list("sent_at", flat=True).first()
    if first is None or Attempt.objects.filter(event__startswith=_CALLBACK, at__gte=first).exists():
        return []
    detail = _(
        "The provider does not tell what becomes of texts: its callbacks do not reach PUBLIC_BASE_URL."
    )
    return [Trouble("silent", detail, first)]


def _processes() -> list[Trouble]:
    words: dict[str, Any] = {
        "worker": _("The worker has not been seen: nothing is sent."),
        "beat": _("Nothing wakes the worker (beat has not been seen): nothing is sent."),
    }
    ages = health.ages()
    limit = health.STALE_AFTER.total_seconds()
    return [Trouble(f"no_{name}", detail) for name, detail in words.items() if ages.get(name, limit) >= limit]
