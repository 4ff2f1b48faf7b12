"""What the boards ask and show: room, what would be if, decisions that wait, a move seen before it is done."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from scheduling import answers, at_risk, decisions, story, waitlist
from scheduling.models import Course, SessionEvent, TreatmentSession
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SUNDAY = MONDAY - DAY


@pytest.fixture(autouse=True)
def _sunday(time_machine):
    time_machine.move_to(SUNDAY, tick=False)


@pytest.fixture
def site():
    return make_staffed_site(chairs=2, nurses=2)


@pytest.fixture
def desk(site):
    client = Client()
    client.force_login(make_user(site=site, role=Role.DESK))
    return client


# -- where there is room --


def test_what_would_be_if_by_get_and_by_post_is_one_answer(site):
    api = Api(make_user(site=site, role=Role.MANAGER))
    path = f"/sites/{site.pk}/what-if"
    posted = api.post(path, {"inductions_a_week": 2, "weeks": 1, "chairs": {"1": 2}, "nurses": -1})
    got = api.get(path, inductions_a_week=2, weeks=1, chairs="1:2", nurses=-1)
    assert (posted.status, posted.body) == (200, got.body)
    assert (posted.body["asked"], posted.body["whole"]) == (2, 2)
    assert TreatmentSession.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"inductions_a_week": 21, "weeks": 0, "nurses": 99}, ["inductions_a_week", "weeks", "nurses"]),
        ({"chairs": {"7": 1, "0": 21}}, ["chairs.7", "chairs.0"]),
        ({"chairs": {"Tue": 1}}, ["chairs"]),
    ],
)
def test_numbers_that_no_clinic_has_are_all_named(site, body, fields):
    answer = Api(make_user(site=site, role=Role.DESK)).post(f"/sites/{site.pk}/what-if", body)
    assert (answer.status, answer.fields) == (422, fields)


def test_nonsense_in_an_address_is_422(site):
    api = Api(make_user(site=site, role=Role.DESK))
    for chairs in ("1", "a:b", "1:2:3"):
        assert api.get(f"/sites/{site.pk}/what-if", chairs=chairs).status == 422
    assert api.get(f"/sites/{site.pk}/load", date="soon").status == 422


def test_the_load_of_a_week_counts_patients_chairs_and_nurses(site):
    make_session(course=make_course(site=site))
    answer = Api(make_user(site=site, role=Role.NURSE)).get(f"/sites/{site.pk}/load", date="2026-03-04")
    monday = answer.body["items"][0]
    nine = next(hour for hour in monday["hours"] if hour["at"] == "2026-03-02T09:00:00-05:00")
    assert (monday["date"], len(answer.body["items"])) == ("2026-03-02", 7)
    assert (nine["patients"], nine["chairs"], nine["nurses_may"], nine["room"]) == (1, 2, 8, 1)


def test_the_week_says_chairs_and_nurses_of_each_day(desk, site):
    page = desk.get(f"{reverse('scheduling:week')}?day=2026-03-02").content.decode()
    assert page.count("2 chairs") == 5
    assert page.count("2 nurses") == 5


# -- what waits for a prescriber --


def _maintained(site, frequency="weekly", last=MONDAY - 7 * DAY):
    course = make_course(site=site, status="active", frequency=frequency, starts_on=(last - 60 * DAY).date())
    for number in range(1, 11):
        at = last - (10 - number) * 7 * DAY
        make_session(course=course, number=number, starts_at=at, status="completed", phase="maintenance")
    return course


def test_a_missed_maintenance_session_asks_until_somebody_decides(site):
    prescriber = make_user(site=site, role=Role.PRESCRIBER)
    course = _maintained(site)
    row = make_session(course=course, number=11, starts_at=SUNDAY + DAY / 24)
    assert at_risk.undecided(site, now=SUNDAY) == []
    answers.mark_no_show(session=row, by=None, now=SUNDAY + DAY / 12)

    api = Api(prescriber)
    [item] = api.get(f"/sites/{site.pk}/decisions").body["items"]
    assert (item["course"], item["code"]) == (str(course.pk), "missed_maintenance")
    decided = api.post(
        f"/courses/{course.pk}/frequency",
        {"frequency": "weekly", "from": "2026-03-02", "reason": "Well", "decided_by": "Dr. Fox"},
    )
    assert decided.status == 200
    assert api.get(f"/sites/{site.pk}/decisions").body["items"] == []


def test_a_decision_before_the_miss_does_not_answer_it(site):
    course = _maintained(site)
    decisions.change_frequency(
        course=course,
        frequency="biweekly",
        starts_on=SUNDAY.date() - 3 * DAY,
        reason="Well",
        decided_by="Dr. Fox",
        by=None,
        now=SUNDAY - 3 * DAY,
    )
    make_session(course=course, number=11, starts_at=SUNDAY + DAY / 24, status="no_show")
    assert [item.finding.code for item in at_risk.undecided(site, now=SUNDAY + DAY)] == ["missed_maintenance"]


def test_a_long_gap_is_on_the_prescribers_list_with_the_way_to_decide(site):
    course = _maintained(site, last=MONDAY - 30 * DAY)
    client = Client()
    client.force_login(make_user(site=site, role=Role.PRESCRIBER))
    page = client.get(reverse("scheduling:decisions")).content.decode()
    assert course.patient.list_name in page
    assert "nothing is booked" in page
    link = f"{reverse('scheduling:course', args=[course.pk])}?decide=frequency"
    assert link in page
    assert '<details class="panel" id="decide-frequency" open>' in client.get(link).content.decode()


@pytest.mark.parametrize(
    ("frequency", "words"),
    [
        ("twice_weekly", "How often is not decided yet"),
        ("weekly", "Once a week"),
        ("biweekly", "Every two weeks"),
    ],
)
def test_what_nobody_decided_is_told_as_undecided(desk, site, frequency, words):
    _maintained(site, frequency=frequency, last=MONDAY - 30 * DAY)
    assert words in desk.get(reverse("scheduling:decisions")).content.decode()


def test_the_desk_sees_the_list_and_may_not_decide(desk, site):
    _maintained(site, last=MONDAY - 30 * DAY)
    page = desk.get(reverse("scheduling:decisions")).content.decode()
    assert "?decide=frequency" not in page


# -- moving, missing: seen before it is done --


def _series(site):
    course = make_course(site=site)
    chair = site.chairs.first()
    return [
        make_session(course=course, number=n, starts_at=MONDAY + days * DAY, chair=chair)
        for n, days in ((1, 0), (2, 3), (3, 7))
    ]


def test_a_series_shows_before_and_after_and_does_nothing(desk, site):
    rows = _series(site)
    url = reverse("scheduling:move", args=[rows[0].pk])
    wish = {"starts_at": (MONDAY + DAY).isoformat(), "scope": "following", "step": "preview"}
    part = desk.post(f"{url}?day=2026-03-03", wish, HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in part
    assert part.count("<tr>") == 4
    assert "The eighth session" in part
    assert list(TreatmentSession.objects.order_by("number").values_list("starts_at", flat=True)) == [
        row.starts_at for row in rows
    ]


def test_a_clash_in_a_series_names_the_session_its_time_and_who_holds_it(desk, site):
    rows = _series(site)
    other = make_course(site=site)
    holders = [
        make_session(course=c, starts_at=MONDAY + 4 * DAY, chair=chair)
        for c, chair in zip((other, make_course(site=site)), site.chairs.all(), strict=True)
    ]
    dana = make_user(site=site, role=Role.DESK, first_name="Dana", last_name="Reyes")
    SessionEvent.objects.create(session=holders[1], kind="status", to_status="booked", at=SUNDAY, by=dana)
    url = reverse("scheduling:move", args=[rows[0].pk])
    wish = {"starts_at": (MONDAY + DAY).isoformat(), "scope": "following", "step": "preview"}
    answer = desk.post(f"{url}?day=2026-03-03", wish, HTTP_HX_REQUEST="true")
    text = " ".join(answer.content.decode().split())
    assert answer.status_code == 409
    assert "Session 2," in text
    assert "Taken by Dana Reyes, Sun 1 Mar, 9:00 AM." in text


def test_moving_from_the_course_comes_back_to_it(desk, site):
    row = _series(site)[0]
    url = f"{reverse('scheduling:move', args=[row.pk])}?back=course"
    answer = desk.post(url, {"starts_at": (MONDAY + DAY).isoformat(), "scope": "this", "step": "do"})
    elsewhere = desk.get(url.replace("back=course", "back=//evil.example"))
    assert answer.url == reverse("scheduling:course", args=[row.course_id])
    assert b"evil" not in elsewhere.content


@pytest.fixture
def on_monday(site, time_machine):
    """The desk, an hour after the first session should have begun."""
    time_machine.move_to(MONDAY + DAY / 24, tick=False)
    client = Client()
    client.force_login(make_user(site=site, role=Role.DESK))
    return client


def test_a_no_show_is_seen_first_and_made_up_in_the_same_breath(on_monday, site):
    desk, row = on_monday, _series(site)[0]
    url = reverse("scheduling:no-show", args=[row.pk])
    page = desk.get(url).content.decode()
    assert "The eighth session" in page
    assert TreatmentSession.objects.get(pk=row.pk).status == "booked"
    desk.post(url, {"make_up": (MONDAY + DAY).isoformat()})
    rows = Course.objects.get(pk=row.course_id).sessions.filter(number=1).order_by("created_at")
    assert [(r.status, r.starts_at) for r in rows] == [("no_show", MONDAY), ("booked", MONDAY + DAY)]


def test_a_make_up_that_cannot_be_leaves_the_session_as_it_was(on_monday, site):
    desk, row = on_monday, _series(site)[0]
    answer = desk.post(
        reverse("scheduling:no-show", args=[row.pk]),
        {"make_up": (MONDAY - 9 * DAY).isoformat()},
        HTTP_HX_REQUEST="true",
    )
    row.refresh_from_db()
    assert (answer.status_code, row.status) == (409, "booked")


# -- the story --


def test_the_first_attempt_that_came_to_nothing_bears_the_lost_days(desk, site):
    course = make_course(site=site)
    days = (0, 3, 7, 10, 14, 17, 21)
    for number, day in enumerate(days, 1):
        make_session(course=course, number=number, starts_at=MONDAY + day * DAY, status="completed")
    gone = make_session(course=course, number=8, starts_at=MONDAY + 24 * DAY, status="no_show")
    make_session(course=course, number=8, starts_at=MONDAY + 28 * DAY)
    slip = at_risk.inductions(site, now=SUNDAY)[0].slip
    rows = list(course.sessions.order_by("starts_at"))
    assert {t.session.pk: t.days_lost for t in story.told(rows, slip) if t.days_lost} == {gone.pk: 4}
    page = desk.get(reverse("scheduling:course", args=[course.pk])).content.decode()
    assert "the eighth session came 4 days later by it" in page


def test_a_move_is_told_with_where_the_session_was(desk, site):
    row = _series(site)[0]
    url = reverse("scheduling:move", args=[row.pk])
    desk.post(url, {"starts_at": (MONDAY + DAY).isoformat(), "scope": "this", "step": "do"})
    page = desk.get(reverse("scheduling:course", args=[row.course_id])).content.decode()
    assert 'moved from <time datetime="2026-03-02T09:00:00-05:00">' in page


# -- freed chairs on Today --


def test_today_tells_for_whom_a_freed_chair_is_right(desk, site):
    first, second = make_session(course=make_course(site=site)), make_course(site=site)
    make_session(course=second, number=1, starts_at=MONDAY + 2 * DAY, chair=first.chair)
    waitlist.add_to_waitlist(course=second, notice_minutes=60, by=None, now=SUNDAY)
    answers.cancel_session(session=first, reason="ill", cancelled_by="patient", by=None, now=SUNDAY)
    part = desk.get(f"{reverse('scheduling:freed-today')}?day=2026-03-02").content.decode()
    other_day = desk.get(f"{reverse('scheduling:freed-today')}?day=2026-03-03").content.decode()
    assert second.patient.list_name in part
    assert "days sooner" in part
    assert second.patient.list_name not in other_day
