"""What a lost signal left undone is made good: texts of rules, notices, words; and what was told is not told again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Patient
from notifications import by_hand, repairing, telling
from notifications.models import Message
from notifications.timing import Rule
from scheduling import answers, booking, decisions, moving, signals
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_patient, make_staffed_site, make_user
from tests.notifications.test_outbox import dispatch

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
# Wednesday, 10:00 in New York; the night before; the reminder of MONDAY is due on Sunday at ten.
NOW = datetime(2026, 2, 25, 15, tzinfo=UTC)
NIGHT = datetime(2026, 2, 25, 2, tzinfo=UTC)
DUE = datetime(2026, 3, 1, 15, tzinfo=UTC)
THREE = ((1, 0), (2, 3), (3, 7))
NEW = "+16145550190"


@pytest.fixture
def lose(monkeypatch):
    """Nobody hears of these any more."""

    def deafen(*names):
        for name in names:
            monkeypatch.setattr(getattr(signals, name), "receivers", [])

    return deafen


def book(count=3, now=NOW, site=None, **fields):
    site = site or make_staffed_site()
    course = make_course(site=site, patient=make_patient(site=site, **fields))
    places = [Placement(number, MONDAY + days * DAY) for number, days in THREE[:count]]
    return booking.book_course(course=course, sessions=places, by=None, now=now)


def move(session, days, now):
    fresh = TreatmentSession.objects.get(pk=session.pk)
    moving.move_session(session=fresh, starts_at=MONDAY + days * DAY, by=None, now=now)


def repair(now=NOW + MINUTE):
    return repairing.repair(now=now, until=now + 35 * DAY)


def bodies(kind):
    return list(Message.objects.filter(kind=kind).order_by("pk").values_list("body", flat=True))


def waiting(kind="reminder"):
    return list(Message.objects.filter(kind=kind, status="pending").order_by("about_at"))


# -- what was lost --


def test_a_booking_that_nobody_heard_of_is_told_once_and_reminded_of(lose):
    lose("course_booked")
    book()
    assert not Message.objects.exists()
    for _ in range(2):
        repair()
    assert len(waiting()) == 3
    [body] = bodies("booked")
    assert "3 appointments" in body
    assert "Mon 2 Mar" in body
    assert len(dispatch(now=NOW + MINUTE).sent) == 1


def test_a_move_that_nobody_heard_of_has_its_notice_and_another_reminder(lose):
    [session] = book(1)
    dispatch(now=NOW)
    lose("sessions_moved")
    move(session, 1, NOW + HOUR)
    for _ in range(2):
        repair(NOW + HOUR + MINUTE)
    assert "Tue 3 Mar" in bodies("moved")[0]
    assert len(bodies("moved")) == 1
    assert MONDAY + DAY in {text.about_at for text in waiting()}


def test_after_the_reminder_went_a_lost_move_is_reminded_of_too(lose):
    [session] = book(1)
    dispatch(now=DUE)
    lose("sessions_moved")
    move(session, 3, DUE + HOUR)
    repair(DUE + HOUR + MINUTE)
    assert [text.about_at for text in waiting()] == [MONDAY + 3 * DAY]


def test_what_one_decision_cancelled_unheard_is_told_in_one_text(lose):
    sessions = book()
    dispatch(now=NOW)
    lose("session_status_changed")
    decisions.pause_course(course=sessions[0].course, reason="Away", by=None, now=DUE - HOUR)
    for _ in range(2):
        repair(DUE - HOUR + MINUTE)
    [body] = bodies("cancelled")
    assert all(day in body for day in ("Mon 2 Mar", "Thu 5 Mar", "Mon 9 Mar"))
    first = Message.objects.get(kind="reminder", session=sessions[0])
    assert (first.status, first.cause) == ("cancelled", "not_booked")


def test_at_night_it_waits_for_the_morning_and_still_follows_the_book(lose):
    lose("course_booked")
    [session] = book(1, NIGHT)
    repair(NIGHT + MINUTE)
    assert waiting("booked")[0].due_at == NOW - HOUR
    move(session, 1, NIGHT + HOUR)
    assert waiting("booked") == []
    repair(NIGHT + HOUR + MINUTE)
    [text] = dispatch(now=NOW).sent
    assert "is now on Tue 3 Mar" in text.body


def test_news_of_yesterday_is_not_told_any_more(lose):
    lose("course_booked")
    book()
    repair(NOW + DAY)
    assert (bodies("booked"), len(waiting())) == ([], 3)


def test_who_does_not_want_texts_gets_none(lose):
    lose("course_booked")
    site = make_staffed_site()
    for fields in ({"texts_allowed": False}, {"phone": ""}, {"active": False}):
        [session] = book(1, site=site)
        Patient.objects.filter(pk=session.patient_id).update(**fields)
        assert repair() == 0
        TreatmentSession.objects.update(status="cancelled")
    assert not Message.objects.exists()


# -- what was told --


@pytest.mark.parametrize("now", [NOW, NIGHT])
def test_what_was_told_is_not_told_again(now):
    sessions = book(now=now)
    move(sessions[0], 1, now + MINUTE)
    move(sessions[0], 2, now + 2 * MINUTE)
    move(sessions[2], 8, now + 3 * MINUTE)
    answers.cancel_session(
        session=TreatmentSession.objects.get(pk=sessions[1].pk),
        reason="Ill",
        cancelled_by="patient",
        by=None,
        now=now + 4 * MINUTE,
    )
    before = list(Message.objects.order_by("pk").values_list("pk", "status", "body"))
    repair(now + 5 * MINUTE)
    assert list(Message.objects.order_by("pk").values_list("pk", "status", "body")) == before


def test_there_and_back_is_told_as_often_as_it_happened():
    [session] = book(1)
    dispatch(now=NOW)
    for step, days in enumerate((1, 0, 1)):
        moment = NOW + (step + 1) * MINUTE
        move(session, days, moment)
        dispatch(now=moment)
    repair(NOW + HOUR)
    assert len(bodies("moved")) == 3


def test_what_a_person_withdrew_stays_withdrawn():
    book(1, NIGHT)
    by_hand.cancel_message(message=Message.objects.get(kind="booked"), by=make_user(), now=NIGHT)
    repair(NIGHT + HOUR)
    assert waiting("booked") == []


def test_another_chair_at_the_same_time_is_no_news():
    [session] = book(1)
    dispatch(now=NOW)
    answers.confirm_session(session=session, by=None, now=NOW)
    other = session.site.chairs.exclude(pk=session.chair_id).first()
    moving.move_session(
        session=session, starts_at=session.starts_at, chair=other.pk, by=None, now=NOW + MINUTE
    )
    repair(NOW + HOUR)
    assert bodies("moved") == []
    assert TreatmentSession.objects.get().confirmation == "confirmed"


# -- texts that wait wrongly --


def test_a_number_that_was_changed_behind_our_back_is_the_one_that_is_reminded():
    book(1)
    Patient.objects.update(phone=NEW)
    repair(DUE - DAY)
    assert [text.to for text in waiting()] == [NEW]


def test_preparation_is_told_as_the_consent_stands_half_an_hour_before():
    book(1)
    for detailed in (True, False):
        Patient.objects.update(detailed_texts=detailed)
        repair(DUE - repairing.NEAR)
        assert [("Nothing to eat" in text.body) for text in waiting()] == [detailed]


def test_the_next_days_check_is_made_withdrawn_and_made_again(lose):
    [session] = book(1)
    rules = [Rule(days=1, at=DUE.time()), Rule(days=1, at=DUE.time(), told="check")]
    telling.set_rules(site=session.site, rules=rules, by=None, now=NOW)
    after = MONDAY + 3 * HOUR
    for status, waits in (("completed", 1), ("no_show", 0), ("completed", 1)):
        TreatmentSession.objects.update(status=status)
        repair(after)
        assert len(waiting("check")) == waits
    assert repair(MONDAY + 5 * DAY) == 0


def test_a_site_that_wants_no_reminder_is_left_alone():
    [session] = book(1)
    telling.set_rules(site=session.site, rules=[], by=None, now=NOW)
    assert repair() == 0


def test_where_nothing_is_wrong_it_asks_as_often_for_many_as_for_one():
    site = make_staffed_site()

    def asked():
        with CaptureQueriesContext(connection) as queries:
            repair()
        return len(queries)

    book(1, site=site)
    few = asked()
    for days in (1, 2, 3):
        course = make_course(site=site, patient=make_patient(site=site))
        booking.book_course(course=course, sessions=[Placement(1, MONDAY + days * DAY)], by=None, now=NOW)
    assert asked() == few
