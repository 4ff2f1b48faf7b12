"""The cabinet counted by two people, and what happened since the last count where it does not agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import checks
from clinic.errors import Fault, Invalid
from clinic.ids import new_id
from clinic.models import Patient, Site
from monitoring import stock, stock_rules
from monitoring.enums import Business, CountKind
from monitoring.ledger import second_person, tell
from monitoring.models import CountLine, DeviceUse, LedgerEntry, StockCount
from monitoring.stock_rules import Unit
from scheduling.locking import patiently

MOST_FOUND = 5000
MOST_LINES = 200
Pile = tuple[str, date, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What lies there: so many devices of one lot, the clinic's or one patient's."""

    lot: str
    expires_on: date
    devices: int
    patient: Any = None

    @property
    def pile(self) -> Pile:
        return (self.lot.strip(), self.expires_on, self.patient)


@dataclass(frozen=True, slots=True)
class Trace:
    """Something since the last count that may explain a difference."""

    at: datetime
    who: str
    text: str
    session: Any = None


def piles(site: Site) -> list[list[Unit]]:
    """What the ledger says is there, as it lies: a pile for a lot, its expiry and its owner."""
    return stock_rules.by_lot(stock.shelf(site))


@patiently
@transaction.atomic
def count_stock(
    *,
    site: Site,
    found: Sequence[Found],
    second,
    by,
    now: datetime,
    kind: str = CountKind.SHIFT,
    business: str = "",
    note: str = "",
) -> StockCount:
    """Write down what two people found, beside what the ledger says. Every pile on the shelf must be counted.

    A difference changes nothing by itself: somebody finds it out, and writes the loss or the correction.

    Raises:
        Invalid: a pile left out or counted twice, numbers that cannot be, no second person.
    """
    values = {"kind": kind, "business": business, "note": note}
    expected = {_pile(units): len(units) for units in piles(site)}
    faults = _count_faults(site, values, expected, found, second, by)
    if faults:
        raise Invalid(faults)
    count = StockCount.objects.create(site=site, at=now, by=by, second=second, **values)
    lines = [_line(count, item, expected.get(item.pile, 0)) for item in found]
    CountLine.objects.bulk_create(lines)
    different = sum(line.found != line.expected for line in lines)
    tell("drug.counted", site, by, now, on=count, kind=kind, second=str(second.pk), differences=different)
    return count


def traces(line: CountLine, count: StockCount) -> list[Trace]:
    """Since the count before: the sessions in which this lot was given, or a lot was typed by hand, and other moves."""
    before = StockCount.objects.filter(site=count.site, at__lt=count.at).order_by("-at").first()
    since = before.at if before else count.site.created_at
    span = (since, count.at)
    return sorted([*_uses(line, count.site, span), *_moves(line, count.site, span)], key=lambda t: t.at)


def _uses(line: CountLine, site: Site, span) -> Iterable[Trace]:
    rows = DeviceUse.objects.filter(observation__session__site=site, recorded_at__range=span)
    rows = rows.select_related("by", "observation__session__patient").order_by("started_at")
    for use in rows:
        if use.lot == line.lot or use.device_id is None:
            text = _("Device %(number)s, lot %(lot)s") % {"number": use.number, "lot": use.lot}
            if use.device_id is None:
                text += ", " + _("typed by hand: nothing was taken from the stock")
            yield Trace(use.started_at, use.by.display_name, text, use.observation.session)


def _moves(line: CountLine, site: Site, span) -> Iterable[Trace]:
    rows = LedgerEntry.objects.filter(site=site, recorded_at__range=span, device__kit__lot=line.lot)
    rows = rows.exclude(kind="given").select_related("by", "session__patient")
    for entry in rows.filter(device__kit__patient=line.patient_id):
        text = f"{entry.get_kind_display()}: {entry.reason}" if entry.reason else entry.get_kind_display()
        yield Trace(entry.at, entry.by.display_name, str(text), entry.session)


def _pile(units: Sequence[Unit]) -> Pile:
    return (units[0].lot, units[0].expires_on, units[0].patient)


def _line(count: StockCount, item: Found, expected: int) -> CountLine:
    lot, expires_on, patient = item.pile
    label = {"lot": lot, "expires_on": expires_on, "patient_id": patient}
    return CountLine(id=new_id(), count=count, expected=expected, found=item.devices, **label)


def _count_faults(site, values, expected, found: Sequence[Found], second, by) -> list[Fault]:
    faults = checks.choice(values, "kind", CountKind.values) + checks.text(
        values, "note", 500, required=False
    )
    if values["kind"] == CountKind.INVENTORY:
        faults += checks.choice(values, "business", Business.values)
    else:
        values["business"] = ""
    faults += second_person(second, by, site, "second")
    faults += _line_faults(found)
    counted = [item.pile for item in found]
    for lot, expires_on, _patient in [pile for pile in expected if pile not in counted]:
        detail = _("Lot %(lot)s, expires %(on)s, was not counted.") % {"lot": lot, "on": expires_on}
        faults.append(Fault("not_counted", detail, "lines"))
    if len(set(counted)) < len(counted):
        faults.append(Fault("duplicate", _("One lot was counted twice."), "lines"))
    theirs = {patient for _lot, _on, patient in counted if patient}
    if Patient.objects.filter(pk__in=theirs, site=site).count() < len(theirs):
        faults.append(Fault("unknown", _("No such patient at this site."), "lines"))
    return faults


def _line_faults(found: Sequence[Found]) -> list[Fault]:
    faults = []
    if len(found) > MOST_LINES:
        faults.append(Fault("too_many", _("At most %s lines.") % MOST_LINES, "lines"))
    for index, item in enumerate(found[:MOST_LINES]):
        name = f"lines[{index}]"
        faults += checks.text({f"{name}.lot": item.lot}, f"{name}.lot", 20)
        if not 0 <= item.devices <= MOST_FOUND:
            faults.append(Fault("out_of_range", _("From 0 to %s.") % MOST_FOUND, f"{name}.devices"))
    return faults
