"""The facts of docs/clinical.md on the course, one line each, held against the rules as they stand."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from scheduling import pattern, protocol
from scheduling.protocol import CourseFacts

DAY_1 = date(2026, 3, 2)
ADULT = {"birth_date": date(1980, 1, 1), "enrolled_on": date(2026, 1, 1)}


def _facts(indication="trd", **changes):
    return CourseFacts(indication, DAY_1, (0, 3), **{**ADULT, **changes})


def _day(number):
    """Day of treatment, from 1."""
    return DAY_1 + timedelta(days=number - 1)


def _codes(findings):
    return {finding.code for finding in findings}


def _wanting_reason(findings):
    return {finding.code for finding in findings if finding.wants_reason}


def test_the_trials_dosed_on_these_days():
    days = [(day - DAY_1).days + 1 for day in pattern.induction_days(DAY_1, (0, 3))]
    assert days == list(protocol.PATTERN_DAYS) == [1, 4, 8, 11, 15, 18, 22, 25]


@pytest.mark.parametrize(
    ("week", "phase", "sessions"),
    [
        *((week, "induction", 2) for week in (1, 2, 3, 4)),
        *((week, "weekly", 1) for week in (5, 6, 7, 8)),
        *((week, "maintenance", 1) for week in (10, 12, 14)),
        *((week, "maintenance", 0) for week in (9, 11, 13)),
    ],
)
def test_each_week_holds_what_the_label_says(week, phase, sessions):
    wanted = pattern.wanted(_facts(), until="maintenance", weeks=14)
    found = [w for w in wanted if w.week == week]
    assert len(found) == sessions
    assert protocol.phase_of(week) == phase
    assert {w.phase for w in found} <= {phase}
    assert all(_day(7 * week - 6) <= w.on <= _day(7 * week) for w in found)


@pytest.mark.parametrize(("frequency", "gap"), [("weekly", 7), ("biweekly", 14), ("twice_weekly", 14)])
def test_maintenance_is_the_lowest_frequency_unless_another_was_decided(frequency, gap):
    wanted = pattern.wanted(_facts(frequency=frequency), until="maintenance", weeks=24)
    days = [w.on for w in wanted if w.phase == "maintenance"]
    assert {(b - a).days for a, b in pairwise(days)} == {gap}


@pytest.mark.parametrize(
    ("indication", "dose", "warns"), [("trd", 84, True), ("trd", 56, False), ("mdsi", 84, False)]
)
def test_a_first_dose_of_84_wants_a_reason_for_one_indication_only(indication, dose, warns):
    found = protocol.course_findings(_facts(indication, dose_mg=dose))
    assert ("first_dose_84" in _wanting_reason(found)) == warns


@pytest.mark.parametrize(("dose", "stops"), [(56, False), (84, False), (85, True), (112, True)])
def test_84_mg_is_the_most(dose, stops):
    assert ("over_dose" in _codes(protocol.refusals(_facts(dose_mg=dose), on=DAY_1))) == stops


@pytest.mark.parametrize(
    ("birth_date", "stops"), [(date(2008, 3, 2), False), (date(2008, 3, 3), True), (date(2008, 3, 1), False)]
)
@pytest.mark.parametrize("indication", ["trd", "mdsi"])
def test_nobody_under_18(indication, birth_date, stops):
    found = protocol.refusals(_facts(indication, birth_date=birth_date), on=DAY_1)
    assert ("under_age" in _codes(found)) == stops


@pytest.mark.parametrize("until", ["induction", "week8", "maintenance"])
@pytest.mark.parametrize("indication", ["trd", "mdsi"])
def test_what_was_not_studied_wants_a_reason(indication, until):
    beyond = (indication, until) in {("mdsi", "week8"), ("mdsi", "maintenance")}
    found = protocol.course_findings(_facts(indication), until=until)
    assert ("beyond_label" in _wanting_reason(found)) == beyond


@pytest.mark.parametrize(("number", "beyond"), [(8, False), (9, True)])
def test_the_ninth_session_is_beyond_for_one_indication_only(number, beyond):
    others = {n: _day(day) for n, day in enumerate(protocol.PATTERN_DAYS, 1) if n != number}
    for indication, expected in (("mdsi", beyond), ("trd", False)):
        found = protocol.session_findings(_facts(indication), number=number, day=_day(32), others=others)
        assert ("beyond_label" in _wanting_reason(found)) == expected


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        (1, 2, {"gap_short"}),
        (2, 2, set()),
        (4, 4, set()),
        (5, 2, {"gap_long"}),
        (2, 5, {"gap_long"}),
        (1, 5, {"gap_short", "gap_long"}),
        (2, 1, {"gap_short"}),
    ],
)
def test_gaps_of_induction_warn_on_either_side(before, after, codes):
    others = {1: _day(1), 3: _day(1 + before + after)}
    found = protocol.session_findings(_facts(), number=2, day=_day(1 + before), others=others)
    assert _codes(found) & {"gap_short", "gap_long"} == codes
    assert not _wanting_reason(found)


@pytest.mark.parametrize(("day", "full"), [(7, True), (8, False)])
def test_a_third_session_in_a_treatment_week_warns(day, full):
    found = protocol.session_findings(_facts(), number=3, day=_day(day), others={1: _day(1), 2: _day(4)})
    assert ("week_full" in _codes(found)) == full


@pytest.mark.parametrize(("day", "late"), [(28, False), (29, True)])
@pytest.mark.parametrize("number", [1, 8])
def test_induction_is_four_weeks_from_whatever_is_the_first_session(number, day, late):
    others = {n: _day(d) for n, d in zip((2, 3, 4), (1, 4, 8), strict=True)}
    found = protocol.session_findings(_facts(), number=number, day=_day(day), others=others)
    assert ("late_for_week" in _codes(found)) == late


def test_a_missed_session_of_induction_is_wanted_again_and_nothing_restarts():
    held = {n: _day(day) for n, day in enumerate(protocol.PATTERN_DAYS, 1) if n != 3}
    assert [(w.number, w.on) for w in pattern.wanted(_facts(), until="induction", held=held)] == [
        (3, _day(8))
    ]
    assert pattern.projected_eighth(list(held.values()), course=_facts()) > _day(25)


@pytest.mark.parametrize(
    ("frequency", "days", "asks"),
    [
        ("weekly", 14, False),
        ("weekly", 15, True),
        ("biweekly", 15, False),
        ("biweekly", 28, False),
        ("biweekly", 29, True),
    ],
)
def test_a_gap_after_the_eighth_asks_a_prescriber_and_decides_nothing(frequency, days, asks):
    found = protocol.decision_wanted(
        frequency, last_given=DAY_1, eighth_done=True, next_on=None, today=DAY_1 + timedelta(days=days)
    )
    assert (found is not None) == asks
    assert found is None or not found.wants_reason
