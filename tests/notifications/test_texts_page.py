"""Texts: in one sentence why each went or did not, and what a person can do about it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications import replies
from notifications.models import InboundMessage, Message
from scheduling import booking
from scheduling.booking import Placement
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)  # Sunday, 10:30 in New York


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def desk(site):
    client = Client()
    client.force_login(make_user(site=site, role="desk"))
    return client


@pytest.fixture
def reminder(site):
    early = NOW - timedelta(days=4)
    booking.book_course(course=make_course(site=site), sessions=[Placement(1, MONDAY)], by=None, now=early)
    return Message.objects.get(kind="reminder")


def _page(client, **query):
    return client.get(reverse("notifications:texts"), query).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "delivered"}, "It arrived"),
        ({"status": "failed", "cause": "21211"}, "21211"),
        ({"status": "unknown", "cause": "ReadTimeout"}, "nobody knows whether it went"),
        ({"status": "cancelled", "cause": "moved"}, "moved"),
        ({"status": "suppressed", "cause": "no_consent"}, "has said no to texts"),
    ],
)
def test_each_text_says_why(desk, reminder, changes, words):
    Message.objects.filter(pk=reminder.pk).update(sent_at=NOW, **changes)
    assert words in _page(desk)


def test_the_number_is_masked(desk, reminder):
    page = _page(desk)
    assert reminder.to not in page
    assert f"•• ••{reminder.to[-2:]}" in page


def test_another_sites_texts_are_not_there(reminder):
    other = Client()
    other.force_login(make_user(site=make_staffed_site(), role="desk"))
    assert reminder.patient.family_name not in _page(other)
    assert other.post(reverse("notifications:cancel", args=[reminder.pk])).status_code == 404
    reminder.refresh_from_db()
    assert reminder.status == "pending"


def test_a_waiting_text_can_be_withdrawn_once(desk, reminder):
    url = reverse("notifications:cancel", args=[reminder.pk])
    first, second = (desk.post(url, follow=True).content.decode() for _ in range(2))
    reminder.refresh_from_db()
    assert (reminder.status, reminder.cause) == ("cancelled", "by_hand")
    assert "notice-error" not in first
    assert "notice-error" in second


def test_an_unknown_text_goes_again_only_by_a_persons_word(desk, reminder):
    Message.objects.filter(pk=reminder.pk).update(status="unknown")
    desk.post(reverse("notifications:retry", args=[reminder.pk]))
    reminder.refresh_from_db()
    assert reminder.status == "pending"


def test_what_waits_for_later_days_is_counted_not_listed(desk, site):
    placements = [Placement(n, MONDAY + timedelta(days=d)) for n, d in ((1, 0), (2, 7), (3, 14))]
    early = NOW - timedelta(days=4)
    booking.book_course(course=make_course(site=site), sessions=placements, by=None, now=early)
    page = _page(desk)
    assert "2 more wait" in " ".join(page.split())


@pytest.mark.parametrize("query", [{"day": "soon"}, {"status": "eaten"}, {"page": "-1"}, {"page": "x"}])
def test_an_odd_question_is_answered(desk, reminder, query):
    assert desk.get(reverse("notifications:texts"), query).status_code in (200, 422)


def test_a_reply_that_nobody_understands_waits_for_a_person_until_dealt_with(desk, reminder):
    replies.receive(
        from_number=reminder.to, to_number="", body="Can my sister drive?", message_sid="in-1", now=NOW
    )
    row = InboundMessage.objects.get()
    assert "Can my sister drive?" in _page(desk)
    for _ in range(2):
        done = {"done": "Called her back"}
        assert desk.post(reverse("notifications:reply", args=[row.pk]), done).status_code == 302
    assert "Can my sister drive?" not in _page(desk)


def test_as_many_queries_for_fifty_as_for_one(desk, site):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            _page(desk)
        return len(queries)

    def text(session):
        return Message(
            site=site,
            patient=session.patient,
            session=session,
            kind="reminder",
            to=session.patient.number,
            body="x",
            due_at=NOW,
            expires_at=NOW + timedelta(hours=5),
            about_at=session.starts_at,
            created_at=NOW,
        )

    first = make_session(course=make_course(site=site, patient=make_patient(site=site)))
    Message.objects.bulk_create([text(first)])
    _page(desk)
    few = asked()
    rows = []
    for number in range(1, 40):
        course = make_course(site=site)
        rows.append(text(make_session(course=course, starts_at=MONDAY + timedelta(days=number))))
    Message.objects.bulk_create(rows)
    assert asked() == few
