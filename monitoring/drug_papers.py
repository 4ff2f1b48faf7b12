"""The drug's records on paper and as a table: the inventory of the law, and the audit pack of any days."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import pdf
from clinic.models import Site
from monitoring import losses, stock
from monitoring.ledger import tell
from monitoring.losses import Clocks
from monitoring.models import LedgerEntry, LossReport, StockCount
from monitoring.stock_rules import Balance

COLUMNS = (
    "at recorded_at kind from to ndc lot expires_on serial device received_on source reference"
    " patient mrn session by witness reason returned_to returned_number changed"
).split()


@dataclass
class Pack:
    """One site's records of some days: the sums before, every entry, the sums after."""

    site: Site
    first: date
    last: date
    before: Balance
    after: Balance
    entries: list[LedgerEntry]
    counts: list[StockCount]
    losses: list[tuple[LossReport, Clocks | None]]


def pack_of(site: Site, first: date, last: date, *, now: datetime) -> Pack:
    start = datetime.combine(first, time(0), site.tz)
    end = datetime.combine(last + timedelta(days=1), time(0), site.tz)
    rows = stock.ledger(site).order_by("at", "recorded_at", "pk")
    counts = StockCount.objects.filter(site=site, at__gte=start, at__lt=end)
    reports = LossReport.objects.filter(site=site, discovered_at__gte=start, discovered_at__lt=end)
    return Pack(
        site=site,
        first=first,
        last=last,
        before=stock.balance_of(LedgerEntry.objects.filter(site=site, at__lt=start)),
        after=stock.balance_of(LedgerEntry.objects.filter(site=site, at__lt=end)),
        entries=list(rows.filter(at__gte=start, at__lt=end)),
        counts=list(counts.select_related("by", "second").prefetch_related("lines__patient").order_by("at")),
        losses=[
            (row, losses.clocks(row, now=now))
            for row in reports.select_related("site", "notice_by", "form_by").order_by("discovered_at")
        ],
    )


@transaction.atomic
def print_pack(pack: Pack, *, by, now: datetime) -> bytes:
    sums = [(_("Before these days"), pack.before), (_("After them"), pack.after)]
    context = {"pack": pack, "site": pack.site, "sums": sums}
    content = pdf.render("pdf/drug_audit.html", context, by=by, now=now, zone=pack.site.tz)
    _printed("audit pack", pack, by, now)
    return content


@transaction.atomic
def table_of(pack: Pack, *, by, now: datetime) -> str:
    """Every entry, a line each."""
    _printed("audit table", pack, by, now)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for entry in pack.entries:
        writer.writerow([_plain(value) for value in _row(entry, pack.site)])
    return out.getvalue()


@transaction.atomic
def print_count(count: StockCount, *, by, now: datetime) -> bytes:
    """One count, with its two signatures; an inventory of the law where it was one."""
    lines = list(count.lines.select_related("patient"))
    context = {
        "count": count,
        "site": count.site,
        "lines": lines,
        "found": sum(line.found for line in lines),
        "expected": sum(line.expected for line in lines),
    }
    content = pdf.render("pdf/drug_count.html", context, by=by, now=now, zone=count.site.tz)
    tell("paper.printed", count.site, by, now, on=count, kind="count")
    return content


def _row(entry: LedgerEntry, site: Site) -> list[Any]:
    kit, patient = entry.device.kit, entry.session.patient if entry.session else entry.device.kit.patient
    return [
        entry.at.astimezone(site.tz).isoformat(timespec="minutes"),
        entry.recorded_at.astimezone(site.tz).isoformat(timespec="minutes"),
        entry.kind,
        entry.from_place,
        entry.to_place,
        kit.ndc,
        kit.lot,
        kit.expires_on,
        kit.serial,
        entry.device_id,
        kit.received_on,
        kit.source,
        kit.reference,
        patient.list_name if patient else "",
        patient.mrn if patient else "",
        entry.session_id or "",
        entry.by.display_name,
        entry.witness.display_name if entry.witness else "",
        entry.reason,
        entry.detail.get("to", "") if entry.kind == "returned" else "",
        entry.detail.get("number", "") if entry.kind == "returned" else "",
        "; ".join(f"{name}: {old} -> {new}" for name, (old, new) in entry.detail.items())
        if entry.kind == "corrected"
        else "",
    ]


def _plain(value: Any) -> str:
    """No spreadsheet takes it for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _printed(kind: str, pack: Pack, by, now: datetime) -> None:
    days = {"first": pack.first.isoformat(), "last": pack.last.isoformat()}
    tell("paper.printed", pack.site, by, now, kind=kind, entries=len(pack.entries), **days)
