"""Ids that may be made anywhere, a tablet without Wi-Fi included, and still sort by time."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562)."""
    return uuid7()


def parse(text: str | None) -> UUID | None:
    """The id in `text`, or None: a mistyped id is an unknown one, never an error."""
    try:
        return UUID(text)
    except (ValueError, TypeError):
        return None


def first_of(moment: datetime) -> UUID:
    """Not after any id that was made from `moment` on."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def made_at(pk: UUID | str) -> datetime:
    """When an id of ours was made: a UUIDv7 begins with its milliseconds."""
    return datetime.fromtimestamp((UUID(str(pk)).int >> 80) / 1000, UTC)
