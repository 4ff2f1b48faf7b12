"""A freed place by text: one at a time, until somebody says yes; nobody gets two places, and nobody hears nothing."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from clinic import patients
from clinic.errors import Invalid, Refused
from clinic.models import AuditEvent
from notifications import keywords, offering, replies, settling, suppression, timing
from notifications.models import Message, OfferRound, OfferText, TextPolicy
from scheduling import answers, booking, decisions, offers, waitlist
from scheduling.booking import Placement
from scheduling.models import Offer, TreatmentSession
from tests.database import refused, values
from tests.factories import MONDAY, make_chair, make_course, make_patient, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
# Sunday, 11:00 in New York; the place is on Monday at 09:00.
NOW = MONDAY - timedelta(hours=22)
DAY, HALF = timedelta(days=1), timedelta(minutes=30)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def site():
    return make_staffed_site(chairs=1, nurses=1)


def course_of(site, day, **fields):
    course = make_course(site=site, patient=make_patient(site=site, **fields))
    placements = [Placement(1, MONDAY + timedelta(days=day))]
    booking.book_course(course=course, sessions=placements, by=None, now=NOW - 10 * DAY)
    return course


def listed(site, day, notice=60, **fields):
    course = course_of(site, day, **fields)
    waitlist.add_to_waitlist(course=course, by=None, now=NOW, notice_minutes=notice)
    return course


@pytest.fixture
def freed(site):
    [session] = course_of(site, 0).sessions.all()
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW - DAY)
    return session.starts_at


@pytest.fixture
def two(site, freed):
    """Who gains most is asked first."""
    return listed(site, 7), listed(site, 4)


def start(site, freed, **options):
    return offering.start(site=site, starts_at=freed, by=None, now=NOW, **options)


def turn_of(course):
    return OfferText.objects.select_related("offer", "message").get(offer__course=course)


def arrives(course, at=NOW):
    turn = turn_of(course)
    Message.objects.filter(pk=turn.message_id).update(status="delivered", sent_at=at)
    return turn


def says(course, body, at=NOW + timedelta(minutes=5), sid=None):
    sid = sid or f"SM{course.pk}{body}{at}"
    return replies.receive(
        from_number=course.patient.number, to_number="", body=body, message_sid=sid[:64], now=at
    )


def held(freed):
    return [s.course for s in TreatmentSession.objects.filter(starts_at=freed, status="booked")]


def end():
    return OfferRound.objects.get().end


# -- rules --


@pytest.mark.parametrize(
    ("hour", "due"), [(11, 11), (8, 9), (9, 9), (19.9, 19.9), (20, 33), (43.9, 43.9), (44, None)]
)
def test_an_offer_goes_by_day_in_the_patients_zone(hour, due):
    """Hours from the midnight before; the place is 48 hours after it."""
    midnight = datetime(2026, 3, 1, tzinfo=NEW_YORK).astimezone(UTC)
    start, now = midnight + timedelta(hours=48), midnight + timedelta(hours=hour)
    found = timing.offer(starts_at=start, minutes=30, notice_minutes=60, zone=NEW_YORK, now=now)
    if due is None:
        assert isinstance(found, timing.Never)
    else:
        goes = midnight + timedelta(hours=due)
        assert (found.due_at, found.expires_at) == (goes, goes + HALF)


def test_notice_ends_an_offer_early_and_too_little_time_makes_none():
    noon = datetime(2026, 3, 2, 17, tzinfo=UTC)
    facts = {"minutes": 30, "zone": NEW_YORK, "now": noon}
    for ahead, expected in ((200, 30), (65, 5), (64, None)):
        found = timing.offer(starts_at=noon + timedelta(minutes=ahead), notice_minutes=60, **facts)
        minutes = (found.expires_at - noon).seconds // 60 if isinstance(found, timing.When) else None
        assert minutes == expected


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ("C", "confirm"),
        ("1", "confirm"),
        ("Yes!", "confirm"),
        ("sí", "confirm"),
        ("R", "change"),
        ("no", "change"),
        ("No, gracias", "change"),
        ("yes but later", "unexpected"),
        ("stop", "stop"),
        ("no, I want to die", "crisis"),
    ],
)
def test_yes_and_no_are_understood_of_an_offer(body, meaning):
    assert keywords.to_an_offer(body) == meaning


# -- a round --


def test_the_first_in_line_gets_one_text_that_says_when_and_until_when(site, freed, two):
    start(site, freed)
    turn = turn_of(two[0])
    assert (turn.offer.expires_at, turn.message.kind, turn.message.due_at) == (NOW + HALF, "offer", NOW)
    assert "Mon 2 Mar, 9:00 AM" in turn.message.body
    assert "Open until Sun 1 Mar, 11:30 AM" in turn.message.body
    assert OfferText.objects.count() == 1
    assert offering.standings(site, now=NOW)[0].next.entry.course == two[1]
    assert AuditEvent.objects.filter(action="offers_by_text.started").count() == 1


@pytest.mark.parametrize("body", ["C", "1", "Yes"])
def test_yes_takes_the_place_and_one_text_answers(site, freed, two, body):
    start(site, freed)
    arrives(two[0])
    inbound = says(two[0], body)
    assert held(freed) == [two[0]]
    assert (inbound.session.starts_at, inbound.answer.kind, inbound.needs_person) == (
        freed,
        "offer_ok",
        False,
    )
    assert "Mon 2 Mar, 9:00 AM" in inbound.answer.body
    assert not Message.objects.filter(kind="moved", status="pending").exists()
    offering.tick(now=NOW + timedelta(minutes=6))
    assert end() == "taken"
    assert OfferText.objects.count() == 1


def test_yes_told_twice_by_the_provider_is_one_yes_and_said_twice_is_answered_alike(site, freed, two):
    start(site, freed)
    arrives(two[0])
    assert says(two[0], "C", sid="SM1").pk == says(two[0], "C", sid="SM1").pk
    assert says(two[0], "C", sid="SM2").answer.kind == "offer_ok"
    assert Offer.objects.filter(status="accepted").count() == 1


def test_no_is_thanked_and_the_next_is_asked(site, freed, two):
    start(site, freed)
    arrives(two[0])
    assert says(two[0], "no").answer.kind == "offer_no"
    assert offering.tick(now=NOW + timedelta(minutes=6)) == 1
    assert turn_of(two[1]).offer.expires_at == NOW + timedelta(minutes=36)
    assert two[0].sessions.get().starts_at == MONDAY + 7 * DAY


def test_silence_ends_and_a_late_yes_is_told_that_it_is_gone(site, freed, two):
    start(site, freed)
    arrives(two[0])
    assert offering.tick(now=NOW + HALF - timedelta(seconds=1)) == 0
    assert offering.tick(now=NOW + HALF) == 1
    arrives(two[1], NOW + HALF)
    late = says(two[0], "C", NOW + HALF + timedelta(minutes=1))
    assert late.answer.kind == "offer_gone"
    assert says(two[1], "C", NOW + HALF + timedelta(minutes=2)).answer.kind == "offer_ok"
    assert held(freed) == [two[1]]


def test_a_late_yes_before_the_tick_is_late_too(site, freed, two):
    start(site, freed)
    arrives(two[0])
    assert says(two[0], "C", NOW + HALF).answer.kind == "offer_gone"
    assert held(freed) == []


def test_when_nobody_is_left_the_desk_is_told(site, freed, two):
    start(site, freed)
    for course in two:
        arrives(course)
        says(course, "R")
        offering.tick(now=NOW + timedelta(minutes=6))
    assert end() == "nobody"
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    [standing] = offering.standings(site, now=NOW + HALF)
    assert [turn.offer.course for turn in standing.turns] == list(two)


def test_at_night_the_text_waits_for_the_morning_and_so_does_its_end(site, freed, two):
    evening = NOW + timedelta(hours=9)  # 20:00
    place = MONDAY + DAY
    [session] = course_of(site, 1).sessions.all()
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW)
    offering.start(site=site, starts_at=place, by=None, now=evening)
    turn = turn_of(two[0])
    morning = evening + timedelta(hours=13)
    assert (turn.message.due_at, turn.offer.expires_at) == (morning, morning + HALF)
    assert offering.tick(now=morning) == 0


def test_who_gets_no_texts_is_passed_over(site, freed):
    listed(site, 9, texts_allowed=False)
    listed(site, 8, phone="")
    stopped = listed(site, 7, phone="+16145550177")
    suppression.suppress(stopped.patient.number, source="STOP", now=NOW)
    last = listed(site, 4)
    start(site, freed)
    assert OfferText.objects.get().offer.course == last


def test_a_text_that_cannot_go_ends_the_turn_at_once(site, freed, two):
    start(site, freed)
    Message.objects.filter(pk=turn_of(two[0]).message_id).update(status="suppressed")
    offering.tick(now=NOW)
    assert turn_of(two[0]).offer.status == "withdrawn"
    assert turn_of(two[1]).offer.status == "open"


def _stops(course):
    says(course, "STOP")


def _stopped_at_the_provider(course):
    Message.objects.filter(pk=turn_of(course).message_id).update(status="sent")
    settling.apply_callback(turn_of(course).message, status="undelivered", sid="SM1", code="21610", now=NOW)


def _withdraws_consent(course):
    patients.record_consent(
        patient=course.patient, kind="texts", given=False, method="by telephone", by=None, now=NOW
    )


def _has_another_number(course):
    changes = {"phone": "+16145550178"}
    patients.update_patient(patient=course.patient, changes=changes, by=None, now=NOW)


def _is_paused(course):
    decisions.pause_course(course=course, reason="Ill", by=None, now=NOW)


def _is_stopped(course):
    decisions.stop_course(course=course, reason="Moved away", by=None, now=NOW)


def _comes_sooner(course):
    sooner = turn_of(course).offer.starts_at - 3 * HALF
    chair = make_chair(site=course.site)
    course.sessions.update(starts_at=sooner, ends_at=sooner + 5 * HALF, local_date=sooner.date(), chair=chair)


def _visit_is_cancelled(course):
    [session] = course.sessions.all()
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW)


@pytest.mark.parametrize(
    "ends",
    [
        _stops,
        _stopped_at_the_provider,
        _withdraws_consent,
        _has_another_number,
        _is_paused,
        _is_stopped,
        _comes_sooner,
        _visit_is_cancelled,
    ],
)
def test_who_can_no_longer_say_yes_is_followed_at_once(site, freed, two, ends):
    start(site, freed)
    arrives(two[0])
    assert offering.tick(now=NOW) == 0
    ends(two[0])
    assert offering.tick(now=NOW + timedelta(minutes=5)) == 1
    assert turn_of(two[0]).offer.status == "withdrawn"


def test_stop_is_no_yes_and_the_next_is_asked_at_once(site, freed, two):
    start(site, freed)
    arrives(two[0])
    says(two[0], "STOP")
    offering.tick(now=NOW + timedelta(minutes=5))
    assert turn_of(two[1]).offer.expires_at == NOW + timedelta(minutes=35)
    assert held(freed) == []
    # A yes after all comes too late.
    says(two[0], "START", NOW + timedelta(minutes=6))
    assert says(two[0], "yes", NOW + timedelta(minutes=7)).answer.kind == "offer_gone"


def test_whose_lost_session_was_made_up_is_followed(site, freed):
    """The first gave up session 1, and would make it up in this place."""
    course = course_of(site, 4)
    [session] = course.sessions.all()
    booking.book_course(course=course, sessions=[Placement(2, MONDAY + 8 * DAY)], by=None, now=NOW - 10 * DAY)
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW)
    waitlist.add_to_waitlist(course=course, by=None, now=NOW, notice_minutes=60)
    start(site, freed)
    arrives(course)
    assert (turn_of(course).offer.session, turn_of(course).offer.number) == (None, 1)
    assert offering.tick(now=NOW) == 0
    booking.book_course(course=course, sessions=[Placement(1, MONDAY + 3 * DAY)], by=None, now=NOW)
    assert offering.tick(now=NOW) == 1
    assert (turn_of(course).offer.status, end()) == ("withdrawn", "nobody")


def test_a_place_that_is_gone_in_the_morning_is_not_offered_any_more(site, two):
    evening, place = NOW + timedelta(hours=9), MONDAY + DAY
    [session] = course_of(site, 1).sessions.all()
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW)
    offering.start(site=site, starts_at=place, by=None, now=evening)
    other = make_course(site=site, patient=make_patient(site=site))
    booking.book_course(course=other, sessions=[Placement(1, place)], by=None, now=evening)
    offering.tick(now=evening + timedelta(hours=13))
    turn = turn_of(two[0])
    assert (end(), turn.offer.status, turn.message.status) == ("gone", "withdrawn", "cancelled")


def test_a_place_that_the_desk_gave_away_ends_the_round(site, freed, two):
    start(site, freed)
    arrives(two[0])
    other = make_course(site=site, patient=make_patient(site=site))
    booking.book_course(course=other, sessions=[Placement(1, freed)], by=None, now=NOW)
    assert says(two[0], "C").answer.kind == "offer_gone"
    offering.tick(now=NOW + timedelta(minutes=6))
    assert (end(), held(freed)) == ("gone", [other])


def test_the_desk_takes_it_back(site, freed, two):
    round_ = start(site, freed)
    for _ in range(2):
        offering.take_back(round_=round_, by=None, now=NOW)
    turn = turn_of(two[0])
    assert (end(), turn.offer.status, turn.message.status) == ("back", "withdrawn", "cancelled")
    assert offering.tick(now=NOW + DAY) == 0
    assert AuditEvent.objects.filter(action="offers_by_text.ended").count() == 1
    start(site, freed)
    assert OfferText.objects.filter(offer__course=two[0]).count() == 2


def test_an_answer_to_what_was_taken_back_is_told_that_it_is_gone(site, freed, two):
    round_ = start(site, freed)
    arrives(two[0])
    offering.take_back(round_=round_, by=None, now=NOW)
    assert says(two[0], "yes").answer.kind == "offer_gone"


def test_an_answer_that_the_desk_heard_by_telephone_moves_the_round_on(site, freed, two):
    start(site, freed)
    offers.decline_offer(offer=turn_of(two[0]).offer, by=None, now=NOW)
    offering.tick(now=NOW)
    assert turn_of(two[0]).message.status == "cancelled"
    assert turn_of(two[1]).offer.status == "open"


def test_once_at_a_time_and_only_where_somebody_can_be_asked(site, freed, two):
    start(site, freed)
    with pytest.raises(Refused) as caught:
        start(site, freed)
    assert caught.value.codes == ["running"]
    with pytest.raises(Refused) as caught:
        start(site, MONDAY + 4 * DAY)
    assert caught.value.codes == ["nobody"]
    assert OfferRound.objects.count() == 1


@pytest.mark.parametrize("minutes", [4, 601])
def test_minutes_that_cannot_be(site, freed, two, minutes):
    with pytest.raises(Invalid):
        start(site, freed, minutes=minutes)


def test_the_sites_minutes_are_kept(site, freed, two):
    TextPolicy.objects.create(site=site, offer_minutes=45)
    start(site, freed)
    assert turn_of(two[0]).offer.expires_at == NOW + timedelta(minutes=45)


def test_round_values_in_the_database(site, freed, two):
    rows = OfferRound.objects.filter(pk=start(site, freed).pk)
    values(
        "round_ends_with_when_and_how",
        rows,
        bad=[{"ended_at": NOW}, {"end": "back"}, {"ended_at": NOW, "end": "eaten"}],
        good=[{"ended_at": NOW, "end": "back"}, {"ended_at": None, "end": ""}],
    )
    refused(
        "round_once_for_a_place",
        lambda: OfferRound.objects.create(site=site, starts_at=freed, minutes=30, started_at=NOW),
    )


# -- which question an answer is to --


def _reminded(course, at):
    reminder = Message.objects.get(session__course=course, kind="reminder")
    Message.objects.filter(pk=reminder.pk).update(status="delivered", sent_at=at)
    return reminder.session


def test_the_last_question_is_the_one_that_is_answered(site, freed, two):
    session = _reminded(two[0], NOW - HALF)
    start(site, freed)
    arrives(two[0], NOW)
    says(two[0], "R")
    session.refresh_from_db()
    assert (turn_of(two[0]).offer.status, session.confirmation) == ("declined", "unconfirmed")
    says(two[0], "C", NOW + timedelta(minutes=9))
    session.refresh_from_db()
    assert (session.confirmation, held(freed)) == ("confirmed", [])


def test_a_reminder_after_the_offer_is_the_last_question(site, freed, two):
    start(site, freed)
    arrives(two[0], NOW)
    session = _reminded(two[0], NOW + timedelta(minutes=2))
    says(two[0], "C")
    session.refresh_from_db()
    assert (session.confirmation, turn_of(two[0]).offer.status) == ("confirmed", "open")


def test_two_of_one_number_who_were_both_asked_need_a_person(site, freed, two):
    start(site, freed)
    arrives(two[0])
    patients.update_patient(
        patient=two[1].patient, changes={"phone": two[0].patient.number}, by=None, now=NOW
    )
    _reminded(two[1], NOW)
    Message.objects.filter(kind="reminder", session__course=two[1]).update(to=two[0].patient.number)
    inbound = says(two[0], "C")
    assert (inbound.patient, inbound.needs_person, held(freed)) == (None, True, [])


def test_who_said_yes_and_then_r_wants_another_time(site, freed, two):
    start(site, freed)
    arrives(two[0])
    says(two[0], "C")
    inbound = says(two[0], "R")
    assert (inbound.answer.kind, inbound.needs_person, inbound.session.starts_at) == (
        "change_ok",
        True,
        freed,
    )
