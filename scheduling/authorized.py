"""What a payer has authorized, how much of it is used, and which sessions go past it. Pure.

Going past it never stops anything: it is a warning, with the person who sees to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scheduling.protocol import Finding

# Billed in units of 1 mg: S0013 before this day, J0013 from it on.
NEW_CODE_FROM = date(2026, 1, 1)
OLD_CODE, NEW_CODE = "S0013", "J0013"
DEVICE_MG = 28  # [label]
# So few sessions, or days, before the end that somebody should ask for more [practice].
NEARLY = 2
SOON = timedelta(days=14)
MOST_DEVICES = 3  # in one session [label]


@dataclass(frozen=True, slots=True)
class Authorized:
    """From `first` to `last`, so many sessions or so many devices; the other is None."""

    id: Any
    payer: str
    number: str
    first: date
    last: date
    sessions: int | None
    devices: int | None
    owner: str

    @property
    def allowed(self) -> int:
        return self.sessions if self.sessions is not None else self.devices or 0

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last

    def takes(self, visit: "Visit") -> int:
        return 1 if self.sessions is not None else visit.devices

    def words(self) -> str:
        what = f"{self.sessions} sessions" if self.sessions is not None else f"{self.devices} devices"
        return f"{self.payer} {self.number} allows {what} until {spoken(self.last)}"


@dataclass(frozen=True, slots=True)
class Visit:
    """A session that is booked or given."""

    number: int
    on: date
    devices: int


@dataclass(frozen=True, slots=True)
class Account:
    """How much of each authorization is used, by its id, and the sessions that none of them covers."""

    used: dict[Any, int]
    past: list[Visit]


@dataclass(frozen=True, slots=True)
class Standing:
    """Is one session covered, and if not, why and whose work it is."""

    ok: bool
    detail: str
    owner: str


NOTHING_YET = Standing(False, "The payer has not authorized it yet", "desk")


def code_on(day: date) -> str:
    return OLD_CODE if day < NEW_CODE_FROM else NEW_CODE


def devices_of(dose_mg: int) -> int:
    return dose_mg // DEVICE_MG


def account(authorized: Iterable[Authorized], visits: Iterable[Visit]) -> Account:
    """In order of time, each session takes from what ends soonest and still has room for it."""
    in_turn = sorted(authorized, key=lambda item: (item.last, item.first, str(item.id)))
    used: dict[Any, int] = {item.id: 0 for item in in_turn}
    past = []
    for visit in sorted(visits, key=lambda visit: (visit.on, visit.number)):
        holder = next((a for a in in_turn if _has_room(a, visit, used[a.id])), None)
        if holder is None:
            past.append(visit)
        else:
            used[holder.id] += holder.takes(visit)
    return Account(used, past)


def exceeded(
    authorized: Iterable[Authorized], held: Mapping[int, Visit], new: Mapping[int, Visit]
) -> Finding | None:
    """What is said where the sessions `new`, beside those that are held, go past it; None without any authorization."""
    known = list(authorized)
    stays = [visit for number, visit in held.items() if number not in new]
    before, after = account(known, stays).past, account(known, [*stays, *new.values()]).past
    over = [visit for visit in after if visit.number in new] or after[len(before) :]
    if not known or not over:
        return None
    what = f"Session {over[0].number} on {spoken(over[0].on)}"
    if len(over) > 1:
        what = f"{len(over)} sessions from {spoken(over[0].on)} on"
    nearest = _nearest(known, over[0].on)
    detail = f"{what}: past what the payer has authorized ({nearest.words()}). {nearest.owner} sees to it."
    return Finding("authorization_exceeded", detail)


def standing(authorized: Iterable[Authorized], visits: Iterable[Visit], number: int) -> Standing | None:
    """Of one session among `visits`; None where no payer was ever asked: then none is known to be needed."""
    known = list(authorized)
    if not known:
        return None
    past = next((visit for visit in account(known, visits).past if visit.number == number), None)
    if past is None:
        return Standing(True, "Authorization", known[-1].owner)
    nearest = _nearest(known, past.on)
    why = "used up" if nearest.covers(past.on) else "none for that day"
    return Standing(False, f"Authorization: {why} ({nearest.words()})", nearest.owner)


def status(item: Authorized, used: int, today: date) -> str:
    """ahead, open, nearly (a few sessions or days are left), used or over."""
    left = item.allowed - used
    few = NEARLY if item.sessions is not None else NEARLY * MOST_DEVICES
    if item.last < today:
        return "over"
    if left <= 0:
        return "used"
    if left <= few or item.last - today <= SOON:
        return "nearly"
    return "ahead" if today < item.first else "open"


def spoken(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _has_room(item: Authorized, visit: Visit, used: int) -> bool:
    return item.covers(visit.on) and used + item.takes(visit) <= item.allowed


def _nearest(known: list[Authorized], day: date) -> Authorized:
    """The one that covers the day, or else the one that ends last: somebody is to renew it."""
    return max(known, key=lambda item: (item.covers(day), item.last))
