"""The drug, as JSON: what is on the shelf, what became of it, who counted it."""

from typing import Any

from ninja import Router
from ninja.responses import Status

from clinic import access, clock, paging
from clinic.access import May
from clinic.api import site_of
from clinic.ids import parse
from clinic.schemas import Body, Day, Instant, Override, Small, Text
from monitoring import corrections, inventory, stock
from monitoring.api_drug_records import LoseIn, lose_devices
from monitoring.api_drug_shapes import (
    delivery_named,
    device_named,
    device_of,
    device_out,
    entry_out,
    meant_out,
    patient_named,
    person,
    pile_out,
    sites_of,
)
from monitoring.cabinet import cabinet_of
from monitoring.inventory import Box
from monitoring.models import Device, Kit
from scheduling.api import session_of

router = Router(tags=["The drug"])


class KitIn(Body):
    ndc: Text
    lot: Text
    expires_on: Day
    serial: Text = ""


class ReceiveIn(Body):
    site: Text
    kits: list[KitIn]
    source: Text
    reference: Text = ""
    received_on: Day
    patient: Text | None = None
    delivery: Text | None = None
    override: Override = {}


class WasteIn(Body):
    reason: Text
    witness: Text
    at: Instant | None = None
    session: Text | None = None


class ReturnIn(Body):
    reason: Text
    to: Text
    number: Text = ""


class ReasonIn(Body):
    reason: Text


class KitPatch(ReasonIn):
    lot: Text | None = None
    expires_on: Day | None = None
    serial: Text | None = None
    source: Text | None = None
    reference: Text | None = None
    received_on: Day | None = None


class ExchangeIn(ReasonIn):
    device: Text | None = None
    lot: Text = ""
    expires_on: Day | None = None


class SettingsIn(Body):
    by_hand: bool = True
    forecast_days: Small = 14
    expiry_warn_days: Small = 30


@router.get(
    "/sites/{site_id}/drug", response=dict, summary="The cabinet: sums, piles, what is meant for whom"
)
def drug(request, site_id: str):
    """`balance`: received = given + wasted + returned + lost + shelf, always. `warnings` want somebody."""
    site = site_of(request, site_id, May.COUNT_DRUG)
    found = cabinet_of(site, now=clock.now())
    names = ("received", "given", "wasted", "returned", "lost", "shelf")
    return {
        "balance": {name: getattr(found.balance, name) for name in names},
        "piles": [pile_out(pile) for pile in found.piles],
        "sessions": [meant_out(one, site) for one in found.meant],
        "warnings": [{"code": w.code, "level": w.level, "detail": w.detail} for w in found.warnings],
        "inventory_due_on": found.inventory_due_on,
    }


@router.post("/sites/{site_id}/drug-settings", response=dict, summary="What a site decides about its cabinet")
def settings(request, site_id: str, payload: SettingsIn):
    """For managers. `by_hand`: a lot that is in no stock here may be given by its label."""
    site = site_of(request, site_id, May.MANAGE)
    row = inventory.change_settings(site=site, **payload.dict(), by=request.user, now=clock.now())
    names = ("by_hand", "forecast_days", "expiry_warn_days")
    return {name: getattr(row, name) for name in names}


@router.get("/devices", response=dict, summary="Devices, first expiry first")
def list_devices(
    request,
    site: str | None = None,
    place: Text | None = None,
    lot: Text | None = None,
    session: str | None = None,
    cursor: str | None = None,
):
    """With `session`: those that may be given in it now, in the order in which they are to be taken."""
    rows = Device.objects.filter(site__in=sites_of(request)).select_related("kit", "site")
    if session is not None:
        treated = session_of(request, session, May.COUNT_DRUG)
        today = clock.now().astimezone(treated.site.tz).date()
        fits = [unit.id for unit in stock.fitting_for(treated, today)]
        found = rows.in_bulk(fits)
        return paging.page([found[pk] for pk in fits], cursor, device_out)
    if site is not None:
        rows = rows.filter(site=parse(site))
    if place is not None:
        rows = rows.filter(place=place)
    if lot is not None:
        rows = rows.filter(kit__lot=lot)
    return paging.page(rows.in_turn(), cursor, device_out)


@router.post("/devices", response={201: dict}, summary="Kits were received")
def receive(request, payload: ReceiveIn):
    """NDC 50458-028-02 holds two devices, -03 three. With `patient` they are that patient's and nobody else's.
    409 `serial_known`, `delivery_closed`, `reason_required` (`expired`)."""
    site = site_of(request, payload.site, May.HANDLE_DRUG)
    patient = patient_named(payload.patient, site)
    kits = inventory.receive_kits(
        site=site,
        boxes=[Box(**kit.dict()) for kit in payload.kits],
        source=payload.source,
        reference=payload.reference,
        received_on=payload.received_on,
        patient=patient,
        delivery=delivery_named(payload.delivery, site),
        override=payload.override,
        by=request.user,
        now=clock.now(),
    )
    rows = Device.objects.filter(kit__in=kits).select_related("kit", "site").in_turn()
    return Status(201, {"items": [device_out(row) for row in rows], "next": None})


@router.get("/devices/{device_id}", response=dict, summary="A device and all that happened to it")
def onedevice_of(request, device_id: str):
    device = device_of(request, device_id, May.COUNT_DRUG)
    entries = stock.ledger(device.site).filter(device=device).order_by("sequence")
    return {**device_out(device), "entries": [entry_out(entry) for entry in entries]}


@router.post("/devices/{device_id}/waste", response=dict, summary="Destroyed in front of a witness")
def waste(request, device_id: str, payload: WasteIn):
    """`witness`: the user name of somebody else of the site. 409 `not_on_shelf`."""
    device = device_of(request, device_id, May.HANDLE_DRUG)
    treated = session_of(request, payload.session, May.HANDLE_DRUG) if payload.session else None
    inventory.waste(
        devices=[device],
        reason=payload.reason,
        witness=person(payload.witness),
        session=treated,
        at=payload.at,
        by=request.user,
        now=clock.now(),
    )
    return _again(device)


@router.post("/devices/{device_id}/return", response=dict, summary="Returned, or to a reverse distributor")
def give_back(request, device_id: str, payload: ReturnIn):
    """409 `not_on_shelf`."""
    device = device_of(request, device_id, May.HANDLE_DRUG)
    inventory.give_back(devices=[device], **payload.dict(), by=request.user, now=clock.now())
    return _again(device)


@router.post("/devices/{device_id}/lose", response={201: dict}, summary="Not where it should be")
def lose(request, device_id: str, payload: LoseIn):
    """The report with the DEA's clocks. `nature`: theft, significant, other. 409 `not_on_shelf`."""
    device = device_of(request, device_id, May.HANDLE_DRUG)
    return Status(201, lose_devices(request, [device], payload))


@router.post("/devices/{device_id}/correct", response=dict, summary="What was written down is not so")
def correct(request, device_id: str, payload: ReasonIn):
    """Found again, not wasted after all, or never received. 409 `not_correctable` for one that was given."""
    device = device_of(request, device_id, May.HANDLE_DRUG)
    corrections.correct_place(device=device, reason=payload.reason, by=request.user, now=clock.now())
    return _again(device)


@router.patch("/kits/{kit_id}", response=dict, summary="A label was misread")
def correct_kit(request, kit_id: str, payload: KitPatch):
    rows = Kit.objects.select_related("site")
    kit = access.get_or_404(rows, request.user, parse(kit_id))
    access.require(request.user, May.HANDLE_DRUG, kit.site)
    changes = payload.dict(exclude_unset=True, exclude={"reason"})
    changes = {name: value for name, value in changes.items() if value is not None}
    corrections.correct_kit(kit=kit, changes=changes, reason=payload.reason, by=request.user, now=clock.now())
    devices = Device.objects.filter(kit=kit).select_related("kit", "site")
    return {"items": [device_out(row) for row in devices], "next": None}


@router.post(
    "/sessions/{session_id}/devices/{number}/exchange", response=dict, summary="It was another device"
)
def exchange(request, session_id: str, number: int, payload: ExchangeIn):
    """Stock and record are put right together. 409 `not_on_shelf`, `expired`, `other_patient`, `wrong_state`."""
    session = session_of(request, session_id, May.HANDLE_DRUG)
    use = corrections.exchange_device(
        session=session,
        number=number,
        device=device_named(payload.device, session.site),
        lot=payload.lot,
        expires_on=payload.expires_on,
        reason=payload.reason,
        by=request.user,
        now=clock.now(),
    )
    return {
        "number": use.number,
        "version": use.version,
        "lot": use.lot,
        "expires_on": use.expires_on,
        "device": str(use.device_id) if use.device_id else None,
    }


def _again(device: Device) -> dict[str, Any]:
    return device_out(Device.objects.select_related("kit", "site").get(pk=device.pk))
