"""Where verbs meet the clock, the past, a lost number or a house that has changed."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic import places
from clinic.errors import Invalid, Refused
from clinic.models import OpeningHours, Shift
from scheduling import answers, booking, closures, courses, decisions, moving, offers, replanning, waitlist
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from scheduling.statuses import change_status
from tests.factories import MONDAY, make_course, make_patient, make_session, make_shift, make_staffed_site

pytestmark = pytest.mark.django_db
BEFORE = MONDAY - timedelta(days=4)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def site():
    return make_staffed_site(chairs=2, nurses=2)


def _booked(site, until="induction", **fields):
    course = make_course(site=site, patient=make_patient(site=site), **fields)
    plan = courses.plan_course(course=course, until=until, now=BEFORE).plan
    placements = [Placement(s.number, s.start, s.chair) for s in plan.sessions]
    booking.book_course(course=course, sessions=placements, by=None, now=BEFORE)
    course.refresh_from_db()
    return course


def _lose(course, number, now=BEFORE):
    session = course.sessions.counted().get(number=number)
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=now)
    return session


def _give(course, count):
    for row in course.sessions.order_by("starts_at")[:count]:
        TreatmentSession.objects.filter(pk=row.pk).update(status="completed")
    type(course).objects.filter(pk=course.pk).update(status="active")
    course.refresh_from_db()


def _days(course):
    rows = course.sessions.counted().order_by("number")
    return {row.number: (row.local_date - MONDAY.date()).days for row in rows}


def _weeks(course):
    return {row.number: row.week for row in course.sessions.counted().order_by("number")}


def _all_night(site):
    OpeningHours.objects.filter(site=site).delete()
    for weekday in range(7):
        OpeningHours.objects.create(site=site, weekday=weekday, opens=time(0), closes=time(0))
        for role in ("nurse", "prescriber"):
            make_shift(site=site, role=role, weekday=weekday, starts=time(0), ends=time(0))


@pytest.mark.parametrize("night", [date(2026, 3, 8), date(2026, 11, 1)])
def test_a_session_over_a_change_of_the_clock_lasts_as_long_as_any(site, night):
    _all_night(site)
    start = datetime.combine(night, time(0, 30), NEW_YORK)
    now = start - 10 * DAY
    course = make_course(site=site)
    [session] = booking.book_course(course=course, sessions=[Placement(1, start)], by=None, now=now)
    session.refresh_from_db()
    assert session.ends_at - session.starts_at == timedelta(minutes=150)
    [other] = booking.book_course(course=course, sessions=[Placement(2, start + 4 * DAY)], by=None, now=now)
    moving.move_session(session=session, starts_at=start - 5 * DAY, by=None, now=now)
    moving.move_session(session=other, starts_at=start, by=None, now=now)
    other.refresh_from_db()
    assert (other.ends_at - other.starts_at, other.local_date) == (timedelta(minutes=150), night)


def test_a_session_over_midnight_holds_its_chair_on_both_days(site):
    _all_night(site)
    chair = site.chairs.first()
    late = datetime(2026, 3, 3, 23, tzinfo=NEW_YORK)
    one, two = (make_course(site=site, patient=make_patient(site=site)) for _ in range(2))
    booking.book_course(course=one, sessions=[Placement(1, late, chair.pk)], by=None, now=BEFORE)
    placement = Placement(1, late + HOUR, chair.pk)
    with pytest.raises(Refused) as caught:
        booking.book_course(course=two, sessions=[placement], by=None, now=BEFORE)
    assert caught.value.codes == ["chair_taken"]


def test_nobody_is_moved_to_before_their_18th_birthday(site):
    patient = make_patient(site=site, birth_date=date(2008, 3, 10))
    course = make_course(site=site, patient=patient)
    [session] = booking.book_course(
        course=course, sessions=[Placement(1, MONDAY + 8 * DAY - HOUR)], by=None, now=BEFORE
    )
    for deed in (
        lambda: moving.move_session(session=session, starts_at=MONDAY, by=None, now=BEFORE),
        lambda: booking.book_course(course=course, sessions=[Placement(2, MONDAY)], by=None, now=BEFORE),
    ):
        with pytest.raises(Refused) as caught:
            deed()
        assert caught.value.codes == ["under_age"]


def test_weeks_are_counted_from_whatever_is_the_first_session_now(site):
    course = _booked(site)
    assert _weeks(course) == {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4}
    first = _lose(course, 1)
    # Day 1 is now the Thursday of the second session.
    assert _weeks(course) == {2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 3, 8: 4}
    booking.book_course(
        course=course, sessions=[Placement(1, first.starts_at + 11 * DAY)], by=None, now=BEFORE
    )
    assert _weeks(course)[1] == 2
    moving.move_session(
        session=course.sessions.counted().get(number=1), starts_at=MONDAY, by=None, now=BEFORE
    )
    assert _weeks(course) == {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4}


def test_a_first_session_that_was_made_up_late_does_not_put_off_the_others(site):
    course = _booked(site)
    _lose(course, 1)
    _lose(course, 5)
    booking.book_course(course=course, sessions=[Placement(1, MONDAY + 8 * DAY)], by=None, now=BEFORE)
    [wanted] = courses.plan_course(course=course, until="induction", now=MONDAY + 9 * DAY).plan.sessions
    assert (wanted.number, abs((wanted.start - MONDAY).days - 14) <= 3) == (5, True)


def test_an_undone_no_show_counts_the_weeks_as_before(site):
    course = _booked(site)
    session = course.sessions.get(number=1)
    answers.mark_no_show(session=session, by=None, now=MONDAY + HOUR)
    assert _weeks(course)[3] == 1
    answers.undo(session=session, by=None, now=MONDAY + HOUR)
    assert _weeks(course)[3] == 2


def test_a_session_of_a_closed_day_keeps_its_week_though_the_first_was_lost(site):
    course = _booked(site, "week8")
    _lose(course, 1)
    tenth = course.sessions.get(number=10)
    midnight = tenth.starts_at.astimezone(NEW_YORK).replace(hour=0, minute=0)
    places.close(site=site, starts_at=midnight, ends_at=midnight + DAY, reason="Snow", by=None, now=BEFORE)
    [placed] = replanning.replan_day(site=site, day=tenth.local_date, by=None, now=BEFORE).placed
    moved = course.sessions.get(number=10)
    first = min(course.sessions.counted().values_list("local_date", flat=True))
    assert moved.starts_at == placed.start
    assert (moved.week, moved.phase) == ((moved.local_date - first).days // 7 + 1, "weekly")


@pytest.mark.parametrize("deed", [decisions.pause_course, decisions.stop_course])
def test_what_was_yesterday_or_this_morning_is_not_cancelled_by_a_decision(site, deed):
    course = _booked(site)
    now = (
        MONDAY + 3 * DAY + HOUR
    )  # the second session began an hour ago, and nobody has said what became of it
    done = deed(course=course, reason="Moved away", by=None, now=now)
    assert [row.number for row in done.cancelled] == [3, 4, 5, 6, 7, 8]
    assert _days(course) == {1: 0, 2: 3}


def test_another_frequency_leaves_this_mornings_session_alone(site):
    course = _booked(site, "week8")
    _give(course, 8)
    ninth = course.sessions.get(number=9)
    now = ninth.starts_at + HOUR
    decisions.change_frequency(
        course=course,
        frequency="biweekly",
        starts_on=ninth.local_date,
        reason="Well",
        decided_by="Dr. Who",
        by=None,
        now=now,
    )
    ninth.refresh_from_db()
    assert (ninth.status, (ninth.local_date - MONDAY.date()).days) == ("booked", 28)
    assert _days(course)[10] == 42


def _oftener(course, now, frequency="twice_weekly"):
    return decisions.change_frequency(
        course=course,
        frequency=frequency,
        starts_on=now.date(),
        reason="Worse",
        decided_by="Dr. Who",
        by=None,
        now=now,
    )


def test_another_frequency_goes_around_a_number_that_was_lost(site):
    course = _booked(site, "week8")
    _give(course, 8)
    _lose(course, 10)
    done = _oftener(course, MONDAY + 25 * DAY)
    # From day 28 to day 49 there is room for seven.
    assert [row.number for row in done.added] == [10, 13, 14, 15]
    assert sorted(_days(course)) == list(range(1, 16))
    days = sorted(_days(course).values())
    assert days[8:] == [28, 31, 35, 38, 42, 45, 49]


def test_another_frequency_adds_nothing_that_was_not_studied(site):
    course = _booked(site, indication="mdsi")
    _give(course, 3)
    _lose(course, 4)
    done = _oftener(course, MONDAY + 8 * DAY)
    assert [row.number for row in done.added] == []
    assert max(_days(course)) == 8


def test_a_course_whose_patient_is_in_the_chair_goes_on_as_active(site):
    course = _booked(site)
    session = course.sessions.get(number=1)
    for status in ("arrived", "dosing"):
        change_status(session=session, to=status, by=None, now=MONDAY)
    decisions.pause_course(course=course, reason="In hospital", by=None, now=MONDAY + HOUR)
    done = decisions.resume_course(course=course, reason="Back", by=None, now=MONDAY + HOUR)
    assert (done.course.status, [row.number for row in done.added]) == ("active", list(range(2, 9)))


def test_an_extension_into_the_past_is_a_fault(site):
    course = _booked(site)
    with pytest.raises(Invalid) as caught:
        decisions.extend_course(
            course=course,
            until=BEFORE.date() - DAY,
            reason="Ill",
            decided_by="Dr. Who",
            by=None,
            now=BEFORE,
        )
    assert [fault.field for fault in caught.value.faults] == ["until"]


def test_a_no_show_is_not_taken_back_into_a_course_on_hold(site):
    course = _booked(site)
    session = course.sessions.get(number=2)
    answers.mark_no_show(session=session, by=None, now=MONDAY)
    decisions.pause_course(course=course, reason="In hospital", by=None, now=MONDAY)
    with pytest.raises(Refused) as caught:
        answers.undo(session=session, by=None, now=MONDAY)
    assert caught.value.codes == ["course_not_open"]
    assert not course.sessions.filter(status="booked", starts_at__gt=MONDAY).exists()


def test_a_no_show_that_was_made_up_is_not_taken_back_and_says_so(site):
    course = _booked(site)
    session = course.sessions.get(number=2)
    answers.mark_no_show(session=session, by=None, now=MONDAY)
    make_up = Placement(2, session.starts_at + 4 * HOUR)
    booking.book_course(course=course, sessions=[make_up], by=None, now=MONDAY)
    with pytest.raises(Refused) as caught:
        answers.undo(session=session, by=None, now=MONDAY)
    assert caught.value.codes == ["number_taken", "same_day"]


def test_a_chair_out_of_use_for_good_lists_its_sessions_and_they_get_another(site):
    course = _booked(site)
    session = course.sessions.get(number=1)
    places.change_chair(chair=session.chair, name="Old", active=False, by=None, now=BEFORE)
    found = closures.conflicts(site, now=BEFORE)
    assert {row.pk for row, _why in found} == set(course.sessions.values_list("pk", flat=True))
    assert [reason.code for reason in found[0][1]] == ["closed"]
    replanning.replan_day(site=site, day=session.local_date, by=None, now=BEFORE)
    moved = course.sessions.get(number=1)
    assert (moved.starts_at, moved.chair.name) == (session.starts_at, "Chair 2")


def test_a_nurse_less_lists_sessions_that_begin_together():
    site = make_staffed_site(chairs=2, nurses=1)
    second = make_shift(site=site, role="nurse")
    for chair in site.chairs.all():
        make_session(course=make_course(site=site, patient=make_patient(site=site)), chair=chair)
    assert closures.conflicts(site, now=BEFORE) == []
    Shift.objects.filter(pk__in=[shift.pk for shift in second]).delete()
    assert [[r.code for r in why] for _row, why in closures.conflicts(site, now=BEFORE)] == [
        ["starts_crowded"],
        ["starts_crowded"],
    ]
    [placed] = replanning.replan_day(site=site, day=MONDAY.date(), by=None, now=BEFORE).placed
    assert placed.start != MONDAY
    assert closures.conflicts(site, now=BEFORE) == []


def test_a_maintenance_session_of_a_closed_day_stays_near_its_day(site):
    course = _booked(site, "week8")
    last = course.sessions.get(number=12)
    for offset in range(-3, 4):
        midnight = (last.starts_at + offset * DAY).astimezone(NEW_YORK).replace(hour=0, minute=0)
        span = {"starts_at": midnight, "ends_at": midnight + DAY}
        places.close(site=site, reason="Flood", by=None, now=BEFORE, **span)
    [placed] = replanning.replan_day(site=site, day=last.local_date, by=None, now=BEFORE).placed
    assert 4 <= abs((placed.start.date() - last.local_date).days) <= 8


def test_an_offer_never_moves_a_session_to_a_later_day(site):
    # The patient on the list was offered Tuesday for their Thursday, and has got the Monday meanwhile.
    other = make_course(site=site, patient=make_patient(site=site))
    booking.book_course(course=other, sessions=[Placement(1, MONDAY + DAY)], by=None, now=BEFORE)
    freed = _lose(other, 1).starts_at
    course = make_course(site=site, patient=make_patient(site=site))
    [session] = booking.book_course(
        course=course, sessions=[Placement(1, MONDAY + 3 * DAY)], by=None, now=BEFORE
    )
    waitlist.add_to_waitlist(course=course, notice_minutes=0, by=None, now=BEFORE)
    offer = offers.make_offer(course=course, starts_at=freed, by=None, now=BEFORE)
    moving.move_session(session=session, starts_at=MONDAY, by=None, now=BEFORE)
    with pytest.raises(Refused) as caught:
        offers.accept_offer(offer=offer, by=None, now=BEFORE)
    assert caught.value.codes == ["offer_gone", "not_right"]
    session.refresh_from_db()
    assert session.starts_at == MONDAY
