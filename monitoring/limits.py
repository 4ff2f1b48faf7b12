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


# What each may be, the ends included. A rise of 0 would always call, an age of 0 could never be met.
_SYSTOLIC, _DIASTOLIC, _SPO2, _SEDATION = (40, 300), (20, 200), (50, 100), (0, 4)
_POSSIBLE = {
    "systolic_before_amber": _SYSTOLIC,
    "diastolic_before_amber": _DIASTOLIC,
    "systolic_before_red": _SYSTOLIC,
    "diastolic_before_red": _DIASTOLIC,
    "systolic_rise_amber": (1, 150),
    "diastolic_rise_amber": (1, 150),
    "systolic_red_twice": _SYSTOLIC,
    "diastolic_red_twice": _DIASTOLIC,
    "systolic_red_once": _SYSTOLIC,
    "diastolic_red_once": _DIASTOLIC,
    "spo2_amber": _SPO2,
    "spo2_red_twice": _SPO2,
    "spo2_red_once": _SPO2,
    "sedation_amber": _SEDATION,
    "sedation_red": _SEDATION,
    "heart_rate_red": (20, 250),
    "repeat_minutes": (1, 60),
    "reading_now_minutes": (1, 60),
    "late_minutes": (0, 60),
}
# Of each pair the first is below the second: a reading that is amber alone must be possible, and the two values of one
# blood pressure must be.
_BELOW = (
    ("systolic_before_amber", "systolic_before_red"),
    ("diastolic_before_amber", "diastolic_before_red"),
    ("diastolic_before_amber", "systolic_before_amber"),
    ("diastolic_before_red", "systolic_before_red"),
    ("diastolic_red_twice", "systolic_red_twice"),
    ("diastolic_red_once", "systolic_red_once"),
)
# Of each pair the first is at most the second: once is beyond twice, red is beyond amber, and what is accepted of a
# patient who leaves is never a red reading.
_AT_MOST = (
    ("systolic_red_twice", "systolic_red_once"),
    ("diastolic_red_twice", "diastolic_red_once"),
    ("systolic_before_amber", "systolic_red_twice"),
    ("diastolic_before_amber", "diastolic_red_twice"),
    ("spo2_red_once", "spo2_red_twice"),
    ("spo2_red_twice", "spo2_amber"),
    ("sedation_red", "sedation_amber"),
)


@dataclass(frozen=True, slots=True)
class LimitFault:
    """A limit that cannot be, or not beside another: `other` is that one's name, empty where the value itself is it.

    `code`: `unknown`, `out_of_range` (from `low` to `high`), `not_below` or `above` the other.
    """

    code: str
    name: str
    other: str = ""
    low: int = 0
    high: int = 0


def faults_in(values: Mapping[str, Any]) -> list[LimitFault]:
    """Everything that is wrong with these limits, each by itself and each against the others; what is not among them
    is not asked about."""
    faults = [LimitFault("unknown", name) for name in values if name not in _POSSIBLE]
    good = {}
    for name, (low, high) in _POSSIBLE.items():
        if name not in values:
            continue
        if _whole(values[name]) and low <= values[name] <= high:
            good[name] = values[name]
        else:
            faults.append(LimitFault("out_of_range", name, low=low, high=high))
    faults += [LimitFault("not_below", a, b) for a, b in _BELOW if _both(a, b, good) and good[a] >= good[b]]
    return faults + [
        LimitFault("above", a, b) for a, b in _AT_MOST if _both(a, b, good) and good[a] > good[b]
    ]


def _both(one: str, other: str, values: Mapping[str, int]) -> bool:
    return one in values and other in values


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
    return _whole(value) and 0 <= value <= 300


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
