"""The ledger of the drug: devices are held, moved, and every move is written once. Verbs call this, nobody else."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from clinic import audit
from clinic.access import May, may
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from clinic.models import Site
from monitoring import stock
from monitoring.enums import EntryKind, Place
from monitoring.models import Device, DeviceUse, LedgerEntry
from scheduling.models import TreatmentSession


@dataclass(frozen=True, slots=True)
class Move:
    """What the entries of one deed share."""

    kind: EntryKind
    to: str
    at: datetime
    by: Any
    now: datetime
    facts: dict[str, Any] = field(default_factory=dict)


def hold(devices: Iterable[Device]) -> list[Device]:
    """The devices as they now stand, held until the transaction ends; in one order, so that no two wait in a circle.

    Raises:
        Invalid: none, or of several sites.
    """
    wanted = {device.pk for device in devices}
    # Not its session: what is joined to a row that had to be waited for comes as it was before the wait.
    rows = Device.objects.select_for_update(of=("self",)).select_related("kit", "site")
    held = list(rows.filter(pk__in=wanted).order_by("pk"))
    if not held or len({device.site_id for device in held}) > 1:
        raise Invalid.because("required", _("Choose devices of this site."), "devices")
    return held


def not_on_shelf(device: Device) -> Fault:
    """Where it is instead, and who wrote that down."""
    entry = stock.last_move(device)
    text = _("The device of lot %(lot)s is not on the shelf: %(place)s (by %(who)s).")
    who = entry.by.display_name if entry else _("the system")
    place = device.get_place_display().lower()
    detail = text % {"lot": device.kit.lot, "place": place, "who": who}
    return Fault("not_on_shelf", detail, "device", {"present": device.place, "device": str(device.pk)})


def give(
    *, device: Device, use: DeviceUse, session: TreatmentSession, by, now: datetime, witness=None
) -> LedgerEntry:
    """A held device leaves the shelf for a patient. Part of the dose: dosing and the exchange call it. `witness`: who
    saw that it had to replace another."""
    facts = {"session": session, "use": use, "witness": witness}
    return move(device, Move(EntryKind.GIVEN, Place.GIVEN, use.started_at, by, now, facts))


def take_back(*, device: Device, use: DeviceUse, reason: str, by, now: datetime) -> LedgerEntry:
    """It was another device that was given: this one stands on the shelf again."""
    facts = {"use": use, "reason": reason}
    return move(device, Move(EntryKind.CORRECTED, Place.SHELF, now, by, now, facts))


def second_person(person, by, site: Site, name: str) -> list[Fault]:
    """Somebody else of the site, who may count the drug."""
    if person is None:
        return [Fault("required", _("A second person is needed."), name)]
    if person.pk == by.pk:
        return [Fault("same_person", _("The second person is somebody else than you."), name)]
    if not may(person, May.COUNT_DRUG, site):
        return [Fault("unknown", _("Nobody of this site who may count the drug."), name)]
    return []


def move(device: Device, what: Move) -> LedgerEntry:
    """Column and entry together, for a held device."""
    last = device.entries.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    entry = LedgerEntry.objects.create(
        id=new_id(),
        site_id=device.site_id,
        device=device,
        sequence=last + 1,
        kind=what.kind,
        from_place=device.place,
        to_place=what.to,
        at=what.at,
        recorded_at=what.now,
        by=what.by,
        **what.facts,
    )
    device.place = what.to
    device.session = what.facts.get("session") if what.to == Place.GIVEN else None
    device.save(update_fields=["place", "session"])
    return entry


def all_on_shelf(held: list[Device]) -> None:
    faults = [not_on_shelf(device) for device in held if device.place != Place.SHELF]
    if faults:
        raise Refused(faults)


def ids(devices: Iterable[Device]) -> list[str]:
    return [str(device.pk) for device in devices]


def tell(action: str, site: Site, by, now: datetime, *, patient=None, on=None, reason="", **detail) -> None:
    audit.record(action, by=by, now=now, site=site, patient=patient, on=on, reason=reason, **detail)
