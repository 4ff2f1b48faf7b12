"""Small checks that several verbs of this app share; each returns its faults, so that all come at once."""

import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from django.utils.translation import gettext as _

from clinic.errors import Fault

# What a PostgreSQL text cannot hold, and what no person types.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
OLDEST = date(1900, 1, 1)


def text(values: dict[str, Any], name: str, most: int, *, required: bool = True) -> list[Fault]:
    """Trims `values[name]` in place; a fault where it is missing, too long or holds control characters."""
    value = values.get(name)
    value = value.strip() if isinstance(value, str) else ""
    values[name] = value
    if required and not value:
        return [Fault("required", _("This is needed."), name)]
    if len(value) > most:
        return [Fault("too_long", _("At most %s characters.") % most, name)]
    if _CONTROL.search(value):
        return [Fault("unreadable", _("There is a character in it that cannot be kept."), name)]
    return []


def timezone(values: dict[str, Any], name: str, *, required: bool = True) -> list[Fault]:
    if not values.get(name) and not required:
        values[name] = ""
        return []
    try:
        ZoneInfo(values.get(name) or "")
    except (ValueError, OSError, KeyError):
        return [Fault("unknown", _("Not a time zone: use a name such as America/New_York."), name)]
    return []


def choice(values: dict[str, Any], name: str, allowed: list[str]) -> list[Fault]:
    if values.get(name) in allowed:
        return []
    return [Fault("unknown", _("One of %s.") % ", ".join(allowed), name)]


def phone(values: dict[str, Any], name: str) -> list[Fault]:
    """Turns an American or international number into E.164 in place; empty stays empty."""
    raw = str(values.get(name) or "").strip()
    values[name] = ""
    if not raw:
        return []
    try:
        number = phonenumbers.parse(raw, "US")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        return [
            Fault("unreadable", _("Not a telephone number. Write it as 614-555-0123 or +16145550123."), name)
        ]
    values[name] = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return []


def past_date(values: dict[str, Any], name: str, today: date) -> list[Fault]:
    """A date from 1900 to today."""
    value = values.get(name)
    if value is None:
        return []
    if not OLDEST <= value <= today:
        return [Fault("impossible", _("Between 1900 and today."), name)]
    return []
