"""What happened to a course, session by session: what was lost and moved, and what each did to the eighth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from scheduling import moves
from scheduling.enums import COUNTED, SessionEventKind, SessionStatus
from scheduling.models import SessionEvent, TreatmentSession
from scheduling.slippage import Slippage

LOST = (SessionStatus.NO_SHOW, SessionStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Told:
    """A session with its past: the time from which it was moved, and the days that the eighth came later by it."""

    session: TreatmentSession
    moved_from: datetime | None
    days_lost: int

    @property
    def is_lost(self) -> bool:
        return self.session.status in LOST


def told(rows: Sequence[TreatmentSession], slip: Slippage) -> list[Told]:
    """In the order of `rows`; one query for all the moves."""
    moved, lost = _moved_from(rows), days_lost(rows, slip)
    return [Told(row, moved.get(row.pk), lost.get(row.pk, 0)) for row in rows]


def days_lost(rows: Sequence[TreatmentSession], slip: Slippage) -> dict[Any, int]:
    """Each stretch of lost days belongs to the first attempt that came to nothing within it."""
    held = sorted(row.local_date for row in rows if row.status in COUNTED)
    gone = sorted((row for row in rows if row.status in LOST), key=lambda row: row.local_date)
    found: dict[Any, int] = {}
    for stretch in slip.reasons:
        before = max((day for day in held if day < stretch.on), default=date.min)
        cause = next((row for row in gone if before < row.local_date <= stretch.on), None)
        if cause is not None:
            found[cause.pk] = found.get(cause.pk, 0) + stretch.days
    return found


def _moved_from(rows: Sequence[TreatmentSession]) -> dict[Any, datetime]:
    """Where each was before its last move that stands."""
    events = SessionEvent.objects.filter(session__in=[row.pk for row in rows], kind=SessionEventKind.MOVED)
    return {
        event.session_id: datetime.fromisoformat(event.detail["from"]["starts_at"])
        for event in moves.standing(events.order_by("at", "pk"))
    }
