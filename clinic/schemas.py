"""Pieces that every API schema shares: strict where a mistake would be silent, liberal where it would not."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

from clinic import moments
from clinic.ids import parse

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _text(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("There is a character in it that cannot be kept.")
    return value


def _instant(value: Any) -> Any:
    """RFC 3339 with an offset."""
    moment = moments.read_instant(value)
    if moment is None:
        raise ValueError("A time such as 2026-03-02T09:00:00-05:00, with its offset.")
    return moment


def _day(value: date) -> date:
    if not moments.is_sensible(value):
        raise ValueError("Not a year that this clinic knows.")
    return value


def _wall(value: Any) -> Any:
    """09:00 or 09:00:00; 24:00 is midnight at the day's end."""
    if isinstance(value, str) and re.fullmatch(r"24:00(:00)?", value):
        return time(0)
    if isinstance(value, str) and re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", value):
        return value
    raise ValueError("A time of day such as 09:00.")


def local(moment: datetime, site) -> datetime:
    """An instant with the offset that the site has then."""
    return moment.astimezone(site.tz)


def known_id(value: str) -> UUID | None:
    """The id in a path, or None: a mistyped id is an unknown one."""
    return parse(value)


Text = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_text)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, AfterValidator(_day)]
Wall = Annotated[time, BeforeValidator(_wall)]
WallOut = Annotated[time, PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str)]
Small = Annotated[int, Field(ge=-(2**31), le=2**31 - 1, strict=True)]
Override = dict[
    Annotated[str, StringConstraints(max_length=60), AfterValidator(_text)],
    Annotated[str, StringConstraints(max_length=500), AfterValidator(_text)],
]


class Body(Schema):
    """A request's body: unknown fields are accepted and ignored, so that older servers bear newer clients."""

    model_config = ConfigDict(extra="ignore")


class WarningOut(Schema):
    code: str
    detail: str


__all__ = [
    "Body",
    "Day",
    "Instant",
    "Override",
    "Small",
    "Text",
    "Wall",
    "WallOut",
    "WarningOut",
    "known_id",
    "local",
]
