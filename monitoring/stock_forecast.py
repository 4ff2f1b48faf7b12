"""Which device is meant for which booked session, and what will be missing. Derived each time, stored nowhere. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from monitoring.stock_rules import Unit, fitting


@dataclass(frozen=True, slots=True)
class Need:
    """A session that wants so many devices of 28 mg on a day."""

    session: Any
    patient: Any
    on: date
    devices: int


@dataclass(frozen=True, slots=True)
class Expected:
    """A delivery that has been ordered; `patient` is whose it will be, or None for the clinic's own."""

    id: Any
    on: date
    devices: int
    patient: Any = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is meant for a session: from the shelf, from deliveries, and what nobody has."""

    need: Need
    units: tuple[Unit, ...] = ()
    expected: int = 0
    missing: int = 0
    # The first delivery that would fill the gap, if it did not come after the session.
    late: Expected | None = None

    @property
    def code(self) -> str:
        """`short`, `delivery_late`, or nothing to say."""
        if not self.missing:
            return ""
        return "delivery_late" if self.late else "short"


@dataclass(frozen=True, slots=True)
class Forecast:
    reservations: list[Reservation]
    # On the shelf and meant for nobody within the horizon.
    free: list[Unit]
    overdue: list[Expected] = field(default_factory=list)
    # Will pass their last day before anybody booked needs them.
    unused: list[Unit] = field(default_factory=list)

    @property
    def short(self) -> list[Reservation]:
        return [found for found in self.reservations if found.missing]


def forecast(
    units: Iterable[Unit],
    needs: Iterable[Need],
    deliveries: Iterable[Expected],
    *,
    today: date,
    horizon: int,
    warn_days: int,
) -> Forecast:
    """Session by session in order of time, the first to expire first, then what is expected by that day.

    A delivery whose day has passed is counted for nothing until it is received.
    """
    last = today + timedelta(days=horizon)
    shelf, coming = list(units), list(deliveries)
    overdue = [item for item in coming if item.on < today]
    left = {item.id: item for item in sorted(coming, key=lambda d: d.on) if item.on >= today}
    found = []
    for need in sorted((n for n in needs if n.on <= last), key=lambda n: (n.on, str(n.session))):
        taken = fitting(shelf, need.patient, need.on)[: need.devices]
        shelf = [unit for unit in shelf if unit not in taken]
        found.append(_from_deliveries(need, tuple(taken), left))
    # Only when every session has what comes in time: what is left over is what may come too late.
    found = [_look_later(item, left) for item in found]
    soon = today + timedelta(days=warn_days)
    unused = [unit for unit in shelf if unit.give_by <= soon]
    return Forecast(found, shelf, overdue, unused)


def _from_deliveries(need: Need, units: tuple[Unit, ...], left: dict[Any, Expected]) -> Reservation:
    missing, expected = need.devices - len(units), 0
    for item in _suiting(need, left):
        if item.on <= need.on and missing:
            used = min(missing, item.devices)
            left[item.id] = replace(item, devices=item.devices - used)
            missing, expected = missing - used, expected + used
    return Reservation(need, units, expected, missing)


def _look_later(item: Reservation, left: dict[Any, Expected]) -> Reservation:
    later = [d for d in _suiting(item.need, left) if d.on > item.need.on and d.devices]
    return replace(item, late=later[0]) if item.missing and later else item


def _suiting(need: Need, left: dict[Any, Expected]) -> list[Expected]:
    """The patient's own before the clinic's, the soonest first."""
    mine = [item for item in left.values() if item.patient in (None, need.patient)]
    return sorted(mine, key=lambda item: (item.patient is None, item.on))
