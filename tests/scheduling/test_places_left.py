"""A place that was given up by a move is offered like one that was cancelled."""

from datetime import timedelta

import pytest

from scheduling import booking, moving, waitlist
from scheduling.booking import Placement
from scheduling.models import SessionEvent
from tests.database import refused
from tests.factories import MONDAY, make_course, make_session, make_staffed_site

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOW = MONDAY - timedelta(hours=5)


@pytest.fixture
def session():
    course = make_course(site=make_staffed_site(chairs=2, nurses=2))
    [made] = booking.book_course(course=course, sessions=[Placement(1, MONDAY)], by=None, now=NOW)
    return made


def _freed(site, now=NOW):
    return [(place.starts_at, place.chairs) for place in waitlist.freed_places(site, now=now)]


def test_the_place_left_by_a_move_is_found_until_its_time_comes(session):
    moving.move_session(session=session, starts_at=MONDAY + 2 * DAY, by=None, now=NOW)
    assert _freed(session.site) == [(MONDAY, 2)]
    assert _freed(session.site, now=MONDAY) == []
    assert _freed(make_staffed_site()) == []


def test_who_moves_back_gives_up_the_other_place(session):
    for day in (2, 0):
        session.refresh_from_db()
        moving.move_session(session=session, starts_at=MONDAY + day * DAY, by=None, now=NOW)
    assert _freed(session.site) == [(MONDAY + 2 * DAY, 2)]


def test_another_chair_at_the_same_time_gives_up_no_time(session):
    other = session.site.chairs.exclude(pk=session.chair_id).get()
    moving.move_session(session=session, starts_at=MONDAY, chair=other.pk, by=None, now=NOW)
    assert SessionEvent.objects.filter(kind="moved", left_starts_at__isnull=True).count() == 1
    assert _freed(session.site) == []


def test_only_a_move_leaves_a_place_and_always_a_whole_one():
    session = make_session()

    def event(kind, **left):
        SessionEvent.objects.create(session=session, kind=kind, to_status="booked", at=MONDAY, **left)

    name, site = "session_event_leaves_a_place_by_moving", session.site
    refused(name, lambda: event("moved", left_site=site))
    refused(name, lambda: event("moved", left_starts_at=MONDAY))
    refused(name, lambda: event("status", left_site=site, left_starts_at=MONDAY))
    event("moved", left_site=site, left_starts_at=MONDAY)
    event("moved")
    event("status")
