"""The audit trail. Every verb calls `record` inside its transaction; pages that open a patient call `opened`."""

import hashlib
import json
import uuid
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction

from clinic.models import AuditBlock, AuditEvent
from clinic.prepared import Insert

# How the deed came in: "page", "api", "link" (a patient, by the link of a text) or "system". Set by the request's
# middleware.
channel: ContextVar[str] = ContextVar("channel", default="system")

# Longer than any transaction lasts: what is older can get no neighbours any more.
SETTLED_AFTER = timedelta(minutes=5)
BLOCK_SIZE = 1000
_insert = Insert(AuditEvent)


def record(
    action: str, *, by, now: datetime, site=None, patient=None, on=None, reason: str = "", **detail: Any
):
    """Write one event. `on` is the object; `detail` must be JSON and may name what changed, old and new."""
    _insert([event(action, by=by, now=now, site=site, patient=patient, on=on, reason=reason, **detail)])


def event(
    action: str, *, by, now: datetime, site=None, patient=None, on=None, reason: str = "", **detail: Any
) -> AuditEvent:
    """What `record` writes, for a verb that writes it together with something of its own."""
    return AuditEvent(**_fields(action, by, now, site, patient, on, reason, detail))


def record_many(events: list[dict[str, Any]]) -> None:
    """`record` for a list of its keyword arguments, `action` among them, without reasons, in one statement."""
    rows = []
    for event in events:
        plain = {key: event[key] for key in ("action", "by", "now", "site", "patient", "on")}
        detail = {key: value for key, value in event.items() if key not in plain}
        rows.append(AuditEvent(**_fields(**plain, reason="", detail=detail)))
    _insert(rows)


def opened(patient, *, by, now: datetime, page: str) -> None:
    """Somebody looked at a patient's page."""
    record("patient.opened", by=by, now=now, site=patient.site_id, patient=patient, on=patient, page=page)


def _fields(action, by, now, site, patient, on, reason, detail) -> dict[str, Any]:
    return {
        "action": action,
        "actor_id": getattr(by, "pk", None),
        "at": now,
        "site_id": getattr(site, "pk", site),
        "patient_id": getattr(patient, "pk", patient),
        "object_type": on._meta.model_name if isinstance(on, models.Model) else "",
        "object_id": on.pk if isinstance(on, models.Model) else None,
        "channel": channel.get(),
        "reason": reason[:500],
        "detail": detail,
    }


def seal(*, now: datetime) -> int:
    """Seal what has settled into blocks and return how many events. Safe to call twice, from two processes."""
    sealed = 0
    while events := _unsealed(now):
        try:
            with transaction.atomic():
                _seal_block(events, now)
        except IntegrityError:  # another process sealed the same block
            return sealed
        sealed += len(events)
    return sealed


def broken_block() -> int | None:
    """The number of the first block that no longer matches its events, or None when the trail is whole."""
    previous, after = "", None
    for block in AuditBlock.objects.all():
        rows = AuditEvent.objects.filter(pk__lte=block.last_event).order_by("pk")
        events = list(rows.filter(pk__gt=after) if after else rows)
        if _digest(previous, events) != block.digest:
            return block.number
        previous, after = block.digest, block.last_event
    return None


def _unsealed(now: datetime) -> list[AuditEvent]:
    last = AuditBlock.objects.order_by("-number").values_list("last_event", flat=True).first()
    events = AuditEvent.objects.filter(pk__lte=_last_id_before(now - SETTLED_AFTER)).order_by("pk")
    return list((events.filter(pk__gt=last) if last else events)[:BLOCK_SIZE])


def _last_id_before(moment: datetime):
    """The greatest UUIDv7 of that millisecond: ids sort by the time they were made."""
    return uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) | ((1 << 80) - 1))


def _seal_block(events: list[AuditEvent], now: datetime) -> None:
    last = AuditBlock.objects.order_by("-number").first()
    AuditBlock.objects.create(
        number=last.number + 1 if last else 1,
        last_event=events[-1].pk,
        events=len(events),
        digest=_digest(last.digest if last else "", events),
        sealed_at=now,
    )


def _digest(previous: str, events: list[AuditEvent]) -> str:
    chain = hashlib.sha256(previous.encode())
    for event in events:
        values = [getattr(event, field.attname) for field in AuditEvent._meta.concrete_fields]
        chain.update(json.dumps(values, default=str, sort_keys=True).encode())
    return chain.hexdigest()
