"""A correction that is worse than what somebody has acknowledged is seen by a clinician again; a milder one is not."""

import pytest

from monitoring import alerts as alert_verbs
from monitoring import readings, safety
from monitoring.models import Alert
from monitoring.record import record_of
from tests.monitoring.test_chairside import (  # noqa: F401
    at,
    cleared,
    dosed,
    nurse,
    pytestmark,
    read,
    session,
    site,
)
from tests.monitoring.test_safety import at as reading_at

__all__ = ["pytestmark"]


def correct(entry, nurse, minute, **changes):  # noqa: F811
    return readings.correct_checkpoint(
        checkpoint=entry, changes=changes, reason="Misread", by=nurse, now=at(minute)
    )


def acknowledge_all(nurse, minute):  # noqa: F811
    for alert in Alert.objects.unacknowledged():
        alert_verbs.acknowledge_alert(alert=alert, action="Prescriber told", by=nurse, now=at(minute))


def raised(done):
    return [(alert.level, alert.code, alert.raised_at) for alert in done.alerts]


@pytest.mark.parametrize(
    ("values", "change", "again"),
    [
        ({"systolic": 201, "diastolic": 80}, {"systolic": 202}, ["bp_rise", "bp_very_high"]),
        ({"systolic": 201, "diastolic": 80}, {"systolic": 201, "diastolic": 81}, ["bp_rise", "bp_very_high"]),
        ({"systolic": 203, "diastolic": 80}, {"systolic": 202}, []),
        ({"systolic": 160, "diastolic": 80}, {"systolic": 161}, ["bp_rise"]),
        ({"spo2": 89}, {"spo2": 88}, ["spo2_very_low"]),
        ({"spo2": 88}, {"spo2": 89}, []),
        ({"spo2": 94}, {"spo2": 93}, ["spo2_low"]),
        ({"sedation": 1}, {"sedation": 0}, ["sedation_very_deep"]),
        ({"sedation": 2}, {"sedation": 3}, []),
        ({"symptoms": ["chest_pain"]}, {"symptoms": ["chest_pain", "seizure"]}, ["crisis_symptoms"]),
        ({"symptoms": ["chest_pain", "seizure"]}, {"symptoms": ["seizure"]}, []),
        ({"spo2": 89}, {"note": "Left hand"}, []),
    ],
)
def test_only_what_is_worse_is_raised_again(dosed, nurse, values, change, again):  # noqa: F811
    entry = read(dosed, nurse, 40, values).checkpoint
    acknowledge_all(nurse, 41)
    done = correct(entry, nurse, 42, **change)
    assert sorted(alert.code for alert in done.alerts) == again
    waiting = Alert.objects.unacknowledged().order_by("code")
    assert [alert.code for alert in waiting] == again
    assert {alert.recorded_at for alert in waiting} <= {at(42)}


def test_a_worse_correction_is_a_task_of_its_own_while_the_first_still_waits(dosed, nurse):  # noqa: F811
    entry = read(dosed, nurse, 40, {"spo2": 89}).checkpoint
    done = correct(entry, nurse, 42, spo2=85)
    assert raised(done) == [("red", "spo2_very_low", at(40))]
    assert [alert.detail for alert in Alert.objects.order_by("recorded_at")] == ["SpO2 89 %.", "SpO2 85 %."]
    assert [line.text for line in record_of(dosed) if line.kind == "alert"] == ["SpO2 89 %.", "SpO2 85 %."]


def test_a_correction_is_measured_against_all_that_was_seen_of_this_entry(dosed, nurse):  # noqa: F811
    entry = read(dosed, nurse, 40, {"spo2": 86}).checkpoint
    correct(entry, nurse, 41, spo2=89)
    third = correct(readings.Checkpoint.objects.get(version=2), nurse, 42, spo2=87)
    assert raised(third) == []
    fourth = correct(third.checkpoint, nurse, 43, spo2=85)
    fifth = correct(fourth.checkpoint, nurse, 44, spo2=85, note="Both hands")
    assert (len(fourth.alerts), fifth.alerts, Alert.objects.count()) == (1, [], 2)


def test_a_value_that_raised_nothing_when_it_was_written_counts_as_unseen(dosed, nurse):  # noqa: F811
    """High once, corrected to lower; then an entry before it makes both high: what was seen is the lower one."""
    high = {"systolic": 198, "diastolic": 90}
    later = read(dosed, nurse, 46, high).checkpoint
    lower = correct(later, nurse, 47, systolic=185).checkpoint
    read(dosed, nurse, 40, {"systolic": 185, "diastolic": 90}, now=at(48))
    acknowledge_all(nurse, 49)
    done = correct(lower, nurse, 50, systolic=190)
    assert ("red", "bp_high_twice", at(46)) in raised(done)


def test_a_reading_beside_it_is_not_raised_again(dosed, nurse):  # noqa: F811
    first = read(dosed, nurse, 40, {"systolic": 185, "diastolic": 90}).checkpoint
    read(dosed, nurse, 46, {"systolic": 186, "diastolic": 90})
    acknowledge_all(nurse, 47)
    correct(first, nurse, 48, systolic=190)
    assert [alert.detail for alert in Alert.objects.unacknowledged()] == [
        "Blood pressure 190/90, up from 120/80."
    ]


def test_every_alert_after_the_dose_says_on_which_signs_it_is_raised():
    """An alert whose code `is_worse` does not know would fail in the nurse's hands."""
    worst = {"systolic": 230, "diastolic": 130, "heart_rate": 150, "spo2": 80, "sedation": 0}
    mild = {"systolic": 190, "diastolic": 112, "heart_rate": 130, "spo2": 92, "sedation": 3}
    before = reading_at(-5, systolic=120, diastolic=80)
    rows = [reading_at(15, **mild), reading_at(25, **mild, symptoms=("seizure",)), reading_at(35, **worst)]
    rows.append(reading_at(36, spo2=94))
    limits = safety.Limits()
    found = {f.code for i, row in enumerate(rows) for f in safety.judge(row, rows[:i], before, limits)}
    assert found == {*safety._SIGNS, "crisis_symptoms"}
    assert all(safety.is_worse(code, rows[2], reading_at(0)) for code in safety._SIGNS)
