"""Ids that may be made anywhere, a tablet without Wi-Fi included, and still sort by time."""

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
