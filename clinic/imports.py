"""Patients from a CSV file: every fault by row and column, nothing half done, the same file twice changes nothing."""

import csv
import io
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit, patients
from clinic.enums import Contraindication, Sex
from clinic.errors import Fault, Invalid
from clinic.models import Patient, Site

MOST_ROWS = 5000
# Column names as other systems write them.
_ALIASES = {
    "mrn": ("mrn", "record number", "record_number", "medical record number", "patient id"),
    "given_name": ("given_name", "given name", "first name", "first_name", "first"),
    "middle_initial": ("middle_initial", "middle initial", "mi"),
    "family_name": ("family_name", "family name", "last name", "last_name", "last", "surname"),
    "birth_date": ("birth_date", "birth date", "date of birth", "dob", "birthdate"),
    "sex": ("sex", "gender"),
    "phone": ("phone", "mobile", "telephone", "cell", "phone number"),
    "language": ("language", "preferred language"),
    "timezone": ("timezone", "time zone"),
    "rems_enrolled_on": ("rems_enrolled_on", "rems enrolled on", "rems enrollment date", "enrolled on"),
    "contraindications": ("contraindications",),
    "escort_name": ("escort_name", "escort name", "escort"),
    "escort_phone": ("escort_phone", "escort phone"),
}
COLUMNS = tuple(_ALIASES)
NEEDED = ("mrn", "given_name", "family_name", "birth_date")
_DATES = ("birth_date", "rems_enrolled_on")
_SEXES = {"f": Sex.FEMALE, "m": Sex.MALE, "x": Sex.OTHER, "": Sex.UNKNOWN}
_LANGUAGES = {"": "en", "english": "en", "spanish": "es", "español": "es"}


@dataclass(frozen=True, slots=True)
class CellFault:
    """`row` counts lines of the file as a spreadsheet does: the heading is 1."""

    row: int
    column: str
    detail: str


@dataclass
class Preview:
    """What the file would do. With any fault, nothing can be done."""

    faults: list[CellFault] = field(default_factory=list)
    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[tuple[Patient, dict[str, Any]]] = field(default_factory=list)
    unchanged: int = 0

    @property
    def may_import(self) -> bool:
        return not self.faults and bool(self.new or self.changed)


def template() -> str:
    """A file to begin with: the headings and one invented row."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    example = [
        "A-1001",
        "Jane",
        "Q",
        "Example",
        "1980-05-17",
        "female",
        "614-555-0123",
        "en",
        "",
        "",
        "",
        "",
        "",
    ]
    writer.writerow(example)
    return out.getvalue()


def preview(content: bytes, *, site: Site, now: datetime) -> Preview:
    """Read the file and compare it with the site's patients; changes nothing."""
    found = Preview()
    rows = _rows(content, found)
    if rows is None:
        return found
    known = {p.mrn: p for p in Patient.objects.filter(site=site).select_related("site")}
    seen: dict[str, int] = {}
    for number, cells in rows:
        values = _values(cells, number, found)
        found.faults += [
            CellFault(number, fault.field, fault.detail)
            for fault in patients.faults_in(values, site, now)
            if not _already(found, number, fault.field)
        ]
        mrn = values["mrn"]
        if mrn and mrn in seen:
            detail = _("This record number stands in row %s already.") % seen[mrn]
            found.faults.append(CellFault(number, "mrn", detail))
        seen[mrn] = number
        _sort(found, known.get(mrn), values, cells)
    return found


@transaction.atomic
def carry_out(content: bytes, *, site: Site, by, now: datetime) -> Preview:
    """Add and change what the preview showed: all of it, or nothing.

    Raises:
        Invalid: the file has faults (again: it is read anew, so that nothing slips in between).
    """
    found = preview(content, site=site, now=now)
    if found.faults:
        raise Invalid(Fault("unreadable", f.detail, f"row {f.row}, {f.column}") for f in found.faults)
    for values in found.new:
        patients.add_patient(site=site, by=by, now=now, **values)
    for patient, changes in found.changed:
        patients.update_patient(patient=patient, changes=changes, by=by, now=now)
    audit.record(
        "patients.imported", by=by, now=now, site=site, added=len(found.new), changed=len(found.changed)
    )
    return found


def _rows(content: bytes, found: Preview) -> list[tuple[int, dict[str, str]]] | None:
    """Line number and cells by our column names; None when the file cannot be read at all."""
    text = _decoded(content)
    if text is None:
        found.faults.append(CellFault(1, "", _("This is not a text file. Save it as CSV (UTF-8).")))
        return None
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), _delimiter(text), strict=False))
    except csv.Error:
        found.faults.append(CellFault(1, "", _("This is not a CSV file.")))
        return None
    headings = _headings(lines[0] if lines else [], found)
    if headings is None:
        return None
    body = [(n, line) for n, line in enumerate(lines[1:], 2) if any(cell.strip() for cell in line)]
    if len(body) > MOST_ROWS:
        found.faults.append(CellFault(MOST_ROWS + 2, "", _("At most 5,000 rows; split the file.")))
        return None
    for number, line in body:
        if len(line) > len(headings):
            found.faults.append(CellFault(number, "", _("This row has more cells than there are headings.")))
    return [(n, {h: c.strip() for h, c in zip(headings, line, strict=False) if h}) for n, line in body]


def _decoded(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None


def _delimiter(text: str) -> type[csv.Dialect]:
    first = text.partition("\n")[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Dialect


def _headings(line: list[str], found: Preview) -> list[str] | None:
    names = []
    for cell in line:
        plain = cell.strip().casefold()
        names.append(next((name for name, aliases in _ALIASES.items() if plain in aliases), ""))
    for needed in NEEDED:
        if needed not in names:
            found.faults.append(CellFault(1, needed, _("This column is needed.")))
    for name in {n for n in names if n and names.count(n) > 1}:
        found.faults.append(CellFault(1, name, _("This column stands there twice.")))
    return None if found.faults else names


def _values(cells: dict[str, str], number: int, found: Preview) -> dict[str, Any]:
    values: dict[str, Any] = {name: cells.get(name, "") for name in COLUMNS}
    for name in _DATES:
        values[name] = _date(values[name], number, name, found)
    values["sex"] = _SEXES.get(values["sex"].casefold(), values["sex"].casefold())
    values["language"] = _LANGUAGES.get(values["language"].casefold(), values["language"].casefold())
    codes = [
        code.strip() for code in values["contraindications"].replace("|", ";").split(";") if code.strip()
    ]
    values["contraindications"] = codes
    if set(codes) - set(Contraindication.values):
        known = ", ".join(Contraindication.values)
        found.faults.append(CellFault(number, "contraindications", _("Known: %s.") % known))
    return {**values, "active": True}


def _date(text: str, number: int, name: str, found: Preview) -> date | None:
    if not text:
        return None
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date of a person has no zone
        except ValueError:
            continue
    found.faults.append(CellFault(number, name, _("Write dates as 1980-05-17 or 05/17/1980.")))
    return None


def _already(found: Preview, number: int, column: str) -> bool:
    return any(fault.row == number and fault.column == column for fault in found.faults)


def _sort(found: Preview, patient: Patient | None, values: dict[str, Any], cells: dict[str, str]) -> None:
    """New, changed or the same. A column that the file does not have says nothing about a known patient."""
    if patient is None:
        found.new.append(values)
        return
    said = {name: values[name] for name in COLUMNS if name in cells}
    changes = {name: value for name, value in said.items() if _plain(getattr(patient, name)) != _plain(value)}
    if changes:
        found.changed.append((patient, changes))
    else:
        found.unchanged += 1


def _plain(value: Any) -> Any:
    return value.as_e164 if getattr(value, "as_e164", None) else (value or "")
