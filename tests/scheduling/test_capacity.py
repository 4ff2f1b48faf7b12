"""Where there is room, and what would be if: answered by the planner over the book."""

from datetime import timedelta

import pytest
from django.test import Client

from scheduling import capacity, diary
from scheduling.capacity import Question
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
FIRST = MONDAY.date()
NOW = MONDAY - timedelta(days=3)


def _book(site, weeks=11):
    return diary.load(site=site, first=FIRST, last=FIRST + timedelta(weeks=weeks), now=NOW)


def test_the_week_counts_patients_and_room_by_the_hour():
    site = make_staffed_site(chairs=3, nurses=1, patients_per_nurse=2)
    make_session(course=make_course(site=site))
    days = capacity.week(_book(site), FIRST)
    by_hour = {cell.at.hour: cell for cell in days[0]}
    assert [(by_hour[h].patients, by_hour[h].room) for h in (8, 9, 11, 12)] == [
        (0, 2),
        (1, 1),
        (1, 1),
        (0, 2),
    ]
    assert all(not cell.open and cell.room == 0 for cell in days[6])
    assert len(days) == 7


def test_a_site_without_hours_has_an_empty_week():
    assert capacity.week(_book(make_staffed_site(hours=None)), FIRST) == [[]] * 7


def test_more_inductions_are_placed_until_the_chairs_are_full():
    site = make_staffed_site(chairs=2, nurses=2)
    few = capacity.answer(_book(site), Question(2, 4), FIRST)
    assert (few.asked, few.whole, few.by_day_28, few.left_out) == (8, 8, 8, 0)
    many = capacity.answer(_book(site), Question(10, 4), FIRST)
    assert many.whole < many.asked == 40
    assert many.left_out > 0
    assert few.use_before == 0 < few.use_after < many.use_after <= 1


def test_another_chair_places_more_and_one_nurse_less_breaks_what_is_booked():
    site = make_staffed_site(chairs=2, nurses=2, patients_per_nurse=1)
    for chair in site.chairs.all():
        make_session(course=make_course(site=site), chair=chair)
    book = _book(site)
    plain = capacity.answer(book, Question(8, 4), FIRST)
    roomy = capacity.answer(book, Question(8, 4, dict.fromkeys(range(7), 2), 2), FIRST)
    assert roomy.whole > plain.whole
    assert capacity.answer(book, Question(0, 4, nurses=-1), FIRST).breaks == 1
    assert capacity.answer(book, Question(0, 4, {0: -1}), FIRST).breaks == 1
    assert capacity.answer(book, Question(0, 4, {1: -1}), FIRST).breaks == 0


def test_a_chair_for_tuesdays_is_there_on_tuesdays_only():
    site = make_staffed_site(chairs=1, nurses=2)
    changed = capacity._changed(_book(site), Question(chairs={1: 1}), FIRST)
    days = capacity.week(changed, FIRST)
    assert [cells[2].chairs for cells in days[:3]] == [1, 2, 1]


def test_the_pages_answer_and_change_nothing(time_machine):
    time_machine.move_to(NOW, tick=False)
    site = make_staffed_site(chairs=2, nurses=1)
    make_session(course=make_course(site=site))
    client = Client()
    client.force_login(make_user(site=site, role="manager"))
    assert client.get("/week/").status_code == 200
    assert client.get("/week/?day=9999-12-31").status_code == 200
    asked = {"inductions_a_week": 2, "weeks": 2, "chairs": 1, "weekday": 1, "nurses": 0}
    page = client.get("/week/what-if/", asked)
    assert "4 of 4 inductions" in page.content.decode()
    assert client.get("/week/what-if/", {**asked, "weeks": 99}).status_code == 422
    assert TreatmentSession.objects.count() == 1
