"""Who or what is out: whom it hits is known before it is done; then all of it is done, or nothing."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import AuditEvent, Closure, Shift
from notifications.models import Message
from scheduling import booking, closing, closures, courses
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_shift, make_site, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
BEFORE = MONDAY - timedelta(days=4)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _thursday(time_machine):
    time_machine.move_to(BEFORE, tick=False)


@pytest.fixture
def site():
    return make_staffed_site(chairs=2, nurses=2)


@pytest.fixture
def manager(site):
    return make_user(site=site, role=Role.MANAGER)


def _client(user):
    client = Client()
    client.force_login(user)
    return client


def _booked(site, **course):
    made = make_course(site=site, **course)
    plan = courses.plan_course(course=made, until="induction", now=BEFORE).plan
    placements = [Placement(s.number, s.start, s.chair) for s in plan.sessions]
    booking.book_course(course=made, sessions=placements, by=None, now=BEFORE)
    return made


def _places():
    return dict(TreatmentSession.objects.values_list("pk", "starts_at"))


def _form(**changes):
    return {
        "what": "",
        "starts_at": "2026-03-02T00:00",
        "ends_at": "2026-03-03T00:00",
        "reason": "Snow",
        **changes,
    }


def test_looking_shows_whom_it_hits_and_changes_nothing(site, manager):
    courses_ = [_booked(site), _booked(site)]
    before, texts = _places(), Message.objects.count()
    page = _client(manager).post(reverse("scheduling:close"), _form(step="look")).content.decode()
    for course in courses_:
        assert course.patient.list_name in page
    assert "It hits 2 sessions" in page
    assert "Close, and move 2 sessions and their reminders" in page
    assert (_places(), Closure.objects.count(), Message.objects.count()) == (before, 0, texts)
    assert not AuditEvent.objects.filter(action="closure.made").exists()


def test_closing_and_moving_is_one_deed(site, manager):
    _booked(site), _booked(site)
    answer = _client(manager).post(reverse("scheduling:close"), _form(step="move"))
    assert answer.url == reverse("clinic:settings")
    assert Closure.objects.get().reason == "Snow"
    assert closures.conflicts(site, now=BEFORE) == []
    assert AuditEvent.objects.filter(action="session.moved", actor=manager).count() == 2


def test_what_has_no_place_is_told_and_left_for_a_person(site, manager):
    _booked(site)
    # Nothing is open for months, so that nothing has a place.
    wish = _form(step="look", starts_at="2026-02-26T00:00", ends_at="2026-09-01T00:00")
    page = _client(manager).post(reverse("scheduling:close"), wish).content.decode()
    answer = _client(manager).post(reverse("scheduling:close"), {**wish, "step": "move"})
    assert "8 sessions have no place near" in page
    assert answer.url == reverse("scheduling:conflicts")


def test_a_day_and_the_one_after_do_not_share_a_place(site):
    _booked(site), _booked(site, weekdays=[1, 4])
    span = {"starts_at": MONDAY - 9 * DAY / 24, "ends_at": MONDAY + 2 * DAY}
    seen = closing.preview(site=site, reason="Snow", by=None, now=BEFORE, **span)
    done = closing.close(site=site, reason="Snow", by=None, now=BEFORE, move=True, **span)
    assert [item.start for item in seen.hit] == [item.start for item in done.hit]
    assert closures.conflicts(site, now=BEFORE) == []
    # As they were, not as they are now.
    assert all(item.session.starts_at != item.start for item in (*seen.hit, *done.hit))


def test_a_broken_chair_sends_its_patient_to_the_chair_beside_it(site, manager):
    _booked(site)
    first = TreatmentSession.objects.order_by("starts_at").first()
    seen = closing.preview(
        site=site,
        chair=first.chair,
        starts_at=MONDAY - DAY,
        ends_at=MONDAY + DAY,
        reason="Broken",
        by=manager,
        now=BEFORE,
    )
    assert [(item.session.pk, item.start) for item in seen.hit] == [(first.pk, first.starts_at)]


@pytest.mark.parametrize("whole", [False, True])
def test_the_board_shows_what_is_out_of_use_where_it_stands(site, manager, whole):
    chair = site.chairs.last()
    span = {"starts_at": MONDAY + timedelta(hours=2), "ends_at": MONDAY + DAY}
    closing.close(
        site=site, chair=None if whole else chair, reason="Burst pipe", by=manager, now=BEFORE, **span
    )
    page = _client(manager).get(f"{reverse('scheduling:today')}?day=2026-03-02").content.decode()
    out = re.findall(r'is-out" data-row="(\d+)" data-rows="(\d+)" data-column="(\d+)"><span>([^<]+)<', page)
    # From 11:00 to the end of the board at 18:00, in slots of a quarter of an hour from 8:00 on.
    where = ("14", "28", "Out of use: Burst pipe")
    columns = ["2", "3"] if whole else ["3"]
    assert [(row, rows, words) for row, rows, _column, words in out] == [where] * len(columns)
    assert [column for _row, _rows, column, _words in out] == columns


def _nurses(site):
    return [shift.staff for shift in Shift.objects.filter(site=site, role=Role.NURSE, weekday=0)]


def test_a_nurse_who_is_ill_hits_only_what_the_others_cannot_cover(site, manager):
    site.patients_per_nurse = 1
    site.save()
    _booked(site), _booked(site)
    ill = _nurses(site)[0]
    wish = _form(what=f"staff:{ill.pk}", reason="ill")
    page = _client(manager).post(reverse("scheduling:close"), {**wish, "step": "look"}).content.decode()
    assert "It hits 1 session<" in page.replace("\n", "").replace("  ", "")
    _client(manager).post(reverse("scheduling:close"), {**wish, "step": "move"})
    assert closures.conflicts(site, now=BEFORE) == []
    assert TreatmentSession.objects.filter(starts_at=MONDAY).count() == 1


def test_without_a_prescriber_nobody_stays_and_taking_it_back_mends_it(site, manager):
    _booked(site)
    away = Shift.objects.filter(site=site, role=Role.PRESCRIBER).first().staff
    _client(manager).post(
        reverse("scheduling:close"), _form(what=f"staff:{away.pk}", reason="Congress", step="close")
    )
    [(_row, reasons)] = closures.conflicts(site, now=BEFORE)
    assert [reason.code for reason in reasons] == ["no_prescriber"]
    _client(manager).post(reverse("clinic:settings-reopen", args=[Closure.objects.get().pk]))
    assert closures.conflicts(site, now=BEFORE) == []


def test_a_shift_that_is_dropped_shows_what_it_covered_first(site, manager):
    _booked(site)
    shift = Shift.objects.get(site=site, role=Role.PRESCRIBER, weekday=0)
    url = reverse("scheduling:shift-drop", args=[shift.pk])
    page = _client(manager).get(url).content.decode()
    assert "4 booked sessions would no longer be covered" in page
    assert (Shift.objects.filter(pk=shift.pk).exists(), closures.conflicts(site, now=BEFORE)) == (True, [])
    answer = _client(manager).post(url)
    assert answer.url == reverse("scheduling:conflicts")
    assert len(closures.conflicts(site, now=BEFORE)) == 4


def test_over_the_api_a_shift_is_tried_out_and_dropped_and_what_breaks_is_listed(site, manager):
    _booked(site)
    shift = Shift.objects.get(site=site, role=Role.PRESCRIBER, weekday=0)
    api = Api(manager)
    listed = api.get(f"/sites/{site.pk}/shifts").body["items"]
    assert {row["id"] for row in listed} == {str(pk) for pk in site.shifts.values_list("pk", flat=True)}
    assert next(row["starts"] for row in listed if row["id"] == str(shift.pk)) == "07:00"

    tried = api.post(f"/shifts/{shift.pk}/drop", {"dry_run": True})
    assert (len(tried.body["broken"]), Shift.objects.filter(pk=shift.pk).exists()) == (4, True)
    assert not AuditEvent.objects.filter(action="shift.removed").exists()
    done = api.post(f"/shifts/{shift.pk}/drop")

    assert (done.status, done.body) == (200, tried.body)
    assert {r["code"] for row in done.body["broken"] for r in row["reasons"]} == {"no_prescriber"}
    assert len(api.get(f"/sites/{site.pk}/conflicts").body["items"]) == 4
    assert AuditEvent.objects.filter(action="shift.removed", actor=manager).count() == 1
    assert api.post(f"/shifts/{shift.pk}/drop").status == 404
    other = Shift.objects.filter(site=site).first()
    assert Api(make_user(site=site, role=Role.DESK)).post(f"/shifts/{other.pk}/drop").status == 403
    assert Api(make_user(site=make_site(), role=Role.MANAGER)).post(f"/shifts/{other.pk}/drop").status == 404


def test_a_shift_that_nobody_needs_goes_quietly(site, manager):
    _booked(site)
    [shift] = make_shift(site=site, role=Role.NURSE, weekday=5, starts="08:00", ends="12:00")
    answer = _client(manager).post(reverse("scheduling:shift-drop", args=[shift.pk]))
    assert answer.url == reverse("clinic:settings")


def test_a_chair_out_of_use_for_good_leaves_its_sessions_on_the_list(site):
    _booked(site)
    chair = TreatmentSession.objects.first().chair
    type(chair).objects.filter(pk=chair.pk).update(active=False)
    [codes] = {tuple(r.code for r in reasons) for _row, reasons in closures.conflicts(site, now=BEFORE)}
    assert codes == ("closed",)


def test_what_cannot_be_is_told_all_at_once_and_stays_typed(site, manager):
    answer = _client(manager).post(
        reverse("scheduling:close"), _form(starts_at="2026-03-04T00:00", reason=" ", what="chair:nobody")
    )
    page = answer.content.decode()
    assert (answer.status_code, page.count("invalid-feedback") >= 2, Closure.objects.count()) == (
        422,
        True,
        0,
    )
    assert 'value="2026-03-04T00:00"' in page


def test_only_managers_close_and_drop(site):
    nurse = _client(make_user(site=site, role=Role.NURSE))
    shift = Shift.objects.filter(site=site).first()
    for url in (reverse("scheduling:close"), reverse("scheduling:shift-drop", args=[shift.pk])):
        assert nurse.post(url, _form()).status_code == 403


def test_the_api_closes_tries_out_and_plans_again(site, manager):
    _booked(site)
    span = {
        "starts_at": "2026-03-02T00:00:00-05:00",
        "ends_at": "2026-03-03T00:00:00-05:00",
        "reason": "Snow",
    }
    tried = Api(manager).post(f"/sites/{site.pk}/closures", {**span, "dry_run": True})
    done = Api(manager).post(f"/sites/{site.pk}/closures", {**span, "replan": True})
    session = TreatmentSession.objects.get(number=1)
    assert (tried.status, tried.body["id"], done.status) == (200, None, 201)
    assert tried.body["replanned"] == done.body["replanned"]
    assert done.body["affected"][0]["starts_at"] == "2026-03-02T09:00:00-05:00"
    assert done.body["replanned"][0]["starts_at"] == session.starts_at.astimezone(site.tz).isoformat()


def test_the_api_knows_people_by_name_and_no_strangers(site, manager):
    stranger = make_user(site=make_site(), role=Role.NURSE)
    span = {"starts_at": "2026-03-02T00:00:00-05:00", "ends_at": "2026-03-03T00:00:00-05:00", "reason": "ill"}
    path = f"/sites/{site.pk}/closures"
    wrong = Api(manager).post(path, {**span, "staff": stranger.username, "chair": "nobody"})
    right = Api(manager).post(path, {**span, "staff": _nurses(site)[0].username})
    assert (wrong.status, wrong.fields) == (422, ["chair", "staff"])
    assert (right.status, right.body["staff"]) == (201, _nurses(site)[0].username)
