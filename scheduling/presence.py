"""Who is on shift at a site at a moment."""

from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from clinic.models import Shift, Site
from scheduling import hours


def on_shift(site: Site, *, now: datetime) -> dict[str, set[UUID]]:
    """The people of each role whose shift holds `now`, in one query."""
    found: dict[str, set[UUID]] = defaultdict(set)
    for shift in Shift.objects.filter(site=site):
        if _holds(shift, site, now):
            found[shift.role].add(shift.staff_id)
    return dict(found)


def _holds(shift: Shift, site: Site, now: datetime) -> bool:
    if shift.starts_at is not None and shift.ends_at is not None:
        return shift.starts_at <= now < shift.ends_at
    if shift.weekday is None or shift.starts is None or shift.ends is None:
        return False
    weekly = hours.WeeklySpan(shift.weekday, shift.starts, shift.ends, shift.valid_from, shift.valid_until)
    today = now.astimezone(site.tz).date()
    spans = hours.spans([weekly], site.tz, today - timedelta(days=1), today)
    return any(span.start <= now < span.end for span in spans)
