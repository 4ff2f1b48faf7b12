"""The monitoring form as versioned data: a file for each version, named by the day from which it holds. Pure.

How to add a version: docs/rems.md.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

TYPES = ("text", "long", "email", "date", "choice", "several", "yes_no", "number", "pressure")
YES_NO = (("yes", "Yes"), ("no", "No"))


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `when` (another question and its answer) says when it is asked; empty is always."""

    code: str
    label: str
    type: str
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    most: int = 120
    low: int = 0
    high: int = 0
    when: tuple[str, ...] = ()
    # The same value as in the last session's form is worth a second look.
    repeats: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    version: str
    valid_from: date
    title: str
    source: str
    note: str
    sections: tuple[Section, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(field for section in self.sections for field in section.fields)


def for_day(day: date) -> Definition:
    """The version that holds on a session's day: the newest that is valid by then, else the oldest there is."""
    versions = all_versions()
    return next((d for d in reversed(versions) if d.valid_from <= day), versions[0])


def by_version(version: str) -> Definition:
    """Raises: KeyError for a version that is none of ours."""
    return {definition.version: definition for definition in all_versions()}[version]


@cache
def all_versions() -> tuple[Definition, ...]:
    """Every version, the oldest first."""
    found = [read(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob("*.json")]
    return tuple(sorted(found, key=lambda definition: definition.valid_from))


def read(text: str) -> Definition:
    """A definition from its file.

    Raises:
        ValueError: naming everything in it that cannot be.
    """
    data = json.loads(text)
    sections = tuple(Section(s["title"], tuple(_field(f) for f in s["fields"])) for s in data["sections"])
    names = ("version", "title", "source", "note")
    found = Definition(
        valid_from=date.fromisoformat(data["valid_from"]), sections=sections, **{n: data[n] for n in names}
    )
    if faults := _faults(found):
        raise ValueError("; ".join(faults))
    return found


def _field(data: dict[str, Any]) -> Field:
    names = ("code", "label", "type", "required", "most", "repeats", "note")
    known = {name: data[name] for name in names if name in data}
    choices = tuple((code, label) for code, label in data.get("choices", ()))
    return Field(
        **known,
        choices=YES_NO if data["type"] == "yes_no" else choices,
        low=data.get("from", 0),
        high=data.get("to", 0),
        when=tuple(data.get("when", ())),
    )


def _faults(definition: Definition) -> list[str]:
    codes = [field.code for field in definition.fields]
    faults = [f"{code} stands twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
    for field in definition.fields:
        if field.type not in TYPES:
            faults.append(f"{field.code}: unknown type {field.type}")
        if field.type in ("choice", "several") and not field.choices:
            faults.append(f"{field.code}: no choices")
        if field.when and (len(field.when) != 2 or field.when[0] not in codes):
            faults.append(f"{field.code}: asked when something unknown is answered")
    return faults
