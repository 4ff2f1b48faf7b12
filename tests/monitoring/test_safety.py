"""Every row of the alert table, at the limit and one to either side; sequences for those that need two."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring import leaving_rules, safety
from monitoring.leaving_rules import LeavingFacts
from monitoring.limits import Limits, from_mapping
from monitoring.safety import Reading

T0 = datetime(2026, 3, 2, 14, tzinfo=UTC)
LIMITS = Limits()
BEFORE = Reading(T0 - timedelta(minutes=5), 120, 80, 70, 98)
CALM = {
    "systolic": 120,
    "diastolic": 80,
    "heart_rate": 70,
    "spo2": 98,
    "respiratory_rate": 14,
    "sedation": 5,
    "dissociation": "none",
}


def at(minute, **values):
    return Reading(T0 + timedelta(minutes=minute), **values)


def pressure(minute, systolic, diastolic):
    return at(minute, systolic=systolic, diastolic=diastolic)


def codes(*readings, before=None):
    *earlier, last = readings
    return [(f.level, f.code) for f in safety.judge(last, earlier, before, LIMITS)]


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"),
    [
        (140, 90, []),
        (141, 90, [("amber", "bp_before_amber")]),
        (140, 91, [("amber", "bp_before_amber")]),
        (159, 99, [("amber", "bp_before_amber")]),
        (160, 99, [("red", "bp_before_red")]),
        (159, 100, [("red", "bp_before_red")]),
    ],
)
def test_judge_before_at_the_limits(systolic, diastolic, expected):
    found = safety.judge_before(pressure(-5, systolic, diastolic), LIMITS)
    assert [(f.level, f.code) for f in found] == expected


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"),
    [(159, 104, []), (160, 104, [("amber", "bp_rise")]), (159, 105, [("amber", "bp_rise")])],
)
def test_a_rise_over_the_reading_before(systolic, diastolic, expected):
    assert codes(pressure(40, systolic, diastolic), before=BEFORE) == expected


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"),
    [
        (200, 120, []),
        (201, 120, [("red", "bp_very_high")]),
        (200, 121, [("red", "bp_very_high")]),
    ],
)
def test_pressure_that_is_red_once(systolic, diastolic, expected):
    assert codes(pressure(40, systolic, diastolic)) == expected


TWICE = [("red", "bp_high_twice")]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([(40, 181, 90), (45, 181, 90)], TWICE),
        ([(40, 181, 90), (44, 181, 90)], []),
        ([(40, 180, 110), (45, 181, 90)], []),
        ([(40, 181, 90), (45, 180, 110)], []),
        ([(40, 150, 111), (45, 150, 111)], TWICE),
        ([(40, 181, 90), (43, 181, 90), (46, 181, 90)], TWICE),
        ([(30, 181, 90), (40, 150, 90), (46, 181, 90)], []),
    ],
)
def test_pressure_that_is_red_on_two_readings_five_minutes_apart(readings, expected):
    assert codes(*[pressure(*row) for row in readings]) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([95], []),
        ([94], [("amber", "spo2_low")]),
        ([93], [("amber", "spo2_low")]),
        ([92], [("amber", "spo2_low")]),
        ([92, 92], [("red", "spo2_low_twice")]),
        ([93, 92], [("amber", "spo2_low")]),
        ([92, 93], [("amber", "spo2_low")]),
        ([92, 98, 92], [("amber", "spo2_low")]),
        ([90], [("amber", "spo2_low")]),
        ([89], [("red", "spo2_very_low")]),
    ],
)
def test_spo2_at_the_limits_and_twice_in_a_row(values, expected):
    assert codes(*[at(15 + i, spo2=value) for i, value in enumerate(values)]) == expected


@pytest.mark.parametrize(
    ("sedation", "expected"),
    [
        (5, []),
        (4, []),
        (3, [("amber", "sedation_deep")]),
        (2, [("amber", "sedation_deep")]),
        (1, [("red", "sedation_very_deep")]),
        (0, [("red", "sedation_very_deep")]),
    ],
)
def test_sedation_lower_is_deeper(sedation, expected):
    assert codes(at(30, sedation=sedation)) == expected


FAST = [("red", "heart_rate_high")]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([(30, 121)], []),
        ([(30, 121), (35, 121)], FAST),
        ([(30, 121), (34, 121)], []),
        ([(30, 120), (35, 121)], []),
        ([(30, 121), (35, 120)], []),
        ([(30, 121), (33, 110), (36, 121)], []),
    ],
)
def test_heart_rate_above_120_for_five_minutes(readings, expected):
    assert codes(*[at(minute, heart_rate=rate) for minute, rate in readings]) == expected


@pytest.mark.parametrize("symptom", sorted(safety.CRISIS_SYMPTOMS))
def test_symptoms_of_a_crisis_are_red_at_any_value(symptom):
    assert codes(at(40, **CALM, symptoms=(symptom,)), before=BEFORE) == [("red", "crisis_symptoms")]


def test_other_symptoms_are_no_alert():
    assert codes(at(40, **CALM, symptoms=("nausea",)), before=BEFORE) == []


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("systolic", 40, 300),
        ("heart_rate", 20, 250),
        ("spo2", 50, 100),
        ("respiratory_rate", 2, 60),
        ("sedation", 0, 5),
    ],
)
def test_faults_in_at_the_ranges(name, low, high):
    other = {"diastolic": 20} if name == "systolic" else {}

    def faults(value):
        return [f.field for f in safety.faults_in({name: value, **other})]

    assert [faults(v) for v in (low - 1, low, high, high + 1)] == [[name], [], [], [name]]


def test_faults_in_names_all_of_them():
    values = {"systolic": 120, "diastolic": 120, "spo2": 101, "dissociation": "odd"}
    assert [f.field for f in safety.faults_in(values)] == ["spo2", "diastolic", "dissociation"]
    assert [f.field for f in safety.faults_in({"systolic": 120})] == ["diastolic"]


SIGNS = ["sedation_clear", "dissociation_none", "breathing_normal", "spo2_ok"]
GOOD = {
    "earliest_leave_at": T0 + timedelta(minutes=120),
    "before": BEFORE,
    "readings": (at(118, **CALM),),
    "escort_reached": True,
    "instructions_given": True,
    "clinician": "N. Nurse",
}


def unmet(minute=120, **changes):
    facts = LeavingFacts(**{**GOOD, **changes})
    found = leaving_rules.leaving(facts, at=T0 + timedelta(minutes=minute), limits=LIMITS)
    return [c.code for c in found if not c.met]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"minute": 119}, ["minutes_120"]),
        ({"earliest_leave_at": None}, ["minutes_120"]),
        ({"readings": (at(118, **{**CALM, "sedation": 4}),)}, ["sedation_clear"]),
        ({"readings": (at(118, **{**CALM, "dissociation": "mild"}),)}, ["dissociation_none"]),
        ({"readings": (at(118, **{**CALM, "respiratory_rate": 9}),)}, ["breathing_normal"]),
        ({"readings": (at(118, **{**CALM, "respiratory_rate": 10}),)}, []),
        ({"readings": (at(118, **{**CALM, "respiratory_rate": 24}),)}, []),
        ({"readings": (at(118, **{**CALM, "respiratory_rate": 25}),)}, ["breathing_normal"]),
        ({"readings": (at(118, **{**CALM, "spo2": 95}),)}, []),
        ({"readings": (at(118, **{**CALM, "systolic": 140, "diastolic": 90}),)}, []),
        ({"readings": (at(118, **{**CALM, "diastolic": 91}),)}, ["bp_acceptable"]),
        # Declining is not enough while the value is one that red wants.
        ({"readings": (pressure(90, 190, 100), at(118, **{**CALM, "systolic": 180, "diastolic": 100}))}, []),
        (
            {"readings": (pressure(90, 190, 100), at(118, **{**CALM, "systolic": 181, "diastolic": 100}))},
            ["bp_acceptable"],
        ),
        ({"readings": (at(118, **{**CALM, "spo2": 94}),)}, ["spo2_ok"]),
        ({"readings": (at(118, **{**CALM, "systolic": 141}),)}, ["bp_acceptable"]),
        ({"readings": (at(90, **{**CALM, "systolic": 160}), at(118, **{**CALM, "systolic": 150}))}, []),
        (
            {"readings": (at(90, **{**CALM, "systolic": 150}), at(118, **{**CALM, "systolic": 160}))},
            ["bp_acceptable"],
        ),
        ({"readings": (at(105, **CALM),)}, []),
        ({"readings": (at(104, **CALM),)}, [*SIGNS, "reading_now"]),
        # A pressure taken now makes no other sign newer than it is.
        ({"readings": (at(104, **CALM), pressure(118, 120, 80))}, SIGNS),
        ({"readings": (at(105, **CALM), pressure(118, 120, 80))}, []),
        ({"escort_reached": False}, ["escort"]),
        ({"instructions_given": False}, ["instructions"]),
        ({"clinician": ""}, ["clinician"]),
    ],
)
def test_leaving_wants_every_criterion(changes, expected):
    assert unmet(**changes) == expected


def test_each_criterion_says_what_it_was_judged_by():
    rows = (at(60, **CALM), at(118, systolic=152, diastolic=84, sedation=4, dissociation="none", spo2=97))
    facts = LeavingFacts(**{**GOOD, "readings": rows})
    found = leaving_rules.leaving(facts, at=T0 + timedelta(minutes=119, seconds=30), limits=LIMITS)
    assert {c.code: c.detail for c in found if c.code not in ("escort", "instructions", "clinician")} == {
        "minutes_120": "The time of observation, two hours or more [label]: 1 min to go.",
        "sedation_clear": "Sedation back to MOAA/S 5: 4, 1 min ago.",
        "dissociation_none": "No dissociation: none, 1 min ago.",
        "breathing_normal": "Breathing normal, 10 to 24 a minute: 14, 59 min ago, look again.",
        "spo2_ok": "SpO2 95 % or more: 97, 1 min ago.",
        "bp_acceptable": "Blood pressure acceptable or declining: 152/84, 1 min ago.",
        "reading_now": "A blood pressure within the last 15 minutes.",
    }


def test_breathing_that_was_seen_depressed_is_not_normal_whatever_its_rate():
    rows = (at(118, **CALM, symptoms=("respiratory_depression",)),)
    assert unmet(readings=rows) == ["breathing_normal"]


def test_leaving_without_any_reading_lists_everything_that_is_missing():
    missing = [
        "sedation_clear",
        "dissociation_none",
        "breathing_normal",
        "spo2_ok",
        "bp_acceptable",
        "reading_now",
    ]
    assert unmet(readings=()) == missing


def test_limits_of_a_site_replace_the_defaults_and_name_their_faults():
    assert from_mapping({"spo2_amber": 93}).spo2_amber == 93
    with pytest.raises(ValueError, match=r"unknown limit spo.*spo2_amber must be"):
        from_mapping({"spo": 1, "spo2_amber": "93"})
