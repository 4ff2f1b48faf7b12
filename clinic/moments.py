"""Days and instants as people and programs write them.

Outside of 1900 to 2199 nothing is a treatment, and arithmetic on zones breaks at the very ends of the calendar: what
comes from outside is read here, so that no later sum has to fear it.
"""

from datetime import UTC, date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
DAY_MINUTES = 24 * 60


def is_sensible(day: date) -> bool:
    return FIRST_DAY <= day <= LAST_DAY


def read_day(text: str | None) -> date | None:
    """A day such as 2026-03-02, or None for anything else."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if is_sensible(day) else None


def read_instant(text: object) -> datetime | None:
    """An instant such as 2026-03-02T09:00:00-05:00 in UTC; None for anything else, also without its offset."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or not is_sensible(moment.date()):
        return None
    return moment.astimezone(UTC)


def length_in_words(minutes: int) -> str:
    """As people say it: 45 min, 1 h 30 min, 2 days; hours from an hour on, days where they are whole."""
    if minutes and minutes % DAY_MINUTES == 0:
        days = minutes // DAY_MINUTES
        return ngettext("%s day", "%s days", days) % days
    hours, rest = divmod(minutes, 60)
    parts = [_("%s h") % hours] if hours else []
    parts += [_("%s min") % rest] if rest or not hours else []
    return " ".join(parts)
