"""Is it running? `/healthz`: this process. `/readyz`: everything a clinic needs, by name."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from kombu import Connection

from clinic import logs
from clinic.models import Heartbeat

EVERY_SECONDS = 10
STALE_AFTER = timedelta(seconds=60)
_last: dict[str, float] = {}
_more: dict[str, Callable[[], bool]] = {}
_log = logs.get(__name__)


def check(name: str, is_well: Callable[[], bool]) -> None:
    """Add something that a clinic needs to `/readyz`. Asked only while the database answers."""
    _more[name] = is_well


def beat(name: str) -> None:
    """Write down that `name` lives, every ten seconds at most. Never raises: no pulse may stop a heart."""
    if time.monotonic() - _last.get(name, -EVERY_SECONDS) < EVERY_SECONDS:
        return
    _last[name] = time.monotonic()
    try:
        close_old_connections()
        Heartbeat.objects.update_or_create(name=name, defaults={"at": _real_now()})
    except DatabaseError as error:
        _log.warning("heartbeat_not_written", process=name, error=type(error).__name__)


@require_safe
def healthz(request):
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request):
    """200, or 503 that names what is missing."""
    missing = [name for name, is_there in _checks().items() if not is_there]
    return JsonResponse({"ready": not missing, "missing": missing}, status=503 if missing else 200)


def _checks() -> dict[str, bool]:
    pulses = _pulses()
    database = pulses is not None
    fresh = _real_now() - STALE_AFTER
    return {
        "database": database,
        "broker": _broker_answers(),
        "worker": database and pulses.get("worker", fresh) > fresh,
        "beat": database and pulses.get("beat", fresh) > fresh,
        **{name: database and is_well() for name, is_well in _more.items()},
    }


def _pulses():
    try:
        connection.ensure_connection()
        return dict(Heartbeat.objects.values_list("name", "at"))
    except DatabaseError:
        return None


def ages() -> dict[str, float]:
    """Seconds since each process was last seen."""
    return {name: (_real_now() - at).total_seconds() for name, at in (_pulses() or {}).items()}


def _broker_answers() -> bool:
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
        return True
    except Exception:  # whatever the transport raises, the answer is no
        return False


def _real_now():
    """Heartbeats tell of processes, not of patients: a moved demo clock must not make them look dead."""

    return datetime.now(UTC)
