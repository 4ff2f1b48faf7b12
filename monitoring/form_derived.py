"""What the record of a session answers on the monitoring form by itself, each with its place and its person. Pure.

What only a clinician can judge stays empty where the record does not settle it: docs/clinical.md, "The REMS".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from monitoring import leaving_rules, safety
from monitoring.form_rules import Known
from monitoring.leaving_rules import LeavingFacts
from monitoring.limits import OFFICIAL_MINUTE, Limits
from monitoring.safety import Reading

DEVICE_MG = 28
# As the questions before the dose name them, and as the form does; what it has no name for is "other".
_MEDICINES = ("benzodiazepines", "hypnotics", "opioids", "psychostimulants", "maois")
# What must hold for "ready" on the readings alone, the two hours left out.
_BODY = ("sedation_clear", "dissociation_none", "breathing_normal", "spo2_ok", "bp_acceptable")


@dataclass(frozen=True, slots=True)
class Signed:
    """A reading with who wrote it down, and the scheduled minute that it answers."""

    reading: Reading
    who: str
    minute: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One device. `replaces`: it was given for one that failed or fell."""

    started_at: datetime
    lot: str
    who: str
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions before the dose, the newest answers."""

    reading: Reading
    who: str
    medicines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the record knows of one session. `people` are plain words with their place in the record."""

    session_on: date
    words: dict[str, str]
    written_at: datetime
    limits: Limits
    first_treatment: bool
    enrolled: bool
    clinician: str
    before: Asked | None = None
    devices: tuple[Given, ...] = ()
    readings: tuple[Signed, ...] = ()
    # Judged ready, or left where that was before.
    ended_at: datetime | None = None
    escort: bool | None = None
    serious: Known | None = None

    @property
    def t0(self) -> datetime | None:
        return self.devices[0].started_at if self.devices else None


def derive(facts: Facts) -> dict[str, Known]:
    """The answers that the record gives; a question that it does not settle is left out."""
    found = {
        **_people(facts),
        **_session(facts),
        **_before(facts),
        **_pressures(facts),
        **_what_happened(facts),
    }
    if facts.serious:
        found["serious_event"] = facts.serious
    return found


def _people(facts: Facts) -> dict[str, Known]:
    rows = {
        code: Known(
            value, "", facts.written_at, "the patient's record" if code in _OF_PATIENT else "settings"
        )
        for code, value in facts.words.items()
        if value
    }
    rows["first_treatment"] = _yes_no(facts.first_treatment, "", facts.written_at, "the sessions before")
    rows["enrolled"] = _yes_no(facts.enrolled, "", facts.written_at, "the patient's record")
    return rows


_OF_PATIENT = ("first_name", "middle_initial", "last_name", "birth_date", "sex")


def _session(facts: Facts) -> dict[str, Known]:
    found = {"session_date": Known(facts.session_on.isoformat(), "", facts.written_at, "the session")}
    if facts.devices:
        last = facts.devices[-1]
        dose = DEVICE_MG * sum(not device.replaces for device in facts.devices)
        lots = ", ".join(device.lot for device in facts.devices)
        found["dose"] = Known(
            str(dose) if dose in (56, 84) else "other", last.who, last.started_at, "the devices"
        )
        found["dose_other"] = Known(dose, last.who, last.started_at, "the devices")
        found["lots"] = Known(lots, last.who, last.started_at, "the devices")
    if facts.t0 and facts.ended_at:
        minutes = _minutes(facts.t0, facts.ended_at)
        found["monitored_minutes"] = Known(minutes, facts.clinician, facts.ended_at, "ready, or left before")
        if facts.escort is not None:
            found["escort"] = _yes_no(facts.escort, facts.clinician, facts.ended_at, "leaving")
    return {**found, **_ready_minutes(facts)}


def _ready_minutes(facts: Facts) -> dict[str, Known]:
    """The first reading after which all of the body's criteria stayed met to the end."""
    first: Signed | None = None
    for signed in facts.readings:
        if not _body_met(facts, signed.reading.measured_at):
            first = None
        elif first is None:
            first = signed
    if facts.t0 is None or first is None:
        return {}
    at = first.reading.measured_at
    return {
        "ready_minutes": Known(_minutes(facts.t0, at), first.who, at, "the first reading that stayed good")
    }


def _body_met(facts: Facts, at: datetime) -> bool:
    known = LeavingFacts(None, readings=[signed.reading for signed in facts.readings])
    return all(c.met for c in leaving_rules.leaving(known, at=at, limits=facts.limits) if c.code in _BODY)


def _before(facts: Facts) -> dict[str, Known]:
    if facts.before is None:
        return {}
    asked, at = facts.before, facts.before.reading.measured_at
    named = [name for name in _MEDICINES if name in asked.medicines]
    others = ["other"] if set(asked.medicines) - set(_MEDICINES) else []
    found = {"medicines": Known(named + others, asked.who, at, "the questions before the dose")}
    if "alcohol" in asked.medicines:
        found["medicines_other"] = Known("Alcohol", asked.who, at, "the questions before the dose")
    if not safety.judge_before(asked.reading, facts.limits):
        found["vitals_before_ok"] = _yes_no(True, asked.who, at, "within the limits before dosing")
    return found


def _pressures(facts: Facts) -> dict[str, Known]:
    found: dict[str, Known] = {}
    if facts.before:
        found |= _pressure("pressure_before", facts.before.reading, facts.before.who, "before the dose")
    taken = [signed for signed in facts.readings if signed.reading.has_pressure]
    for signed in taken:
        if signed.minute == OFFICIAL_MINUTE:
            found |= _pressure("pressure_40", signed.reading, signed.who, "the reading at 40 minutes")
    if facts.ended_at is None:
        return found
    last = next((s for s in reversed(taken) if s.reading.measured_at <= facts.ended_at), None)
    if last:
        found |= _pressure("pressure_end", last.reading, last.who, "the last reading")
        if _vitals_met(facts):
            at = last.reading.measured_at
            found["vitals_end_ok"] = _yes_no(True, last.who, at, "the criteria for leaving")
    return found


def _vitals_met(facts: Facts) -> bool:
    known = LeavingFacts(None, readings=[signed.reading for signed in facts.readings])
    codes = ("breathing_normal", "spo2_ok", "bp_acceptable")
    if facts.ended_at is None:
        return False
    return all(
        c.met for c in leaving_rules.leaving(known, at=facts.ended_at, limits=facts.limits) if c.code in codes
    )


def _what_happened(facts: Facts) -> dict[str, Known]:
    found = _oximetry(facts)
    found |= _episode(facts, "sedation", lambda r: None if r.sedation is None else r.sedation < 5)
    found |= _episode(facts, "dissociation", lambda r: r.dissociation != "none" if r.dissociation else None)
    breathing = _episode(facts, "respiratory", _breathing)
    if "respiratory" in breathing:
        breathing["respiratory_depression"] = breathing.pop("respiratory")
    return {**found, **breathing, **_increase(facts)}


def _breathing(reading: Reading) -> bool | None:
    if "respiratory_depression" in reading.symptoms:
        return True
    return None if reading.respiratory_rate is None else False


def _oximetry(facts: Facts) -> dict[str, Known]:
    signed = next((s for s in facts.readings if s.reading.spo2 is not None), None)
    if signed is None:
        return {}
    return {"oximetry": _yes_no(True, signed.who, signed.reading.measured_at, "the readings")}


def _episode(facts: Facts, name: str, is_there: Callable[[Reading], bool | None]) -> dict[str, Known]:
    """Yes or no, its onset and its resolution, from the readings that looked for it."""
    looked = [(signed, is_there(signed.reading)) for signed in facts.readings]
    seen = [(signed, there) for signed, there in looked if there is not None]
    if not seen or facts.t0 is None:
        return {}
    present = [index for index, (_signed, there) in enumerate(seen) if there]
    if not present:
        last = seen[-1][0]
        return {name: _yes_no(False, last.who, last.reading.measured_at, "the readings")}
    first = seen[present[0]][0]
    found = {name: _yes_no(True, first.who, first.reading.measured_at, "the readings")}
    found[f"{name}_onset"] = _after_t0(facts.t0, first, "the first reading that shows it")
    after = [signed for signed, _there in seen[present[-1] + 1 :]]
    if after:
        found[f"{name}_resolution"] = _after_t0(facts.t0, after[0], "the first reading without it")
    return found


def _increase(facts: Facts) -> dict[str, Known]:
    before = facts.before.reading if facts.before else None
    taken = [signed for signed in facts.readings if signed.reading.has_pressure]
    if before is None or not taken:
        return {}
    rises = next((signed for signed in taken if _rises(signed.reading, before, facts.limits)), None)
    signed = rises or taken[-1]
    words = "a rise of the label's size" if rises else "no rise of the label's size"
    return {"pressure_increase": _yes_no(bool(rises), signed.who, signed.reading.measured_at, words)}


def _rises(reading: Reading, before: Reading, limits: Limits) -> bool:
    """By as much as the label calls an increase; 0 stands for what was not measured and is never asked."""
    up = (reading.systolic or 0) - (before.systolic or 0)
    up_diastolic = (reading.diastolic or 0) - (before.diastolic or 0)
    return up >= limits.systolic_rise_amber or up_diastolic >= limits.diastolic_rise_amber


def _pressure(code: str, reading: Reading, who: str, words: str) -> dict[str, Known]:
    if not reading.has_pressure:
        return {}
    return {code: Known(f"{reading.systolic}/{reading.diastolic}", who, reading.measured_at, words)}


def _after_t0(t0: datetime, signed: Signed, words: str) -> Known:
    return Known(_minutes(t0, signed.reading.measured_at), signed.who, signed.reading.measured_at, words)


def _yes_no(yes: bool, who: str, at: datetime, words: str) -> Known:
    return Known("yes" if yes else "no", who, at, words)


def _minutes(start: datetime, end: datetime) -> int:
    """Whole minutes, rounded to the nearest."""
    return round((end - start).total_seconds() / 60)
