"""The cabinet as the Drug page and the API show it: piles, what is meant for whom, and what needs somebody."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import Patient, Site
from monitoring import deliveries, losses, stock, stock_rules
from monitoring.models import Delivery, LedgerEntry, StockCount
from monitoring.stock_forecast import Forecast, Reservation
from monitoring.stock_rules import PATIENT_NAMED_WARN_DAYS, Balance, Unit
from scheduling.models import TreatmentSession

RED, AMBER = "red", "amber"
INVENTORY_WARN = timedelta(days=30)
# A clinic counts every shift [practice]: after a day without one, the page asks for it.
COUNT_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Pile:
    """One lot with its expiry, the clinic's or one patient's."""

    lot: str
    expires_on: date
    received_on: date
    patient: Patient | None
    units: list[Unit]
    reserved: int
    days_left: int

    @property
    def kits(self) -> list[Any]:
        return list(dict.fromkeys(unit.kit for unit in self.units))


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that wants somebody; `level` is red or amber."""

    code: str
    level: str
    detail: str


@dataclass(frozen=True, slots=True)
class Meant:
    """A booked session and what is meant for it."""

    session: TreatmentSession
    item: Reservation

    @property
    def lots(self) -> list[str]:
        return list(dict.fromkeys(unit.lot for unit in self.item.units))


@dataclass
class Cabinet:
    site: Site
    today: date
    balance: Balance
    piles: list[Pile]
    meant: list[Meant]
    awaited: list[Delivery]
    last_count: StockCount | None
    inventory_due_on: date | None
    warnings: list[Warning] = field(default_factory=list)


def cabinet_of(site: Site, *, now: datetime) -> Cabinet:
    """Everything, in a fixed number of queries."""
    today, forecast = now.astimezone(site.tz).date(), stock.forecast_of(site, now=now)
    found = Cabinet(
        site=site,
        today=today,
        balance=stock.balance_of(LedgerEntry.objects.filter(site=site)),
        piles=_piles(forecast, today),
        meant=_meant(forecast),
        awaited=list(deliveries.awaited(site)),
        last_count=stock.last_count(site),
        inventory_due_on=losses.inventory_due(site),
    )
    found.warnings = [
        *_loss_warnings(site, now),
        *_session_warnings(forecast),
        *_shelf_warnings(found, stock.settings_of(site).expiry_warn_days),
        *_count_warnings(found, now),
    ]
    return found


def _piles(forecast: Forecast, today: date) -> list[Pile]:
    meant = [unit for item in forecast.reservations for unit in item.units]
    reserved = {unit.id for unit in meant}
    units = [*meant, *forecast.free]
    owners = Patient.objects.in_bulk({unit.patient for unit in units if unit.patient})
    return [
        Pile(
            lot=pile[0].lot,
            expires_on=pile[0].expires_on,
            received_on=min(unit.received_on for unit in pile),
            patient=owners.get(pile[0].patient),
            units=pile,
            reserved=sum(unit.id in reserved for unit in pile),
            days_left=min(stock_rules.days_left(unit, today) for unit in pile),
        )
        for pile in stock_rules.by_lot(units)
    ]


def _meant(forecast: Forecast) -> list[Meant]:
    rows = TreatmentSession.objects.select_related("patient", "chair")
    sessions = rows.in_bulk([item.need.session for item in forecast.reservations])
    found = [Meant(sessions[item.need.session], item) for item in forecast.reservations]
    return sorted(found, key=lambda one: one.session.starts_at)


def _session_warnings(forecast: Forecast) -> list[Warning]:
    found = []
    late = [item for item in forecast.short if item.late]
    short = [item for item in forecast.short if not item.late]
    if short:
        text = ngettext(
            "%s booked session will lack devices: order now.",
            "%s booked sessions will lack devices: order now.",
            len(short),
        )
        found.append(Warning("short", RED, text % len(short)))
    if late:
        text = ngettext(
            "%s booked session comes before the delivery that it needs.",
            "%s booked sessions come before the delivery that they need.",
            len(late),
        )
        found.append(Warning("delivery_late", RED, text % len(late)))
    if forecast.overdue:
        text = ngettext(
            "%s delivery is overdue and counts for nothing until it is here.",
            "%s deliveries are overdue and count for nothing until they are here.",
            len(forecast.overdue),
        )
        found.append(Warning("delivery_overdue", AMBER, text % len(forecast.overdue)))
    return found


def _shelf_warnings(cabinet: Cabinet, warn_days: int) -> list[Warning]:
    return [
        Warning(code, level, _("Lot %(lot)s: %(what)s.") % {"lot": pile.lot, "what": what})
        for pile in cabinet.piles
        for code, level, what in _of_pile(pile, cabinet.today, warn_days)
    ]


def _of_pile(pile: Pile, today: date, warn_days: int) -> list[tuple[str, str, str]]:
    """What is to be said of one pile: the worst only."""
    if pile.expires_on < today:
        return [("expired", RED, _("past its expiry, never to be given"))]
    if pile.patient and pile.days_left < 0:
        return [("patient_named_overdue", RED, _("a patient's, past its 14 days"))]
    if pile.patient and pile.days_left <= PATIENT_NAMED_WARN_DAYS:
        left = ngettext("%s day", "%s days", pile.days_left) % pile.days_left
        return [("patient_named_due", AMBER, _("a patient's, %s left to give it") % left)]
    if not pile.patient and pile.days_left <= warn_days and pile.reserved < len(pile.units):
        return [("expires_soon", AMBER, _("expires soon, and not all of it is meant for somebody"))]
    return []


def _count_warnings(cabinet: Cabinet, now: datetime) -> list[Warning]:
    found, last = [], cabinet.last_count
    if last and last.differences:
        text = ngettext(
            "The last count differs from the ledger in %s lot.",
            "The last count differs from the ledger in %s lots.",
            len(last.differences),
        )
        found.append(Warning("count_differs", RED, text % len(last.differences)))
    if cabinet.balance.received and (last is None or now - last.at > COUNT_EVERY):
        found.append(Warning("not_counted", AMBER, _("Not counted in the last 24 hours.")))
    due = cabinet.inventory_due_on
    if cabinet.balance.received and due is None:
        found.append(Warning("inventory_due", AMBER, _("No inventory of the law is recorded here yet.")))
    elif due and due - INVENTORY_WARN <= cabinet.today:
        level = RED if due < cabinet.today else AMBER
        text = _("The inventory of the law is due by %s.") % due.isoformat()
        found.append(Warning("inventory_due", level, text))
    return found


def _loss_warnings(site: Site, now: datetime) -> list[Warning]:
    found = []
    for _report, clocks in losses.open_reports(site, now=now):
        if clocks.notice.done_at is None:
            text = _("A loss was found: the DEA wants written notice by %s.")
            found.append(Warning("loss_notice", RED, text % clocks.notice.due_on.isoformat()))
        if clocks.form.done_at is None:
            level = RED if clocks.form.late else AMBER
            text = _("A loss was found: Form 106 is due by %s.")
            found.append(Warning("loss_form", level, text % clocks.form.due_on.isoformat()))
    return found
