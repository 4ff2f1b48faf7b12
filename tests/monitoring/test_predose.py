from dataclasses import replace
from datetime import date

import pytest

from monitoring import predose
from monitoring.limits import Limits
from monitoring.predose import Answers, PatientFacts

DAY = date(2026, 3, 2)
PATIENT = PatientFacts(DAY, date(2026, 2, 1))
FINE = Answers(120, 80, 70, 98, False, False, False, False, True, True, True)


def standing(answers=FINE, patient=PATIENT, **reasons):
    return [g.code for g in predose.standing(predose.gates(answers, patient, Limits()), reasons)]


def test_nothing_stands_in_the_way_of_somebody_who_is_well():
    assert standing() == []


@pytest.mark.parametrize(
    ("patient", "code"),
    [
        (PatientFacts(DAY, None), "enrolment"),
        (PatientFacts(DAY, date(2026, 3, 3)), "enrolment"),
        *(
            (PatientFacts(DAY, DAY, (name,)), "contraindication")
            for name in (
                "aneurysmal_vascular_disease",
                "arteriovenous_malformation",
                "intracerebral_haemorrhage",
                "allergy",
            )
        ),
        (PatientFacts(DAY, DAY, (), clinician=""), "clinician_on_site"),
    ],
)
def test_stops_of_the_record_cannot_be_overridden(patient, code):
    assert standing(patient=patient, **{code: "a reason"}) == [code]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"prescriber_on_site": False}, "prescriber_on_site"),
        ({"oximeter_on_site": False}, "oximeter_on_site"),
        ({"suicidal_thoughts": None}, "suicidal_thoughts_asked"),
    ],
)
def test_stops_of_the_visit_cannot_be_overridden(change, code):
    assert standing(replace(FINE, **change), **{code: "a reason"}) == [code]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"escort_confirmed": False}, "escort"),
        ({"systolic": 141}, "blood_pressure"),
        ({"diastolic": 91}, "blood_pressure"),
        ({"ate_within_2h": True}, "food"),
        ({"drank_within_30min": True}, "drink"),
        ({"nasal_spray_within_1h": True}, "nasal_spray"),
        ({"conditions": ("severe_hepatic_impairment",)}, "severe_hepatic_impairment"),
        ({"conditions": ("pregnancy",)}, "pregnancy"),
        ({"conditions": ("breast_feeding",)}, "breast_feeding"),
    ],
)
def test_what_a_clinician_may_decide_wants_a_reason(change, code):
    answers = replace(FINE, **change)
    assert standing(answers) == [code]
    assert standing(answers, **{code: "  "}) == [code]
    assert standing(answers, **{code: "a reason"}) == []


def test_pressure_at_the_limit_needs_no_decision():
    assert standing(replace(FINE, systolic=140, diastolic=90)) == []


def test_enrolment_on_the_day_itself_is_enough():
    assert standing(patient=PatientFacts(DAY, DAY)) == []


def test_every_check_has_the_standing_that_its_source_gives_it():
    everything = replace(
        FINE, suicidal_thoughts=True, medicines=predose.MEDICINES, conditions=predose.HISTORIES
    )
    kinds: dict[str, set[str]] = {}
    for gate in predose.gates(everything, PATIENT, Limits()):
        kinds.setdefault(gate.kind, set()).add(gate.code)
        # Only the ride home is a stop that a clinician may override.
        assert gate.overridable == (gate.kind in ("decision", "warn") or gate.code == "escort")
    assert kinds == {
        "stop": {
            "enrolment",
            "contraindication",
            "prescriber_on_site",
            "clinician_on_site",
            "oximeter_on_site",
            "escort",
            "suicidal_thoughts_asked",
        },
        "decision": {"blood_pressure", "severe_hepatic_impairment", "pregnancy", "breast_feeding"},
        "warn": {"food", "drink", "nasal_spray"},
        "flag": {
            "suicidal_thoughts",
            *(f"medicine_{name}" for name in predose.MEDICINES),
            *(f"history_{name}" for name in predose.HISTORIES),
        },
    }


@pytest.mark.parametrize(
    "change",
    [
        {"suicidal_thoughts": True},
        *({"medicines": (name,)} for name in predose.MEDICINES),
        *({"conditions": (name,)} for name in predose.HISTORIES),
    ],
)
def test_flags_are_kept_and_stop_nothing(change):
    found = predose.gates(replace(FINE, **change), PATIENT, Limits())
    assert [g.kind for g in found if not g.ok] == ["flag"]
    assert predose.may_dose(found, {})
