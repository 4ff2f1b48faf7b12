"""Devices: 28 mg each, five minutes apart, taken from the stock. The start of the first is T0."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from monitoring import leaving, ledger, schedule, state, taking
from monitoring.checks import in_future, lock
from monitoring.models import Device, DeviceUse
from monitoring.schedule import Due
from monitoring.state import ChairState
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from scheduling.statuses import change_status

S = SessionStatus


@dataclass(frozen=True, slots=True)
class Extra:
    """Why a device was replaced, and who saw it."""

    reason: str
    witness: str


@dataclass(frozen=True, slots=True)
class Dosed:
    """What follows from a device: when the next may start, what is due, when the two hours end."""

    device: DeviceUse
    next_device_at: datetime | None
    checkpoints: list[Due]
    earliest_leave_at: datetime | None


@transaction.atomic
def start_device(
    *,
    session: TreatmentSession,
    number: int,
    started_at: datetime,
    by,
    now: datetime,
    device: Device | None = None,
    lot: str = "",
    expires_on: date | None = None,
    extra: Extra | None = None,
) -> Dosed:
    """Write down that device `number` was started, and take it from the stock. The same again changes nothing.

    The device is one of the stock, or one whose `lot` and `expires_on` are typed from its label.

    Raises:
        Invalid: a time to come, neither device nor label, an extra device without reason or witness.
        Refused: `wrong_state`, `not_cleared`, `too_soon`, `out_of_order`, `expired`, `other_patient`,
            `not_on_shelf`, `not_in_stock`, `over_dose`, or `device_recorded` where another device has this
            number; all that apply.
    """
    session, observation = lock(session, [S.ARRIVED, S.DOSING, S.OBSERVING])
    known = state.load(session)
    _refuse_impossible(number, started_at, taking.missing(device, lot, expires_on), extra, now)
    if same := _replay(known, number, started_at, device, lot, expires_on):
        return _result(known, same)
    chosen = taking.choose(session, started_at, device=device, lot=lot, expires_on=expires_on)
    _refuse(known, session, number, started_at, chosen, extra)
    use = DeviceUse.objects.create(
        id=new_id(),
        observation=observation,
        number=number,
        started_at=started_at,
        recorded_at=now,
        by=by,
        device=chosen.device,
        lot=chosen.lot,
        expires_on=chosen.expires_on,
        extra_reason=extra.reason.strip() if extra else "",
        witness=extra.witness.strip() if extra else "",
    )
    if chosen.device:
        ledger.give(device=chosen.device, use=use, session=session, by=by, now=now)
    if number == 1:
        observation.t0_at, observation.rules = started_at, known.rules.kept()
    observation.last_device_at = started_at
    observation.save(update_fields=["t0_at", "last_device_at", "rules"])
    _advance(session, number, by, now)
    _tell("device.started", session, use, by, now)
    return _result(state.load(session), use)


@transaction.atomic
def stop_dosing(*, session: TreatmentSession, reason: str, by, now: datetime) -> TreatmentSession:
    """No further device is given; the observation goes on.

    Raises:
        Invalid: no reason.
        Refused: `wrong_state`.
    """
    if not reason.strip():
        raise Invalid.because("required", _("Say why."), "reason")
    session, observation = lock(session, [S.DOSING])
    observation.dosing_stopped_reason = reason.strip()[:500]
    observation.save(update_fields=["dosing_stopped_reason"])
    return change_status(session=session, to=S.OBSERVING, by=by, now=now, reason=reason.strip())


@transaction.atomic
def correct_device(
    *,
    session: TreatmentSession,
    number: int,
    started_at: datetime,
    reason: str,
    by,
    now: datetime,
    version: int | None = None,
) -> Dosed:
    """Another start for a device, as a new version; with device 1 every due time moves.

    Where the patient turns out to have been judged ready before the end of the two hours, they are observed
    again; where they have left, that is written down as a deviation. `version` is the one the person saw.

    Raises:
        Invalid: no reason, a time to come.
        Refused: `unknown_device`, `superseded`, `too_soon`, `reading_before_t0`.
    """
    faults = in_future(started_at, now, "started_at")
    if not reason.strip():
        faults.append(Fault("required", _("Say why."), "reason"))
    if faults:
        raise Invalid(faults)
    session, observation = lock(session, [S.DOSING, S.OBSERVING, S.READY, S.COMPLETED])
    known = state.load(session)
    old = _newest(known, number, version)
    _refuse_correction(known, number, started_at)
    device = _corrected(old, started_at, reason, by, now)
    known = state.load(session)
    observation.t0_at, observation.last_device_at = known.devices[0].started_at, known.devices[-1].started_at
    observation.save(update_fields=["t0_at", "last_device_at"])
    _tell("device.corrected", session, device, by, now, reason, old=old.started_at.isoformat())
    known = state.load(session)
    leaving.judge_again(known, reason=reason.strip(), by=by, now=now)
    return _result(known, device)


def _newest(known: ChairState, number: int, version: int | None) -> DeviceUse:
    device = next((device for device in known.devices if device.number == number), None)
    if device is None:
        raise Refused.because("unknown_device", _("No such device was started."), "number")
    if version is not None and version != device.version:
        text = _("%(who)s has corrected this time in the meantime: %(at)s.")
        at = device.started_at.astimezone(known.session.site.tz)
        detail = text % {"who": device.by.display_name, "at": f"{at:%H:%M}"}
        raise Refused.because("superseded", detail, version=device.version)
    return device


def _corrected(old: DeviceUse, started_at: datetime, reason: str, by, now: datetime) -> DeviceUse:
    return DeviceUse.objects.create(
        id=new_id(),
        observation_id=old.observation_id,
        number=old.number,
        version=old.version + 1,
        started_at=started_at,
        recorded_at=now,
        by=by,
        device=old.device,
        lot=old.lot,
        expires_on=old.expires_on,
        extra_reason=old.extra_reason,
        witness=old.witness,
        correction_reason=reason.strip()[:500],
    )


def _refuse_impossible(
    number: int, started_at: datetime, missing: list[Fault], extra: Extra | None, now: datetime
) -> None:
    faults = in_future(started_at, now, "started_at") + missing
    if not 1 <= number <= 9:
        faults.append(Fault("out_of_range", _("From 1 to 9."), "number"))
    if extra and not extra.reason.strip():
        faults.append(Fault("required", _("Say why."), "extra.reason"))
    if extra and not extra.witness.strip():
        faults.append(Fault("required", _("Who saw it?"), "extra.witness"))
    if faults:
        raise Invalid(faults)


def _replay(
    known: ChairState,
    number: int,
    started_at: datetime,
    device: Device | None,
    lot: str,
    expires_on: date | None,
) -> DeviceUse | None:
    use = next((d for d in known.all_devices if d.number == number and d.version == 1), None)
    if use is None:
        return None
    label = use.device_id == device.pk if device else (use.lot, use.expires_on) == (lot.strip(), expires_on)
    if use.started_at == started_at and label:
        return use
    raise Refused.because("device_recorded", _("Device %s is recorded already.") % number, "number")


def _refuse(known, session, number, started_at, chosen, extra) -> None:
    """Every reason against this device."""
    faults = []
    if known.pre_dose is None or not known.pre_dose.may_dose:
        faults.append(Fault("not_cleared", _("The questions before the dose do not clear this patient.")))
    if number > known.devices_planned and extra is None:
        text = _("%(mg)s mg is %(n)s devices; one more wants a reason and a witness.")
        detail = text % {"mg": session.dose_mg, "n": known.devices_planned}
        faults.append(Fault("over_dose", detail, "number"))
    faults += chosen.faults + _order_faults(known, number, started_at)
    if faults:
        raise Refused(faults)


def _order_faults(known: ChairState, number: int, started_at: datetime) -> list[Fault]:
    if number == 1:
        return []
    before = next((device for device in known.devices if device.number == number - 1), None)
    if before is None:
        return [Fault("out_of_order", _("Device %s comes first.") % (number - 1), "number")]
    allowed = schedule.next_device_at(before.started_at)
    if started_at >= allowed:
        return []
    detail = _("Five minutes' rest between devices [label].")
    return [Fault("too_soon", detail, "started_at", {"next_device_at": allowed.isoformat()})]


def _refuse_correction(known: ChairState, number: int, started_at: datetime) -> None:
    faults = _order_faults(known, number, started_at)
    after = next((device for device in known.devices if device.number == number + 1), None)
    if after and after.started_at < schedule.next_device_at(started_at):
        faults.append(Fault("too_soon", _("Less than five minutes before the next device."), "started_at"))
    if number == 1 and known.checkpoints and known.checkpoints[0].measured_at < started_at:
        detail = _("A reading after the dose was taken before that time.")
        faults.append(Fault("reading_before_t0", detail, "started_at"))
    if faults:
        raise Refused(faults)


def _advance(session: TreatmentSession, number: int, by, now: datetime) -> None:
    """The first device begins the dosing, the last planned one ends it."""
    if session.status == S.ARRIVED:
        session = change_status(session=session, to=S.DOSING, by=by, now=now)
    if session.status == S.DOSING and number >= schedule.devices_for(session.dose_mg):
        change_status(session=session, to=S.OBSERVING, by=by, now=now)


def _result(known: ChairState, device: DeviceUse) -> Dosed:
    return Dosed(device, known.next_device_at, known.dues(), known.earliest_leave_at)


def _tell(action, session, device: DeviceUse, by, now, reason: str = "", **detail) -> None:
    audit.record(
        action,
        by=by,
        now=now,
        site=session.site_id,
        patient=session.patient_id,
        on=device,
        reason=reason,
        number=device.number,
        started_at=device.started_at.isoformat(),
        lot=device.lot,
        **detail,
    )
