"""The planner's plan is the least bad one by the stated costs, keeps every rule, and says why where it cannot."""

from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scheduling import cost, pattern, planner
from scheduling.conditions import check
from scheduling.cost import COST, Request
from scheduling.diary_facts import Closed
from scheduling.hours import Interval
from scheduling.protocol import CourseFacts
from tests.scheduling.test_planner import MONDAY, ZONE, _at, _books, busy, diary, request

_MUCH = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def _days(plan):
    return {s.number: (s.start.astimezone(ZONE).date() - MONDAY).days for s in plan.sessions}


def _price(asked, book, plan):
    wanted = {want.number: want for want in asked.wanted}
    places = {wanted[s.number]: (s.start, s.chair) for s in plan.sessions}
    return cost.of_plan(asked, book, places)


@pytest.mark.parametrize("pair", [(0, 3), (1, 4), (0, 2), (2, 4), (0, 4)])
def test_the_wished_weekdays_are_kept_where_they_keep_two_days_between(pair):
    plan = planner.plan(request(weekdays=pair), diary())
    assert {s.start.astimezone(ZONE).weekday() for s in plan.sessions} == set(pair)
    assert len(plan.sessions) == 8


def test_days_that_follow_each_other_are_spread():
    days = sorted(_days(planner.plan(request(weekdays=(0, 1)), diary())).values())
    assert min(b - a for a, b in pairwise(days)) >= 2


def test_what_the_patient_cannot_do_is_in_no_plan_and_no_proposal():
    course = CourseFacts("trd", MONDAY, (0, 3), never_weekdays=(1,), not_before=time(10), not_after=time(14))
    asked = replace(request(), course=course, wanted=pattern.wanted(course, until="induction"))
    closed = [Closed(Interval(_at(7, 0), _at(8, 0)), "holiday")]
    plan = planner.plan(asked, diary(closed=closed))
    offered = [moment for s in plan.sessions for moment in [s.start, *s.alternatives]]
    assert len(plan.sessions) == 8
    for moment in offered:
        local = moment.astimezone(ZONE)
        assert local.weekday() != 1
        assert time(10) <= local.time() <= time(11, 30)


def test_a_patient_who_never_can_is_told_so_and_offered_nothing():
    course = CourseFacts("trd", MONDAY, (0, 3), not_before=time(17))
    asked = replace(request(), course=course)
    plan = planner.plan(asked, diary())
    assert plan.sessions == []
    assert {"patient_cannot" in {r.code for r in u.reasons} for u in plan.unplaced} == {True}
    assert [u.nearest for u in plan.unplaced] == [[]] * 8


def test_nearest_are_days_and_times_that_the_patient_has():
    """The flood goes until Friday morning, and Friday the patient cannot."""
    course = CourseFacts("trd", MONDAY, (0, 3), never_weekdays=(4,))
    closed = [Closed(Interval(_at(-3, 0), _at(18, 0)), "flood")]
    want = [pattern.Wanted(1, 1, "induction", MONDAY)]
    [missing] = planner.plan(Request(course, want, time(9)), diary(closed=closed)).unplaced
    assert "closed" in [r.code for r in missing.reasons]
    assert missing.nearest == [_at(21, 8), _at(21, 8, 15), _at(21, 8, 30)]


def test_a_week_that_is_closed_moves_its_sessions_as_far_as_they_must():
    closed = [Closed(Interval(_at(6, 0), _at(14, 0)), "flood")]
    plan = planner.plan(request(), diary(closed=closed))
    assert plan.unplaced == []
    assert not set(range(6, 14)) & set(_days(plan).values())


def test_a_lost_session_is_made_up_within_its_week_where_the_rules_allow():
    """Thursday's was missed; on Friday there are four days to the next Monday's."""
    held = {
        n: MONDAY + timedelta(days=d)
        for n, d in ((1, 0), (3, 7), (4, 10), (5, 14), (6, 17), (7, 21), (8, 24))
    }
    plan = planner.plan(request(held=held), diary(now=_at(3, 16)))
    assert _days(plan) == {2: 4}
    assert plan.sessions[0].warnings == []


def test_a_make_up_is_never_a_third_session_of_a_week_while_another_place_is_left():
    held = {
        n: MONDAY + timedelta(days=d) for n, d in ((1, 0), (2, 2), (4, 9), (5, 14), (6, 16), (7, 21), (8, 23))
    }
    asked = request(held=held, weekdays=(0, 2))
    book = diary(now=_at(7, 16))
    [planned] = planner.plan(asked, book).sessions
    assert (planned.number, planned.start.astimezone(ZONE).date()) == (3, MONDAY + timedelta(days=11))
    full = replace(asked, held={**held, 3: MONDAY + timedelta(days=11), 9: MONDAY + timedelta(days=28)})
    later = replace(full, held={n: day for n, day in full.held.items() if n != 4})
    assert all(
        not {"week_full", "gap_short"} & {w.code for w in s.warnings}
        for s in planner.plan(later, book).sessions
    )


def test_make_ups_offer_what_breaks_no_rule_of_practice_first():
    held = {1: MONDAY, 2: MONDAY + timedelta(days=2), 3: MONDAY + timedelta(days=7)}
    found = planner.make_ups(request(held=held, weekdays=(0, 2)), diary(now=_at(3, 7)), limit=3)
    assert [(start.astimezone(ZONE).date() - MONDAY).days for start in found] == [9, 10, 11]


@pytest.mark.parametrize("others", [1, 2])
def test_nurses_hands_are_kept_free_where_a_slot_is_as_good(others):
    """At 09:00 and 09:30 the wish of 09:15 is missed by as much; one of them meets a discharge."""
    taken = [busy(_at(0, 7, 30) - timedelta(minutes=30), n, n) for n in range(others)]
    blocked = [busy(_at(0, 9, 15), 3 + n, ("b", n)) for n in range(others)]
    book = diary(opens=time(6), chairs=8, nurses=others, busy=[*taken, *blocked])
    want = [pattern.Wanted(1, 1, "induction", MONDAY)]
    plan = planner.plan(Request(request().course, want, time(9, 15)), book)
    assert plan.sessions[0].start == _at(0, 9, 30)
    assert planner.plan(
        Request(request().course, want, time(9, 15)), book, replace(COST, hands_full=0, load=0)
    ).sessions[0].start == _at(0, 9)


def test_the_house_is_filled_evenly_where_slots_are_as_good():
    book = diary(
        chairs=8, nurses=2, busy=[busy(_at(0, 10), 0, 1), busy(_at(0, 10), 1, 2), busy(_at(0, 10, 15), 2, 3)]
    )
    want = [pattern.Wanted(1, 1, "induction", MONDAY)]
    plan = planner.plan(Request(request().course, want, time(10)), book)
    assert plan.sessions[0].start == _at(0, 9, 45)


def test_a_new_patient_keeps_one_chair_where_one_is_free_for_all():
    taken = [busy(_at(day, 9), 0, day) for day in (0, 7)]
    plan = planner.plan(request(), diary(nurses=2, busy=taken))
    assert {s.chair for s in plan.sessions} == {1}


def test_alternatives_of_each_session_are_legal_and_on_days_of_their_own():
    book = diary()
    plan = planner.plan(request(), book)
    days = {s.start.astimezone(ZONE).date() for s in plan.sessions}
    for session in plan.sessions:
        assert session.alternatives
        for moment in session.alternatives:
            assert check(book, moment) == []
            assert all(
                abs((moment.astimezone(ZONE).date() - day).days) > 1
                for day in days - {session.start.astimezone(ZONE).date()}
            )


def test_weekly_sessions_follow_an_induction_that_took_longer():
    held = {n: MONDAY + timedelta(days=4 * n) for n in range(1, 9)}
    wanted = pattern.wanted(CourseFacts("trd", MONDAY, (0, 3)), until="week8", held=held)
    assert [(want.number, (want.on - held[1]).days) for want in wanted] == [
        (9, 35),
        (10, 42),
        (11, 49),
        (12, 56),
    ]


def test_a_weekly_session_that_was_missed_is_not_crammed():
    held = {n: MONDAY + timedelta(days=d) for n, d in enumerate((0, 3, 7, 10, 14, 17, 21, 24), 1)}
    held |= {10: MONDAY + timedelta(days=35), 11: MONDAY + timedelta(days=42)}
    course = CourseFacts("trd", MONDAY, (0, 3), frequency="weekly")
    asked = Request(course, pattern.wanted(course, until="week8", held=held), time(9), held=held)
    days = _days(planner.plan(asked, diary(now=_at(28, 18))))
    assert (days[9], days[12]) == (29, 49)  # five days after the eighth, six before the tenth


@settings(deadline=None, max_examples=40, suppress_health_check=_MUCH)
@given(book=_books(), pair=st.sampled_from([(0, 3), (1, 4), (0, 1), (2, 5)]), data=st.data())
def test_no_other_choice_among_the_near_days_is_cheaper(book, pair, data):
    asked = request(MONDAY, pair, time(10), chair=0)
    plan = planner.plan(asked, book)
    assume(plan.sessions)
    mine = _price(asked, book, plan)
    other = {}
    for want in asked.wanted:
        near = [want.on + timedelta(days=offset) for offset in range(-2, 4)]
        starts = [day.moment(at) for on in near for day in [book.day(on)] for at in day.starts]
        legal = [start for start in starts if not check(book, start)]
        if legal:
            start = data.draw(st.sampled_from(legal))
            other[want] = (start, planner.pick_chair(book, start, 0))
    assert mine <= cost.of_plan(asked, book, other) + 1e-6


@settings(deadline=None, max_examples=40, suppress_health_check=_MUCH)
@given(
    book=_books(),
    lost=st.sets(st.integers(1, 7), max_size=4),
    pair=st.sampled_from([(0, 3), (1, 4), (0, 2)]),
    until=st.sampled_from(pattern.HORIZONS),
    never=st.sets(st.integers(0, 6), max_size=2),
)
def test_any_plan_of_a_course_under_way_keeps_rules_days_and_the_patients_limits(
    book, lost, pair, until, never
):
    course = CourseFacts("trd", MONDAY, pair, never_weekdays=tuple(never - set(pair)), not_before=time(8))
    all_days = pattern.induction_days(MONDAY, pair)
    held = {n: all_days[n - 1] for n in range(1, 6) if n not in lost}
    asked = Request(course, pattern.wanted(course, until=until, held=held, weeks=16), time(9), held=held)
    plan = planner.plan(asked, book)
    days = [book.local_date(s.start) for s in plan.sessions]
    assert len({*days, *held.values()}) == len(days) + len(held)
    assert {s.number for s in plan.sessions} | {u.number for u in plan.unplaced} == {
        w.number for w in asked.wanted
    }
    assert all(u.reasons for u in plan.unplaced)
    for session in plan.sessions:
        local = session.start.astimezone(ZONE)
        assert check(book, session.start, session.chair) == []
        assert local.weekday() not in course.never_weekdays
        assert local.time() >= time(8)
    assert all(check(book, moment) == [] for u in plan.unplaced for moment in u.nearest)


def test_the_price_of_a_plan_is_what_its_parts_say():
    asked, book = request(chair=0), diary()
    assert _price(asked, book, planner.plan(asked, book)) == 0
    closed = [Closed(Interval(_at(3, 0), _at(4, 0)), "holiday")]
    plan = planner.plan(asked, diary(closed=closed))
    assert _price(asked, diary(closed=closed), plan) == COST.day_off
    assert cost.of_plan(asked, book, {}) == 8 * COST.left_out
    assert cost.of_gap(1, (3, 4), COST) == COST.gap_short + 2 * COST.gap_off
    assert cost.of_gap(0, (3, 4), COST) == float("inf")


def test_nothing_is_planned_before_the_day_from_which_the_course_may_begin():
    closed = [Closed(Interval(_at(day, 0), _at(day + 1, 0)), "closed") for day in (7, 8, 9)]
    starts_on = MONDAY + timedelta(days=7)
    plan = planner.plan(request(starts_on), diary(closed=closed))
    assert min(_days(plan).values()) == 10


def test_a_lost_session_is_mended_by_moving_the_next_one():
    """Monday was missed and Tuesday cannot be: Wednesday and Friday instead of Thursday keep week and gaps."""
    held = {n: MONDAY + timedelta(days=d) for n, d in enumerate((0, 3, 7, 10, 14, 17, 21, 24), 1) if n != 3}
    course = CourseFacts("trd", MONDAY, (0, 3), never_weekdays=(1,), status="active")
    asked = Request(course, pattern.wanted(course, until="induction", held=held), time(9), held=held)
    book = diary(now=_at(7, 16))
    booked = {number: pattern.Wanted(number, 1, "induction", held[number]) for number in (4, 5)}
    plan = planner.mend(asked, book, booked)
    assert _days(plan) == {3: 9, 4: 11}
    assert not {w.code for s in plan.sessions for w in s.warnings} & {
        "gap_short",
        "week_full",
        "late_for_week",
    }


def test_nothing_is_moved_where_the_make_up_alone_is_as_soon():
    held = {n: MONDAY + timedelta(days=d) for n, d in enumerate((0, 3, 7, 10, 14, 17, 21, 24), 1) if n != 3}
    course = CourseFacts("trd", MONDAY, (0, 3), status="active")
    asked = Request(course, pattern.wanted(course, until="induction", held=held), time(9), held=held)
    booked = {number: pattern.Wanted(number, 1, "induction", held[number]) for number in (4, 5)}
    assert planner.mend(asked, diary(now=_at(7, 16)), booked) is None
