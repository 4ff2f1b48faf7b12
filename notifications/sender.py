"""One process sends at a time: its lease, its pauses, its stops.

The lease is a row with an expiry in real time. A process that dies leaves it to expire; the next one takes over and
deals with what was in flight. One sender keeps the provider's rate, however many workers there are.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from clinic import audit, logs
from clinic.ids import new_id
from clinic.models import AuditEvent
from notifications.models import Sender

NAME, STARTED_AGAIN = "texts", "texts.started_again"
LEASE = timedelta(seconds=8)
# Texts are posted only so long after a renewal: clocks differ, and a post takes its time.
GOOD_SECONDS = 5.0
RENEW_SECONDS = 1.0
PAUSE = timedelta(seconds=10)
_log = logs.get(__name__)


@dataclass
class Lease:
    """`careful`: the provider was in trouble a moment ago, so one text goes alone first. `mended`: texts were stopped,
    and other settings have started them again."""

    holder: Any
    careful: bool = False
    mended: bool = False


@transaction.atomic
def take() -> Lease | None:
    """Become the process that sends; None while another one is, or while texts are stopped or paused."""
    present = _real_now()
    before, _new = Sender.objects.get_or_create(name=NAME)
    free = Q(holder__isnull=True) | Q(lease_until__lt=present)
    runs = Q(stopped_at__isnull=True) | ~Q(stopped_settings=fingerprint())
    calm = Q(paused_until__isnull=True) | Q(paused_until__lte=present)
    holder = new_id()
    taken = Sender.objects.filter(free & runs & calm, name=NAME).update(
        holder=holder, lease_until=present + LEASE, **_NOT_STOPPED
    )
    if not taken:
        return None
    careful = Sender.objects.get(name=NAME).paused_until is not None
    return Lease(holder, careful=careful, mended=before.stopped_at is not None)


def renew(lease: Lease) -> bool:
    """False: another process has taken over, or texts were stopped meanwhile."""
    return _change(lease, Q(stopped_at__isnull=True), lease_until=_real_now() + LEASE)


def release(lease: Lease) -> None:
    _change(lease, holder=None, lease_until=None)


def calm(lease: Lease) -> None:
    """The provider answers again."""
    lease.careful = False
    _change(lease, paused_until=None, pause_code="")


def pause(lease: Lease, code: str) -> None:
    """The provider is in trouble: wait a little rather than make a thousand unknown outcomes."""
    _change(lease, paused_until=_real_now() + PAUSE, pause_code=code[:60])
    _log.warning("texts_paused", code=code)


def stop(lease: Lease, code: str, *, now: datetime) -> None:
    """Our own settings are at fault: no text goes until a person, or other settings, start it again."""
    if _change(lease, **_stopped(code, now)):
        _tell_stopped(code, now)


@transaction.atomic
def stop_at_once(code: str, *, since: datetime, now: datetime) -> None:
    """As `stop`, whoever holds the lease: the provider tells it of a text that it accepted at `since`. Not where texts
    were started again after that: it has been mended meanwhile."""
    runs = Sender.objects.select_for_update().filter(name=NAME, stopped_at__isnull=True)
    if not runs.exists() or AuditEvent.objects.filter(action=STARTED_AGAIN, at__gte=since).exists():
        return
    if runs.update(**_stopped(code, now)):
        _tell_stopped(code, now)


@transaction.atomic
def start_again(*, by, now: datetime) -> None:
    """Somebody has mended it. Twice is the same as once."""
    stopped = Sender.objects.filter(name=NAME, stopped_at__isnull=False)
    if stopped.update(started_by=by, paused_until=None, pause_code="", **_NOT_STOPPED):
        audit.record(STARTED_AGAIN, by=by, now=now)


def tell_mended(*, now: datetime) -> None:
    """Other settings have started it again."""
    audit.record(STARTED_AGAIN, by=None, now=now)


def state() -> Sender:
    """As it stands; a row that was never needed is a sender that runs."""
    return Sender.objects.filter(name=NAME).first() or Sender(name=NAME)


def fingerprint() -> str:
    """Changes with the settings of the provider, and tells nothing of them."""
    names = ("TEXTS_PROVIDER", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_MESSAGING_SERVICE_SID")
    values = [str(getattr(settings, name)) for name in (*names, "TWILIO_FROM", "TWILIO_API_URL")]
    return hashlib.sha256("\n".join([settings.SECRET_KEY, *values]).encode()).hexdigest()


_NOT_STOPPED: dict[str, Any] = {"stopped_at": None, "stop_code": "", "stopped_settings": ""}


def _stopped(code: str, now: datetime) -> dict[str, Any]:
    return {"stopped_at": now, "stop_code": code[:60] or "unknown", "stopped_settings": fingerprint()}


def _tell_stopped(code: str, now: datetime) -> None:
    audit.record("texts.stopped", by=None, now=now, code=code)
    _log.error("texts_stopped", code=code)


def _change(lease: Lease, *only: Q, **changes: Any) -> bool:
    return bool(Sender.objects.filter(*only, name=NAME, holder=lease.holder).update(**changes))


def _real_now() -> datetime:
    return datetime.now(UTC)
