"""Where the days went: every lost day has its reason, and they add up to how late the eighth session is."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling import answers, at_risk, booking, courses, moving, slippage
from scheduling.booking import Placement
from scheduling.pattern import induction_days
from scheduling.protocol import CourseFacts
from scheduling.slippage import Lost
from scheduling.slippage import slippage as slip
from tests.factories import MONDAY as MORNING
from tests.factories import make_course, make_patient, make_staffed_site

MONDAY = date(2026, 3, 2)
TRD = CourseFacts("trd", MONDAY, (0, 3), enrolled_on=MONDAY)
BEFORE = MORNING - timedelta(days=4)
MADE_UP_LAST = {1: 0, 2: 3, 4: 10, 5: 14, 6: 17, 7: 21, 8: 24, 3: 28}


def _on(day):
    return MONDAY + timedelta(days=day)


def _held(*offsets):
    return {n: _on(d) for n, d in enumerate(offsets, 1)}


def _reasons(found):
    return [(item.session, item.days, item.reason) for item in found.reasons]


def test_the_pattern_loses_nothing():
    found = slip(TRD, _held(0, 3, 7, 10, 14, 17, 21, 24), [])
    assert (found.days_to_spare, found.eighth_day, found.reasons) == (3, 25, [])


@pytest.mark.parametrize(
    "reason", [slippage.NO_SHOW, slippage.CANCELLED_PATIENT, slippage.CANCELLED_CLINIC, slippage.MOVED]
)
def test_a_lost_session_that_is_made_up_at_the_end_costs_the_days_to_there(reason):
    held = {n: _on(day) for n, day in MADE_UP_LAST.items()}
    found = slip(TRD, held, [Lost(_on(7), reason, 3)])
    assert (found.days_to_spare, _reasons(found)) == (-1, [(3, 4, reason)])


def test_what_was_caught_up_with_is_not_lost():
    held = _held(0, 3, 9, 12, 14, 17, 21, 24)
    assert slip(TRD, held, [Lost(_on(7), slippage.NO_SHOW, 3)]).reasons == []


def test_a_no_show_weighs_more_than_the_move_that_repaired_it():
    held = _held(0, 3, 9, 12, 16, 19, 23, 26)
    lost = [Lost(_on(8), slippage.MOVED, 3), Lost(_on(7), slippage.NO_SHOW, 3)]
    assert _reasons(slip(TRD, held, lost)) == [(3, 2, slippage.NO_SHOW)]


def test_two_losses_are_told_apart():
    held = _held(0, 3, 9, 12, 16, 19, 26, 29)
    lost = [Lost(_on(7), slippage.NO_SHOW, 3), Lost(_on(23), slippage.CANCELLED_CLINIC, 7)]
    assert _reasons(slip(TRD, held, lost)) == [
        (3, 2, slippage.NO_SHOW),
        (7, 3, slippage.CANCELLED_CLINIC),
    ]


def test_what_is_not_booked_is_projected_and_told_as_such():
    found = slip(TRD, _held(0, 3, 7), [], today=_on(7))
    assert (found.eighth_on, found.reasons) == (_on(24), [])
    # A fortnight later nobody has booked the fourth: it cannot be on a day that has passed.
    found = slip(TRD, _held(0, 3, 7), [], today=_on(21))
    assert (found.eighth_on, found.days_to_spare) == (_on(35), -8)
    assert _reasons(found) == [(4, 11, slippage.NOT_BOOKED)]


def test_a_course_with_nothing_booked_is_projected_from_today():
    found = slip(TRD, {}, [])
    assert (found.first_on, found.due_by, found.reasons, found.days_to_spare) == (None, None, [], 0)
    assert found.eighth_on == _on(24)
    late = slip(TRD, {}, [Lost(_on(0), slippage.NO_SHOW, 1)], today=_on(5))
    assert (late.eighth_on, _reasons(late)) == (_on(31), [(1, 7, slippage.NO_SHOW)])


@pytest.mark.parametrize(("given", "expected"), [(3, None), (8, _on(24))])
def test_a_course_on_hold_has_no_projection_until_it_goes_on(given, expected):
    held = _held(*(0, 3, 7, 10, 14, 17, 21, 24)[:given])
    found = slip(replace(TRD, status="paused"), held, [], today=_on(40))
    assert (found.eighth_on, found.reasons) == (expected, [])


lost_ones = st.lists(
    st.builds(
        Lost,
        st.integers(0, 60).map(_on),
        st.sampled_from(list(at_risk.WORDS)),
        st.integers(1, 8),
    ),
    max_size=6,
)


@given(
    days=st.lists(st.integers(0, 60), max_size=8, unique=True),
    numbers=st.permutations(range(1, 9)),
    weekdays=st.sampled_from([(0, 3), (1, 4), (2, 5), (0, 2)]),
    today=st.none() | st.integers(0, 70),
    lost=lost_ones,
)
def test_lost_days_add_up_to_the_days_between_the_pattern_and_the_projection(
    days, numbers, weekdays, today, lost
):
    course = CourseFacts("trd", MONDAY, weekdays)
    held = dict(zip(numbers, [_on(day) for day in days], strict=False))
    today = None if today is None else _on(today)

    found = slip(course, held, lost, today=today)

    wished = min(_on(weekday) for weekday in weekdays)
    pattern_on = induction_days(min(held.values(), default=wished), weekdays)[-1]
    assert found.pattern_on == pattern_on
    assert sum(item.days for item in found.reasons) == max(0, (found.eighth_on - pattern_on).days)
    assert all(item.days > 0 and item.reason in at_risk.WORDS for item in found.reasons)
    assert [item.session for item in found.reasons] == sorted(item.session for item in found.reasons)
    if len(held) < 8 and today:
        assert found.eighth_on >= today
    for item in found.reasons:
        unbooked = item.session > len(held)
        assert (
            item.reason != slippage.NOT_BOOKED or unbooked or slippage.NOT_BOOKED in {x.reason for x in lost}
        )


def _booked(site, starts_on=MONDAY):
    course = make_course(site=site, patient=make_patient(site=site), starts_on=starts_on)
    plan = courses.plan_course(course=course, until="induction", now=BEFORE).plan.sessions
    placements = [Placement(s.number, s.start, s.chair) for s in plan]
    booking.book_course(course=course, sessions=placements, by=None, now=BEFORE)
    return course


@pytest.mark.django_db
def test_the_list_is_ranked_by_who_misses_day_28_and_holds_every_induction():
    site = make_staffed_site(chairs=4, nurses=4)
    calm, late, later, nothing = _booked(site), _booked(site), _booked(site), make_course(site=site)
    for course, days in ((late, 4), (later, 7)):
        session = course.sessions.get(number=5)
        moving.move_session(
            session=session,
            starts_at=session.starts_at + timedelta(days=days),
            scope="following",
            by=None,
            now=BEFORE,
        )
    found = at_risk.inductions(site, now=BEFORE)
    assert [item.course for item in found] == [later, late, nothing, calm]
    assert [item.slip.days_to_spare for item in found] == [-4, -1, 0, 3]
    assert [[(r.days, r.reason) for r in item.slip.reasons] for item in found] == [
        [(7, "moved")],
        [(4, "moved")],
        [],
        [],
    ]


@pytest.mark.django_db
def test_only_what_cost_days_is_a_reason():
    site = make_staffed_site()
    course = _booked(site)
    sessions = {s.number: s for s in course.sessions.all()}
    # Another hour of the same day, a sooner day, and a no-show that was taken back cost nothing.
    moving.move_session(
        session=sessions[2], starts_at=sessions[2].starts_at + timedelta(hours=1), by=None, now=BEFORE
    )
    moving.move_session(
        session=sessions[4], starts_at=sessions[4].starts_at - timedelta(days=1), by=None, now=BEFORE
    )
    answers.mark_no_show(session=sessions[3], by=None, now=BEFORE)
    answers.undo(session=sessions[3], by=None, now=BEFORE)
    assert at_risk.lost_of([course], site)[course.pk] == []
    answers.mark_no_show(session=sessions[3], by=None, now=BEFORE)
    assert set(at_risk.lost_of([course], site)[course.pk]) == {Lost(_on(7), slippage.NO_SHOW, 3)}


@pytest.mark.django_db
def test_the_projection_does_not_stay_in_the_past():
    course = make_course(site=make_staffed_site())
    booking.book_course(course=course, sessions=[Placement(1, MORNING)], by=None, now=BEFORE)
    assert courses.projected_eighth_on(course, now=BEFORE) == _on(24)
    much_later = MORNING + timedelta(days=60)
    assert courses.projected_eighth_on(course, now=much_later) > much_later.date()
