"""How a reading is judged: docs/clinical.md, "The session". Pure.

Nothing here decides for a clinician: an alert is a call for one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from monitoring.limits import Limits

AMBER, RED = "amber", "red"
# Hypertensive crisis or encephalopathy: emergency care at any value [label].
CRISIS_SYMPTOMS = frozenset(
    {
        "chest_pain",
        "breathless",
        "severe_headache",
        "visual_change",
        "seizure",
        "reduced_consciousness",
        "focal_deficit",
    }
)
_ALSO_CALLED = {
    "shortness_of_breath": "breathless",
    "short_of_breath": "breathless",
    "dyspnea": "breathless",
    "sudden_severe_headache": "severe_headache",
    "vision_change": "visual_change",
    "change_in_vision": "visual_change",
    "visual_disturbance": "visual_change",
    "blurred_vision": "visual_change",
    "seizures": "seizure",
    "diminished_consciousness": "reduced_consciousness",
    "confusion": "reduced_consciousness",
    "focal_neurologic_deficit": "focal_deficit",
    "weakness": "focal_deficit",
}
RANGES = {
    "systolic": (40, 300),
    "diastolic": (20, 200),
    "heart_rate": (20, 250),
    "spo2": (50, 100),
    "respiratory_rate": (2, 60),
    "sedation": (0, 5),
}
DISSOCIATION = ("none", "mild", "moderate", "severe")
# Which signs an alert after the dose is raised on.
_PRESSURE = ("systolic", "diastolic")
_SIGNS = {
    "bp_very_high": _PRESSURE,
    "bp_high_twice": _PRESSURE,
    "bp_rise": _PRESSURE,
    "spo2_very_low": ("spo2",),
    "spo2_low_twice": ("spo2",),
    "spo2_low": ("spo2",),
    "sedation_very_deep": ("sedation",),
    "sedation_deep": ("sedation",),
    "heart_rate_high": ("heart_rate",),
}
_LOWER_IS_WORSE = ("spo2", "sedation")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured at one moment; None is not measured."""

    measured_at: datetime
    systolic: int | None = None
    diastolic: int | None = None
    heart_rate: int | None = None
    spo2: int | None = None
    respiratory_rate: int | None = None
    sedation: int | None = None
    dissociation: str = ""
    symptoms: tuple[str, ...] = ()
    not_taken: str = ""

    @property
    def has_pressure(self) -> bool:
        return self.systolic is not None and self.diastolic is not None


class Signs(Protocol):
    """What of a reading wants another one; a row of the database has it as well."""

    @property
    def measured_at(self) -> datetime: ...
    @property
    def systolic(self) -> int | None: ...
    @property
    def diastolic(self) -> int | None: ...
    @property
    def heart_rate(self) -> int | None: ...
    @property
    def spo2(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class AlertFinding:
    level: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that cannot be."""

    code: str
    field: str
    detail: str


def faults_in(values: dict[str, Any]) -> list[Fault]:
    """Every value that no patient can have, by field."""
    found = []
    for name, (low, high) in RANGES.items():
        value = values.get(name)
        if value is not None and not low <= value <= high:
            found.append(Fault("out_of_range", name, f"From {low} to {high}."))
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if (systolic is None) != (diastolic is None):
        missing = "systolic" if systolic is None else "diastolic"
        found.append(Fault("incomplete", missing, "Both values of a blood pressure, or neither."))
    elif systolic is not None and diastolic is not None and diastolic >= systolic:
        found.append(Fault("impossible", "diastolic", "Below the systolic value."))
    if values.get("dissociation") not in (None, "", *DISSOCIATION):
        found.append(Fault("unknown", "dissociation", "One of none, mild, moderate, severe."))
    return found


def judge_before(reading: Reading, limits: Limits) -> list[AlertFinding]:
    """The reading before the dose."""
    if reading.systolic is None or reading.diastolic is None:
        return _judge_spo2(reading, (), limits)
    found = []
    text = f"Blood pressure before dosing {reading.systolic}/{reading.diastolic}."
    if reading.systolic >= limits.systolic_before_red or reading.diastolic >= limits.diastolic_before_red:
        found.append(AlertFinding(RED, "bp_before_red", text))
    elif reading.systolic > limits.systolic_before_amber or reading.diastolic > limits.diastolic_before_amber:
        found.append(AlertFinding(AMBER, "bp_before_amber", text))
    return found + _judge_spo2(reading, (), limits)


def judge(
    reading: Reading, earlier: Sequence[Reading], before: Reading | None, limits: Limits
) -> list[AlertFinding]:
    """A reading after the dose; `earlier` are those of this session before it, in order of time.

    "Twice in a row" and "for five minutes" know no dose: there the reading before it counts as one.
    """
    all_earlier = [before, *earlier] if before is not None else earlier
    return [
        *_judge_pressure(reading, earlier, before, limits),
        *_judge_spo2(reading, all_earlier, limits),
        *_judge_sedation(reading, limits),
        *_judge_pulse(reading, all_earlier, limits),
        *_judge_symptoms(reading),
    ]


def _judge_pressure(
    reading: Reading, earlier: Sequence[Reading], before: Reading | None, limits: Limits
) -> list[AlertFinding]:
    systolic, diastolic = reading.systolic, reading.diastolic
    if systolic is None or diastolic is None:
        return []
    text = f"Blood pressure {systolic}/{diastolic}"
    found = []
    if systolic > limits.systolic_red_once or diastolic > limits.diastolic_red_once:
        found.append(AlertFinding(RED, "bp_very_high", f"{text}."))
    elif is_high(reading, limits) and any(
        is_high(other, limits) and _apart(other, reading, limits)
        for other in _unbroken(earlier, lambda r: r.has_pressure, lambda r: is_high(r, limits))
    ):
        found.append(AlertFinding(RED, "bp_high_twice", f"{text}, high on two readings five minutes apart."))
    if before is not None and before.systolic is not None and before.diastolic is not None:
        up, up_diastolic = systolic - before.systolic, diastolic - before.diastolic
        if up >= limits.systolic_rise_amber or up_diastolic >= limits.diastolic_rise_amber:
            found.append(
                AlertFinding(AMBER, "bp_rise", f"{text}, up from {before.systolic}/{before.diastolic}.")
            )
    return found


def measure_again_at(readings: Sequence["Signs"], limits: Limits) -> datetime | None:
    """When a sign is to be measured again, because its last value is beyond the limit of an alert that wants two; None
    where none is. `readings` in order of time, after the dose.

    A pressure and a pulse are measured again when the pair's minutes are over, a saturation at once [practice].
    """
    pair, found = timedelta(minutes=limits.repeat_minutes), []
    if (pressure := _last(readings, "systolic")) and is_high(pressure, limits):
        found.append(pressure.measured_at + pair)
    if (pulse := _last(readings, "heart_rate")) and (pulse.heart_rate or 0) > limits.heart_rate_red:
        found.append(pulse.measured_at + pair)
    oxygen = _last(readings, "spo2")
    if oxygen and oxygen.spo2 is not None and oxygen.spo2 < limits.spo2_red_twice:
        found.append(oxygen.measured_at)
    return min(found, default=None)


def _last(readings: Sequence["Signs"], name: str) -> "Signs | None":
    return next((reading for reading in reversed(readings) if getattr(reading, name) is not None), None)


def is_high(reading: "Signs", limits: Limits) -> bool:
    """A pressure above the limit of the alert that wants two."""
    if reading.systolic is None or reading.diastolic is None:
        return False
    return reading.systolic > limits.systolic_red_twice or reading.diastolic > limits.diastolic_red_twice


def _apart(earlier: Reading, later: Reading, limits: Limits) -> bool:
    return later.measured_at - earlier.measured_at >= timedelta(minutes=limits.repeat_minutes)


def _unbroken(
    earlier: Sequence[Reading], measured: Callable[[Reading], bool], high: Callable[[Reading], bool]
) -> list[Reading]:
    """The latest run of readings that measured this value and were high, back to the first that was not."""
    run = []
    for reading in reversed([r for r in earlier if measured(r)]):
        if not high(reading):
            break
        run.append(reading)
    return run


def _judge_spo2(reading: Reading, earlier: Sequence[Reading], limits: Limits) -> list[AlertFinding]:
    if reading.spo2 is None:
        return []
    last = next((r.spo2 for r in reversed(earlier) if r.spo2 is not None), None)
    text = f"SpO2 {reading.spo2} %"
    if reading.spo2 < limits.spo2_red_once:
        return [AlertFinding(RED, "spo2_very_low", f"{text}.")]
    if reading.spo2 < limits.spo2_red_twice and last is not None and last < limits.spo2_red_twice:
        return [AlertFinding(RED, "spo2_low_twice", f"{text}, low twice in a row.")]
    return [AlertFinding(AMBER, "spo2_low", f"{text}.")] if reading.spo2 < limits.spo2_amber else []


def _judge_sedation(reading: Reading, limits: Limits) -> list[AlertFinding]:
    if reading.sedation is None or reading.sedation > limits.sedation_amber:
        return []
    level = RED if reading.sedation <= limits.sedation_red else AMBER
    code = "sedation_very_deep" if level == RED else "sedation_deep"
    return [AlertFinding(level, code, f"Sedation MOAA/S {reading.sedation}.")]


def _judge_pulse(reading: Reading, earlier: Sequence[Reading], limits: Limits) -> list[AlertFinding]:
    if reading.heart_rate is None or reading.heart_rate <= limits.heart_rate_red:
        return []
    run = _unbroken(
        earlier, lambda r: r.heart_rate is not None, lambda r: (r.heart_rate or 0) > limits.heart_rate_red
    )
    if any(_apart(other, reading, limits) for other in run):
        return [
            AlertFinding(RED, "heart_rate_high", f"Heart rate {reading.heart_rate} for five minutes or more.")
        ]
    return []


def known_symptom(words: str) -> str:
    """The code of a symptom, as other systems or hands may write it."""
    code = "_".join(words.casefold().replace("-", " ").replace("_", " ").split())
    return _ALSO_CALLED.get(code, code)


def _judge_symptoms(reading: Reading) -> list[AlertFinding]:
    found = ", ".join(code.replace("_", " ") for code in sorted(_crisis(reading)))
    if not found:
        return []
    detail = f"Symptoms of hypertensive crisis or encephalopathy ({found}): emergency care [label]."
    return [AlertFinding(RED, "crisis_symptoms", detail)]


def _crisis(reading: Reading) -> frozenset[str]:
    return CRISIS_SYMPTOMS.intersection(map(known_symptom, reading.symptoms))


def is_worse(code: str, reading: Reading, seen: Reading) -> bool:
    """Whether `reading` is further beyond the limit of the alert `code` than `seen`, on which it was raised before."""
    if code == "crisis_symptoms":
        return not _crisis(reading) <= _crisis(seen)
    return any(_beyond(name, reading, seen) for name in _SIGNS[code])


def _beyond(name: str, reading: Reading, seen: Reading) -> bool:
    new, old = getattr(reading, name), getattr(seen, name)
    if new is None or old is None:
        return new is not None
    return new < old if name in _LOWER_IS_WORSE else new > old
