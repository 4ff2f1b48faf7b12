"""How are we doing: sections of figures from real rows, each with a chart and a CSV.

Every app adds its own with `section`, in its `AppConfig.ready`; the page shows what is registered, in that order.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from clinic.models import Site


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart. `words` is what the bar says; colour and length never carry it alone."""

    label: str
    value: float
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    """`columns` and `rows` are the table and the CSV alike; an empty section says so."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    bars: Sequence[Bar] = field(default_factory=tuple)
    # The end of the scale; None is the greatest bar.
    scale: float | None = None


Make = Callable[[Site, date, date], Section]
_sections: dict[str, Make] = {}


def section(code: str, make: Make) -> None:
    """Add a section: `make(site, first, last)` for the site's calendar days, both included."""
    _sections[code] = make


def codes() -> list[str]:
    return list(_sections)


def make(code: str, site: Site, first: date, last: date) -> Section:
    """Raises: KeyError for a section that nobody registered."""
    return _sections[code](site, first, last)


def median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 1) if values else None


def nine_in_ten(values: Sequence[float]) -> float | None:
    """The value that nine of ten do not pass."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.9))], 1)


def share(part: int, whole: int) -> int | None:
    """Per cent, whole numbers."""
    return round(100 * part / whole) if whole else None
