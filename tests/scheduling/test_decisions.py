"""Pause, resume, stop, frequency, extension: the book follows in one transaction, the past stays."""

from datetime import date, timedelta

import pytest

from clinic.errors import Invalid, Refused
from clinic.models import AuditEvent
from notifications.models import Message
from scheduling import booking, courses, decisions, effects
from scheduling.booking import Placement
from scheduling.models import CourseEvent, FrequencyDecision, TreatmentSession
from tests.factories import MONDAY, make_course, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
BEFORE = MONDAY - timedelta(days=4)


def _planned(course, until="induction", now=BEFORE, **options):
    plan = courses.plan_course(course=course, until=until, now=now, **options).plan
    assert not plan.unplaced
    return [Placement(s.number, s.start, s.chair) for s in plan.sessions]


@pytest.fixture
def course():
    made = make_course(site=make_staffed_site())
    booking.book_course(course=made, sessions=_planned(made, "week8"), by=None, now=BEFORE)
    made.refresh_from_db()
    return made


def _give(course, count):
    """As if the first sessions were done."""
    for row in course.sessions.order_by("starts_at")[:count]:
        TreatmentSession.objects.filter(pk=row.pk).update(status="completed")
    type(course).objects.filter(pk=course.pk).update(status="active")
    course.refresh_from_db()


def _days(course, status="booked"):
    return {s.number: (s.local_date - MONDAY.date()).days for s in course.sessions.filter(status=status)}


def test_a_pause_withdraws_what_is_booked_and_a_resume_goes_on_where_it_was(course):
    _give(course, 3)
    now = MONDAY + timedelta(days=8)
    done = decisions.pause_course(course=course, reason="In hospital", by=None, now=now)
    assert ([row.number for row in done.cancelled], done.course.status) == (list(range(4, 13)), "paused")
    assert _days(course) == {}
    reminders = Message.objects.filter(kind="reminder", status="pending", session__number__gt=3)
    assert not reminders.exists()

    back = MONDAY + timedelta(days=29)
    again = decisions.resume_course(course=course, reason="At home again", by=None, now=back)

    assert (again.course.status, again.unplaced) == ("active", [])
    assert [row.number for row in again.added] == list(range(4, 13))
    days = _days(course)
    assert [days[n] for n in range(4, 9)] == [31, 35, 38, 42, 45]
    assert _days(course, "completed") == {1: 0, 2: 3, 3: 7}
    assert list(CourseEvent.objects.filter(course=course).values_list("to_status", flat=True)) == [
        "paused",
        "active",
    ]
    assert reminders.count() == 9


def test_a_stopped_course_holds_nothing_and_cannot_go_on(course):
    decisions.stop_course(course=course, reason="Moved away", by=None, now=BEFORE)
    assert _days(course) == {}
    for deed in (decisions.resume_course, decisions.pause_course, decisions.stop_course):
        with pytest.raises(Refused) as caught:
            deed(course=course, reason="No", by=None, now=BEFORE)
        assert caught.value.codes == ["wrong_state"]


@pytest.mark.parametrize("deed", [decisions.pause_course, decisions.resume_course, decisions.stop_course])
def test_every_decision_wants_a_reason(course, deed):
    with pytest.raises(Invalid) as caught:
        deed(course=course, reason="  ", by=None, now=BEFORE)
    assert [fault.field for fault in caught.value.faults] == ["reason"]
    assert len(_days(course)) == 12


def test_another_frequency_moves_cancels_and_adds(course):
    _give(course, 8)
    now = MONDAY + timedelta(days=25)
    who = make_user(site=course.site, role="prescriber")
    first = date(2026, 3, 26)
    done = decisions.change_frequency(
        course=course,
        frequency="biweekly",
        starts_on=first,
        reason="Well",
        decided_by="Dr. Who",
        by=who,
        now=now,
    )
    assert _days(course) == {9: 38}
    assert ([row.number for row in done.moved], [row.number for row in done.cancelled]) == ([9], [10, 11, 12])
    back = decisions.change_frequency(
        course=course,
        frequency="twice_weekly",
        starts_on=first,
        reason="Worse",
        decided_by="Dr. Who",
        by=who,
        now=now,
    )
    assert ([row.number for row in back.moved], [row.number for row in back.added]) == ([9], [10, 11, 12])
    assert _days(course) == {9: 28, 10: 31, 11: 35, 12: 38}
    assert [d.frequency for d in FrequencyDecision.objects.all()] == ["biweekly", "twice_weekly"]
    assert AuditEvent.objects.filter(action="course.frequency", actor=who).count() == 2
    assert _days(course, "completed") == {1: 0, 2: 3, 3: 7, 4: 10, 5: 14, 6: 17, 7: 21, 8: 24}


def test_a_decision_names_all_that_it_lacks(course):
    with pytest.raises(Invalid) as caught:
        decisions.change_frequency(
            course=course,
            frequency="daily",
            starts_on=date(2100, 1, 1),
            reason="",
            decided_by="",
            by=None,
            now=BEFORE,
        )
    assert {fault.field for fault in caught.value.faults} == {"frequency", "from", "reason", "decided_by"}
    assert not FrequencyDecision.objects.exists()


def test_an_extension_books_on_at_the_frequency():
    course = make_course(site=make_staffed_site(), indication="mdsi")
    booking.book_course(course=course, sessions=_planned(course), by=None, now=BEFORE)
    _give(course, 8)
    type(course).objects.filter(pk=course.pk).update(frequency="weekly")
    until = MONDAY.date() + timedelta(days=45)
    done = decisions.extend_course(
        course=course,
        until=until,
        reason="Still ill",
        decided_by="Dr. Who",
        by=None,
        now=MONDAY + timedelta(days=25),
    )
    assert [row.number for row in done.added] == [9, 10, 11]
    assert _days(course) == {9: 31, 10: 38, 11: 45}


def test_the_effect_is_shown_and_nothing_is_done(course):
    now = MONDAY + timedelta(days=1)
    fourth = course.sessions.get(number=4)
    from scheduling.answers import cancel_session

    events = AuditEvent.objects.count()
    effect = effects.try_out(
        course,
        lambda: cancel_session(session=fourth, reason="Ill", cancelled_by="patient", by=None, now=now),
        now=now,
    )
    assert [(c.number, c.after) for c in effect.changes] == [(4, None)]
    assert effect.eighth_before == MONDAY.date() + timedelta(days=24)
    fourth.refresh_from_db()
    assert (fourth.status, AuditEvent.objects.count()) == ("booked", events)


def test_a_refusal_comes_through_and_leaves_nothing(course):
    TreatmentSession.objects.filter(course=course, number=4).update(status="completed")
    with pytest.raises(Refused):
        effects.try_out(
            course,
            lambda: decisions.resume_course(course=course, reason="x", by=None, now=BEFORE),
            now=BEFORE,
        )
    assert not CourseEvent.objects.filter(course=course).exists()
