"""Replies that need a person have an owner; who wants another time is shown where to, and moved there."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.errors import Invalid, Refused
from clinic.models import AuditEvent
from notifications import inbox, replies
from notifications.models import InboundMessage, Message
from scheduling import answers, booking, courses, moving, planner
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.api.client import team
from tests.factories import MONDAY, make_course, make_patient, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 16, tzinfo=UTC)  # Sunday, 11:00 in New York
DAY, HOURS = timedelta(days=1), timedelta(hours=3)


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def person(site):
    return make_user(site=site, role="desk")


@pytest.fixture
def desk(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def session(site):
    course = make_course(site=site)
    placements = [Placement(1, MONDAY), Placement(2, MONDAY + 3 * DAY)]
    return booking.book_course(course=course, sessions=placements, by=None, now=NOW - 4 * DAY)[0]


def asked(session):
    """They were reminded an hour ago."""
    reminder = Message.objects.get(session=session, kind="reminder")
    Message.objects.filter(pk=reminder.pk).update(status="delivered", sent_at=NOW - timedelta(hours=1))
    return session.patient.number


def says(body, number, sid="in-1"):
    return replies.receive(from_number=number, to_number="", body=body, message_sid=sid, now=NOW)


@pytest.fixture
def wish(session):
    return says("R", asked(session))


def test_other_times_are_legal_near_and_inside_the_rules_of_practice(session):
    times = courses.other_times(session=session, now=NOW)
    assert times == sorted(times, key=lambda start: abs(start - MONDAY))
    zone = session.site.tz
    days = [start.astimezone(zone).date() for start in times]
    assert 1 < len(times) <= 6
    assert max(days.count(day) for day in days) <= 2
    thursday = MONDAY.date() + 3 * DAY
    assert all(abs((day - thursday).days) >= 2 for day in days)
    assert MONDAY not in times
    for start in times:
        moving.move_session(session=session, starts_at=start, by=None, now=NOW)


def test_other_times_keep_to_what_the_patient_can(session):
    session.course.never_weekdays = [1, 2]
    session.course.save()
    zone = session.site.tz
    times = courses.other_times(session=session, now=NOW)
    assert {start.astimezone(zone).weekday() for start in times}.isdisjoint({1, 2})


def test_a_session_that_no_longer_waits_has_no_other_times(session):
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW)
    session.refresh_from_db()
    assert courses.other_times(session=session, now=NOW) == []


def test_other_times_of_a_day_are_an_hour_apart(session):
    times = courses.other_times(session=session, now=NOW)
    gaps = [abs(a - b) for a in times for b in times if a != b]
    assert min(gaps) >= planner.APART


def test_the_wish_shows_where_to_and_moving_there_ends_it(desk, session, wish):
    page = desk.get(reverse("notifications:reply", args=[wish.pk])).content.decode()
    first = courses.other_times(session=session, now=NOW)[0]
    shown = reverse("scheduling:move", args=[session.pk])
    assert f"{shown}?at=" in page

    chosen = desk.get(shown, {"at": first.isoformat(), "back": "replies"})
    assert chosen.status_code == 200
    assert "checked" in chosen.content.decode()
    assert "eighth session" in chosen.content.decode()
    assert TreatmentSession.objects.get(pk=session.pk).starts_at == MONDAY

    done = desk.post(f"{shown}?back=replies", {"starts_at": first.isoformat(), "scope": "this", "step": "do"})
    assert done["Location"] == reverse("notifications:replies")
    session.refresh_from_db()
    wish.refresh_from_db()
    assert (session.starts_at, wish.done) == (first, inbox.MOVED)
    assert Message.objects.filter(session=session, kind="moved", about_at=first).count() == 1


@pytest.mark.parametrize(
    "at", ["soon", "2026-03-02T09:00:00", "1800-01-01T00:00:00Z", "2026-02-02T14:00:00Z"]
)
def test_an_odd_time_to_move_to_is_answered(desk, session, at):
    answer = desk.get(reverse("scheduling:move", args=[session.pk]), {"at": at})
    assert answer.status_code in (200, 409)


@pytest.mark.parametrize(
    ("deed", "done"),
    [
        (lambda s: answers.confirm_session(session=s, by=None, now=NOW), inbox.CONFIRMED),
        (
            lambda s: answers.cancel_session(
                session=s, reason="Ill", cancelled_by="patient", by=None, now=NOW
            ),
            "Cancelled",
        ),
    ],
)
def test_a_wish_that_the_book_has_overtaken_ends_by_itself(session, wish, deed, done):
    deed(session)
    wish.refresh_from_db()
    assert (wish.done, wish.handled_by, wish.handled_at) == (done, None, NOW)


def test_a_wish_of_another_session_stays(session, wish, site):
    other = make_course(site=site, patient=make_patient(site=site))
    [row] = booking.book_course(course=other, sessions=[Placement(1, MONDAY + HOURS)], by=None, now=NOW)
    answers.confirm_session(session=row, by=None, now=NOW)
    wish.refresh_from_db()
    assert wish.handled_at is None


def test_one_has_it_and_another_is_told_who(site, person, wish):
    for _ in range(2):
        assert inbox.take(inbound=wish, by=person, now=NOW).owner == person
    other = make_user(site=site, role="nurse")
    with pytest.raises(Refused) as caught:
        inbox.take(inbound=wish, by=other, now=NOW)
    assert caught.value.codes == ["taken"]
    assert person.display_name in caught.value.faults[0].detail
    assert inbox.hand_over(inbound=wish, to=other, site=site, by=person, now=NOW).owner == other
    deeds = AuditEvent.objects.filter(action__startswith="reply.").values_list("action", flat=True)
    assert {"reply.taken", "reply.handed_over"} <= set(deeds)


def test_it_is_handed_only_to_whoever_deals_with_texts_here(site, person, wish):
    for stranger in (
        make_user(site=site, role="prescriber"),
        make_user(),
        make_user(site=make_staffed_site(), role="desk"),
    ):
        with pytest.raises(Invalid):
            inbox.hand_over(inbound=wish, to=stranger, site=site, by=person, now=NOW)


def test_done_says_how_once_and_then_nobody_takes_it(site, person, wish):
    with pytest.raises(Invalid):
        inbox.finish(inbound=wish, done="  ", by=person, now=NOW)
    with pytest.raises(Invalid):
        inbox.finish(inbound=wish, done="x" * 501, by=person, now=NOW)
    other = make_user(site=site, role="desk")
    inbox.finish(inbound=wish, done=" Called ", by=person, now=NOW)
    row = inbox.finish(inbound=wish, done="Me too", by=other, now=NOW + DAY)
    assert (row.done, row.handled_by, row.handled_at) == ("Called", person, NOW)
    for verb in (
        lambda: inbox.take(inbound=wish, by=other, now=NOW),
        lambda: inbox.hand_over(inbound=wish, to=other, site=site, by=other, now=NOW),
    ):
        with pytest.raises(Refused) as caught:
            verb()
        assert caught.value.codes == ["handled"]


def test_the_pages_take_hand_over_and_finish(site, desk, person, wish):
    other = make_user(site=site, role="desk")
    assert wish.patient.family_name in desk.get(reverse("notifications:replies")).content.decode()
    desk.post(reverse("notifications:reply-take", args=[wish.pk]))
    assert InboundMessage.objects.get().owner == person
    hand = reverse("notifications:reply-hand-over", args=[wish.pk])
    assert desk.post(hand, {"to": "nobody"}).status_code == 422
    desk.post(hand, {"to": str(other.pk)})
    assert InboundMessage.objects.get().owner == other
    assert desk.post(reverse("notifications:reply-take", args=[wish.pk])).status_code == 409
    one = reverse("notifications:reply", args=[wish.pk])
    assert desk.post(one, {"done": ""}).status_code == 422
    desk.post(one, {"done": "Called her sister"}, follow=True)
    assert "Called her sister" in desk.get(reverse("notifications:replies")).content.decode()
    assert "Called her sister" in desk.get(one).content.decode()


def test_another_sites_replies_are_not_there(wish):
    other = Client()
    other.force_login(make_user(site=make_staffed_site(), role="desk"))
    assert other.get(reverse("notifications:reply", args=[wish.pk])).status_code == 404
    assert other.post(reverse("notifications:reply-take", args=[wish.pk])).status_code == 404


def test_by_the_api_the_same(site, session, wish):
    api = team(site)
    base = f"/sites/{site.pk}/replies"
    [item] = api["desk"].get(base).body["items"]
    assert (item["id"], item["meaning"], item["owner"]) == (str(wish.pk), "change", None)
    assert item["from"].endswith(wish.from_number[-2:])
    times = api["desk"].get(f"/sessions/{session.pk}/other-times").body["items"]
    assert [datetime.fromisoformat(t) for t in times] == courses.other_times(session=session, now=NOW)
    assert api["nurse"].post(f"{base}/{wish.pk}/take").body["owner"] == api["nurse"].user.username
    assert api["desk"].post(f"{base}/{wish.pk}/take").codes == ["taken"]
    assert api["desk"].post(f"{base}/{wish.pk}/hand-over", {"to": "?"}).status == 422
    given = api["nurse"].post(f"{base}/{wish.pk}/hand-over", {"to": api["desk"].user.username})
    assert given.body["owner"] == api["desk"].user.username
    assert api["desk"].post(f"{base}/{wish.pk}/done", {"done": ""}).status == 422
    assert api["desk"].post(f"{base}/{wish.pk}/done", {"done": "Called"}).body["done"] == "Called"
    assert api["desk"].get(base).body["items"] == []
    assert len(api["desk"].get(base, open="false").body["items"]) == 1
    assert api["prescriber"].get(base).status == 403
    assert api["desk"].post(f"{base}/nonsense/take").status == 404


def test_as_many_queries_for_many_replies_as_for_one(desk, site, session, wish):
    def asked_for(name, *args):
        with CaptureQueriesContext(connection) as queries:
            desk.get(reverse(name, args=args))
        return len(queries)

    pages = [("notifications:replies",), ("notifications:reply", wish.pk)]
    for page in pages:
        asked_for(*page)
    few = [asked_for(*page) for page in pages]
    for number in range(10):
        course = make_course(site=site, patient=make_patient(site=site))
        if number < 5:
            placement = Placement(1, MONDAY + number * DAY + HOURS)
            booking.book_course(course=course, sessions=[placement], by=None, now=NOW)
        says("hello?", course.patient.number, f"in-{number + 2}")
    assert [asked_for(*page) for page in pages] == few
