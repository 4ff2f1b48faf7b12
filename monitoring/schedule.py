"""What is due when: derived from T0 and the site's checkpoints each time, stored nowhere. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.limits import (
    CHECKPOINT_MINUTES,
    CONTINUE_EVERY_MINUTES,
    DEVICE_REST_MINUTES,
    OBSERVATION_MINUTES,
    OFFICIAL_MINUTE,
)

DEVICE_MG = 28  # [label]
UPCOMING, DUE, LATE, DONE, MISSED = "upcoming", "due", "late", "done", "missed"
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
    """A site's own numbers, in minutes. `flagged`: the patient has the further checkpoints as well."""

    minutes: tuple[int, ...] = CHECKPOINT_MINUTES
    observation_minutes: int = OBSERVATION_MINUTES
    from_last_device: bool = False
    late_minutes: int = 5
    flagged: bool = False

    def kept(self) -> dict[str, Any]:
        """What is pinned to a session when its first device is started."""
        return {
            "minutes": list(self.minutes),
            "observation_minutes": self.observation_minutes,
            "from_last_device": self.from_last_device,
            "flagged": self.flagged,
        }


def rules_from(kept: Mapping[str, Any], late_minutes: int) -> Rules:
    """The rules that were pinned to a session."""
    return Rules(
        tuple(kept["minutes"]),
        kept["observation_minutes"],
        kept["from_last_device"],
        late_minutes,
        kept["flagged"],
    )


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
    minutes = scheduled(rules)
    last = minutes[-1]
    while until is not None and t0 + timedelta(minutes=last + CONTINUE_EVERY_MINUTES) <= until:
        last += CONTINUE_EVERY_MINUTES
        minutes.append(last)
    official = {OFFICIAL_MINUTE, rules.observation_minutes}
    return [Due(minute, t0 + timedelta(minutes=minute), minute in official) for minute in minutes]


def scheduled(rules: Rules) -> list[int]:
    """The minutes of the schedule; the official ones are always among them [label, REMS]."""
    return sorted({*rules.minutes, OFFICIAL_MINUTE, rules.observation_minutes})


def wanted(dues: Sequence[Due], taken: Collection[int], rules: Rules) -> list[Due]:
    """Of a patient who is ready or gone: the schedule, and of what went on after it only what was taken."""
    last = scheduled(rules)[-1]
    return [due for due in dues if due.minute <= last or due.minute in taken]


def answers(t0: datetime, measured_at: datetime, dues: Sequence[Due], taken: Collection[int]) -> int | None:
    """Which open checkpoint a reading answers: the latest one due by then, or the next if it is close."""
    open_ = [due for due in dues if due.minute not in taken]
    reached = [due for due in open_ if due.due_at - timedelta(minutes=EARLY_MINUTES) <= measured_at]
    return reached[-1].minute if reached else None


def steps(
    dues: Sequence[Due],
    taken: Collection[int],
    *,
    now: datetime,
    rules: Rules,
    left_at: datetime | None = None,
) -> list[Step]:
    """Each checkpoint as done, late, due or upcoming; missed where the patient had left before it."""
    return [Step(due, _state(due, taken, now, rules, left_at)) for due in dues]


def next_due(found: Sequence[Step]) -> Due | None:
    """What the nurse does next: the oldest that is not done."""
    return next((step.due for step in found if step.state != DONE), None)


def is_late(due_at: datetime, measured_at: datetime, rules: Rules) -> bool:
    return measured_at > due_at + timedelta(minutes=rules.late_minutes)


def _state(
    due: Due, taken: Collection[int], now: datetime, rules: Rules, left_at: datetime | None = None
) -> str:
    if due.minute in taken:
        return DONE
    if left_at is not None:
        return MISSED
    if now < due.due_at:
        return UPCOMING
    return LATE if is_late(due.due_at, now, rules) else DUE
