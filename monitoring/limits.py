"""The limits by which readings are judged: the defaults of docs/clinical.md, which a site may change. Pure.

Units: mmHg, per cent, beats a minute, MOAA/S 0-5, minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

# Before, 15, 30, 40, 60, 90, 120 [practice]; only before, 40 and the last are official [label, REMS].
CHECKPOINT_MINUTES = (15, 30, 40, 60, 90, 120)
OFFICIAL_MINUTE = 40
# Beside those, for patients who were flagged before the dose [practice: ours, no authority].
FLAGGED_MINUTES = (50, 75, 105)
DEVICE_REST_MINUTES = 5  # [label]
OBSERVATION_MINUTES = 120  # [label]
# After the last scheduled one, until the patient is ready [practice].
CONTINUE_EVERY_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Limits:
    systolic_before_amber: int = 140  # above it [label]
    diastolic_before_amber: int = 90
    systolic_before_red: int = 160  # at or above it [practice]
    diastolic_before_red: int = 100
    systolic_rise_amber: int = 40  # at or above it, over the reading before [label]
    diastolic_rise_amber: int = 25
    systolic_red_twice: int = 180  # above it on two readings five minutes apart [practice]
    diastolic_red_twice: int = 110
    systolic_red_once: int = 200  # above it once [practice]
    diastolic_red_once: int = 120
    spo2_amber: int = 95  # below it [practice]
    spo2_red_twice: int = 93  # below it twice in a row
    spo2_red_once: int = 90  # below it once
    sedation_amber: int = 3  # at or below it: lower is more sedated
    sedation_red: int = 1
    heart_rate_red: int = 120  # above it for five minutes [practice]
    repeat_minutes: int = 5
    reading_now_minutes: int = 15  # how fresh a reading must be when the patient is judged ready [practice]
    late_minutes: int = 5  # a checkpoint later than this is marked late [practice]


def from_mapping(values: Mapping[str, Any]) -> Limits:
    """The defaults with a site's own values.

    Raises:
        ValueError: naming every unknown name and every value that is no whole number from 0 to 300.
    """
    known = {field.name for field in fields(Limits)}
    faults = [f"unknown limit {name}" for name in values if name not in known]
    faults += [
        f"{name} must be a whole number from 0 to 300" for name, v in values.items() if not _possible(v)
    ]
    if faults:
        raise ValueError("; ".join(faults))
    return Limits(**values)


def _possible(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 300
