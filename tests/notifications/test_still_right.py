"""What waits is still right when it goes: to the phone that the patient has now, by day there, about what still is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from clinic import patients
from clinic.models import AuditEvent, Patient
from notifications import by_hand, inbox, listing, notices, offering, replies, suppression, wording
from notifications.models import InboundMessage, Message, OfferText
from scheduling import answers, booking, decisions, moving, offers, waitlist
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_patient, make_site, make_staffed_site, make_user
from tests.notifications.test_outbox import dispatch

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
# Wednesday, 21:00 in New York: notices wait for the morning.
NIGHT = datetime(2026, 2, 26, 2, tzinfo=UTC)
MORNING = datetime(2026, 2, 26, 14, tzinfo=UTC)
NEW = "+16145550190"


@pytest.fixture
def session():
    course = make_course(site=make_staffed_site())
    [row] = booking.book_course(course=course, sessions=[Placement(1, MONDAY)], by=None, now=NIGHT)
    return row


def moved(session, days, now=NIGHT):
    fresh = TreatmentSession.objects.get(pk=session.pk)
    moving.move_session(session=fresh, starts_at=MONDAY + days * DAY, by=None, now=now)


def changed(session, now=NIGHT, **changes):
    patients.update_patient(
        patient=Patient.objects.get(pk=session.patient_id), changes=changes, by=None, now=now
    )


def cancelled(session, now=NIGHT):
    fresh = TreatmentSession.objects.get(pk=session.pk)
    answers.cancel_session(session=fresh, reason="Ill", cancelled_by="patient", by=None, now=now)


def went(now=MORNING):
    """The texts that go at `now`: number and words."""
    return [(text.to, text.body) for text in dispatch(now=now).sent]


def test_a_notice_that_waits_goes_to_the_number_that_was_corrected(session):
    changed(session, phone=NEW)
    assert [to for to, _body in went()] == [NEW]


def test_without_a_number_none_goes(session):
    changed(session, phone="")
    assert went() == []


def test_a_notice_waits_for_the_morning_where_the_patient_is_now(session):
    changed(session, timezone="Pacific/Honolulu")
    [notice] = Message.objects.filter(kind="booked")
    # 09:00 there is 14:00 in New York.
    assert (notice.due_at, notice.expires_at) == (
        datetime(2026, 2, 26, 19, tzinfo=UTC),
        datetime(2026, 2, 27, 6, tzinfo=UTC),
    )
    assert went() == []


@pytest.mark.parametrize("kind", ["booked", "reminder", "moved", "cancelled", "check", "offer"])
def test_no_text_of_ours_goes_to_a_number_that_changed_behind_our_back(session, kind):
    Message.objects.exclude(kind="booked").delete()
    Message.objects.update(kind=kind)
    Patient.objects.update(phone=NEW)
    assert went() == []
    assert Message.objects.get().cause == "number_changed"


@pytest.mark.parametrize("behind_our_back", [False, True])
def test_who_is_no_patient_any_more_gets_no_texts(session, behind_our_back):
    if behind_our_back:
        Patient.objects.update(active=False)
    else:
        changed(session, active=False)
        assert Message.objects.get(kind="reminder").status == "cancelled"
    assert went() == []
    assert went(MONDAY - DAY) == []


def test_of_two_moves_at_night_only_the_last_is_told(session):
    went()
    moved(session, 1, NIGHT + DAY)
    moved(session, 2, NIGHT + DAY)
    [(_to, body)] = went(MORNING + DAY)
    assert "Wed 4 Mar" in body


def test_a_move_that_came_while_the_text_was_taken_up_withdraws_it(session):
    went()
    moved(session, 1, NIGHT + DAY)
    TreatmentSession.objects.filter(pk=session.pk).update(starts_at=MONDAY, ends_at=MONDAY + DAY / 10)
    assert went(MORNING + DAY) == []
    assert Message.objects.get(kind="moved").cause == "moved"


def test_there_and_back_and_there_again_is_told_each_time(session):
    went()
    said = []
    for step, days in enumerate((1, 0, 1, 0, 1)):
        moved(session, days, MORNING + (step + 1) * timedelta(minutes=1))
        said += went(MORNING + (step + 1) * timedelta(minutes=1))
    assert ["Tue 3 Mar" if "Tue 3 Mar" in body else "Mon 2 Mar" for _to, body in said] == [
        "Tue 3 Mar",
        "Mon 2 Mar",
    ] * 2 + ["Tue 3 Mar"]


def test_what_was_booked_and_moved_in_one_night_is_told_as_it_now_is(session):
    moved(session, 1)
    [(_to, told)] = went()
    assert ("is now on Tue 3 Mar" in told, went(MORNING + timedelta(minutes=1))) == (True, [])
    assert Message.objects.get(kind="booked").cause == "moved"


def test_what_was_booked_and_cancelled_in_one_night_is_not_promised_first(session):
    cancelled(session)
    [(_to, told)] = went()
    assert ("Mon 2 Mar" in told, "will not take place" in told) == (True, True)
    assert went(MORNING + timedelta(minutes=1)) == []


def test_the_same_move_told_twice_is_one_notice(session):
    moved(session, 1)
    notices.notify_all([TreatmentSession.objects.get()], "moved", now=NIGHT)
    assert Message.objects.filter(kind="moved").count() == 1


# -- several visits in one text --


@pytest.fixture
def three():
    """Booked at night; the notice waits."""
    course = make_course(site=make_staffed_site())
    placements = [Placement(n, MONDAY + d * DAY) for n, d in ((1, 0), (2, 3), (3, 7))]
    return booking.book_course(course=course, sessions=placements, by=None, now=NIGHT)


def test_several_that_were_booked_are_told_as_those_that_are_left(three):
    cancelled(three[0], NIGHT + timedelta(minutes=1))
    booked, gone = [body for _to, body in went()]
    assert ("2 appointments" in booked, "Thu 5 Mar" in booked) == (True, True)
    assert ("Mon 2 Mar" in gone, "will not take place" in gone) == (True, True)


def test_several_moves_of_a_night_are_told_though_the_first_moves_again_or_is_cancelled(three):
    went()
    moving.move_session(session=three[0], starts_at=MONDAY + DAY, scope="following", by=None, now=NIGHT + DAY)
    moved(three[0], 2, NIGHT + DAY + timedelta(minutes=1))
    [notice] = Message.objects.filter(kind="moved", status="pending")
    assert ("appointments" in notice.body, "Wed 4 Mar" in notice.body) == (True, True)
    cancelled(three[0], NIGHT + DAY + timedelta(minutes=2))
    notice.refresh_from_db()
    assert ("appointments" in notice.body, "Fri 6 Mar" in notice.body) == (True, True)
    assert len(went(MORNING + DAY)) == 2


def test_a_pause_is_told_in_one_text_that_names_each_day(three):
    went()
    decisions.pause_course(course=three[0].course, reason="Away", by=None, now=MORNING)
    [(_to, told)] = went(MORNING)
    assert "on Mon 2 Mar, Thu 5 Mar, Mon 9 Mar will not take place" in told


def test_more_days_than_one_text_can_name_are_counted():
    days = tuple(datetime(2026, 3, day, 9) for day in range(1, 16))
    text = wording.render(
        "cancelled_many", "es", wording.Facts("Cardinal Care", "614-555-0100", several=days)
    )
    assert ("jue 12 mar y 3 mas" in text, wording.length_of(text).segments <= 3) == (True, True)


def test_who_has_not_heard_of_a_move_is_told_that_the_time_they_know_is_off(session):
    went()
    moved(session, 1, NIGHT + DAY)
    moved(session, 2, NIGHT + DAY + timedelta(minutes=1))
    cancelled(session, NIGHT + DAY + timedelta(minutes=2))
    [(_to, told)] = went(MORNING + DAY)
    assert ("Mon 2 Mar" in told, "will not take place" in told) == (True, True)


@pytest.mark.parametrize("change", ["booked", "moved", "cancelled"])
def test_a_notice_that_waits_speaks_the_language_and_the_name_that_are_right_now(three, change):
    if change != "booked":
        Message.objects.filter(kind="booked").delete()
    if change == "moved":
        moving.move_session(session=three[0], starts_at=MONDAY + DAY, scope="following", by=None, now=NIGHT)
    if change == "cancelled":
        decisions.pause_course(course=three[0].course, reason="Away", by=None, now=NIGHT)
    changed(three[0], language="es", given_name="Zoe")
    [notice] = Message.objects.filter(kind=change, status="pending")
    assert notice.language == "es"
    assert notice.body.startswith("Hola Zoe, ")
    said = {"booked": "3 citas", "moved": "sus citas", "cancelled": "lun 2 mar, jue 5 mar, lun 9 mar"}
    assert said[change] in notice.body


# -- offers --


@pytest.fixture
def turn():
    """The open offer of a place, its text waiting."""
    site = make_staffed_site(chairs=1)
    gives, takes = make_course(site=site), make_course(site=site, patient=make_patient(site=site))
    [freed] = booking.book_course(course=gives, sessions=[Placement(1, MONDAY)], by=None, now=NIGHT - 9 * DAY)
    booking.book_course(course=takes, sessions=[Placement(1, MONDAY + 4 * DAY)], by=None, now=NIGHT - 9 * DAY)
    answers.cancel_session(session=freed, reason="Ill", cancelled_by="patient", by=None, now=NIGHT - DAY)
    waitlist.add_to_waitlist(course=takes, by=None, now=NIGHT, notice_minutes=60)
    Message.objects.update(status="cancelled")
    offering.start(site=site, starts_at=MONDAY, by=None, now=MORNING)
    return OfferText.objects.select_related("offer", "message").get()


def test_an_offer_that_waits_goes_to_the_number_that_was_corrected(turn):
    patient = turn.offer.course.patient
    patients.update_patient(patient=patient, changes={"phone": NEW}, by=None, now=MORNING)
    offering.tick(now=MORNING)
    assert [to for to, _body in went()] == [NEW]


def test_an_offer_that_waits_says_the_same_in_the_language_that_is_right_now(turn):
    until = turn.message.body.split("Open until ")[1].split(",")[1].split(". ")[0]
    patients.update_patient(
        patient=turn.offer.course.patient, changes={"language": "es"}, by=None, now=MORNING
    )
    turn.message.refresh_from_db()
    assert turn.message.body.startswith("Hola ")
    assert until in turn.message.body


def test_no_text_goes_of_an_offer_that_has_ended(turn):
    offers.decline_offer(offer=turn.offer, by=None, now=MORNING)
    assert went() == []
    assert Message.objects.get(kind="offer").cause == "offer_ended"


def test_nor_when_a_person_sends_it_once_more(turn):
    Message.objects.filter(pk=turn.message_id).update(status="failed")
    offering.tick(now=MORNING)
    turn.message.refresh_from_db()
    by_hand.retry_message(message=turn.message, by=None, now=MORNING)
    assert went() == []


# -- answers --


def says(number, body, now=MORNING):
    sid = f"SM{InboundMessage.objects.count()}"
    return replies.receive(from_number=number, to_number="", body=body, message_sid=sid, now=now)


def test_the_number_that_was_wrong_confirms_nothing(session):
    wrong = session.patient.number
    went(MONDAY - DAY)
    Message.objects.filter(kind="reminder").update(status="delivered", sent_at=MONDAY - DAY)
    changed(session, MONDAY - DAY, phone=NEW)
    says(wrong, "C", MONDAY - DAY)
    session.refresh_from_db()
    assert session.confirmation == "unconfirmed"


def test_start_gives_texts_back_only_to_whom_stop_took_them_from(session):
    number = session.patient.number
    refuses = make_patient(site=session.site, phone=number, texts_allowed=False)
    wrote = make_patient(site=session.site, phone=number)
    patients.record_consent(patient=wrote, kind="texts", given=False, method="paper", by=None, now=NIGHT)
    says(number, "STOP")
    says(number, "START")
    allowed = dict(Patient.objects.values_list("pk", "texts_allowed"))
    assert (allowed[session.patient_id], allowed[refuses.pk], allowed[wrote.pk]) == (True, False, False)


def test_the_providers_stop_is_taken_back_by_start_too(session):
    number = session.patient.number
    suppression.suppress(number, source="provider", now=NIGHT)
    says(number, "START")
    assert Patient.objects.get().texts_allowed


def test_words_of_crisis_are_answered_however_many_texts_came_before(session):
    for _ in range(replies.MOST_ANSWERS + 1):
        says(session.patient.number, "hello?")
    assert says(session.patient.number, "hello?").answer is None
    assert says(session.patient.number, "I want to die").answer.kind == "crisis"


def reads(site, role="desk", person=None):
    """What somebody with that role sees among the replies that wait."""
    person = person or make_user(site=site, role=role)
    return list(listing.waiting_replies(site, reader=person))


def test_what_a_stranger_writes_is_read_where_there_is_one_site_only(session):
    inbound = says(NEW, "hello")
    assert (inbound.answer, reads(session.site)) == (None, [inbound])


def test_what_a_stranger_writes_to_several_sites_is_for_their_managers_and_for_whom_they_hand_it_to(session):
    desk, other = make_user(site=session.site, role="desk"), make_site()
    inbound = says(NEW, "hello")
    assert (inbound.site, reads(session.site), reads(other)) == (None, [], [])
    assert reads(session.site, "manager") == reads(other, "manager") == [inbound]
    manager = make_user(site=session.site, role="manager")
    inbox.hand_over(inbound=inbound, to=desk, site=session.site, by=manager, now=MORNING)
    assert (reads(session.site, person=desk), reads(session.site)) == ([inbound], [])


def test_what_one_of_two_patients_of_two_sites_writes_is_read_at_both(session):
    other = make_site()
    make_patient(site=other, phone=session.patient.number)
    inbound = says(session.patient.number, "I am late")
    assert (inbound.site, inbound.answer.kind) == (None, "unclear")
    assert reads(session.site) == reads(other) == [inbound]
    assert says(session.patient.number, "I want to die").answer.kind == "crisis"


def test_words_of_crisis_from_a_stranger_are_answered_and_read_by_somebody(session):
    make_site()
    inbound = says(NEW, "I want to die")
    assert (inbound.urgent, inbound.answer.kind, inbound.site) == (True, "crisis", session.site)
    assert reads(session.site) == [inbound]


def test_who_reads_of_a_crisis_can_call_and_who_looked_is_written_down(session, client):
    inbound, desk = says(NEW, "I want to die"), make_user(site=session.site, role="desk")
    client.force_login(desk)
    page = client.get(reverse("notifications:reply", args=[inbound.pk])).content.decode()
    assert f'href="tel:{NEW}"' in page
    path = f"/sites/{session.site_id}/replies"
    assert NEW not in str(Api(desk).get(path).body)
    assert Api(desk).get(f"{path}/{inbound.pk}").body["number"] == NEW
    looked = AuditEvent.objects.filter(action="reply.number_shown")
    assert {(event.actor_id, event.object_id) for event in looked} == {(desk.pk, inbound.pk)}
    assert looked.count() == 2


def test_a_reply_of_a_shared_telephone_names_all_who_have_it(session, client):
    second = make_patient(site=session.site, phone=session.patient.number)
    inbound = says(session.patient.number, "I am late")
    client.force_login(make_user(site=session.site, role="desk"))
    page = client.get(reverse("notifications:reply", args=[inbound.pk])).content.decode()
    for patient in (session.patient, second):
        assert reverse("clinic:patient", args=[patient.pk]) in page


def test_a_number_that_a_site_wrote_to_is_read_there(session):
    other = make_site()
    Message.objects.filter(kind="reminder").update(to=NEW, sent_at=NIGHT, site=other, status="delivered")
    assert says(NEW, "Who is this?").site == other


def test_start_of_somebody_who_told_the_desk_no_is_a_persons_task(session):
    patients.record_consent(
        patient=session.patient, kind="texts", given=False, method="paper", by=None, now=NIGHT
    )
    inbound = says(session.patient.number, "START")
    assert (inbound.needs_person, Patient.objects.get().texts_allowed) == (True, False)
    patients.record_consent(
        patient=session.patient, kind="texts", given=True, method="paper", by=None, now=NIGHT
    )
    assert not says(session.patient.number, "START").needs_person


def test_stop_is_confirmed_once_however_often_it_comes(session):
    number = session.patient.number
    assert says(number, "STOP").answer.kind == "stop_ok"
    assert says(number, "stop").answer is None
    says(number, "START")
    assert says(number, "STOP").answer.kind == "stop_ok"


@pytest.mark.parametrize(("second", "said"), [("es", "Gracias."), ("en", "Thank you.")])
def test_who_shares_a_telephone_is_answered_in_the_language_that_all_of_them_speak(session, second, said):
    number = session.patient.number
    changed(session, language="es")
    make_patient(site=session.site, phone=number, language=second)
    assert says(number, "hola").answer.body.startswith(said)
