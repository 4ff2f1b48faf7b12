"""The monitoring form: when it is due, what is missing on it, what an answer may be. Pure.

Its seven days are the REMS's [REMS]; docs/clinical.md, "The REMS".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from monitoring.form_definitions import Definition, Field
from monitoring.safety import RANGES

# Calendar days after the session, which is day 0 [REMS].
DAYS = 7
_PRESSURE = re.compile(r"\s*(\d{2,3})\s*/\s*(\d{2,3})\s*")
# What a PostgreSQL text cannot hold, and what no person types.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Known:
    """A value with where it comes from: the record, or a person's answer."""

    value: Any
    who: str
    at: datetime
    # Where in the record it stands, or the reason of a person who answered otherwise.
    words: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One question with what the record says and what a person says; the person's answer counts."""

    field: Field
    derived: Known | None = None
    answered: Known | None = None
    asked: bool = True
    repeated: bool = False

    @property
    def known(self) -> Known | None:
        return self.answered or self.derived

    @property
    def value(self) -> Any:
        return self.known.value if self.known else None

    @property
    def missing(self) -> bool:
        return self.asked and self.field.required and self.value is None

    @property
    def text(self) -> str:
        return in_words(self.field, self.value)


def due_on(session_on: date) -> date:
    """The last day on which the form is in time: a Friday's is due the next Friday."""
    return session_on + timedelta(days=DAYS)


def age(session_on: date, today: date) -> int:
    """Days since the session: 0 on its own day, 7 on the last day."""
    return (today - session_on).days


def is_late(session_on: date, day: date) -> bool:
    return day > due_on(session_on)


def filled(
    definition: Definition,
    derived: Mapping[str, Known],
    answers: Mapping[str, Known],
    last: Mapping[str, Any] | None = None,
) -> list[Item]:
    """Every question in the form's order. `last` holds the values of the last session's form."""
    values = {field.code: _value(field.code, derived, answers) for field in definition.fields}
    return [
        Item(
            field=field,
            derived=derived.get(field.code),
            answered=answers.get(field.code),
            asked=_is_asked(field, values),
            repeated=_repeats(field, values, last or {}),
        )
        for field in definition.fields
    ]


def missing(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.missing]


def snapshot(items: Sequence[Item]) -> dict[str, Any]:
    """The values as they go out: what is not asked is left out."""
    return {item.field.code: item.value for item in items if item.asked and item.value is not None}


def _value(code: str, derived: Mapping[str, Known], answers: Mapping[str, Known]) -> Any:
    known = answers.get(code) or derived.get(code)
    return known.value if known else None


def _is_asked(field: Field, values: Mapping[str, Any]) -> bool:
    if not field.when:
        return True
    code, wanted = field.when
    value = values.get(code)
    return wanted in value if isinstance(value, list) else value == wanted


def _repeats(field: Field, values: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    value = values.get(field.code)
    return field.repeats and value is not None and last.get(field.code) == value


def read_answer(field: Field, raw: Any) -> tuple[Any, str]:
    """An answer as it is kept, and what is wrong with it; None takes a person's answer back."""
    if raw is None or raw == "" or (raw == [] and field.type != "several"):
        return None, ""
    if field.type == "several":
        return _read_several(field, raw)
    if field.type == "number":
        return _read_number(field, raw)
    if not isinstance(raw, str):
        return None, "Words are wanted here."
    return _READERS[field.type](field, raw.strip())


def _read_several(field: Field, raw: Any) -> tuple[Any, str]:
    known = [code for code, _label in field.choices]
    if not isinstance(raw, list) or any(not isinstance(item, str) or item not in known for item in raw):
        return None, f"Some of {', '.join(known)}; none is an empty list."
    return [code for code in known if code in raw], ""


def _read_number(field: Field, raw: Any) -> tuple[Any, str]:
    if isinstance(raw, str) and re.fullmatch(r"\s*[0-9]{1,5}\s*", raw):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or not field.low <= raw <= field.high:
        return None, f"A whole number from {field.low} to {field.high}."
    return raw, ""


def _read_text(field: Field, raw: str) -> tuple[Any, str]:
    if len(raw) > field.most:
        return None, f"At most {field.most} characters."
    if _UNFIT.search(raw):
        return None, "There is a character in it that cannot be kept."
    return raw or None, ""


def _read_email(field: Field, raw: str) -> tuple[Any, str]:
    return _read_text(field, raw) if _EMAIL.fullmatch(raw) else (None, "An e-mail address.")


def _read_date(field: Field, raw: str) -> tuple[Any, str]:
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        return None, "A day such as 2026-03-02."
    return (day.isoformat(), "") if 1900 <= day.year <= 2100 else (None, "Not a year that can be meant.")


def _read_choice(field: Field, raw: str) -> tuple[Any, str]:
    known = [code for code, _label in field.choices]
    return (raw, "") if raw in known else (None, f"One of {', '.join(known)}.")


def _read_pressure(field: Field, raw: str) -> tuple[Any, str]:
    found = _PRESSURE.fullmatch(raw)
    systolic, diastolic = (int(part) for part in found.groups()) if found else (0, 0)
    (low, high), (low_diastolic, high_diastolic) = RANGES["systolic"], RANGES["diastolic"]
    possible = low <= systolic <= high and low_diastolic <= diastolic <= high_diastolic
    if not possible or diastolic >= systolic:
        return None, "A blood pressure such as 128/80."
    return f"{systolic}/{diastolic}", ""


_READERS = {
    "text": _read_text,
    "long": _read_text,
    "email": _read_email,
    "date": _read_date,
    "choice": _read_choice,
    "yes_no": _read_choice,
    "pressure": _read_pressure,
}


def in_words(field: Field, value: Any) -> str:
    """A value as the form prints it."""
    if value is None:
        return ""
    labels: dict[Any, str] = dict(field.choices)
    if isinstance(value, list):
        return ", ".join(labels.get(code, str(code)) for code in value) or "None"
    return labels.get(value, str(value))
