"""What is due when: derived from T0 and the site's checkpoints each time, stored nowhere. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.limits import (
    CHECKPOINT_MINUTES,
    CONTINUE_EVERY_MINUTES,
    DEVICE_REST_MINUTES,
    OBSERVATION_MINUTES,
    OFFICIAL_MINUTE,
)

DEVICE_MG = 28  # [label]
UPCOMING, DUE, LATE, DONE = "upcoming", "due", "late", "done"
# A reading this long before its minute still answers it [practice].
EARLY_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Due:
    """A checkpoint that should be. `required`: official, not only practice."""

    minute: int
    due_at: datetime
    required: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A checkpoint and how it stands."""

    due: Due
    state: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A site's own numbers, in minutes."""

    minutes: tuple[int, ...] = CHECKPOINT_MINUTES
    observation_minutes: int = OBSERVATION_MINUTES
    from_last_device: bool = False
    late_minutes: int = 5


def devices_for(dose_mg: int) -> int:
    """56 mg is two devices, 84 mg three [label]."""
    return dose_mg // DEVICE_MG


def next_device_at(last_started_at: datetime) -> datetime:
    """Five minutes' rest between devices [label]."""
    return last_started_at + timedelta(minutes=DEVICE_REST_MINUTES)


def earliest_leave_at(t0: datetime, last_device_at: datetime, rules: Rules) -> datetime:
    """Two hours are a floor [label], counted from the first device, or the last where the site says so."""
    start = last_device_at if rules.from_last_device else t0
    return start + timedelta(minutes=rules.observation_minutes)


def checkpoints(t0: datetime, rules: Rules, *, until: datetime | None = None) -> list[Due]:
    """Those of the schedule; past the last one every 15 minutes up to `until`, while the patient is not ready."""
    minutes = sorted({*rules.minutes, OFFICIAL_MINUTE, rules.observation_minutes})
    last = minutes[-1]
    while until is not None and t0 + timedelta(minutes=last + CONTINUE_EVERY_MINUTES) <= until:
        last += CONTINUE_EVERY_MINUTES
        minutes.append(last)
    official = {OFFICIAL_MINUTE, rules.observation_minutes}
    return [Due(minute, t0 + timedelta(minutes=minute), minute in official) for minute in minutes]


def answers(t0: datetime, measured_at: datetime, dues: Sequence[Due], taken: Collection[int]) -> int | None:
    """Which open checkpoint a reading answers: the latest one due by then, or the next if it is close."""
    open_ = [due for due in dues if due.minute not in taken]
    reached = [due for due in open_ if due.due_at - timedelta(minutes=EARLY_MINUTES) <= measured_at]
    return reached[-1].minute if reached else None


def steps(dues: Sequence[Due], taken: Collection[int], *, now: datetime, rules: Rules) -> list[Step]:
    """Each checkpoint as done, late, due or upcoming."""
    return [Step(due, _state(due, taken, now, rules)) for due in dues]


def next_due(found: Sequence[Step]) -> Due | None:
    """What the nurse does next: the oldest that is not done."""
    return next((step.due for step in found if step.state != DONE), None)


def is_late(due_at: datetime, measured_at: datetime, rules: Rules) -> bool:
    return measured_at > due_at + timedelta(minutes=rules.late_minutes)


def _state(due: Due, taken: Collection[int], now: datetime, rules: Rules) -> str:
    if due.minute in taken:
        return DONE
    if now < due.due_at:
        return UPCOMING
    return LATE if is_late(due.due_at, now, rules) else DUE
