"""The clocks of the law on controlled substances. Days in, days out. Pure."""

from collections.abc import Collection
from datetime import date, timedelta

FORM_106_DAYS = 45
INVENTORY_YEARS = 2
SATURDAY = 5


def notice_due_on(discovered_on: date, holidays: Collection[date]) -> date:
    """Written notice to the field division office within one business day of the discovery [21 CFR 1301.76(b)]."""
    day = discovered_on + timedelta(days=1)
    while day.weekday() >= SATURDAY or day in holidays:
        day += timedelta(days=1)
    return day


def form_106_due_on(discovered_on: date) -> date:
    """Form 106, electronically, within 45 days of the discovery [21 CFR 1301.76(b)]."""
    return discovered_on + timedelta(days=FORM_106_DAYS)


def inventory_due_on(last: date) -> date:
    """Every two years, on any day within two years of the last inventory [21 CFR 1304.11(c)]."""
    leap = last.month == 2 and last.day == 29
    return last.replace(year=last.year + INVENTORY_YEARS, day=28 if leap else last.day)
