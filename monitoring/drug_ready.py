"""Will the devices of a session be there: one rule for Today and for the API, from the cabinet's forecast."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import Site
from monitoring import stock
from monitoring.models import Kit
from monitoring.stock_forecast import Reservation
from scheduling.models import TreatmentSession
from scheduling.readiness import Ready

# Whose work it is: those who order and receive.
OWNER = "nurse"


@dataclass(frozen=True, slots=True)
class Lacking:
    """A session of the day whose devices will not all be there, and what is missing in words."""

    session: TreatmentSession
    words: str


def lacking(site: Site, day: date, *, now: datetime) -> list[Lacking]:
    """The sessions of one of the site's days that will be short, the earliest first; at most six queries."""
    short = {pk: item for pk, item in _meant(site, now).items() if item.missing and item.need.on == day}
    if not short:
        return []
    rows = TreatmentSession.objects.filter(pk__in=short).select_related("patient", "chair")
    return [Lacking(row, words(short[row.pk])) for row in rows.order_by("starts_at", "pk")]


def readiness_items(site: Site, sessions: Collection[TreatmentSession], now: datetime) -> dict[Any, Ready]:
    """`drug`, for those to be dosed within the days that the forecast looks at; the others are not told of."""
    today = now.astimezone(site.tz).date()
    asked = [row for row in sessions if row.status in stock.TO_BE_DOSED and row.local_date >= today]
    meant = _meant(site, now) if asked else {}
    return {row.pk: _item(row, meant[row.pk]) for row in asked if row.pk in meant}


def words(item: Reservation) -> str:
    """What is missing, or that nothing is."""
    if not item.missing:
        return _("Devices on the shelf or on their way")
    if item.late is None:
        return ngettext("%s device is missing", "%s devices are missing", item.missing) % item.missing
    text = ngettext(
        "%(n)s device is missing: the delivery of %(day)s comes too late",
        "%(n)s devices are missing: the delivery of %(day)s comes too late",
        item.missing,
    )
    return text % {"n": item.missing, "day": date_format(item.late.on, "D j M")}


def _item(session: TreatmentSession, item: Reservation) -> Ready:
    return Ready("drug", not item.missing, words(item), OWNER, session.starts_at)


def _meant(site: Site, now: datetime) -> dict[Any, Reservation]:
    """By session. A site that never received a kit here keeps its cabinet elsewhere: nothing is known of it."""
    if not Kit.objects.filter(site=site).exists():
        return {}
    return {item.need.session: item for item in stock.forecast_of(site, now=now).reservations}
