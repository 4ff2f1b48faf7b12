"""What every provider takes and answers. A gateway touches no database: it only speaks and listens."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One text. `valid_seconds`: after that the provider is to drop it."""

    id: str
    to: str
    body: str
    valid_seconds: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it. `delivered` where it knows so at once."""

    sid: str
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """Certainly not sent. `kind`: "transient" may be tried again, "configuration" is our fault and not the
    text's, "suppress" means the number has opted out, "permanent" is final."""

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have gone out: never to be repeated blindly."""

    code: str


Outcome = Accepted | Declined | Unknown


class Gateway(Protocol):
    def send(self, text: Outgoing) -> Outcome: ...
