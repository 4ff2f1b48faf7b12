"""Which device may go to whom, and whether the cabinet's sums close. Units in, answers out. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

# National Drug Code: devices of 28 mg in the kit [label].
KIT_SIZES = {"50458-028-02": 2, "50458-028-03": 3}
# Patient-named stock is to be given within 14 days of receipt [practice of specialty pharmacies].
PATIENT_NAMED_DAYS = 14
# When so few of them are left, the page says so.
PATIENT_NAMED_WARN_DAYS = 4

OUTSIDE, SHELF = "outside", "shelf"
GIVEN, WASTED, RETURNED, LOST = "given", "wasted", "returned", "lost"
ENDS = (GIVEN, WASTED, RETURNED, LOST)


@dataclass(frozen=True, slots=True)
class Unit:
    """One device on the shelf. `patient` is whose it is, or None for the clinic's own."""

    id: Any
    kit: Any
    position: int
    lot: str
    expires_on: date
    received_on: date
    patient: Any = None
    serial: str = ""

    @property
    def give_by(self) -> date:
        """The last day on which it is to be given."""
        if self.patient is None:
            return self.expires_on
        return min(self.expires_on, self.received_on + timedelta(days=PATIENT_NAMED_DAYS))


@dataclass(frozen=True, slots=True)
class Balance:
    """received = given + wasted + returned + lost + on the shelf, at all times."""

    received: int = 0
    given: int = 0
    wasted: int = 0
    returned: int = 0
    lost: int = 0
    shelf: int = 0

    @property
    def closes(self) -> bool:
        return self.received == self.given + self.wasted + self.returned + self.lost + self.shelf


def problems(unit: Unit, patient: Any, on: date) -> list[str]:
    """Why this device may not be given to this patient on this day: `expired`, `other_patient`. Each is a **stop**."""
    found = []
    if unit.expires_on < on:
        found.append("expired")
    if unit.patient is not None and unit.patient != patient:
        found.append("other_patient")
    return found


def fitting(units: Iterable[Unit], patient: Any, on: date) -> list[Unit]:
    """What may be given, in the order in which it is to be taken."""
    return sorted((u for u in units if not problems(u, patient, on)), key=turn)


def turn(unit: Unit) -> tuple[Any, ...]:
    """The patient's own, then first expiry first out; a kit is finished before the next is begun."""
    clinics = unit.patient is None
    return (clinics, unit.expires_on, unit.received_on, str(unit.kit), unit.position, str(unit.id))


def days_left(unit: Unit, today: date) -> int:
    """Days until the last day on which it is to be given; negative when that has passed."""
    return (unit.give_by - today).days


def balance(moves: Iterable[tuple[str, str, int]]) -> Balance:
    """From the ledger's moves (from, to, how many devices), corrections among them."""
    at: Counter[str] = Counter()
    for left, reached, devices in moves:
        at[left] -= devices
        at[reached] += devices
    places = {name: at[name] for name in (*ENDS, SHELF)}
    return Balance(received=-at[OUTSIDE], **places)


def by_lot(units: Sequence[Unit]) -> list[list[Unit]]:
    """The shelf as somebody counts it: one pile for a lot, its expiry and its owner; the first to go first."""
    piles: dict[tuple[Any, ...], list[Unit]] = {}
    for unit in sorted(units, key=turn):
        piles.setdefault((unit.patient, unit.lot, unit.expires_on), []).append(unit)
    return list(piles.values())
