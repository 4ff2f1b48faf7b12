"""Who holds a place that somebody else wanted: looked up only once a booking has been refused."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import moments
from clinic.errors import Fault
from clinic.ids import parse
from clinic.models import Site
from scheduling.enums import OCCUPYING, SessionEventKind, SessionStatus
from scheduling.models import SessionEvent, TreatmentSession

TAKEN = "chair_taken"


def named(faults: Sequence[Fault], site: Site) -> list[Fault]:
    """The same faults; one for a chair, or for every chair, also tells who took the place and when."""
    holders = [_holders(fault, site) if fault.code == TAKEN else [] for fault in faults]
    told = _takers({pk for pks in holders for pk in pks})
    events = [[told[pk] for pk in pks if pk in told] for pks in holders]
    return [_named(fault, of_it, site) for fault, of_it in zip(faults, events, strict=True)]


def held_by_others(rows: Sequence[TreatmentSession]) -> list[Fault]:
    """What the database refused because of others' sessions: the first that stands in the way of each row."""
    ours = [row.pk for row in rows]
    holders = []
    for row in rows:
        near = TreatmentSession.objects.filter(chair=row.chair_id, status__in=OCCUPYING)
        holders += list(near.overlapping(row.starts_at, row.ends_at).exclude(pk__in=ours)[:1])
    detail = _("Somebody else booked at the same moment. Look again.")
    faults = [Fault(TAKEN, detail, "", {"by": str(holder.pk)}) for holder in holders]
    return named(faults or [Fault(TAKEN, detail)], rows[0].site)


def _holders(fault: Fault, site: Site) -> list[Any]:
    """The sessions in the way: the chair's, or all of that time where no chair was asked for."""
    if one := parse(fault.extra.get("by")):
        return [one]
    start = moments.read_instant(fault.extra.get("starts_at"))
    if start is None:
        return []
    rows = TreatmentSession.objects.filter(site=site, status__in=OCCUPYING)
    end = start + timedelta(minutes=site.session_minutes)
    return list(rows.overlapping(start, end).values_list("pk", flat=True))


def _takers(sessions: set[Any]) -> dict[Any, SessionEvent]:
    """The newest booking or move of each: what put it where it is."""
    if not sessions:
        return {}
    kinds = (SessionEventKind.MOVED, SessionEventKind.STATUS)
    rows = SessionEvent.objects.filter(session__in=sessions, kind__in=kinds, to_status=SessionStatus.BOOKED)
    return {row.session_id: row for row in rows.select_related("by").order_by("at", "pk")}


def _named(fault: Fault, events: Sequence[SessionEvent], site: Site) -> Fault:
    """Of several, the newest: the one who took the last chair."""
    if not events:
        return fault
    event = max(events, key=lambda row: (row.at, row.pk))
    who = event.by.display_name if event.by else _("the system")
    at = event.at.astimezone(site.tz)
    words = _("%(what)s Taken by %(who)s, %(when)s.")
    detail = words % {"what": fault.detail, "who": who, "when": date_format(at, "D j M, g:i A")}
    return replace(fault, detail=detail, extra={**fault.extra, "taken_by": who, "taken_at": at.isoformat()})
