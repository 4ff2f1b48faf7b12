"""What arrived, by the site's days: counted right at midnight, over clock changes, in one query."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import numbers
from notifications.by_day import Tally, by_kind, tallies
from notifications.by_day import by_day as days_of
from notifications.enums import MessageStatus
from notifications.models import Message
from scheduling.models import TreatmentSession
from tests.api.client import Api
from tests.factories import (
    MONDAY,
    make_course,
    make_patient,
    make_session,
    make_site,
    make_staffed_site,
    make_user,
)

pytestmark = pytest.mark.django_db
S = MessageStatus
NOON = datetime(2026, 3, 1, 17, tzinfo=UTC)  # Sunday, 12:00 in New York
SUNDAY = date(2026, 3, 1)


@pytest.fixture
def site():
    return make_staffed_site()


def text(site, status=S.DELIVERED, at=NOON, kind="booked", session=None, rule=""):
    return Message.objects.create(
        site=site,
        kind=kind,
        rule=rule,
        session=session,
        about_at=MONDAY,
        language="en",
        to="+16145550123",
        body="Hello",
        due_at=at,
        expires_at=at + timedelta(hours=3),
        status=status,
    )


def test_each_text_is_counted_once_as_what_became_of_it(site):
    for status in (S.DELIVERED, S.DELIVERED, S.FAILED, S.SENT, S.UNKNOWN):
        text(site, status)
    for status in (S.PENDING, S.CLAIMED, S.SENDING, S.CANCELLED, S.SUPPRESSED):
        text(site, status)
    [(key, tally)] = tallies(site, SUNDAY, SUNDAY).items()
    assert key == (SUNDAY, "booked")
    assert tally == Tally(sent=5, delivered=2, undelivered=1, unknown=2)
    assert tally.share == 40
    assert tally.delivered + tally.undelivered + tally.unknown == tally.sent


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("America/New_York", datetime(2026, 3, 2, 4, 59, tzinfo=UTC), SUNDAY),
        ("America/New_York", datetime(2026, 3, 2, 5, 0, tzinfo=UTC), date(2026, 3, 2)),
        # The day on which the clock goes forward has 23 hours.
        ("America/New_York", datetime(2026, 3, 9, 3, 59, tzinfo=UTC), date(2026, 3, 8)),
        ("America/New_York", datetime(2026, 3, 9, 4, 0, tzinfo=UTC), date(2026, 3, 9)),
        ("Pacific/Honolulu", datetime(2026, 3, 2, 9, 59, tzinfo=UTC), SUNDAY),
    ],
)
def test_a_day_is_the_sites_own(zone, at, day):
    site = make_site(chairs=0, timezone=zone)
    text(site, at=at)
    assert list(tallies(site, SUNDAY, date(2026, 3, 31))) == [(day, "booked")]
    assert tallies(site, day + timedelta(days=1), day + timedelta(days=9)) == {}


def test_confirmations_are_those_of_the_reminders_sessions(site):
    chairs = list(site.chairs.all())
    for chair, confirmation in zip(chairs, ("confirmed", "wants_change"), strict=True):
        session = make_session(course=make_course(site=site), chair=chair)
        TreatmentSession.objects.filter(pk=session.pk).update(confirmation=confirmation)
        text(site, kind="reminder", session=session)
        text(site, kind="booked", session=session)
    found = tallies(site, SUNDAY, SUNDAY)
    assert found[SUNDAY, "reminder"] == Tally(sent=2, delivered=2, asked=2, confirmed=1)
    assert found[SUNDAY, "booked"] == Tally(sent=2, delivered=2)
    assert days_of(found) == [(SUNDAY, Tally(sent=4, delivered=4, asked=2, confirmed=1))]


def test_kinds_are_in_words_the_most_frequent_first_and_days_newest_first(site):
    text(site, at=NOON - timedelta(days=1))
    text(site, kind="moved")
    text(site, kind="moved", status=S.FAILED)
    found = tallies(site, SUNDAY - timedelta(days=1), SUNDAY)
    assert [(kind, tally.sent) for kind, tally in by_kind(found)] == [("Moved", 2), ("Booked", 1)]
    assert [day for day, _tally in days_of(found)] == [SUNDAY, SUNDAY - timedelta(days=1)]


def test_one_query_for_many_as_for_none(site):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            tallies(site, SUNDAY, SUNDAY)
        return len(queries)

    assert asked() == 1
    for kind in ("booked", "moved", "cancelled"):
        for hour in range(5):
            text(site, kind=kind, at=NOON + timedelta(hours=hour))
    assert asked() == 1


def test_the_page_shows_days_and_kinds_of_this_site_alone(site, time_machine):
    time_machine.move_to(NOON, tick=False)
    text(site, S.DELIVERED)
    text(site, S.FAILED, at=NOON - timedelta(days=13))
    text(site, S.FAILED, at=NOON - timedelta(days=14))
    text(make_site(chairs=0), S.UNKNOWN, kind="moved")
    client = Client()
    client.force_login(make_user(site=site, role="desk"))
    url = reverse("notifications:by-day")
    page = client.get(url).content.decode()
    assert page.count('<th scope="row"') == 3  # two days, one kind
    assert "100 % (1/1)" in page
    assert "0 % (0/1)" in page
    assert "Moved" not in page
    assert client.get(url, {"days": "30"}).content.decode().count('<th scope="row"') == 4
    assert client.get(url, {"days": "x"}).content.decode().count('<th scope="row"') == 3
    assert url in client.get(reverse("notifications:texts")).content.decode()


def test_who_may_not_see_texts_does_not_see_this(site):
    client = Client()
    client.force_login(make_user(site=site, role="prescriber"))
    assert client.get(reverse("notifications:by-day")).status_code == 403


def test_the_api_tells_each_day_and_kind(site, time_machine):
    time_machine.move_to(NOON, tick=False)
    text(site, S.DELIVERED)
    text(site, S.UNKNOWN, at=NOON - timedelta(days=2))
    api, path = Api(make_user(site=site, role="desk")), f"/sites/{site.pk}/texts-by-day"
    items = api.get(path).body["items"]
    assert [(i["date"], i["kind"], i["sent"], i["unknown"]) for i in items] == [
        ("2026-02-27", "booked", 1, 1),
        ("2026-03-01", "booked", 1, 0),
    ]
    assert len(api.get(path, days=2).body["items"]) == 1
    for wrong in ("0", "91", "x"):
        assert api.get(path, days=wrong).status == 422


def test_it_stands_among_the_numbers_with_a_csv(site):
    text(site)
    section = numbers.make("texts-by-day", site, SUNDAY, SUNDAY)
    assert section.rows == [("2026-03-01", 1, 1, 0, 0, 0, 0, 100)]
    assert len(section.rows[0]) == len(section.columns)
    assert make_patient(site=site).given_name not in str(section)
