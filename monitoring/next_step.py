"""What the nurse does next at a chair, and by when. Decided from what is known; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from monitoring import safety
from monitoring.schedule import Due
from monitoring.state import ChairState, limits_of
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

S = SessionStatus
# A reading so fresh that the patient can be judged by it.
_RECENT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class NextStep:
    """`kind` names the form that the Chair page opens; `due_at` None is nothing to wait for."""

    kind: str
    label: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChairFacts:
    """What the next step hangs on. `may_dose` None: the questions were not asked yet."""

    session: TreatmentSession
    may_dose: bool | None
    devices: int = 0
    next_device_at: datetime | None = None
    earliest_leave_at: datetime | None = None
    open_dues: Sequence[Due] = ()
    last_reading_at: datetime | None = None
    # A value that only a second one confirms or clears.
    again_at: datetime | None = None


def facts_of(known: ChairState, now: datetime) -> ChairFacts:
    return ChairFacts(
        known.session,
        known.pre_dose.may_dose if known.pre_dose else None,
        devices=len(known.devices),
        next_device_at=known.next_device_at,
        earliest_leave_at=known.earliest_leave_at,
        open_dues=[due for due in known.dues(now) if due.minute not in known.taken],
        last_reading_at=known.checkpoints[-1].measured_at if known.checkpoints else None,
        again_at=safety.measure_again_at(known.checkpoints, limits_of(known.session.site)),
    )


def next_step(known: ChairState, now: datetime) -> NextStep:
    return next_of(facts_of(known, now), now)


def next_of(facts: ChairFacts, now: datetime) -> NextStep:
    status, session = facts.session.status, facts.session
    if status == S.BOOKED:
        return NextStep("arrive", _("Arrival"), session.expected_at or session.starts_at)
    if status == S.ARRIVED:
        return _before_dose(facts)
    if status in (S.DOSING, S.OBSERVING):
        return _after_dose(facts, now)
    if status == S.READY:
        return NextStep("leave", _("Leaves"), None)
    return NextStep("none", _("Done"), None)


def _before_dose(facts: ChairFacts) -> NextStep:
    starts_at = facts.session.starts_at
    if facts.may_dose is None:
        return NextStep("pre_dose", _("Questions before the dose"), starts_at)
    if not facts.may_dose:
        return NextStep("pre_dose", _("Not cleared for the dose"), starts_at)
    return NextStep("device", _("Device 1"), starts_at)


def _after_dose(facts: ChairFacts, now: datetime) -> NextStep:
    """The earliest of the next device, the next checkpoint, a value to be confirmed, and the two hours."""
    found, leave_at = [], facts.earliest_leave_at
    if facts.session.status == S.DOSING and facts.next_device_at:
        found.append(NextStep("device", _("Device %s") % (facts.devices + 1), facts.next_device_at))
    if facts.again_at:
        found.append(NextStep("again", _("Measure again"), facts.again_at))
    scheduled = [due for due in facts.open_dues if leave_at and due.due_at <= leave_at]
    recent = facts.last_reading_at is not None and now - facts.last_reading_at < _RECENT
    if scheduled or (facts.open_dues and not recent):
        due = (scheduled or list(facts.open_dues))[0]
        found.append(NextStep("checkpoint", _("%s-minute reading") % due.minute, due.due_at))
    if not scheduled and not facts.again_at and facts.session.status == S.OBSERVING and leave_at:
        found.append(NextStep("ready", _("Ready to leave?"), leave_at))
    if not found:
        return NextStep("stop", _("Finish dosing"), None)
    return min(found, key=lambda step: step.due_at or now)
