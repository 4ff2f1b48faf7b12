"""Lists of the API: `{"items": [...], "next": cursor or null}`."""

import base64
import binascii

from django.utils.translation import gettext as _

from clinic.errors import Invalid

PAGE = 100


def page(rows, cursor: str | None, shape, *, size: int = PAGE) -> dict:
    """`page_of`, each row by itself."""
    return page_of(rows, cursor, lambda found: [shape(row) for row in found], size=size)


def page_of(rows, cursor: str | None, shape_all, *, size: int = PAGE) -> dict:
    """One page of an ordered queryset, shaped as a list; the cursor is opaque and names the place to go on.

    Raises:
        Invalid: a cursor that is none of ours.
    """
    start = _decode(cursor)
    found = list(rows[start : start + size + 1])
    following = _encode(start + size) if len(found) > size else None
    return {"items": shape_all(found[:size]), "next": following}


def _encode(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _decode(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except (ValueError, binascii.Error):
        start = -1
    if not 0 <= start <= 10_000_000:
        raise Invalid.because("unknown", _("Not a cursor of ours."), "cursor")
    return start
