"""How often, from a day on: the dated decisions say it, and a later day changes nothing before it comes."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from scheduling import decisions, pattern
from scheduling.booking import Placement, book_course
from scheduling.course_facts import how_often
from scheduling.models import FrequencyDecision
from scheduling.protocol import CourseFacts, frequency_on, next_frequency
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user

FIRST = date(2026, 3, 2)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("decided", "day", "expected"),
    [
        ([], 0, "twice_weekly"),
        ([(7, "weekly")], 6, "twice_weekly"),
        ([(7, "weekly")], 7, "weekly"),
        ([(7, "weekly"), (21, "biweekly")], 20, "weekly"),
        ([(7, "weekly"), (21, "biweekly")], 21, "biweekly"),
        # Decided later: it holds from its day on, over what was to begin after it.
        ([(21, "biweekly"), (7, "weekly")], 21, "weekly"),
        ([(7, "weekly"), (7, "biweekly")], 7, "biweekly"),
    ],
)
def test_the_last_decision_that_has_begun_holds(decided, day, expected):
    dated = [(FIRST + first * DAY, frequency) for first, frequency in decided]
    assert frequency_on(dated, "twice_weekly", FIRST + day * DAY) == expected


@pytest.mark.parametrize(
    ("decided", "today", "expected"),
    [
        ([], 0, None),
        ([(7, "weekly")], 6, (7, "weekly")),
        ([(7, "weekly")], 7, None),
        ([(7, "twice_weekly"), (9, "weekly")], 0, (9, "weekly")),
        ([(21, "biweekly"), (7, "weekly")], 8, None),
    ],
)
def test_the_next_change_is_the_first_day_that_differs(decided, today, expected):
    dated = [(FIRST + first * DAY, frequency) for first, frequency in decided]
    found = next_frequency(dated, "twice_weekly", FIRST + today * DAY)
    assert found == (expected and (FIRST + expected[0] * DAY, expected[1]))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "weeks", "expected"),
    [(4, 3, "twice_weekly"), (7, 6, "twice_weekly"), (8, 4, "weekly"), (8, 7, "weekly"), (8, 8, "biweekly")],
)
def test_where_nobody_has_decided_the_phase_says_how_often(given, weeks, expected):
    course = make_course(site=make_staffed_site())
    for number in range(1, given + 1):
        make_session(course=course, number=number, starts_at=MONDAY + 3 * number * DAY, status="completed")
    today = FIRST + 3 * DAY + 7 * weeks * DAY
    assert how_often(course, today=today).now == expected
    if expected != "twice_weekly":
        said = {"starts_on": FIRST, "reason": "Worse", "decided_by": "Dr. B", "at": MONDAY}
        FrequencyDecision.objects.create(course=course, frequency="twice_weekly", **said)
        assert how_often(course, today=today).now == "twice_weekly"


def test_maintenance_is_planned_through_the_day_of_a_change():
    held = {n: FIRST + 7 * n * DAY for n in range(1, 13)}
    change = held[12] + 14 * DAY
    course = CourseFacts("trd", FIRST, (0, 3), frequency="weekly", decided=((change, "biweekly"),))
    wanted = pattern.wanted(course, until="maintenance", held=held, weeks=19)
    assert [(want.on - held[12]).days for want in wanted if want.number > 12] == [7, 14, 28, 42]


@pytest.mark.django_db
def test_a_decision_for_a_later_day_leaves_today_as_it_is_and_page_and_api_say_both(client, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    site = make_staffed_site()
    course = make_course(site=site, frequency="weekly")
    book_course(
        course=course,
        sessions=[Placement(n, MONDAY + 7 * n * DAY) for n in range(1, 5)],
        by=None,
        now=MONDAY,
    )
    day = FIRST + 15 * DAY
    decided = {"frequency": "biweekly", "starts_on": day, "reason": "Well", "decided_by": "Dr. B"}
    decisions.change_frequency(course=course, by=None, now=MONDAY, **decided)
    course.refresh_from_db()
    assert course.frequency == "weekly"
    desk = make_user(site=site, role="desk")
    body = Api(desk).get(f"/courses/{course.pk}").body
    assert (body["frequency"], body["frequency_ahead"]) == (
        "weekly",
        {"from": day.isoformat(), "frequency": "biweekly"},
    )
    client.force_login(desk)
    text = client.get(reverse("scheduling:course", args=[course.pk])).content.decode()
    assert "once a week; from Tue 17 Mar 2026: every two weeks" in text
    time_machine.move_to(MONDAY + 15 * DAY, tick=False)
    body = Api(desk).get(f"/courses/{course.pk}").body
    assert (body["frequency"], body["frequency_ahead"]) == ("biweekly", None)
