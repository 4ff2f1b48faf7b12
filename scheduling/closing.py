"""Closing a day, a chair or somebody's shifts: whom it hits is known before it is done, and it is done in one go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from clinic import places
from clinic.models import Chair, Closure, Shift, Site, User
from scheduling import closures, replanning
from scheduling.conditions import Refusal
from scheduling.locking import patiently
from scheduling.models import TreatmentSession


@dataclass(frozen=True, slots=True)
class Hit:
    """A session that cannot stay: why, where it goes (None: nowhere near), the days its eighth session loses."""

    session: TreatmentSession
    reasons: list[Refusal]
    start: datetime | None
    days_lost: int


@dataclass(frozen=True, slots=True)
class Closing:
    """A closure and all that follows from it, in the order in which places were looked for."""

    closure: Closure
    affected: list[TreatmentSession]
    hit: list[Hit] = field(default_factory=list)

    @property
    def placed(self) -> list[Hit]:
        return [item for item in self.hit if item.start]

    @property
    def unplaced(self) -> list[Hit]:
        return [item for item in self.hit if item.start is None]


@patiently
@transaction.atomic
def close(
    *,
    site: Site,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by,
    now: datetime,
    chair: Chair | None = None,
    staff: User | None = None,
    move: bool = False,
) -> Closing:
    """Close, and with `move` plan every day that it hits again, in one transaction.

    Raises:
        Invalid: what cannot be closed so.
        Refused: somebody booked into one of the places at the same moment; then nothing is closed either.
    """
    closure = places.close(
        site=site,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        chair=chair,
        staff=staff,
        by=by,
        now=now,
    )
    affected = closures.affected_by(closure)
    before = {row.pk: row for row in affected}
    hit: list[Hit] = []
    for day in sorted({row.local_date for row in affected if row.starts_at > now}):
        hit += _plan(site, day, before, by, now, move)
    return Closing(closure, affected, hit)


def preview(**wish: Any) -> Closing:
    """What `close` would do, moves and all; nothing is done."""
    return _undone(lambda: close(**wish, move=True))


@transaction.atomic
def drop_shift(*, shift: Shift, by, now: datetime) -> list[tuple[TreatmentSession, list[Refusal]]]:
    """End a shift for good; answers the booked sessions that it covered and that now break a rule.

    They stay booked and on the list of conflicts, until somebody moves them or plans their day again.
    """
    before = {row.pk for row, _reasons in closures.conflicts(shift.site, now=now)}
    places.remove_shift(shift=Shift.objects.get(pk=shift.pk), by=by, now=now)
    return [item for item in closures.conflicts(shift.site, now=now) if item[0].pk not in before]


def broken_without(shift: Shift, *, by, now: datetime) -> list[tuple[TreatmentSession, list[Refusal]]]:
    """What `drop_shift` would answer; nothing is done."""
    return _undone(lambda: drop_shift(shift=shift, by=by, now=now))


def _plan(site: Site, day: date, before, by, now: datetime, move: bool) -> list[Hit]:
    """Told with the sessions as they were: the verb that moves them changes its own."""
    proposal = (
        replanning.replan_day(site=site, day=day, by=by, now=now)
        if move
        else replanning.propose(site=site, day=day, now=now)
    )
    return [
        Hit(before.get(item.session.pk, item.session), item.reasons, item.start, item.days_lost)
        for item in (*proposal.placed, *proposal.unplaced)
    ]


def _undone(deed: Callable[[], Any]) -> Any:
    with transaction.atomic():
        result = deed()
        transaction.set_rollback(True)
    return result
