from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling import pattern, protocol
from scheduling.protocol import CourseFacts

MONDAY = date(2026, 3, 2)
TRD = CourseFacts("trd", MONDAY, (0, 3), enrolled_on=MONDAY)


def _days(offsets):
    return {number: MONDAY + timedelta(days=offset) for number, offset in enumerate(offsets, 1)}


PATTERN = _days([0, 3, 7, 10, 14, 17, 21, 24])


@pytest.mark.parametrize(("offset", "week"), [(0, 1), (6, 1), (7, 2), (27, 4), (28, 5), (55, 8), (56, 9)])
def test_week_of_changes_every_seven_days_from_the_first_session(offset, week):
    assert protocol.week_of(MONDAY, MONDAY + timedelta(days=offset)) == week


@pytest.mark.parametrize(
    ("week", "phase"), [(1, "induction"), (4, "induction"), (5, "weekly"), (8, "weekly"), (9, "maintenance")]
)
def test_phase_of_follows_the_label(week, phase):
    assert protocol.phase_of(week) == phase


def test_wanted_is_the_trial_pattern_from_monday_and_thursday():
    wanted = pattern.wanted(TRD, until="induction")
    assert [(w.on - MONDAY).days + 1 for w in wanted] == list(protocol.PATTERN_DAYS)
    assert [w.week for w in wanted] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_wanted_to_week_8_adds_one_session_a_week():
    wanted = pattern.wanted(TRD, until="week8")
    assert [(w.number, w.week, w.phase) for w in wanted[8:]] == [
        (n, n - 4, "weekly") for n in (9, 10, 11, 12)
    ]


def test_wanted_begins_on_the_first_wished_weekday():
    friday = CourseFacts("trd", date(2026, 3, 6), (0, 3))
    assert pattern.wanted(friday, until="induction")[0].on == date(2026, 3, 9)
    tuesday = CourseFacts("trd", date(2026, 3, 3), (0, 3))
    assert [w.on for w in pattern.wanted(tuesday, until="induction")[:2]] == [
        date(2026, 3, 5),
        date(2026, 3, 9),
    ]


def test_wanted_asks_again_for_a_lost_number_only():
    held = {n: day for n, day in PATTERN.items() if n != 3}
    assert [w.number for w in pattern.wanted(TRD, until="induction", held=held)] == [3]


def test_wanted_refuses_an_unknown_horizon():
    with pytest.raises(ValueError, match="unknown horizon"):
        pattern.wanted(TRD, until="for ever")


@given(
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    weekdays=st.lists(st.integers(0, 6), min_size=2, max_size=2, unique=True),
)
def test_wanted_keeps_two_sessions_a_week_for_any_start_and_weekdays(start, weekdays):
    course = CourseFacts("trd", start, tuple(weekdays))
    days = [w.on for w in pattern.wanted(course, until="induction")]
    assert len(set(days)) == 8
    assert days == sorted(days)
    assert {day.weekday() for day in days} == set(weekdays)
    assert 0 <= (days[0] - start).days < 7
    assert (days[-1] - days[0]).days < 28


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({"birth_date": date(2008, 3, 2)}, []),
        ({"birth_date": date(2008, 3, 3)}, ["under_age"]),
        ({"dose_mg": 84}, []),
        ({"dose_mg": 112}, ["over_dose"]),
        ({"contraindications": ("allergy",)}, ["contraindicated"]),
        ({"status": "paused"}, ["course_not_open"]),
        ({"status": "active"}, []),
    ],
)
def test_refusals_are_the_hard_stops(facts, codes):
    course = CourseFacts(**{"indication": "trd", "starts_on": MONDAY, "weekdays": (0, 3), **facts})
    assert [f.code for f in protocol.refusals(course, on=MONDAY)] == codes


@pytest.mark.parametrize(
    ("facts", "until", "codes"),
    [
        ({"dose_mg": 56}, "induction", []),
        ({"dose_mg": 84}, "induction", ["first_dose_84"]),
        ({"dose_mg": 84, "status": "active"}, "induction", []),
        ({"dose_mg": 84, "indication": "mdsi"}, "induction", []),
        ({"indication": "mdsi"}, "week8", ["beyond_label"]),
        ({"enrolled_on": None}, "induction", ["not_enrolled"]),
    ],
)
def test_course_findings_warn_and_never_block(facts, until, codes):
    course = CourseFacts(
        **{"indication": "trd", "starts_on": MONDAY, "weekdays": (0, 3), "enrolled_on": MONDAY, **facts}
    )
    assert [f.code for f in protocol.course_findings(course, until=until)] == codes


def _findings(number, offset, others=PATTERN):
    rest = {n: day for n, day in others.items() if n != number}
    day = MONDAY + timedelta(days=offset)
    return [f.code for f in protocol.session_findings(TRD, number=number, day=day, others=rest)]


def test_session_findings_are_silent_for_the_pattern():
    assert [_findings(n, (day - MONDAY).days) for n, day in PATTERN.items()] == [[]] * 8


@pytest.mark.parametrize(
    ("number", "offset", "codes"),
    [
        (3, 8, ["gap_long"]),
        (3, 5, ["gap_long", "week_full"]),
        (3, 4, ["gap_short", "gap_long", "week_full"]),
        (8, 25, []),
        (8, 26, ["gap_long"]),
        (8, 27, ["gap_long"]),
        (8, 28, ["gap_long", "late_for_week"]),
    ],
)
def test_session_findings_at_the_limits(number, offset, codes):
    assert _findings(number, offset) == codes


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], MONDAY + timedelta(days=24)),
        (list(PATTERN.values()), MONDAY + timedelta(days=24)),
        (list(PATTERN.values())[:7], MONDAY + timedelta(days=24)),
        (list(PATTERN.values())[:6], MONDAY + timedelta(days=24)),
    ],
)
def test_projected_eighth_goes_on_by_the_pattern(held, expected):
    assert pattern.projected_eighth(held, course=TRD) == expected


def test_projected_eighth_of_a_stopped_course_is_nothing():
    stopped = CourseFacts("trd", MONDAY, (0, 3), status="stopped")
    assert pattern.projected_eighth(list(PATTERN.values())[:3], course=stopped) is None
