"""Which device of the stock a dose takes. Called inside the transaction of the dose; it is held from here on."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from clinic import checks
from clinic.errors import Fault
from monitoring import stock, stock_rules
from monitoring.enums import Place
from monitoring.ledger import not_on_shelf
from monitoring.models import Device
from scheduling.models import TreatmentSession

NO_DAY = date(1900, 1, 1)
LONGEST_LOT = 40


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the record of the dose will say; `device` is None where a lot is given that no stock holds."""

    device: Device | None
    lot: str
    expires_on: date
    faults: list[Fault] = field(default_factory=list)

    @property
    def pk(self) -> Any:
        return self.device.pk if self.device else None


def missing(device: Device | None, lot: str, expires_on: date | None) -> list[Fault]:
    """Either a device of the stock, or the lot and expiry of its label."""
    if device is not None:
        return []
    faults = checks.text({"lot": lot}, "lot", LONGEST_LOT)
    if expires_on is None:
        faults.append(Fault("required", _("The expiry stands on the device's label."), "expires_on"))
    return faults


def choose(
    session: TreatmentSession,
    at: datetime,
    *,
    device: Device | None = None,
    lot: str = "",
    expires_on: date | None = None,
) -> Chosen:
    """The device named, or for a lot typed by hand the next one of that label on the shelf; and what stands against it.

    A label that the shelf holds takes from the shelf: the same box is never both given and there.
    """
    on = at.astimezone(session.site.tz).date()
    if device is not None:
        return _named(session, device, on)
    return _by_label(session, lot.strip(), expires_on or NO_DAY, on)


def _named(session: TreatmentSession, device: Device, on: date) -> Chosen:
    held = _held(device.pk)
    label = (held.kit.lot, held.kit.expires_on)
    if held.site_id != session.site_id:
        return Chosen(None, *label, [Fault("unknown", _("No such device at this site."), "device")])
    faults = _faults(held, session, on, "device")
    if held.place != Place.SHELF:
        faults.append(not_on_shelf(held))
    return Chosen(held, *label, faults)


def _by_label(session: TreatmentSession, lot: str, expires_on: date, on: date) -> Chosen:
    rows = Device.objects.on_shelf(session.site).filter(kit__lot=lot, kit__expires_on=expires_on)
    units = sorted((stock.unit_of(row) for row in rows.select_related("kit")), key=stock_rules.turn)
    mine = [unit for unit in units if unit.patient in (None, session.patient_id)]
    for unit in mine:
        held = _held(unit.id)
        if held.place == Place.SHELF:
            return Chosen(held, lot, expires_on, _faults(held, session, on, "expires_on"))
    faults = []
    if expires_on < on:
        faults.append(Fault("expired", _expired(), "expires_on"))
    if units and not mine:
        faults.append(Fault("other_patient", _other_patient(), "lot"))
    elif not stock.settings_of(session.site).by_hand:
        detail = _("No device of this lot and expiry is on the shelf. This site gives from its stock only.")
        faults.append(Fault("not_in_stock", detail, "lot"))
    return Chosen(None, lot, expires_on, faults)


def _held(pk: Any) -> Device:
    rows = Device.objects.select_for_update(of=("self",)).select_related("kit", "site")
    return rows.get(pk=pk)


def _faults(device: Device, session: TreatmentSession, on: date, name: str) -> list[Fault]:
    words = {"expired": _expired(), "other_patient": _other_patient()}
    found = stock_rules.problems(stock.unit_of(device), session.patient_id, on)
    return [Fault(code, words[code], name) for code in found]


def _expired() -> str:
    return _("This device is past its expiry; it is never given.")


def _other_patient() -> str:
    return _("This device is another patient's; it is never given to this one.")
