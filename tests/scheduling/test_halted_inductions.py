"""An induction on hold or stopped stays on the list of those who may miss day 28, with its reason."""

from datetime import timedelta

import pytest
from django.urls import reverse

from scheduling import at_risk, booking, decisions
from scheduling.booking import Placement
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_patient, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BEFORE = MONDAY - 4 * DAY


@pytest.fixture
def site():
    return make_staffed_site(chairs=4, nurses=4)


def _course(site, *days, name="Avery"):
    course = make_course(site=site, patient=make_patient(site=site, family_name=name))
    places = [Placement(n, MONDAY + day * DAY) for n, day in enumerate(days, 1)]
    booking.book_course(course=course, sessions=places, by=None, now=BEFORE)
    return course


def _pause(course, now, why="In hospital"):
    decisions.pause_course(course=course, reason=why, by=None, now=now)


def _listed(site, now):
    return {item.course.pk: item for item in at_risk.inductions(site, now=now)}


def test_one_on_hold_says_since_when_and_why_and_projects_nothing(site):
    course = _course(site, 0, 3, 7)
    _pause(course, MONDAY + DAY)
    item = _listed(site, MONDAY + 5 * DAY)[course.pk]
    assert (item.halt.status, item.halt.since, item.halt.reason) == (
        "paused",
        (MONDAY + DAY).date(),
        "In hospital",
    )
    assert (item.slip.eighth_on, item.reasons) == (None, [])


def test_one_that_goes_on_again_has_its_projection_back(site):
    course = _course(site, 0, 3, 7)
    _pause(course, MONDAY + DAY)
    decisions.resume_course(course=course, reason="Home", by=None, now=MONDAY + 2 * DAY)
    item = _listed(site, MONDAY + 2 * DAY)[course.pk]
    assert item.halt is None
    assert item.slip.eighth_on is not None


@pytest.mark.parametrize(("days", "stays"), [(28, False), (27, True)])
def test_one_that_was_stopped_stays_for_four_weeks(site, days, stays):
    course = _course(site, 0, 3)
    decisions.stop_course(course=course, reason="Moved away", by=None, now=MONDAY + DAY)
    assert (course.pk in _listed(site, MONDAY + DAY + days * DAY)) is stays


def test_they_rank_by_what_would_be_if_they_went_on_today_and_stopped_ones_last(site):
    in_time = _course(site, 0, 3, 7, 10, 14, 17, 21, 24, name="In time")
    late = _course(site, 0, 3, 7, 10, 14, 17, 21, 31, name="Late")
    paused = _course(site, 0, 3, 7, name="Paused")
    stopped = _course(site, 0, name="Stopped")
    _pause(paused, MONDAY + DAY)
    decisions.stop_course(course=stopped, reason="Moved away", by=None, now=MONDAY + DAY)

    soon = [item.course.pk for item in at_risk.inductions(site, now=MONDAY + DAY)]
    much_later = [item.course.pk for item in at_risk.inductions(site, now=MONDAY + 20 * DAY)]

    assert soon == [late.pk, paused.pk, in_time.pk, stopped.pk]
    assert much_later == [paused.pk, late.pk, in_time.pk, stopped.pk]


def test_the_questions_to_the_database_do_not_grow(site, django_assert_num_queries):
    for _ in range(3):
        _pause(_course(site, 0, 3), MONDAY + DAY)
    with django_assert_num_queries(5):
        at_risk.inductions(site, now=MONDAY + DAY)


def test_page_and_api_say_the_same(site, client):
    course = _course(site, 0, 3, 7)
    _pause(course, MONDAY + DAY, why="Waits for the payer")
    desk = make_user(site=site, role="desk")
    client.force_login(desk)
    text = client.get(reverse("scheduling:inductions")).content.decode()
    assert "paused since Tue 3 Mar" in text
    assert "Waits for the payer" in text
    assert "Open the course" in text

    [item] = Api(desk).get(f"/sites/{site.pk}/slippage").body["items"]
    assert item["halted"] == {"since": "2026-03-03", "reason": "Waits for the payer"}
    assert (item["status"], item["eighth_on"], item["days_to_spare"]) == ("paused", None, None)
