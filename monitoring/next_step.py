"""What the nurse does next at a chair, and by when. Decided from what is known; changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from monitoring.schedule import DONE
from monitoring.state import ChairState
from scheduling.enums import SessionStatus

S = SessionStatus


@dataclass(frozen=True, slots=True)
class NextStep:
    """`kind` names the form that the Chair page opens; `due_at` None is nothing to wait for."""

    kind: str
    label: str
    due_at: datetime | None


def next_step(known: ChairState, now: datetime) -> NextStep:
    status = known.session.status
    if status == S.BOOKED:
        return NextStep("arrive", _("Arrival"), known.session.expected_at or known.session.starts_at)
    if status == S.ARRIVED:
        return _before_dose(known)
    if status in (S.DOSING, S.OBSERVING):
        return _after_dose(known, now)
    if status == S.READY:
        return NextStep("leave", _("Leaves"), None)
    return NextStep("none", _("Done"), None)


def _before_dose(known: ChairState) -> NextStep:
    starts_at = known.session.starts_at
    if known.pre_dose is None:
        return NextStep("pre_dose", _("Questions before the dose"), starts_at)
    if not known.pre_dose.may_dose:
        return NextStep("pre_dose", _("Not cleared for the dose"), starts_at)
    return NextStep("device", _("Device 1"), starts_at)


def _after_dose(known: ChairState, now: datetime) -> NextStep:
    """The earliest of the next device, the next checkpoint, and the two hours."""
    found = []
    if known.session.status == S.DOSING and known.next_device_at:
        number = len(known.devices) + 1
        found.append(NextStep("device", _("Device %s") % number, known.next_device_at))
    steps = [step for step in known.steps(now) if step.state != DONE]
    scheduled = [
        step for step in steps if known.earliest_leave_at and step.due.due_at <= known.earliest_leave_at
    ]
    if scheduled or (steps and not _recent(known, now)):
        due = (scheduled or steps)[0].due
        found.append(NextStep("checkpoint", _("%s-minute reading") % due.minute, due.due_at))
    if not scheduled and known.session.status == S.OBSERVING and known.earliest_leave_at:
        found.append(NextStep("ready", _("Ready to leave?"), known.earliest_leave_at))
    if not found:
        return NextStep("stop", _("Finish dosing"), None)
    return min(found, key=lambda step: step.due_at or now)


def _recent(known: ChairState, now: datetime) -> bool:
    """A reading so fresh that the patient can be judged by it."""
    return bool(known.checkpoints) and (now - known.checkpoints[-1].measured_at).total_seconds() < 15 * 60
