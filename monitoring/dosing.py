"""Devices: 28 mg each, five minutes apart, taken from the stock. The start of the first is T0."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Invalid, Refused
from monitoring import leaving, ledger, predose, schedule, state, taking, uses
from monitoring.checks import before_arrival, in_future, lock, reason_in
from monitoring.models import Device, DeviceUse, Observation
from monitoring.schedule import Due
from monitoring.state import ChairState
from monitoring.uses import Extra, Start
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from scheduling.statuses import change_status

S = SessionStatus


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
        Invalid: a time to come or before the day of the arrival, neither device nor label, an extra device without
            reason, or without a witness: a second person of the site.
        Refused: `wrong_state`, `not_cleared`, `too_soon`, `out_of_order`, `expired`, `other_patient`,
            `not_on_shelf`, `not_in_stock`, `over_dose`, or `device_recorded` where another device has this
            number; all that apply.
    """
    start = Start(number, started_at, device, lot, expires_on, extra)
    session, observation = lock(session, [S.ARRIVED, S.DOSING, S.OBSERVING])
    known = state.load(session)
    _refuse_impossible(start, observation, by, now)
    if same := uses.recorded(known.all_devices, start):
        return _result(known, same)
    chosen = taking.choose(session, started_at, device=device, lot=lot, expires_on=expires_on)
    _refuse(known, start, chosen)
    witness = extra.witness if extra else None
    use = uses.write_first(observation, start, chosen, by=by, now=now)
    if chosen.device:
        ledger.give(device=chosen.device, use=use, session=session, by=by, now=now, witness=witness)
    if number == 1:
        observation.t0_at, observation.rules = started_at, known.rules.kept()
    observation.last_device_at = started_at
    observation.save(update_fields=["t0_at", "last_device_at", "rules"])
    _advance(session, number, by, now)
    _tell("device.started", session, use, by, now, **({"witness": str(witness.pk)} if witness else {}))
    return _result(state.load(session), use)


@transaction.atomic
def stop_dosing(*, session: TreatmentSession, reason: str, by, now: datetime) -> TreatmentSession:
    """No further device is given; the observation goes on.

    Raises:
        Invalid: no reason.
        Refused: `wrong_state`.
    """
    reason = reason_in(reason)
    session, observation = lock(session, [S.DOSING])
    observation.dosing_stopped_reason = reason
    observation.save(update_fields=["dosing_stopped_reason"])
    return change_status(session=session, to=S.OBSERVING, by=by, now=now, reason=reason)


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
        Invalid: no reason, a time to come, or before the day of the arrival.
        Refused: `unknown_device`, `superseded`, `too_soon`, `reading_before_t0`.
    """
    reason = reason_in(reason, more=in_future(started_at, now, "started_at"))
    session, observation = lock(session, [S.DOSING, S.OBSERVING, S.READY, S.COMPLETED])
    if faults := before_arrival(started_at, observation, "started_at"):
        raise Invalid(faults)
    known = state.load(session)
    old = _newest(known, number, version)
    _refuse_correction(known, number, started_at)
    device = uses.write_next(old, reason=reason, by=by, now=now, started_at=started_at)
    known = state.load(session)
    observation.t0_at, observation.last_device_at = known.devices[0].started_at, known.devices[-1].started_at
    observation.save(update_fields=["t0_at", "last_device_at"])
    _tell("device.corrected", session, device, by, now, reason, old=old.started_at.isoformat())
    known = state.load(session)
    leaving.judge_again(known, reason=reason, by=by, now=now)
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


def _refuse_impossible(start: Start, observation: Observation, by, now: datetime) -> None:
    faults = in_future(start.started_at, now, "started_at")
    faults += before_arrival(start.started_at, observation, "started_at")
    faults += taking.missing(start.device, start.lot, start.expires_on)
    faults += start.faults(observation.session.site, by)
    if faults:
        raise Invalid(faults)


def _refuse(known: ChairState, start: Start, chosen: taking.Chosen) -> None:
    """Every reason against this device."""
    faults = _not_cleared(known)
    if start.extra is None:
        faults += _beyond_the_dose(known, start.number)
    faults += chosen.faults + _order_faults(known, start.number, start.started_at)
    if faults:
        raise Refused(faults)


def _beyond_the_dose(known: ChairState, number: int) -> list[Fault]:
    if number > known.devices_planned:
        text = _("%(mg)s mg is %(n)s devices; one more wants a reason and a witness.")
        detail = text % {"mg": known.session.dose_mg, "n": known.devices_planned}
    elif known.observation and known.observation.dosing_stopped_reason:
        detail = _("No further device was to be given; one more wants a reason and a witness.")
    else:
        return []
    return [Fault("over_dose", detail, "number")]


def _not_cleared(known: ChairState) -> list[Fault]:
    """The answers do not clear the patient, or the patient's record has changed since they were given."""
    if known.pre_dose is None or not known.pre_dose.may_dose:
        return [Fault("not_cleared", _("The questions before the dose do not clear this patient."))]
    stops = predose.of_record(state.patient_facts(known.session))
    return [Fault("not_cleared", gate.detail) for gate in stops if not gate.ok]


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
