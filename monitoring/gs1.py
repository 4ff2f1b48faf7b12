"""What the barcode on a kit says (GS1 General Specifications): product, expiry, lot, serial number. Pure.

A scanner types the code as text: with the application identifiers in brackets, or bare, where a field of open
length ends at a group separator (ASCII 29) and the code may begin with the name of its symbol, such as "]d2".
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date

SEPARATOR = "\x1d"
# Identifier: the length of its value where it is fixed, or the greatest length.
_FIXED = {"01": 14, "11": 6, "13": 6, "15": 6, "17": 6}
_OPEN = {"10": 20, "21": 20}
_SYMBOL = re.compile(r"^\][A-Za-z][0-9]")
_BRACKETED = re.compile(r"\((\d{2,4})\)([^(]*)")


class Unreadable(ValueError):
    """Not a code of this kind, or damaged on the way."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found; empty or None is what the code does not hold."""

    gtin: str = ""
    expires_on: date | None = None
    lot: str = ""
    serial: str = ""

    @property
    def ndc(self) -> str:
        """The NDC that a United States GTIN carries, labeller-product-package: 50458-028-03. Empty for others."""
        return f"{self.gtin[3:8]}-{self.gtin[8:11]}-{self.gtin[11:13]}" if self.gtin[1:3] == "03" else ""


def parse(text: str) -> Scan:
    """Read a scanned code.

    Raises:
        Unreadable: no code of GS1, a wrong check digit, a day that is none.
    """
    code = _SYMBOL.sub("", text.strip(" \t\r\n")).lstrip(SEPARATOR)
    fields = dict(_BRACKETED.findall(code)) if code.startswith("(") else _bare(code)
    if not set(fields) & {*_FIXED, *_OPEN}:
        raise Unreadable("no code of GS1")
    gtin = fields.get("01", "")
    if gtin and not is_gtin(gtin):
        raise Unreadable("wrong check digit")
    expiry = fields.get("17", "")
    lot, serial = fields.get("10", "").strip(), fields.get("21", "").strip()
    if max(len(lot), len(serial)) > 20:
        raise Unreadable("longer than a field can be")
    return Scan(gtin, _day(expiry) if expiry else None, lot, serial)


def is_gtin(text: str) -> bool:
    """Fourteen digits of which the last is the check digit."""
    if not re.fullmatch(r"[0-9]{14}", text):
        return False
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(text[:13]))
    return (10 - total % 10) % 10 == int(text[13])


def gtin_of(ndc: str) -> str:
    """The GTIN of a package with this NDC, as it stands in its barcode."""
    body = "003" + ndc.replace("-", "")
    return next(body + str(check) for check in range(10) if is_gtin(body + str(check)))


def _bare(code: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    while code:
        name, rest = code[:2], code[2:]
        if name in _FIXED:
            value, code = rest[: _FIXED[name]], rest[_FIXED[name] :]
        elif name in _OPEN:
            value, _gap, code = rest.partition(SEPARATOR)
        else:
            raise Unreadable("an identifier that a kit's code does not hold")
        if not value:
            raise Unreadable("cut short")
        fields[name] = value
        code = code.lstrip(SEPARATOR)
    return fields


def _day(text: str) -> date:
    """Year, month and day, two digits each; day 00 is the month's last. The century is this one."""
    if not re.fullmatch(r"[0-9]{6}", text):
        raise Unreadable("not a day")
    year, month, day = 2000 + int(text[:2]), int(text[2:4]), int(text[4:])
    if not 1 <= month <= 12:
        raise Unreadable("not a day")
    last = calendar.monthrange(year, month)[1]
    if day > last:
        raise Unreadable("not a day")
    return date(year, month, day or last)
