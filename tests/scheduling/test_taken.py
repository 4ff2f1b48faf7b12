"""A lost race says who took the place, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.errors import Refused
from scheduling import booking, moving
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 27, 15, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _friday(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_staffed_site(chairs=1, nurses=2)


@pytest.fixture
def dana(site):
    return make_user(site=site, role="desk", first_name="Dana", last_name="Reyes")


def _book(site, by, starts_at=MONDAY, now=NOW, chair=None):
    place = Placement(1, starts_at, chair)
    course = make_course(site=site)
    [row] = booking.book_course(course=course, sessions=[place], by=by, now=now)
    return row


def test_who_books_the_last_chair_is_named_to_who_comes_too_late(site, dana):
    _book(site, dana)
    other = make_course(site=site)
    answer = Api(make_user(site=site, role="desk")).post(
        f"/courses/{other.pk}/book", {"sessions": [{"number": 1, "starts_at": MONDAY.isoformat()}]}
    )
    [fault] = answer.body["errors"]
    assert (answer.status, fault["code"], fault["taken_by"]) == (409, "chair_taken", "Dana Reyes")
    assert fault["taken_at"] == "2026-02-27T10:02:00-05:00"
    assert "Taken by Dana Reyes, Fri 27 Feb, 10:02 AM." in fault["detail"]


def test_on_the_board_the_loser_reads_the_name(site, dana):
    session = _book(site, None, MONDAY + timedelta(days=1))
    taken = _book(site, dana)
    client = Client()
    client.force_login(make_user(site=site, role="desk"))
    url = reverse("scheduling:place", args=[session.pk])
    place = {"starts_at": MONDAY.isoformat(), "chair": taken.chair_id}
    answer = client.post(url, place, HTTP_HX_REQUEST="true")
    assert (answer.status_code, b"Taken by Dana Reyes" in answer.content) == (409, True)


def test_a_move_counts_as_taking_and_the_newest_taker_is_named(site, dana):
    taken = _book(site, make_user(site=site, role="desk"), MONDAY + timedelta(days=1))
    moving.move_session(session=taken, starts_at=MONDAY, by=dana, now=NOW + timedelta(minutes=5))
    with pytest.raises(Refused) as refused:
        _book(site, None)
    assert "Taken by Dana Reyes, Fri 27 Feb, 10:07 AM." in refused.value.faults[0].detail


def test_what_nobody_signed_was_the_system(site):
    _book(site, None)
    with pytest.raises(Refused) as refused:
        _book(site, None)
    assert "Taken by the system" in refused.value.faults[0].detail


def test_where_only_the_database_knows_it_names_them_too(site, dana, monkeypatch):
    """As when somebody commits between the check and the insert, past our locks."""
    _book(site, dana)
    monkeypatch.setattr(booking, "check", lambda *_args: [])
    chair = TreatmentSession.objects.get().chair_id
    with pytest.raises(Refused) as refused:
        _book(site, None, chair=chair)
    [fault] = refused.value.faults
    assert (fault.code, fault.extra["taken_by"]) == ("chair_taken", "Dana Reyes")
