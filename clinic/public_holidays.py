"""Public holidays of the United States and its states, by the library `holidays`."""

from datetime import date
from functools import lru_cache

import holidays
from django.utils.translation import gettext_lazy as _

COUNTRY = "US"


def regions() -> list[str]:
    """What a site may choose: the federal days alone, or with a state's."""
    return [COUNTRY, *(f"{COUNTRY}-{state}" for state in holidays.US.subdivisions)]


def choices() -> list[tuple[str, object]]:
    return [("", _("Open on public holidays")), *((region, region) for region in regions())]


@lru_cache(maxsize=256)
def of_year(region: str, year: int) -> dict[date, str]:
    """Day and name. Empty for a region that keeps none."""
    if not region:
        return {}
    state = region.partition("-")[2] or None
    return dict(holidays.country_holidays(COUNTRY, subdiv=state, years=year))


def between(region: str, first: date, last: date) -> dict[date, str]:
    """The holidays from `first` to `last`, both included."""
    days = {
        day: name for year in range(first.year, last.year + 1) for day, name in of_year(region, year).items()
    }
    return {day: name for day, name in sorted(days.items()) if first <= day <= last}
