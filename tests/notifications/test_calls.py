"""The call list: from facts, never twice, gone when nobody needs to call; what came of each try is kept."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.errors import Invalid, Refused
from clinic.models import AuditEvent, Patient
from notifications import call_list, call_rules, calls, suppression
from notifications.call_rules import Facts, Told
from notifications.models import Call, CallEvent, Message, TextPolicy
from scheduling import answers, booking, moving
from scheduling.booking import Placement
from tests.api.client import team
from tests.database import refused, values, written_once
from tests.factories import MONDAY, make_course, make_patient, make_staffed_site, make_user
from tests.scheduling.test_race import race

pytestmark = pytest.mark.django_db
# Sunday, 11:00 in New York: the visit is in 22 hours.
NOW = MONDAY - timedelta(hours=22)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def person(site):
    return make_user(site=site, role="desk")


def booked(site, starts_at=MONDAY, **fields):
    course = make_course(site=site, patient=make_patient(site=site, **fields))
    [session] = booking.book_course(
        course=course, sessions=[Placement(1, starts_at)], by=None, now=NOW - 9 * DAY
    )
    Message.objects.filter(session=session, kind="booked").update(status="delivered", sent_at=NOW - 9 * DAY)
    return session


def reminder(session, **changes):
    rows = Message.objects.filter(session=session, kind="reminder")
    rows.update(**{"status": "delivered", "sent_at": NOW - 3 * HOUR, **changes})
    return rows


@pytest.fixture
def session(site):
    session = booked(site)
    reminder(session)
    return session


def codes(site, now=NOW):
    return [row.code for row in call_list.rows_of(site, now=now)]


# -- the rule --


def facts(**changes):
    usual = {
        "starts_at": MONDAY,
        "status": "booked",
        "confirmation": "unconfirmed",
        "texts": [],
        "gets_texts": True,
        "hours": 24,
    }
    return Facts(**{**usual, **changes})


def told(status, kind="reminder", ago=3 * HOUR, **more):
    sent = NOW - ago if status in ("sent", "delivered", "failed", "unknown") else None
    return Told(kind, status, NOW - ago, sent, **more)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "unconfirmed"),
        ({"gets_texts": False}, "no_texts"),
        ({"starts_at": NOW + 24 * HOUR}, "unconfirmed"),
        ({"starts_at": NOW + 24 * HOUR + timedelta(seconds=1)}, ""),
        ({"starts_at": NOW}, ""),
        ({"starts_at": NOW - HOUR}, ""),
        ({"confirmation": "confirmed"}, ""),
        ({"confirmation": "wants_change"}, ""),
        ({"status": "arrived"}, ""),
        ({"status": "cancelled"}, ""),
        ({"texts": [told("failed")], "starts_at": NOW + 10 * DAY}, "undelivered"),
        ({"texts": [told("failed")], "starts_at": NOW + 14 * DAY}, "undelivered"),
        ({"texts": [told("failed")], "starts_at": NOW + 14 * DAY + HOUR}, ""),
        ({"texts": [told("failed")], "confirmation": "confirmed"}, ""),
        ({"texts": [told("unknown")], "starts_at": NOW + 10 * DAY}, "unknown"),
        ({"texts": [told("unknown", asked=True)], "starts_at": NOW + 10 * DAY}, ""),
        ({"texts": [told("failed", ago=9 * HOUR), told("delivered")], "starts_at": NOW + 5 * DAY}, ""),
        (
            {"texts": [told("delivered", ago=9 * HOUR), told("failed")], "starts_at": NOW + 5 * DAY},
            "undelivered",
        ),
        ({"texts": [told("failed", kind="check")], "starts_at": NOW + 5 * DAY}, ""),
        ({"texts": [told("failed", kind="cancelled")], "status": "cancelled"}, "not_told"),
        ({"texts": [told("delivered", kind="cancelled")], "status": "cancelled"}, ""),
        ({"texts": [told("failed")], "status": "cancelled"}, ""),
        # Who was just reminded, or will be, may answer yet; not when the visit is near.
        ({"texts": [told("pending", ago=-HOUR)]}, ""),
        ({"texts": [told("delivered", ago=2 * HOUR - timedelta(seconds=1))]}, ""),
        ({"texts": [told("delivered", ago=2 * HOUR)]}, "unconfirmed"),
        ({"texts": [told("delivered", ago=HOUR)], "starts_at": NOW + 4 * HOUR}, "unconfirmed"),
        ({"texts": [told("pending", ago=-HOUR)], "gets_texts": False}, "no_texts"),
    ],
)
def test_why_somebody_calls(changes, expected):
    assert call_rules.why_to_call(facts(**changes), now=NOW) == expected


# -- the list --


def test_who_has_not_answered_in_time_is_on_the_list_once(site, session):
    [row] = call_list.rows_of(site, now=NOW)
    assert (row.session, row.code, row.why, row.call) == (
        session,
        "unconfirmed",
        "Reminded, and no answer.",
        None,
    )


def test_the_sites_hours_are_kept(site, session):
    TextPolicy.objects.create(site=site, call_hours=20)
    assert codes(site) == []
    assert codes(site, NOW + 2 * HOUR) == ["unconfirmed"]


@pytest.mark.parametrize(("status", "code"), [("failed", "undelivered"), ("unknown", "unknown")])
def test_a_text_that_did_not_arrive_is_known_days_ahead(site, status, code):
    session = booked(site, MONDAY + 4 * DAY)
    assert codes(site) == []
    reminder(session, status=status)
    assert codes(site) == [code]


def test_who_stopped_texts_is_called(site, session):
    suppression.suppress(session.patient.number, source="STOP", now=NOW)
    assert codes(site) == ["no_texts"]


def test_who_was_not_told_of_a_cancelled_visit_is_called(site, session):
    answers.cancel_session(session=session, reason="No nurse", cancelled_by="clinic", by=None, now=NOW)
    assert codes(site) == []
    Message.objects.filter(session=session, kind="cancelled").update(status="failed", sent_at=NOW)
    assert codes(site) == ["not_told"]
    assert codes(site, MONDAY) == []


@pytest.mark.parametrize(
    "deed",
    [
        lambda s: answers.confirm_session(session=s, by=None, now=NOW),
        lambda s: answers.cancel_session(session=s, reason="Ill", cancelled_by="patient", by=None, now=NOW),
        lambda s: moving.move_session(session=s, starts_at=MONDAY + 2 * DAY, by=None, now=NOW),
    ],
)
def test_a_row_goes_when_nobody_needs_to_call(site, session, deed):
    assert codes(site) == ["unconfirmed"]
    deed(session)
    assert codes(site) == []


@pytest.fixture
def over(session):
    """The visit took place, and the question on the day after it did not arrive."""
    text = Message.objects.get(session=session, kind="reminder")
    rows = Message.objects.filter(pk=text.pk)
    rows.update(kind="check", status="failed", due_at=MONDAY + DAY, expires_at=MONDAY + 2 * DAY)
    type(session).objects.update(status="completed")
    session.refresh_from_db()
    return session


def test_whom_the_question_after_a_visit_did_not_reach_is_called_for_three_days(over, site):
    [row] = call_list.rows_of(site, now=MONDAY + DAY)
    assert (row.session, row.about, row.code) == (over, "check", "not_asked")
    assert row.why == "Asked how they are after the visit, and the text did not arrive."
    assert call_list.rows_of(site, now=MONDAY + 4 * DAY) == []
    Message.objects.filter(kind="check").update(status="delivered")
    assert call_list.rows_of(site, now=MONDAY + DAY) == []


def test_what_came_of_asking_by_telephone_is_kept(over, site, person):
    now = MONDAY + DAY
    for outcome, again_at in (("confirmed", None), ("no_answer", now + 4 * DAY)):
        with pytest.raises(Invalid):
            calls.note(session=over, outcome=outcome, again_at=again_at, by=person, now=now)
    calls.note(session=over, outcome="no_answer", again_at=now + HOUR, by=person, now=now)
    calls.note(session=over, outcome="reached", note="Slept well", by=person, now=now + HOUR)
    assert call_list.rows_of(site, now=now + HOUR) == []
    over.refresh_from_db()
    assert (Call.objects.get().about, over.status) == ("check", "completed")


def test_the_page_of_such_a_call_asks_for_no_confirmation(over, site, person, time_machine):
    time_machine.move_to(MONDAY + DAY, tick=False)
    client = Client()
    client.force_login(person)
    assert "Asked how they are" in client.get(reverse("notifications:calls")).content.decode()
    page = client.get(reverse("notifications:call", args=[over.pk])).content.decode()
    assert 'value="reached"' in page
    assert 'value="confirmed"' not in page


def test_another_sites_are_not_there(site, session):
    assert codes(make_staffed_site()) == []


# -- what comes of it --


def note(session, outcome, person, now=NOW, **more):
    return calls.note(session=session, outcome=outcome, by=person, now=now, **more)


def test_confirmed_confirms_the_session_and_ends_the_call(site, session, person):
    call = note(session, "confirmed", person, note=" Spoke to her ")
    session.refresh_from_db()
    assert (session.confirmation, call.closed_at, call.owner, codes(site)) == ("confirmed", NOW, person, [])
    event = CallEvent.objects.get()
    assert (event.outcome, event.note, event.by) == ("confirmed", "Spoke to her", person)
    assert AuditEvent.objects.filter(action="call.noted", patient=session.patient).count() == 1


@pytest.mark.parametrize("outcome", ["reached", "given_up"])
def test_a_call_that_ended_does_not_come_back(site, session, person, outcome):
    note(session, outcome, person)
    assert codes(site) == []
    reminder(session, status="failed")
    assert codes(site) == []
    with pytest.raises(Refused) as caught:
        note(session, "reached", person)
    assert caught.value.codes == ["closed"]
    assert CallEvent.objects.count() == 1


def test_no_answer_stands_last_until_its_time(site, session, person):
    other = booked(site, MONDAY + 2 * HOUR)
    reminder(other)
    note(session, "no_answer", person, again_at=NOW + HOUR)
    assert [row.session for row in call_list.rows_of(site, now=NOW)] == [other, session]
    assert [row.session for row in call_list.rows_of(site, now=NOW + HOUR)] == [session, other]


@pytest.mark.parametrize("again_at", [None, NOW, MONDAY, MONDAY + HOUR])
def test_no_answer_says_when_to_try_again_before_the_visit(session, person, again_at):
    with pytest.raises(Invalid) as caught:
        note(session, "no_answer", person, again_at=again_at)
    assert [fault.field for fault in caught.value.faults] == ["again_at"]
    assert not Call.objects.exists()


def test_a_wrong_number_may_bring_the_right_one_and_is_still_to_be_called(site, session, person):
    reminder(session, status="failed")
    note(session, "wrong_number", person)
    assert codes(site) == ["undelivered"]
    note(session, "wrong_number", person, phone="614-555-0188")
    assert Patient.objects.get(pk=session.patient_id).number == "+16145550188"
    assert codes(site) == ["undelivered"]
    assert CallEvent.objects.count() == 2


def test_all_faults_at_once(session, person):
    with pytest.raises(Invalid) as caught:
        note(session, "eaten", person, note="x" * 501, phone="12")
    assert {fault.field for fault in caught.value.faults} == {"outcome", "note", "phone"}


def test_a_cancelled_visit_is_not_confirmed(site, session, person):
    answers.cancel_session(session=session, reason="No nurse", cancelled_by="clinic", by=None, now=NOW)
    Message.objects.filter(session=session, kind="cancelled").update(status="failed", sent_at=NOW)
    session.refresh_from_db()
    with pytest.raises(Invalid):
        note(session, "confirmed", person)
    note(session, "reached", person)
    assert codes(site) == []


def test_what_needs_no_call_is_not_taken(session, person):
    answers.confirm_session(session=session, by=None, now=NOW)
    for verb in (
        lambda: calls.take(session=session, by=person, now=NOW),
        lambda: note(session, "reached", person),
    ):
        with pytest.raises(Refused) as caught:
            verb()
        assert caught.value.codes == ["not_wanted"]


def test_one_has_it_and_may_hand_it_over(site, session, person):
    other = make_user(site=site, role="nurse")
    for _ in range(2):
        assert calls.take(session=session, by=person, now=NOW).owner == person
    with pytest.raises(Refused) as caught:
        calls.take(session=session, by=other, now=NOW)
    assert caught.value.codes == ["taken"]
    with pytest.raises(Invalid):
        calls.hand_over(session=session, to=make_user(), by=person, now=NOW)
    assert calls.hand_over(session=session, to=other, by=person, now=NOW).owner == other
    assert call_list.rows_of(site, now=NOW)[0].call.owner == other


@pytest.mark.django_db(transaction=True)
def test_two_who_take_it_at_once_do_not_both_have_it(site, session):
    rivals = [make_user(site=site, role="desk") for _ in range(4)]
    results = race([lambda p=p: calls.take(session=session, by=p, now=NOW) for p in rivals])
    losers = [r for r in results if isinstance(r, Refused)]
    assert [r.codes for r in losers] == [["taken"]] * 3
    assert Call.objects.count() == 1


def test_call_values_in_the_database(session, person):
    call = calls.take(session=session, by=person, now=NOW)
    rows = Call.objects.filter(pk=call.pk)
    values("call_about_known", rows, bad=[{"about": "x"}], good=[{"about": "cancelled"}, {"about": "visit"}])
    values("call_outcome_known", rows, bad=[{"outcome": "x"}], good=[{"outcome": "reached"}, {"outcome": ""}])
    values(
        "call_owned_with_who_and_when",
        rows,
        bad=[{"owner": None}, {"owned_at": None}],
        good=[{"owner": None, "owned_at": None}],
    )
    values(
        "call_closed_with_an_outcome",
        rows,
        bad=[{"closed_at": NOW}, {"closed_at": NOW, "outcome": "no_answer"}],
        good=[{"closed_at": NOW, "outcome": "reached"}],
    )
    refused(
        "call_once_for_what_it_is_about",
        lambda: Call.objects.create(
            site=session.site, session=session, about="visit", about_at=session.starts_at
        ),
    )
    refused(
        "call_event_outcome_known",
        lambda: CallEvent.objects.create(call=call, outcome="x", at=NOW),
    )
    event = CallEvent.objects.create(call=call, outcome="reached", at=NOW)
    written_once("call_event_written_once", event)


# -- pages and API --


@pytest.fixture
def desk(person):
    client = Client()
    client.force_login(person)
    return client


def test_the_number_is_masked_in_the_list_and_whole_on_its_own_page(desk, session):
    page = desk.get(reverse("notifications:calls")).content.decode()
    assert session.patient.number not in page
    assert f"•• ••{session.patient.number[-2:]}" in page
    assert not AuditEvent.objects.filter(action="call.number_shown").exists()
    page = desk.get(reverse("notifications:call", args=[session.pk])).content.decode()
    assert f"tel:{session.patient.number}" in page
    assert AuditEvent.objects.filter(action="call.number_shown", patient=session.patient).count() == 1


def test_the_page_takes_writes_down_and_shows_faults_with_what_was_typed(desk, person, session):
    one = reverse("notifications:call", args=[session.pk])
    desk.post(reverse("notifications:call-take", args=[session.pk]))
    assert Call.objects.get().owner == person
    empty = desk.post(one, {"note": "half a sentence"})
    assert (empty.status_code, "half a sentence" in empty.content.decode()) == (422, True)
    late = desk.post(one, {"outcome": "no_answer", "again": "morning", "note": "kept"})
    assert (late.status_code, "kept" in late.content.decode()) == (422, True)
    assert desk.post(one, {"outcome": "no_answer", "again": "60"}).status_code == 302
    assert Call.objects.get().again_at == NOW + HOUR
    assert desk.post(one, {"outcome": "confirmed", "again": "60"}).status_code == 302
    assert "any more" in desk.get(one).content.decode()


def test_a_nurse_does_not_change_the_number_and_a_stranger_sees_nothing(site, session):
    nurse, stranger = Client(), Client()
    nurse.force_login(make_user(site=site, role="nurse"))
    stranger.force_login(make_user(site=make_staffed_site(), role="desk"))
    one = reverse("notifications:call", args=[session.pk])
    assert 'name="phone"' not in nurse.get(one).content.decode()
    before = session.patient.number
    nurse.post(one, {"outcome": "wrong_number", "phone": "614-555-0188"})
    assert Patient.objects.get(pk=session.patient_id).number == before
    assert stranger.get(one).status_code == 404
    assert stranger.post(reverse("notifications:call-take", args=[session.pk])).status_code == 404


def test_by_the_page_it_is_handed_over(desk, site, session):
    other = make_user(site=site, role="nurse")
    hand = reverse("notifications:call-hand-over", args=[session.pk])
    assert desk.post(hand, {"to": "?"}).status_code == 422
    assert desk.post(hand, {"to": str(other.pk)}).status_code == 302
    assert Call.objects.get().owner == other


def test_by_the_api_the_same(site, session):
    api = team(site)
    base = f"/sites/{site.pk}/calls"
    [item] = api["desk"].get(base).body["items"]
    assert (item["session"], item["code"], item["owner"]) == (str(session.pk), "unconfirmed", None)
    assert session.patient.number not in str(item)
    one = f"{base}/{session.pk}"
    assert api["nurse"].get(one).body["number"] == session.patient.number
    assert api["desk"].post(f"{one}/take").body["owner"] == api["desk"].user.username
    assert api["nurse"].post(f"{one}/take").codes == ["taken"]
    given = api["desk"].post(f"{one}/hand-over", {"to": api["nurse"].user.username})
    assert given.body["owner"] == api["nurse"].user.username
    assert api["desk"].post(f"{one}/hand-over", {"to": "?"}).status == 422
    assert api["desk"].post(f"{one}/outcome", {"outcome": "no_answer"}).fields == ["again_at"]
    phone = {"outcome": "wrong_number", "phone": "614-555-0188"}
    assert api["nurse"].post(f"{one}/outcome", phone).status == 403
    again = {"outcome": "no_answer", "again_at": (NOW + HOUR).isoformat()}
    assert datetime.fromisoformat(api["desk"].post(f"{one}/outcome", again).body["again_at"]) == NOW + HOUR
    assert api["desk"].post(f"{one}/outcome", {"outcome": "confirmed"}).body["outcome"] == "confirmed"
    assert api["desk"].get(one).status == 404
    assert api["desk"].post(f"{one}/take").codes == ["not_wanted"]
    assert api["prescriber"].get(base).status == 403
    assert api["desk"].get(f"{base}/nonsense").status == 404


def test_as_many_queries_for_many_as_for_one(site, session):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            found = len(call_list.rows_of(site, now=NOW))
        return found, len(queries)

    one, few = asked()
    for number in range(8):
        other = booked(site, MONDAY + timedelta(days=number % 4, hours=3, minutes=30 * (number // 4)))
        reminder(other, status="failed") if number % 2 else reminder(other)
    many, same = asked()
    assert (one, few) == (1, same)
    assert many > 4
