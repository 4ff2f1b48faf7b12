"""The drug's records, as JSON: ledger, counts, losses, deliveries."""

from typing import Any

from ninja import Router
from ninja.responses import Status

from clinic import access, clock, moments, paging
from clinic.access import May
from clinic.api import site_of
from clinic.ids import parse
from clinic.schemas import Body, Day, Instant, Small, Text
from monitoring import deliveries, inventory, losses, stocktake
from monitoring.api_drug_shapes import (
    count_out,
    delivery_out,
    device_named,
    entry_out,
    loss_of,
    loss_out,
    patient_named,
    person,
    sites_of,
)
from monitoring.enums import EntryKind
from monitoring.models import Delivery, Device, LedgerEntry, LossReport, StockCount
from monitoring.stocktake import Found

router = Router(tags=["The drug"])


class LoseIn(Body):
    nature: Text
    circumstances: Text
    discovered_at: Instant | None = None


class LossIn(LoseIn):
    site: Text
    devices: list[Text]


class LineIn(Body):
    lot: Text
    expires_on: Day
    devices: Small
    patient: Text | None = None


class CountIn(Body):
    site: Text
    lines: list[LineIn]
    second: Text
    kind: Text = "shift"
    business: Text = ""
    note: Text = ""


class NoticeIn(Body):
    at: Instant
    how: Text


class Form106In(Body):
    at: Instant
    number: Text


class DeliveryIn(Body):
    site: Text
    expected_on: Day
    devices: Small
    source: Text
    patient: Text | None = None


@router.get("/ledger", response=dict, summary="The ledger, the newest first")
def list_ledger(
    request,
    site: str | None = None,
    kind: Text | None = None,
    lot: Text | None = None,
    cursor: str | None = None,
):
    """`from` and `to` are days of the site."""
    rows = LedgerEntry.objects.filter(site__in=sites_of(request)).select_related(
        "site", "device__kit", "by", "witness"
    )
    if site is not None:
        rows = rows.filter(site=parse(site))
    if kind is not None:
        rows = rows.filter(kind=kind if kind in EntryKind.values else "")
    if lot is not None:
        rows = rows.filter(device__kit__lot=lot)
    for name, look in (("from", "at__date__gte"), ("to", "at__date__lte")):
        if day := moments.read_day(request.GET.get(name)):
            rows = rows.filter(**{look: day})
    return paging.page(rows.order_by("-recorded_at", "-pk"), cursor, entry_out)


@router.get("/counts", response=dict, summary="Counts, the newest first")
def list_counts(request, site: str | None = None, cursor: str | None = None):
    rows = StockCount.objects.filter(site__in=sites_of(request)).select_related("site", "by", "second")
    if site is not None:
        rows = rows.filter(site=parse(site))
    return paging.page(rows.prefetch_related("lines").order_by("-at", "-pk"), cursor, count_out)


@router.post("/counts", response={201: dict}, summary="The cabinet was counted by two people")
def count(request, payload: CountIn):
    """Every lot on the shelf must be counted. A difference changes nothing by itself."""
    site = site_of(request, payload.site, May.COUNT_DRUG)
    lines = [
        Found(line.lot, line.expires_on, line.devices, parse(line.patient) or None) for line in payload.lines
    ]
    row = stocktake.count_stock(
        site=site,
        found=lines,
        second=person(payload.second),
        kind=payload.kind,
        business=payload.business,
        note=payload.note,
        by=request.user,
        now=clock.now(),
    )
    return Status(201, count_out(row))


@router.get("/losses", response=dict, summary="Thefts and losses, the newest first")
def list_losses(request, site: str | None = None, cursor: str | None = None):
    rows = LossReport.objects.filter(site__in=sites_of(request)).select_related("site", "recorded_by")
    if site is not None:
        rows = rows.filter(site=parse(site))
    return paging.page(rows.order_by("-discovered_at", "-pk"), cursor, loss_out)


@router.post("/losses", response={201: dict}, summary="Several devices are not where they should be")
def reportloss_of(request, payload: LossIn):
    site = site_of(request, payload.site, May.HANDLE_DRUG)
    devices = [device_named(text, site, f"devices[{n}]") for n, text in enumerate(payload.devices)]
    return Status(201, lose_devices(request, [device for device in devices if device], payload))


@router.post("/losses/{loss_id}/notice", response=dict, summary="The DEA's field office was told in writing")
def notice(request, loss_id: str, payload: NoticeIn):
    """409 `recorded`."""
    report = loss_of(request, loss_id)
    return loss_out(losses.record_notice(report=report, **payload.dict(), by=request.user, now=clock.now()))


@router.post("/losses/{loss_id}/form-106", response=dict, summary="Form 106 was filed")
def form_106(request, loss_id: str, payload: Form106In):
    """409 `recorded`."""
    report = loss_of(request, loss_id)
    return loss_out(losses.record_form(report=report, **payload.dict(), by=request.user, now=clock.now()))


@router.get("/deliveries", response=dict, summary="What is on its way")
def list_deliveries(request, site: str | None = None, cursor: str | None = None):
    rows = Delivery.objects.filter(
        site__in=sites_of(request), arrived_at__isnull=True, cancelled_at__isnull=True
    )
    if site is not None:
        rows = rows.filter(site=parse(site))
    return paging.page(rows, cursor, delivery_out)


@router.post("/deliveries", response={201: dict}, summary="A delivery is expected")
def expect(request, payload: DeliveryIn):
    site = site_of(request, payload.site, May.COUNT_DRUG)
    patient = patient_named(payload.patient, site)
    data = payload.dict(exclude={"site", "patient"})
    row = deliveries.expect_delivery(site=site, patient=patient, **data, by=request.user, now=clock.now())
    return Status(201, delivery_out(row))


@router.post("/deliveries/{delivery_id}/cancel", response=dict, summary="It will not come")
def cancel_delivery(request, delivery_id: str):
    """409 `delivery_closed`."""
    rows = Delivery.objects.select_related("site")
    row = access.get_or_404(rows, request.user, parse(delivery_id))
    access.require(request.user, May.COUNT_DRUG, row.site)
    deliveries.cancel_delivery(delivery=row, by=request.user, now=clock.now())
    return delivery_out(row)


def lose_devices(request, devices: list[Device], payload: LoseIn) -> dict[str, Any]:
    now = clock.now()
    report = inventory.lose(
        devices=devices,
        nature=payload.nature,
        circumstances=payload.circumstances,
        discovered_at=payload.discovered_at or now,
        by=request.user,
        now=now,
    )
    return loss_out(report)
