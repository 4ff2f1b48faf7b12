"""What every provider takes and answers. A gateway touches no database: it only speaks and listens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One text. `valid_seconds`: after that the provider is to drop it. `segments`: what it costs of the rate."""

    id: str
    to: str
    body: str
    valid_seconds: int
    segments: int = 1


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it. `delivered` where it knows so at once."""

    sid: str
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """Certainly not sent. `kind`: "slow_down" and "transient" may be tried again ("slow_down": everything a little
    later); "unreachable" is a door that nobody opened (everything waits); "configuration" is our fault and not the
    text's; "suppress" means the number has opted out; "number" and "permanent" are final."""

    kind: str
    code: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have gone out: never to be repeated blindly."""

    code: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """It was never handed over: the line was stopped before its turn."""


Outcome = Accepted | Declined | Unknown | Unsent


@dataclass(frozen=True, slots=True)
class Sought:
    """A text whose fate is to be looked up at the provider. With a `sid` its status is asked, without one the text
    itself is looked for: same number, same words, not older than `since`, none of `known`."""

    id: str
    to: str
    body: str
    since: datetime
    sid: str = ""
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """The provider has it; `status` and `code` in its own words."""

    sid: str
    status: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class NotThere:
    """The provider answered, and has no such text."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """Nobody answered, or not so that one could believe it."""

    code: str


Look = Found | NotThere | CannotTell


class Gateway(Protocol):
    """Used inside `async with`: a connection pool opens and closes there."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc_info: Any) -> None: ...

    async def send(self, text: Outgoing) -> Outcome: ...

    async def look(self, sought: Sought) -> Look: ...

    async def redact(self, sid: str) -> bool:
        """Take the words of a text from the provider's records. False: try again later."""
        ...
