"""Closed days: which booked sessions are hit, and which break a rule since shifts or hours changed."""

from datetime import datetime, timedelta

from clinic.models import Closure, Site
from scheduling import diary as diaries
from scheduling.conditions import Refusal, check
from scheduling.diary_facts import Diary
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

MOST = 500
# What a booked session can come to break; its own place in the past is nothing to mend.
_CAN_BREAK = {"closed", "outside_hours", "no_nurse", "no_prescriber", "starts_crowded"}


def affected_by(closure: Closure) -> list[TreatmentSession]:
    """The sessions that now need a new time: booked, and within the closure."""
    # By the site's days, for there is an index of those; a session over midnight is of the day before.
    zone = closure.site.tz
    first = closure.starts_at.astimezone(zone).date() - timedelta(days=1)
    days = (first, closure.ends_at.astimezone(zone).date())
    hit = TreatmentSession.objects.filter(
        site=closure.site, local_date__range=days, status=SessionStatus.BOOKED
    )
    hit = hit.overlapping(closure.starts_at, closure.ends_at)
    if closure.chair_id:
        hit = hit.filter(chair=closure.chair_id)
    rows = list(hit.select_related("patient", "chair", "course__patient", "site").order_by("starts_at"))
    return _uncovered(rows, closure.site) if closure.staff_id else rows


def _uncovered(rows: list[TreatmentSession], site: Site) -> list[TreatmentSession]:
    """Those that nobody else can take care of."""
    if not rows:
        return []
    first, last = rows[0].local_date, rows[-1].local_date
    book = diaries.load(site=site, first=first, last=last, now=rows[0].starts_at)
    return [row for row in rows if broken_by(row, book)]


def conflicts(site: Site, *, now: datetime) -> list[tuple[TreatmentSession, list[Refusal]]]:
    """Booked sessions ahead that break a rule as the hours, closures and shifts now stand."""
    ahead = TreatmentSession.objects.filter(site=site, status=SessionStatus.BOOKED, starts_at__gt=now)
    rows = list(ahead.select_related("patient", "chair", "course", "site").order_by("starts_at")[:MOST])
    if not rows:
        return []
    book = diaries.load(site=site, first=rows[0].local_date, last=rows[-1].local_date, now=now)
    found = []
    for row in rows:
        if broken := broken_by(row, book):
            found.append((row, broken))
    return found


def broken_by(row: TreatmentSession, book: Diary) -> list[Refusal]:
    """The rules that a booked session breaks as the book, hours, closures and shifts now stand."""
    found = check(book.without({row.pk}), row.starts_at, row.chair_id)
    return [refusal for refusal in found if refusal.code in _CAN_BREAK]
