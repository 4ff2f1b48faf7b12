"""Whether a patient may leave: docs/clinical.md, "The session". Pure.

Nothing here decides for a clinician: a criterion is a question to one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitoring.limits import Limits
from monitoring.safety import Reading, is_high

# Breaths a minute that count as normal when a patient is judged ready [practice].
NORMAL_BREATHING = (10, 24)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of the conditions for leaving: met or not, and why."""

    code: str
    met: bool
    detail: str


@dataclass(frozen=True, slots=True)
class LeavingFacts:
    """What the judgement on leaving rests on. Times in UTC."""

    earliest_leave_at: datetime | None
    before: Reading | None = None
    readings: Sequence[Reading] = field(default_factory=tuple)
    escort_reached: bool = False
    instructions_given: bool = False
    clinician: str = ""


def leaving(facts: LeavingFacts, *, at: datetime, limits: Limits) -> list[Criterion]:
    """The criteria for leaving, one by one, as they stand `at` that moment, each with what it was judged by.

    A sign counts while it is as fresh as the reading must be: what was seen an hour ago says nothing of now [practice].
    """
    latest = _Latest(facts.readings, at, limits)
    return [
        _two_hours(facts, at),
        latest.criterion("sedation_clear", "Sedation back to MOAA/S 5", "sedation", lambda value: value == 5),
        latest.criterion(
            "dissociation_none", "No dissociation", "dissociation", lambda value: value == "none"
        ),
        _breathing(latest),
        latest.criterion(
            "spo2_ok", f"SpO2 {limits.spo2_amber} % or more", "spo2", lambda value: value >= limits.spo2_amber
        ),
        _pressure(facts, latest, limits),
        _reading_now(latest, limits),
        Criterion("escort", facts.escort_reached, "Escort here, or reached."),
        Criterion(
            "instructions", facts.instructions_given, "Told not to drive until the next day after sleep."
        ),
        Criterion("clinician", bool(facts.clinician), "A clinician's name."),
    ]


class _Latest:
    """The newest value of each sign up to a moment, and how old it is then."""

    def __init__(self, readings: Sequence[Reading], at: datetime, limits: Limits):
        self.readings = sorted((r for r in readings if r.measured_at <= at), key=lambda r: r.measured_at)
        self.at, self.limits = at, limits

    def pressures(self) -> list[Reading]:
        return [r for r in self.readings if r.has_pressure]

    def is_fresh(self, reading: Reading) -> bool:
        return self.at - reading.measured_at <= timedelta(minutes=self.limits.reading_now_minutes)

    def ago(self, reading: Reading) -> str:
        return f"{(self.at - reading.measured_at) // timedelta(minutes=1)} min ago"

    def criterion(self, code: str, aim: str, name: str, is_met: Callable[[Any], bool]) -> Criterion:
        """Met by the newest value of the sign `name`, if that is fresh enough to say so."""
        seen = next((r for r in reversed(self.readings) if getattr(r, name) not in (None, "")), None)
        if seen is None:
            return Criterion(code, False, f"{aim}: not looked at since the dose.")
        value, fresh = getattr(seen, name), self.is_fresh(seen)
        again = "" if fresh else ", look again"
        return Criterion(code, fresh and is_met(value), f"{aim}: {value}, {self.ago(seen)}{again}.")


def _two_hours(facts: LeavingFacts, at: datetime) -> Criterion:
    aim = "The time of observation, two hours or more [label]"
    if facts.earliest_leave_at is None:
        return Criterion("minutes_120", False, f"{aim}: not begun.")
    left = facts.earliest_leave_at - at
    # The minute that has begun is still to go.
    minutes = -(-left // timedelta(minutes=1))
    met = left <= timedelta(0)
    return Criterion("minutes_120", met, f"{aim}: over." if met else f"{aim}: {minutes} min to go.")


def _breathing(latest: _Latest) -> Criterion:
    low, high = NORMAL_BREATHING
    aim = f"Breathing normal, {low} to {high} a minute"
    if latest.readings and "respiratory_depression" in latest.readings[-1].symptoms:
        return Criterion("breathing_normal", False, f"{aim}: respiratory depression was the last seen.")
    return latest.criterion("breathing_normal", aim, "respiratory_rate", lambda rate: low <= rate <= high)


def _pressure(facts: LeavingFacts, latest: _Latest, limits: Limits) -> Criterion:
    aim, pressures = "Blood pressure acceptable or declining", latest.pressures()
    if not pressures:
        return Criterion("bp_acceptable", False, f"{aim}: not measured since the dose.")
    last = pressures[-1]
    text = f"{aim}: {last.systolic}/{last.diastolic}, {latest.ago(last)}."
    return Criterion("bp_acceptable", _pressure_settles(facts, latest, limits), text)


def _pressure_settles(facts: LeavingFacts, latest: _Latest, limits: Limits) -> bool:
    """Within the limits before dosing, or lower than the reading before it and not high."""
    pressures = latest.pressures()
    if not pressures:
        return False
    (systolic, diastolic), *earlier = [(r.systolic or 0, r.diastolic or 0) for r in reversed(pressures)]
    if systolic <= limits.systolic_before_amber and diastolic <= limits.diastolic_before_amber:
        return True
    declines = bool(earlier) and systolic <= earlier[0][0] and diastolic <= earlier[0][1]
    return declines and not is_high(pressures[-1], limits)


def _reading_now(latest: _Latest, limits: Limits) -> Criterion:
    pressures = latest.pressures()
    fresh = bool(pressures) and latest.is_fresh(pressures[-1])
    return Criterion(
        "reading_now", fresh, f"A blood pressure within the last {limits.reading_now_minutes} minutes."
    )
