"""The outbox against the database: what should exist, who sends it, and what becomes of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from clinic import patients
from clinic.errors import Refused
from clinic.models import Patient
from notifications import by_hand, claiming, outbox, projection, replies, settling
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import Accepted, Declined, Unknown
from notifications.models import Attempt, InboundMessage, Message, Sender, Suppression
from notifications.reasons import why
from scheduling import answers, booking, moving
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user
from tests.notifications.provider import Provider

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 25, 15, tzinfo=UTC)  # Wednesday, 10:00 in New York
DUE = datetime(2026, 3, 1, 15, tzinfo=UTC)  # Sunday, 10:00: the day before MONDAY
S = MessageStatus


@pytest.fixture
def course():
    return make_course(site=make_staffed_site())


@pytest.fixture
def session(course):
    [row] = booking.book_course(course=course, sessions=[Placement(1, MONDAY)], by=None, now=NOW)
    return row


def reminder(session):
    return Message.objects.filter(session=session, kind=MessageKind.REMINDER).latest("created_at", "pk")


def dispatch(outcome=None, now=DUE):
    provider = Provider(outcome) if outcome else Provider()
    Sender.objects.update(paused_until=None, stopped_at=None, stop_code="", stopped_settings="")
    outbox.dispatch(now=now, gateway=provider)
    return provider


def test_booking_makes_one_notice_and_a_reminder_for_each_session(course):
    placements = [Placement(n, MONDAY + timedelta(days=d)) for n, d in ((1, 0), (2, 3), (3, 7))]
    booking.book_course(course=course, sessions=placements, by=None, now=NOW)

    kinds = list(Message.objects.order_by("due_at").values_list("kind", flat=True))
    assert kinds == ["booked", "reminder", "reminder", "reminder"]
    assert "3 appointments" in Message.objects.get(kind="booked").body
    assert Message.objects.filter(kind="reminder").earliest("due_at").due_at == DUE


def test_project_twice_is_the_same_as_once(session):
    before = list(Message.objects.order_by("pk").values_list("pk", "status"))
    with transaction.atomic():
        projection.project(session, now=NOW)
    assert list(Message.objects.order_by("pk").values_list("pk", "status")) == before


def test_nobody_is_texted_without_consent_or_number():
    site = make_staffed_site()
    for fields in ({"texts_allowed": False}, {"phone": ""}):
        course = make_course(site=site, patient=make_patient(site=site, **fields))
        booking.book_course(course=course, sessions=[Placement(1, MONDAY)], by=None, now=NOW)
        TreatmentSession.objects.all().update(status="cancelled")
    assert Message.objects.count() == 0


def test_a_move_replaces_the_reminder_and_a_move_back_revives_it(session):
    moving.move_session(session=session, starts_at=MONDAY + timedelta(days=1), by=None, now=NOW)
    fresh = TreatmentSession.objects.get(pk=session.pk)
    states = dict(Message.objects.filter(kind="reminder").values_list("about_at", "status"))
    assert states == {MONDAY: "cancelled", MONDAY + timedelta(days=1): "pending"}

    moving.move_session(session=fresh, starts_at=MONDAY, by=None, now=NOW + timedelta(minutes=1))

    states = dict(Message.objects.filter(kind="reminder").values_list("about_at", "status"))
    assert states == {MONDAY: "pending", MONDAY + timedelta(days=1): "cancelled"}


def test_several_moves_at_once_are_one_notice(course):
    placements = [Placement(n, MONDAY + timedelta(days=d)) for n, d in ((1, 0), (2, 3), (3, 7))]
    rows = booking.book_course(course=course, sessions=placements, by=None, now=NOW)
    target = rows[0].starts_at + timedelta(days=1)
    moving.move_session(session=rows[0], starts_at=target, scope="following", by=None, now=NOW)
    [notice] = Message.objects.filter(kind="moved")
    assert "appointments" in notice.body
    assert "Tue 3 Mar" in notice.body


def test_a_cancelled_session_is_told_and_its_reminder_withdrawn(session):
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW)
    assert reminder(session).status == S.CANCELLED
    assert Message.objects.filter(kind="cancelled", status=S.PENDING).count() == 1


def test_dispatch_sends_what_is_due_once(session):
    assert dispatch(now=NOW).sent[0].body.startswith("Hello Avery, you have")
    first, second = dispatch(), dispatch()
    assert (len(first.sent), len(second.sent)) == (1, 0)
    message = reminder(session)
    assert (message.status, why(message)) == (S.DELIVERED, "It arrived.")
    assert DUE <= message.sent_at < DUE + timedelta(minutes=5)
    assert [a.event for a in message.attempts.order_by("pk")] == ["sending", "accepted"]


def test_what_comes_too_late_dies(session):
    dispatch(now=DUE + timedelta(hours=10))
    assert (reminder(session).status, reminder(session).cause) == (S.CANCELLED, "expired")


def test_after_an_outage_nothing_late_goes_however_much_waits(session, monkeypatch):
    monkeypatch.setattr(claiming, "EXPIRED_AT_ONCE", 0)
    assert dispatch(now=reminder(session).expires_at).sent == []
    assert (reminder(session).status, reminder(session).cause) == (S.CANCELLED, "expired")


@pytest.mark.parametrize(
    ("outcome", "status", "cause"),
    [
        (Accepted("SM1"), S.SENT, ""),
        (Declined("permanent", "21211"), S.FAILED, "21211"),
        (Declined("suppress", "21610"), S.SUPPRESSED, "21610"),
        (Declined("number", "21614"), S.FAILED, "21614"),
        (Declined("slow_down", "20429"), S.PENDING, "20429"),
        (Declined("transient", "30008"), S.PENDING, "30008"),
        (Declined("configuration", "20003"), S.PENDING, "20003"),
        (Unknown("ReadTimeout"), S.UNKNOWN, "ReadTimeout"),
        (RuntimeError("broken"), S.UNKNOWN, "RuntimeError"),
    ],
)
def test_settle_by_what_the_provider_answered(session, outcome, status, cause):
    dispatch(outcome)
    message = reminder(session)
    assert (message.status, message.cause) == (status, cause)


def test_an_unknown_outcome_is_never_repeated_but_by_a_person(session):
    dispatch(Unknown("ReadTimeout"))
    assert dispatch(now=DUE + timedelta(hours=1)).sent == []
    message = reminder(session)
    by_hand.retry_message(message=message, by=make_user(), now=DUE + timedelta(hours=1))
    assert len(dispatch(now=DUE + timedelta(hours=1)).sent) == 1


def test_a_transient_refusal_is_tried_again_later_and_not_for_ever(session):
    moment = DUE
    for _ in range(settling.MOST_TRIES):
        dispatch(Declined("transient", "30008"), now=moment)
        message = reminder(session)
        if message.status == S.PENDING:
            assert message.due_at > moment
            moment = message.due_at
    assert reminder(session).status == S.FAILED


def test_consent_withdrawn_behind_our_back_stops_the_text(session):
    Patient.objects.update(texts_allowed=False)
    assert dispatch().sent == []
    assert reminder(session).status == S.SUPPRESSED


def test_consent_withdrawn_takes_back_what_waits_and_given_again_brings_it_back(session):
    for given, status in ((False, S.CANCELLED), (True, S.PENDING)):
        patients.record_consent(
            patient=session.patient, kind="texts", given=given, method="telephone", by=None, now=NOW
        )
        assert reminder(session).status == status


def test_a_session_that_moved_behind_our_back_gets_no_old_reminder(session):
    TreatmentSession.objects.filter(pk=session.pk).update(starts_at=MONDAY + timedelta(hours=1))
    dispatch()
    assert (reminder(session).status, reminder(session).cause) == (S.CANCELLED, "moved")


def test_one_reminder_a_day(course):
    other = make_course(site=make_staffed_site())
    first = make_session(course=course)
    for row in (first,):
        projection.project(row, now=NOW)
    second = make_session(course=other, starts_at=MONDAY + timedelta(hours=3))
    projection.project(second, now=NOW)
    Message.objects.filter(session=second).update(patient=course.patient, to=course.patient.number)
    dispatch()
    assert sorted(Message.objects.values_list("status", "cause")) == [
        ("cancelled", "limit"),
        ("delivered", ""),
    ]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["queued", "sent", "delivered"], S.DELIVERED),
        (["delivered", "sent", "queued"], S.DELIVERED),
        (["sent", "undelivered", "delivered"], S.FAILED),
        (["odd", "sent"], S.SENT),
    ],
)
def test_callbacks_only_go_up_in_any_order(session, statuses, expected):
    dispatch(Unknown("ReadTimeout"))
    message = reminder(session)
    for status in statuses:
        settling.apply_callback(message, status=status, sid="SM9", code="", now=DUE)
    assert (reminder(session).status, reminder(session).provider_sid) == (expected, "SM9")


def test_cancel_and_retry_refuse_what_is_past(session):
    dispatch()
    for verb in (by_hand.cancel_message, by_hand.retry_message):
        with pytest.raises(Refused, match="wrong_state"):
            verb(message=reminder(session), by=None, now=DUE)


# -- replies --


def receive(body, number="+16145550101", sid=None, now=DUE + timedelta(hours=1)):
    sid = sid or f"SM{InboundMessage.objects.count()}"
    return replies.receive(from_number=number, to_number="+1", body=body, message_sid=sid, now=now)


@pytest.fixture
def asked(session):
    """The patient has had the reminder."""
    dispatch()
    return session


def number_of(session):
    return (
        session.patient.phone.as_e164 if hasattr(session.patient.phone, "as_e164") else session.patient.phone
    )


def test_c_confirms_the_session_that_was_asked_about(asked):
    inbound = receive("C", number_of(asked))
    asked.refresh_from_db()
    assert (asked.confirmation, inbound.session, inbound.needs_person) == ("confirmed", asked, False)
    assert inbound.answer.kind == "confirm_ok"


def test_r_asks_a_person_for_another_time(asked):
    inbound = receive("2", number_of(asked))
    asked.refresh_from_db()
    assert (asked.confirmation, inbound.needs_person) == ("wants_change", True)


def test_the_same_text_told_twice_is_one_text(asked):
    first, second = receive("C", number_of(asked), "SM1"), receive("C", number_of(asked), "SM1")
    assert (first.pk, InboundMessage.objects.count()) == (second.pk, 1)
    assert Message.objects.filter(kind="confirm_ok").count() == 1


def test_stop_is_for_the_number_and_start_takes_it_back(asked):
    number = number_of(asked)
    receive("STOP", number)
    asked.patient.refresh_from_db()
    assert (asked.patient.texts_allowed, Suppression.objects.filter(number=number).exists()) == (False, True)
    assert len(dispatch(now=DUE + timedelta(hours=1)).sent) == 1  # one confirmation, then nothing
    receive("start", number)
    asked.patient.refresh_from_db()
    assert (asked.patient.texts_allowed, Suppression.objects.exists()) == (True, False)


def test_words_of_crisis_are_answered_at_once_and_are_urgent(asked):
    inbound = receive("I want to die", number_of(asked))
    assert (inbound.urgent, inbound.needs_person, inbound.answer.kind) == (True, True, "crisis")
    assert "988" in inbound.answer.body
    assert "911" in inbound.answer.body


def test_a_shared_number_that_is_unclear_goes_to_a_person(asked):
    number = number_of(asked)
    site = asked.site
    other = make_course(site=site, patient=make_patient(site=site, phone=number))
    [second] = booking.book_course(
        course=other, sessions=[Placement(1, MONDAY + timedelta(minutes=30))], by=None, now=NOW
    )
    dispatch(now=DUE + timedelta(minutes=1))

    inbound = receive("C", number)

    assert (inbound.session, inbound.needs_person) == (None, True)
    answers.confirm_session(session=second, by=None, now=DUE)
    assert receive("C", number).session == asked


def test_a_stranger_is_kept_and_not_answered():
    inbound = receive("hello", "+16145559999")
    assert (inbound.patient, inbound.answer, inbound.needs_person) == (None, None, True)


def test_nobody_is_answered_for_ever(asked):
    for _ in range(replies.MOST_ANSWERS + 3):
        receive("hello?", number_of(asked))
    assert Message.objects.filter(kind="unclear").count() == replies.MOST_ANSWERS


# -- constraints --


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"status": "odd"}, False),
        ({"status": "sent"}, True),
        ({"kind": "odd"}, False),
        ({"kind": "help"}, True),
        ({"expires_at": DUE}, False),
        ({"expires_at": DUE + timedelta(seconds=1)}, True),
    ],
)
def test_message_values_in_the_database(session, changes, fine):
    rows = Message.objects.filter(pk=reminder(session).pk)
    _either(lambda: rows.update(**changes), fine)


def test_a_text_is_once_for_what_it_speaks_of(session):
    message = reminder(session)
    message.pk = None
    message.id = Message._meta.pk.get_default()
    _either(lambda: message.save(force_insert=True), False)
    message.about_at = MONDAY + timedelta(hours=1)
    _either(lambda: message.save(force_insert=True), True)


def test_inbound_values_in_the_database(asked):
    row = receive("hello", number_of(asked), "SM7")
    rows = InboundMessage.objects.filter(pk=row.pk)
    _either(lambda: rows.update(meaning="odd"), False)
    _either(lambda: rows.update(handled_at=DUE), False)
    _either(lambda: rows.update(done="Called back"), False)
    _either(lambda: rows.update(handled_by=make_user()), False)
    _either(lambda: rows.update(owner=make_user()), False)
    _either(lambda: rows.update(owner=make_user(), owned_at=DUE), True)
    _either(lambda: rows.update(handled_at=DUE, handled_by=make_user(), done="Called back"), True)


def test_attempts_are_written_once(session):
    dispatch()
    _either(lambda: Attempt.objects.update(event="other"), False)


def _either(change, fine):
    if fine:
        change()
        return
    with pytest.raises(IntegrityError), transaction.atomic():
        change()
