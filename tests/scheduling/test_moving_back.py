"""Taking back a move: the whole series or nothing, by the same rules, and told as what it was."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic import places
from clinic.enums import Role
from clinic.errors import Refused
from clinic.models import AuditEvent
from notifications import repairing
from notifications.models import Message
from scheduling import answers, at_risk, booking, courses, moving, moving_back, story, waitlist
from scheduling.booking import Placement
from scheduling.models import SessionEvent
from tests.api.client import Api
from tests.factories import make_course, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 27, 15, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _friday(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_staffed_site(nurses=2)


@pytest.fixture
def desk(site):
    return make_user(site=site, role=Role.DESK)


@pytest.fixture
def course(site, desk):
    made = make_course(site=site)
    plan = courses.plan_course(course=made, until="induction", now=NOW).plan.sessions
    places = [Placement(s.number, s.start) for s in plan]
    booking.book_course(course=made, sessions=places, by=desk, now=NOW)
    return made


def _book(course):
    return list(course.sessions.order_by("number").values_list("starts_at", "chair", "local_date"))


def _move_on(course, desk, number=3, days=1, scope="following", now=NOW):
    session = course.sessions.get(number=number)
    moving.move_session(
        session=session, starts_at=session.starts_at + days * DAY, scope=scope, by=desk, now=now
    )
    return course.sessions.get(number=number)


@pytest.mark.parametrize("asked", [3, 6])
def test_a_series_goes_back_to_its_times_and_chairs_whichever_of_it_is_asked(course, desk, asked):
    # One of them is in another chair and at another time than the rest: that comes back as well.
    odd = course.sessions.get(number=5)
    chair = course.site.chairs.last()
    moving.move_session(
        session=odd, starts_at=odd.starts_at + timedelta(hours=1), chair=chair.pk, by=desk, now=NOW
    )
    before = _book(course)
    _move_on(course, desk)
    assert _book(course) != before

    moved = moving_back.move_back(session=course.sessions.get(number=asked), by=desk, now=NOW)

    assert [row.number for row in moved] == [3, 4, 5, 6, 7, 8]
    assert _book(course) == before
    told = AuditEvent.objects.filter(action="session.moved", actor=desk, patient=course.patient)
    assert told.filter(detail__takes_back=True).count() == 6


def test_only_what_moved_together_goes_back_together(course, desk):
    third = course.sessions.get(number=3)
    _move_on(course, desk, number=3, scope="this")
    _move_on(course, desk, number=5, scope="this")
    moved = moving_back.move_back(session=course.sessions.get(number=3), by=desk, now=NOW)
    assert [(row.number, row.starts_at) for row in moved] == [(3, third.starts_at)]


@pytest.mark.parametrize("back", [False, True])
def test_there_is_nothing_to_take_back_where_nothing_moved_or_it_is_back_already(course, desk, back):
    session = course.sessions.get(number=3)
    if back:
        moving_back.move_back(session=_move_on(course, desk), by=desk, now=NOW)
    before = _book(course)
    with pytest.raises(Refused) as refused:
        moving_back.move_back(session=session, by=desk, now=NOW)
    assert (refused.value.codes, _book(course)) == (["not_moved"], before)


def test_a_place_that_was_given_away_keeps_all_of_them_where_they_are(course, desk):
    was = course.sessions.get(number=6)
    session = _move_on(course, desk)
    moved = _book(course)
    for chair in course.site.chairs.all():
        other = make_session(course=make_course(site=course.site), starts_at=was.starts_at, chair=chair)
        SessionEvent.objects.create(session=other, kind="status", to_status="booked", at=NOW, by=desk)

    with pytest.raises(Refused) as refused:
        moving_back.move_back(session=session, by=desk, now=NOW)

    assert {fault.extra["number"] for fault in refused.value.faults} == {6}
    assert "chair_taken" in refused.value.codes
    assert desk.display_name in next(f.detail for f in refused.value.faults if f.code == "chair_taken")
    assert _book(course) == moved


def test_a_chair_that_is_out_of_use_by_now_is_no_place_to_go_back_to(course, desk):
    before, session = _book(course), _move_on(course, desk)
    old = course.site.chairs.get(pk=before[2][1])
    places.change_chair(chair=old, name=old.name, active=False, by=None, now=NOW)
    with pytest.raises(Refused) as refused:
        moving_back.move_back(session=session, by=desk, now=NOW)
    assert (set(refused.value.codes), len(refused.value.faults)) == ({"closed"}, 6)


def test_what_somebody_changed_since_is_named_and_nothing_goes_back(course, desk):
    session = _move_on(course, desk)
    _move_on(course, desk, number=4, days=-1, scope="this")
    gone = course.sessions.get(number=7)
    answers.cancel_session(session=gone, reason="Ill", cancelled_by="patient", by=desk, now=NOW)
    before = _book(course)

    with pytest.raises(Refused) as refused:
        moving_back.move_back(session=session, by=desk, now=NOW)

    told = {(fault.code, fault.extra["number"]) for fault in refused.value.faults}
    assert told == {("moved_since", 4), ("wrong_state", 7)}
    assert _book(course) == before


def test_a_move_that_was_taken_back_did_not_happen(course, desk):
    session = _move_on(course, desk, days=7)
    left = {place.starts_at for place in waitlist.freed_places(course.site, now=NOW)}
    [late] = [item for item in at_risk.inductions(course.site, now=NOW) if item.course == course]
    assert [lost.reason for lost in late.slip.reasons] == ["moved"]

    moving_back.move_back(session=session, by=desk, now=NOW)

    [back] = [item for item in at_risk.inductions(course.site, now=NOW) if item.course == course]
    assert (back.slip.reasons, at_risk.lost_of([course], course.site)[course.pk]) == ([], [])
    rows = list(course.sessions.order_by("starts_at"))
    assert [told.moved_from for told in story.told(rows, back.slip)] == [None] * 8
    # Neither the places that they came back to nor those of the mistake were given up.
    assert left
    assert waitlist.freed_places(course.site, now=NOW) == []


def test_the_patient_is_reminded_of_the_time_that_holds_and_last_told_of_it(course, desk):
    was = course.sessions.get(number=3).starts_at
    session = _move_on(course, desk)
    later = NOW + timedelta(minutes=1)
    moving_back.move_back(session=session, by=desk, now=later)

    told = Message.objects.filter(patient=course.patient, kind="moved", session=session).order_by("pk").last()
    assert told.about_at == was
    reminders = Message.objects.filter(patient=course.patient, kind="reminder", status="pending")
    due = set(reminders.values_list("session", "about_at"))
    assert due == set(course.sessions.values_list("pk", "starts_at"))
    assert repairing.tell_untold(now=later) == 0


def test_over_the_api_it_is_one_request(course, desk):
    before, session = _book(course), _move_on(course, desk)
    api = Api(desk)
    done = api.post(f"/sessions/{session.pk}/move-back")
    assert (done.status, len(done.body["moved"]), _book(course)) == (200, 6, before)
    again = api.post(f"/sessions/{session.pk}/move-back")
    assert (again.status, again.codes) == (409, ["not_moved"])
    nurse = Api(make_user(site=course.site, role=Role.NURSE))
    assert nurse.post(f"/sessions/{session.pk}/move-back").status == 403


def test_the_page_offers_it_beside_what_was_done_and_tells_what_came_of_it(course, desk):
    before, session = _book(course), course.sessions.get(number=3)
    page = Client()
    page.force_login(desk)
    wish = {"starts_at": (session.starts_at + DAY).isoformat(), "scope": "following", "step": "do"}
    undo = f"{reverse('scheduling:move-back', args=[session.pk])}?back=course"

    done = page.post(f"{reverse('scheduling:move', args=[session.pk])}?back=course", wish, follow=True)
    assert f'action="{undo}"' in done.content.decode()
    back = page.post(undo, follow=True)
    assert back.redirect_chain == [(reverse("scheduling:course", args=[course.pk]), 302)]
    assert "6 sessions are back where they were" in back.content.decode()
    assert (f'action="{undo}"' in back.content.decode(), _book(course)) == (False, before)

    refused = page.post(undo, follow=True).content.decode()
    assert ("notice-error" in refused, "no move to take back" in refused) == (True, True)
