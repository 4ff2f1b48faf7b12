"""The drug: received, wasted, returned, lost. `dosing` takes what is given, `corrections` mend what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import checks
from clinic.errors import Fault, Invalid, ReasonRequired, Refused
from clinic.models import Patient, Site
from monitoring.checks import in_future
from monitoring.enums import EntryKind, LossNature, Ndc, Owner, Place
from monitoring.ledger import Move, all_on_shelf, hold, ids, move, second_person, tell
from monitoring.models import Delivery, Device, DrugSettings, Kit, LedgerEntry, LossReport
from monitoring.stock_rules import KIT_SIZES
from scheduling.locking import patiently
from scheduling.models import TreatmentSession

MOST_KITS = 50


@dataclass(frozen=True, slots=True)
class Box:
    """One kit as its label reads."""

    ndc: str
    lot: str
    expires_on: date
    serial: str = ""


@dataclass(frozen=True, slots=True)
class _Expired:
    code: str
    detail: str


@patiently
@transaction.atomic
def receive_kits(
    *,
    site: Site,
    boxes: Sequence[Box],
    source: str,
    received_on: date,
    by,
    now: datetime,
    reference: str = "",
    patient: Patient | None = None,
    delivery: Delivery | None = None,
    override: Mapping[str, str] | None = None,
) -> list[Kit]:
    """Put kits on the shelf, device by device. With `patient` they are that patient's and nobody else's.

    Raises:
        Invalid: labels that cannot be, all of them.
        ReasonRequired: `expired`: a kit that may never be given is recorded all the same, with a reason.
        Refused: `serial_known`: this very box was received before; `delivery_closed`.
    """
    shared: dict[str, Any] = {"source": source, "reference": reference}
    boxes = [Box(b.ndc, b.lot.strip(), b.expires_on, b.serial.strip()) for b in boxes]
    today = now.astimezone(site.tz).date()
    faults = _receipt_faults(site, boxes, shared, received_on, patient, today)
    if faults:
        raise Invalid(faults)
    _ask_about_expired(boxes, received_on, override or {})
    if delivery:
        _close_delivery(delivery, site, now)
    shared |= {"received_on": received_on, "patient": patient, "delivery": delivery}
    kits = [_shelve(site, box, shared, by, now, (override or {}).get("expired", "")) for box in boxes]
    devices = sum(KIT_SIZES[kit.ndc] for kit in kits)
    lots = sorted({kit.lot for kit in kits})
    tell("drug.received", site, by, now, patient=patient, kits=len(kits), devices=devices, lots=lots)
    return kits


@patiently
@transaction.atomic
def waste(
    *,
    devices: Iterable[Device],
    reason: str,
    witness,
    by,
    now: datetime,
    session: TreatmentSession | None = None,
    at: datetime | None = None,
) -> list[LedgerEntry]:
    """Destroyed in front of a witness: dropped, broken, expired.

    Raises:
        Invalid: no reason, no witness, or a witness who is the same person.
        Refused: `not_on_shelf`, for each device that is not.
    """
    held = hold(devices)
    site, at = held[0].site, at or now
    facts = {"reason": reason}
    faults = checks.text(facts, "reason", 500) + second_person(witness, by, site, "witness")
    faults += in_future(at, now, "at")
    if session and session.site_id != site.pk:
        faults.append(Fault("unknown", _("No such session at this site."), "session"))
    if faults:
        raise Invalid(faults)
    all_on_shelf(held)
    own = {**facts, "witness": witness, "session": session}
    entries = [move(device, Move(EntryKind.WASTED, Place.WASTED, at, by, now, own)) for device in held]
    tell("drug.wasted", site, by, now, reason=facts["reason"], devices=ids(held), witness=str(witness.pk))
    return entries


@patiently
@transaction.atomic
def give_back(
    *, devices: Iterable[Device], reason: str, to: str, by, now: datetime, number: str = ""
) -> list[LedgerEntry]:
    """Returned to whom it came from, or handed to a reverse distributor.

    Raises:
        Invalid: no reason, or not said to whom.
        Refused: `not_on_shelf`, for each device that is not.
    """
    held = hold(devices)
    facts = {"reason": reason, "to": to, "number": number}
    faults = checks.text(facts, "reason", 500) + checks.text(facts, "to", 120)
    faults += checks.text(facts, "number", 80, required=False)
    if faults:
        raise Invalid(faults)
    all_on_shelf(held)
    detail = {"to": facts["to"], "number": facts["number"]}
    own = {"reason": facts["reason"], "detail": detail}
    entries = [move(device, Move(EntryKind.RETURNED, Place.RETURNED, now, by, now, own)) for device in held]
    tell("drug.returned", held[0].site, by, now, reason=facts["reason"], devices=ids(held), to=facts["to"])
    return entries


@patiently
@transaction.atomic
def lose(
    *,
    devices: Iterable[Device],
    nature: str,
    circumstances: str,
    discovered_at: datetime,
    by,
    now: datetime,
) -> LossReport:
    """Not where they should be. A theft or a significant loss starts the DEA's clocks at its discovery.

    Raises:
        Invalid: circumstances missing, a discovery still to come, an unknown nature.
        Refused: `not_on_shelf`, for each device that is not.
    """
    held = hold(devices)
    facts: dict[str, Any] = {"nature": nature, "circumstances": circumstances}
    faults = checks.choice(facts, "nature", LossNature.values) + checks.text(facts, "circumstances", 1000)
    faults += in_future(discovered_at, now, "discovered_at")
    if faults:
        raise Invalid(faults)
    all_on_shelf(held)
    site = held[0].site
    people = {"recorded_at": now, "recorded_by": by}
    report = LossReport.objects.create(site=site, discovered_at=discovered_at, **facts, **people)
    own = {"reason": facts["circumstances"][:500], "loss": report}
    for device in held:
        move(device, Move(EntryKind.LOST, Place.LOST, discovered_at, by, now, own))
    tell("drug.lost", site, by, now, on=report, nature=nature, devices=ids(held))
    return report


@transaction.atomic
def change_settings(
    *, site: Site, by_hand: bool, forecast_days: int, expiry_warn_days: int, by, now: datetime
) -> DrugSettings:
    """What a site decides about its cabinet.

    Raises:
        Invalid: days that cannot be.
    """
    faults = []
    if not 1 <= forecast_days <= 90:
        faults.append(Fault("out_of_range", _("From 1 to 90."), "forecast_days"))
    if not 1 <= expiry_warn_days <= 365:
        faults.append(Fault("out_of_range", _("From 1 to 365."), "expiry_warn_days"))
    if faults:
        raise Invalid(faults)
    values = {"by_hand": by_hand, "forecast_days": forecast_days, "expiry_warn_days": expiry_warn_days}
    row, _made = DrugSettings.objects.update_or_create(site=site, defaults=values)
    tell("drug.settings", site, by, now, **values)
    return row


def _receipt_faults(site, boxes, shared, received_on, patient, today) -> list[Fault]:
    faults = checks.text(shared, "source", 120) + checks.text(shared, "reference", 80, required=False)
    if not 1 <= len(boxes) <= MOST_KITS:
        faults.append(Fault("out_of_range", _("From 1 to %s kits.") % MOST_KITS, "kits"))
    if not (received_on <= today and (today - received_on).days < 3660):
        faults.append(Fault("impossible", _("Within the last ten years, not after today."), "received_on"))
    if patient and patient.site_id != site.pk:
        faults.append(Fault("unknown", _("No such patient at this site."), "patient"))
    for index, box in enumerate(boxes):
        faults += _box_faults(box, f"kits[{index}].")
    serials = [(box.ndc, box.serial) for box in boxes if box.serial]
    if len(set(serials)) < len(serials):
        faults.append(Fault("duplicate", _("Two of these kits have one serial number."), "kits"))
    return faults


def _box_faults(box: Box, prefix: str) -> list[Fault]:
    values = {f"{prefix}{name}": getattr(box, name) for name in ("ndc", "lot", "serial")}
    faults = checks.choice(values, f"{prefix}ndc", Ndc.values)
    return (
        faults
        + checks.text(values, f"{prefix}lot", 20)
        + checks.text(values, f"{prefix}serial", 20, required=False)
    )


def _ask_about_expired(boxes: Sequence[Box], received_on: date, override: Mapping[str, str]) -> None:
    if override.get("expired", "").strip() or all(box.expires_on >= received_on for box in boxes):
        return
    detail = _("A kit is past its expiry: it can be recorded, to be returned, and is never given.")
    raise ReasonRequired.for_warnings([_Expired("expired", detail)])


def _close_delivery(delivery: Delivery, site: Site, now: datetime) -> None:
    open_ = Delivery.objects.filter(
        pk=delivery.pk, site=site, arrived_at__isnull=True, cancelled_at__isnull=True
    )
    if not open_.update(arrived_at=now):
        raise Refused.because("delivery_closed", _("This delivery has arrived or was cancelled."), "delivery")


def _shelve(site: Site, box: Box, shared: dict[str, Any], by, now: datetime, why: str) -> Kit:
    kit = Kit(
        site=site,
        ndc=box.ndc,
        lot=box.lot,
        expires_on=box.expires_on,
        serial=box.serial,
        owner=Owner.PATIENT if shared["patient"] else Owner.CLINIC,
        recorded_at=now,
        recorded_by=by,
        **shared,
    )
    save_kit(kit)
    for position in range(1, KIT_SIZES[box.ndc] + 1):
        device = Device.objects.create(site=site, kit=kit, position=position)
        move(device, Move(EntryKind.RECEIVED, Place.SHELF, now, by, now, {"reason": why.strip()[:500]}))
    return kit


def save_kit(kit: Kit) -> None:
    try:
        with transaction.atomic():
            kit.save()
    except IntegrityError as error:
        detail = _("The kit with serial number %s is recorded here already.") % kit.serial
        raise Refused.because("serial_known", detail, "serial") from error
