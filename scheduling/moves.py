"""What is written down of a move, and which of the moves that were written down still stand."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from clinic import audit
from clinic.ids import new_id
from scheduling.booking import insert_events
from scheduling.enums import SessionEventKind
from scheduling.models import SessionEvent, TreatmentSession

# In an event's detail: what all that moved in one go have in common, and that it undoes an earlier move.
TOGETHER, TAKES_BACK = "together", "takes_back"


def as_told(row: TreatmentSession) -> dict[str, str]:
    """Where a session is, as its history and the audit trail tell it."""
    return {"starts_at": row.starts_at.isoformat(), "chair": str(row.chair_id)}


def tell_moved(
    told: Sequence[tuple[TreatmentSession, dict[str, str]]], by, now: datetime, *, takes_back: bool = False
) -> None:
    """`told`: each session that moved in one go, with where it was."""
    together = {TOGETHER: str(new_id()), **({TAKES_BACK: True} if takes_back else {})}
    stories = [(row, {"from": old, "to": as_told(row), **together}) for row, old in told]
    insert_events([_event(row, detail, by, now) for row, detail in stories])
    audit.record_many([_audited(row, detail, by, now) for row, detail in stories])


def standing(events: Iterable[SessionEvent]) -> list[SessionEvent]:
    """Of moves in order of time those that stand: neither one that was taken back, nor the one that took it back."""
    left: dict[Any, list[SessionEvent]] = defaultdict(list)
    for event in events:
        moves = left[event.session_id]
        if not event.detail.get(TAKES_BACK):
            moves.append(event)
        elif moves:
            moves.pop()
    return [event for moves in left.values() for event in moves]


def _event(row: TreatmentSession, detail: dict[str, Any], by, now: datetime) -> SessionEvent:
    return SessionEvent(
        session=row,
        kind=SessionEventKind.MOVED,
        from_status=row.status,
        to_status=row.status,
        at=now,
        by=by,
        detail=detail,
        **_left(row, detail),
    )


def _left(row: TreatmentSession, detail: dict[str, Any]) -> dict[str, Any]:
    """The place that is given up; in another chair at the same time, there is none."""
    was = datetime.fromisoformat(detail["from"]["starts_at"])
    return {"left_site_id": row.site_id, "left_starts_at": was} if was != row.starts_at else {}


def _audited(row: TreatmentSession, detail: dict[str, Any], by, now: datetime) -> dict[str, Any]:
    return {
        "action": "session.moved",
        "by": by,
        "now": now,
        "site": row.site_id,
        "patient": row.patient_id,
        "on": row,
        "old": detail["from"],
        "new": detail["to"],
        **({TAKES_BACK: True} if TAKES_BACK in detail else {}),
    }
