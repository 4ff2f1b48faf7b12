"""The questions before the dose and the gate that each one is: docs/clinical.md, "before the dose". Pure.

A stop is a stop, but for the ride home, which a named clinician may override with a reason. Decisions and
warnings want a reason. Flags go to the record and stop nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from monitoring.limits import Limits

STOP, DECISION, WARN, FLAG = "stop", "decision", "warn", "flag"
# To go on against one of these is a clinician's decision; a warning wants no more than a reason.
DECIDED = (STOP, DECISION)
# Medicines whose mixture wants a closer watch [label], as the form asks for them.
MEDICINES = (
    "benzodiazepines",
    "hypnotics",
    "opioids",
    "alcohol",
    "other_cns_depressants",
    "psychostimulants",
    "maois",
    "other",
)
HISTORIES = ("moderate_hepatic_impairment", "psychosis", "substance_use", "hypertensive_encephalopathy")
CONDITIONS = ("severe_hepatic_impairment", "pregnancy", "breast_feeding")


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """`enrolled_on` and `contraindications` from the patient's record; `on` is the session's day."""

    on: date
    enrolled_on: date | None
    contraindications: tuple[str, ...] = ()
    # The name of the clinician who monitors; empty where there is none.
    clinician: str = "-"


@dataclass(frozen=True, slots=True)
class Answers:
    """As asked at this visit. A question that was not answered is None."""

    systolic: int
    diastolic: int
    heart_rate: int
    spo2: int
    ate_within_2h: bool
    drank_within_30min: bool
    nasal_spray_within_1h: bool
    suicidal_thoughts: bool | None
    escort_confirmed: bool
    prescriber_on_site: bool
    oximeter_on_site: bool
    medicines: tuple[str, ...] = ()
    conditions: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Gate:
    """One check. `overridable` says whether a reason lets a clinician go on."""

    code: str
    kind: str
    ok: bool
    detail: str
    source: str
    overridable: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "kind": self.kind,
            "ok": self.ok,
            "detail": self.detail,
            "source": self.source,
            "overridable": self.overridable,
        }


def gates(answers: Answers, patient: PatientFacts, limits: Limits) -> list[Gate]:
    """Every check in the order in which it is asked."""
    return [*_stops(answers, patient), *_decisions(answers, limits), *_warnings(answers), *_flags(answers)]


def of_record(patient: PatientFacts) -> list[Gate]:
    """The stops that the patient's record decides: asked again when a device is given, for it may have changed."""
    enrolled = patient.enrolled_on is not None and patient.enrolled_on <= patient.on
    return [
        Gate(
            "enrolment", STOP, enrolled, "The REMS enrolment must be verified before the first dose.", "REMS"
        ),
        Gate(
            "contraindication",
            STOP,
            not patient.contraindications,
            _contraindication_text(patient),
            "label",
        ),
    ]


def _stops(answers: Answers, patient: PatientFacts) -> list[Gate]:
    return [
        *of_record(patient),
        Gate("prescriber_on_site", STOP, answers.prescriber_on_site, "A prescriber must be on site.", "REMS"),
        Gate(
            "clinician_on_site",
            STOP,
            bool(patient.clinician),
            f"A monitoring clinician must be on site: {patient.clinician or 'nobody is named'}.",
            "REMS",
        ),
        Gate("oximeter_on_site", STOP, answers.oximeter_on_site, "A pulse oximeter must be on site.", "REMS"),
        Gate(
            "escort",
            STOP,
            answers.escort_confirmed,
            "Somebody else must drive home.",
            "label",
            overridable=True,
        ),
        Gate(
            "suicidal_thoughts_asked",
            STOP,
            answers.suicidal_thoughts is not None,
            "Suicidal thoughts must be asked about at every visit.",
            "label",
        ),
    ]


def _contraindication_text(patient: PatientFacts) -> str:
    named = ", ".join(code.replace("_", " ") for code in patient.contraindications)
    if named:
        return f"A contraindication stands in the record: {named}."
    return (
        "No aneurysm, malformation of vessels, bleeding in the brain, or allergy to (es)ketamine on record."
    )


def _decisions(answers: Answers, limits: Limits) -> list[Gate]:
    high = (
        answers.systolic > limits.systolic_before_amber or answers.diastolic > limits.diastolic_before_amber
    )
    text = (
        f"Blood pressure {answers.systolic}/{answers.diastolic}: at most "
        f"{limits.systolic_before_amber}/{limits.diastolic_before_amber}, else weigh benefit and risk."
    )
    found = [Gate("blood_pressure", DECISION, not high, text, "label", overridable=True)]
    for condition in CONDITIONS:
        text = f"{condition.replace('_', ' ').capitalize()}: not recommended."
        absent = condition not in answers.conditions
        found.append(Gate(condition, DECISION, absent, text, "label", overridable=True))
    return found


def _warnings(answers: Answers) -> list[Gate]:
    rows = [
        ("food", answers.ate_within_2h, "Nothing to eat for two hours before."),
        ("drink", answers.drank_within_30min, "Nothing to drink for thirty minutes before."),
        ("nasal_spray", answers.nasal_spray_within_1h, "No nasal steroid or decongestant within the hour."),
    ]
    return [Gate(code, WARN, not said, text, "label", overridable=True) for code, said, text in rows]


def _flags(answers: Answers) -> list[Gate]:
    thoughts = Gate(
        "suicidal_thoughts", FLAG, not answers.suicidal_thoughts, "Suicidal thoughts today.", "label"
    )
    medicines = [
        Gate(
            f"medicine_{name}", FLAG, False, f"{name.replace('_', ' ').capitalize()}: watch closely.", "label"
        )
        for name in answers.medicines
    ]
    histories = [
        Gate(
            f"history_{name}", FLAG, False, f"{name.replace('_', ' ').capitalize()}: watch closely.", "label"
        )
        for name in HISTORIES
        if name in answers.conditions
    ]
    return [thoughts, *medicines, *histories]


def is_flagged(gates: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the kept gates is a flag: such a patient is watched more closely."""
    return any(gate["kind"] == FLAG and not gate["ok"] for gate in gates)


def standing(found: list[Gate], overrides: Mapping[str, str]) -> list[Gate]:
    """The gates that still stand in the way: not met, and not overridden by one who may."""
    return [
        gate
        for gate in found
        if not gate.ok
        and gate.kind != FLAG
        and not (gate.overridable and overrides.get(gate.code, "").strip())
    ]


def may_dose(found: list[Gate], overrides: Mapping[str, str]) -> bool:
    return not standing(found, overrides)
