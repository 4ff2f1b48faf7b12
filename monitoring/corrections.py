"""What was written down about the drug and is not so. Every correction is an entry of its own, with its reason."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import checks
from clinic.errors import Fault, Invalid, Refused
from monitoring import taking, uses
from monitoring.checks import lock
from monitoring.enums import EntryKind, Place
from monitoring.inventory import save_kit
from monitoring.ledger import Move, give, hold, move, take_back, tell
from monitoring.models import Device, DeviceUse, Kit, LedgerEntry
from scheduling.enums import SessionStatus
from scheduling.locking import patiently
from scheduling.models import TreatmentSession

S = SessionStatus

# Where a correction may put a device; one that was given is exchanged at the chair.
RIGHTED = {
    Place.WASTED: Place.SHELF,
    Place.RETURNED: Place.SHELF,
    Place.LOST: Place.SHELF,
    Place.SHELF: Place.OUTSIDE,
    Place.OUTSIDE: Place.SHELF,
}
KIT_FACTS = ("lot", "expires_on", "serial", "source", "reference", "received_on")


@patiently
@transaction.atomic
def correct_place(*, device: Device, reason: str, by, now: datetime) -> LedgerEntry:
    """What was written down is not so: found again, not wasted after all, or, from the shelf, never received.

    Raises:
        Invalid: no reason.
        Refused: `not_correctable` for a device that was given: that is exchanged at the chair.
    """
    (held,) = hold([device])
    facts = {"reason": reason}
    if faults := checks.text(facts, "reason", 500):
        raise Invalid(faults)
    to = RIGHTED.get(Place(held.place))
    if to is None:
        detail = _("A device that was given is exchanged on its session's page.")
        raise Refused.because("not_correctable", detail, present=held.place)
    old = held.place
    entry = move(held, Move(EntryKind.CORRECTED, to, now, by, now, facts))
    tell("drug.corrected", held.site, by, now, on=held, reason=facts["reason"], old=old, new=str(to))
    return entry


@patiently
@transaction.atomic
def correct_kit(*, kit: Kit, changes: Mapping[str, Any], reason: str, by, now: datetime) -> Kit:
    """The label was misread at its receipt. Each device gets an entry; one already given gets a new version.

    Raises:
        Invalid: no reason, nothing changed, or values that cannot be.
        Refused: `serial_known`.
    """
    kit = Kit.objects.select_for_update(of=("self",)).select_related("site").get(pk=kit.pk)
    held = hold(kit.devices.all())
    facts = {"reason": reason}
    old = {name: getattr(kit, name) for name in KIT_FACTS}
    new = {**old, **{name: value for name, value in changes.items() if name in KIT_FACTS}}
    faults = checks.text(facts, "reason", 500) + _fact_faults(new, now.astimezone(kit.site.tz).date())
    changed = {name: [str(old[name]), str(new[name])] for name in KIT_FACTS if old[name] != new[name]}
    if not changed and not faults:
        faults.append(Fault("unchanged", _("Nothing is different."), "lot"))
    if faults:
        raise Invalid(faults)
    for name in changed:
        setattr(kit, name, new[name])
    save_kit(kit)
    own = {**facts, "detail": changed}
    for device in held:
        facts_of = {**own, "session": device.session}
        move(device, Move(EntryKind.CORRECTED, device.place, now, by, now, facts_of))
    if {"lot", "expires_on"} & set(changed):
        _correct_uses(kit, facts["reason"], by, now)
    tell("drug.corrected", kit.site, by, now, on=kit, reason=facts["reason"], changed=changed)
    return kit


@patiently
@transaction.atomic
def exchange_device(
    *,
    session: TreatmentSession,
    number: int,
    reason: str,
    by,
    now: datetime,
    device: Device | None = None,
    lot: str = "",
    expires_on: date | None = None,
) -> DeviceUse:
    """It was another device that was given, or another lot: the shelf and the record are put right together.

    Raises:
        Invalid: no reason, neither a device nor a lot with its expiry.
        Refused: `wrong_state`, `unknown_device`, and all that stands against the device.
    """
    session, observation = lock(session, [S.DOSING, S.OBSERVING, S.READY, S.COMPLETED])
    facts = {"reason": reason}
    if faults := checks.text(facts, "reason", 500) + taking.missing(device, lot, expires_on):
        raise Invalid(faults)
    versions = observation.devices.select_related("device__kit").filter(number=number)
    old = versions.order_by("-version").first()
    if old is None:
        raise Refused.because("unknown_device", _("No such device was started."), "number")
    chosen = taking.choose(session, old.started_at, device=device, lot=lot, expires_on=expires_on)
    if chosen.faults:
        raise Refused(chosen.faults)
    label = {"device_id": chosen.pk, "lot": chosen.lot, "expires_on": chosen.expires_on}
    new = uses.write_next(old, reason=facts["reason"], by=by, now=now, **label)
    if old.device:
        (held,) = hold([old.device])
        take_back(device=held, use=new, reason=facts["reason"], by=by, now=now)
    if chosen.device:
        give(device=chosen.device, use=new, session=session, by=by, now=now)
    detail = {"number": number, "old": old.lot, "new": new.lot}
    tell(
        "device.exchanged",
        session.site,
        by,
        now,
        patient=session.patient_id,
        on=new,
        reason=facts["reason"],
        **detail,
    )
    return new


def _fact_faults(values: dict[str, Any], today: date) -> list[Fault]:
    faults = checks.text(values, "lot", 20) + checks.text(values, "serial", 20, required=False)
    faults += checks.text(values, "source", 120) + checks.text(values, "reference", 80, required=False)
    return faults + checks.past_date(values, "received_on", today)


def _correct_uses(kit: Kit, reason: str, by, now: datetime) -> None:
    """The record of each dose follows the label, as a new version."""
    for device in kit.devices.filter(place=Place.GIVEN):
        mine = device.uses.filter(observation__session=device.session_id)
        use = mine.order_by("-recorded_at", "-version").first()
        if use is not None:
            uses.write_next(use, reason=reason, by=by, now=now, lot=kit.lot, expires_on=kit.expires_on)
