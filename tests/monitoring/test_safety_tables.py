"""Rows of the alert table beside `test_safety`: the reading before as one of two, mixed signs, other hands' words."""

from datetime import timedelta

import pytest

from monitoring import safety
from monitoring.limits import Limits
from monitoring.safety import Reading
from tests.monitoring.test_safety import CALM, T0, at, codes, pressure

SPO2_TWICE, SPO2_ONCE, SPO2_AMBER = ("red", "spo2_low_twice"), ("red", "spo2_very_low"), ("amber", "spo2_low")


def before(**values):
    return Reading(T0 - timedelta(minutes=5), **{"systolic": 120, "diastolic": 80, **values})


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (92, 92, [SPO2_TWICE]),
        (93, 92, [SPO2_AMBER]),
        (92, 93, [SPO2_AMBER]),
        (92, 95, []),
        (89, 94, [SPO2_AMBER]),
    ],
)
def test_the_saturation_before_the_dose_is_the_first_of_two(first, then, expected):
    assert codes(at(15, spo2=then), before=before(spo2=first)) == expected


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [(121, 121, [("red", "heart_rate_high")]), (120, 121, []), (121, 120, [])],
)
def test_the_pulse_before_the_dose_counts_for_the_five_minutes(first, then, expected):
    assert codes(at(15, heart_rate=then), before=before(heart_rate=first)) == expected


def test_high_pressure_before_the_dose_is_no_first_of_two():
    high = before(systolic=185, diastolic=90)
    assert codes(pressure(5, 185, 90), before=high) == []


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        # One high by its systolic, the other by its diastolic: both are high.
        ([(40, 181, 100), (45, 170, 111)], [("red", "bp_high_twice")]),
        # A reading without a pressure between them breaks nothing.
        ([(40, 181, 90), None, (45, 181, 90)], [("red", "bp_high_twice")]),
        ([(40, 181, 90), (44.9, 181, 90)], []),
        # The second one alone is high enough for once.
        ([(40, 181, 90), (45, 201, 90)], [("red", "bp_very_high")]),
    ],
)
def test_sequences_of_high_pressure(readings, expected):
    rows = [pressure(*row) if row else at(42, spo2=97) for row in readings]
    assert codes(*rows) == expected


@pytest.mark.parametrize("value", [None, 97])
def test_a_reading_that_was_not_taken_breaks_no_row_of_two(value):
    between = at(20, spo2=value, not_taken="" if value else "asleep")
    expected = [SPO2_AMBER] if value else [SPO2_TWICE]
    assert codes(at(15, spo2=92), between, at(30, spo2=92)) == expected


@pytest.mark.parametrize(
    ("rise", "alert"), [((39, 24), False), ((40, 24), True), ((39, 25), True), ((-40, 0), False)]
)
def test_the_rise_is_over_the_reading_before_the_dose_not_over_the_last_one(rise, alert):
    last = pressure(15, 120 + rise[0] - 1, 80)
    found = codes(last, pressure(30, 120 + rise[0], 80 + rise[1]), before=before())
    assert (("amber", "bp_rise") in found) is alert


@pytest.mark.parametrize(
    "words",
    [
        "Chest pain",
        "chest-pain",
        " severe  headache ",
        "Shortness of breath",
        "SEIZURES",
        "blurred vision",
        "Confusion",
    ],
)
def test_symptoms_of_a_crisis_in_other_hands_words(words):
    assert codes(at(40, **CALM, symptoms=(words,)), before=before(spo2=98)) == [("red", "crisis_symptoms")]


@pytest.mark.parametrize(
    ("name", "amber", "red"),
    [("sedation", 4, 2), ("spo2", 97, 95)],
)
def test_a_sites_own_limits_move_the_alerts(name, amber, red):
    changed = {
        "sedation": {"sedation_amber": 4, "sedation_red": 2},
        "spo2": {"spo2_amber": 98, "spo2_red_once": 96},
    }
    limits = Limits(**changed[name])

    def levels(value):
        return [f.level for f in safety.judge(at(30, **{name: value}), (), None, limits)]

    assert (levels(amber), levels(red)) == (["amber"], ["red"])


@pytest.mark.parametrize(
    ("values", "after"),
    [
        ({"systolic": 180, "diastolic": 110}, None),
        ({"systolic": 181, "diastolic": 110}, 5),
        ({"systolic": 180, "diastolic": 111}, 5),
        ({"systolic": 201, "diastolic": 110}, 5),
        ({"heart_rate": 120}, None),
        ({"heart_rate": 121}, 5),
        ({"spo2": 93}, None),
        ({"spo2": 92}, 0),
        ({"spo2": 92, "heart_rate": 121}, 0),
        ({"sedation": 1}, None),
    ],
)
def test_a_value_that_only_a_second_one_confirms_is_measured_again(values, after):
    found = safety.measure_again_at([at(30, **CALM), at(40, **values)], Limits())
    assert found == (None if after is None else T0 + timedelta(minutes=40 + after))


@pytest.mark.parametrize(
    ("then", "minute"),
    [
        (at(43, spo2=97), 45),
        (at(43, not_taken="asleep"), 45),
        (pressure(44, 150, 80), None),
        (pressure(46, 190, 80), 51),
    ],
)
def test_only_the_same_sign_clears_it(then, minute):
    found = safety.measure_again_at([pressure(40, 181, 80), then], Limits())
    assert found == (minute and T0 + timedelta(minutes=minute))
