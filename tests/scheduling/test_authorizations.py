"""What a payer has authorized: counted, warned of, seen on every session, and never a stop."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from clinic.errors import Invalid, Refused
from clinic.models import AuditEvent
from scheduling import answers, authorizations, authorized, board, booking, courses, waitlist
from scheduling.authorized import Authorized, Visit
from scheduling.booking import Placement
from scheduling.lines import Rights
from scheduling.models import Authorization, AuthorizationEvent
from tests.api.client import Api
from tests.database import one, refused, values, written_once
from tests.factories import MONDAY, make_course, make_patient, make_staffed_site, make_user

DAY = timedelta(days=1)
FIRST = date(2026, 3, 2)
NOW = MONDAY - timedelta(hours=5)


def _authorized(key="a", first=0, last=30, sessions=2, devices=None):
    days = FIRST + first * DAY, FIRST + last * DAY
    return Authorized(key, "Payer", key, *days, sessions, devices, "Dana Desk")


def _visits(*days, devices=2):
    return {n: Visit(n, FIRST + day * DAY, devices) for n, day in enumerate(days, 1)}


@pytest.mark.parametrize(
    ("item", "days", "used", "past"),
    [
        (_authorized(sessions=2), (0, 3), 2, []),
        (_authorized(sessions=2), (0, 3, 7), 2, [3]),
        (_authorized(first=3, last=7, sessions=9), (2, 3, 7, 8), 2, [1, 4]),
        (_authorized(sessions=None, devices=4), (0, 3), 4, []),
        (_authorized(sessions=None, devices=5), (0, 3, 7), 4, [3]),
    ],
)
def test_sessions_in_its_range_use_it_up_in_order_of_time(item, days, used, past):
    found = authorized.account([item], _visits(*days).values())
    assert (found.used, [visit.number for visit in found.past]) == ({"a": used}, past)


def test_what_ends_soonest_is_used_first():
    later, sooner = _authorized("later", 0, 60, 5), _authorized("sooner", 0, 20, 1)
    found = authorized.account([later, sooner], _visits(0, 3, 30).values())
    assert (found.used, found.past) == ({"later": 2, "sooner": 1}, [])


@pytest.mark.parametrize(("new", "warned"), [((7,), False), ((7, 10), True), ((31,), True), ((30,), False)])
def test_going_past_it_names_the_owner(new, warned):
    more = {10 + n: Visit(10 + n, FIRST + day * DAY, 2) for n, day in enumerate(new)}
    found = authorized.exceeded([_authorized(sessions=3)], _visits(0, 3), more)
    assert (found is not None) is warned
    if warned:
        assert (found.code, found.wants_reason) == ("authorization_exceeded", False)
        assert "Dana Desk" in found.detail


def test_an_earlier_session_that_pushes_a_held_one_out_is_told():
    found = authorized.exceeded([_authorized(sessions=2)], _visits(3, 7), {3: Visit(3, FIRST, 2)})
    assert found.detail.startswith("Session 2 on Mon 9 Mar")


def test_where_no_payer_was_asked_nothing_is_said():
    assert authorized.exceeded([], _visits(0), {2: Visit(2, FIRST + DAY, 2)}) is None
    assert authorized.standing([], _visits(0).values(), 1) is None


@pytest.mark.parametrize(("day", "code"), [(date(2025, 12, 31), "S0013"), (date(2026, 1, 1), "J0013")])
def test_the_code_goes_by_its_first_day(day, code):
    assert authorized.code_on(day) == code


@pytest.mark.parametrize(
    ("used", "today", "status"),
    [
        (0, -1, "ahead"),
        (0, 0, "open"),
        (5, 0, "open"),
        (6, 0, "nearly"),
        (8, 0, "used"),
        (0, 15, "open"),
        (0, 16, "nearly"),
        (0, 30, "nearly"),
        (0, 31, "over"),
    ],
)
def test_what_it_looks_like_on_a_day(used, today, status):
    assert authorized.status(_authorized(sessions=8), used, FIRST + today * DAY) == status


@pytest.fixture
def site():
    return make_staffed_site(chairs=4, nurses=4)


@pytest.fixture
def desk(site):
    return make_user(site=site, role="desk", first_name="Dana", last_name="Desk")


def _add(course, owner, **fields):
    given = {
        "payer": "Blue Plan",
        "number": "A-12",
        "valid_from": FIRST,
        "valid_until": FIRST + 60 * DAY,
        "sessions_allowed": None if "devices_allowed" in fields else 2,
        "owner": owner,
        **fields,
    }
    return authorizations.add_authorization(course=course, by=owner, now=NOW, **given)


def _book(course, *days, first=1):
    places = [Placement(n, MONDAY + day * DAY) for n, day in enumerate(days, first)]
    return booking.book_course(course=course, sessions=places, by=None, now=NOW)


def _warned(course, new_days):
    return [f.code for f in booking.warnings_of(course, new_days) if f.code == "authorization_exceeded"]


@pytest.mark.django_db
def test_booking_past_it_warns_and_is_done(site, desk):
    course = make_course(site=site)
    _add(course, desk)
    _book(course, 0, 3)
    assert _warned(course, {3: FIRST + 7 * DAY}) == ["authorization_exceeded"]
    assert len(_book(course, 7, first=3)) == 1
    proposal = courses.plan_course(course=course, until="induction", now=NOW)
    assert "authorization_exceeded" in [finding.code for finding in proposal.warnings]


@pytest.mark.django_db
def test_a_cancelled_session_gives_its_place_back_and_devices_count_by_dose(site, desk):
    course = make_course(site=site)
    row = _add(course, desk, devices_allowed=4)
    sessions = _book(course, 0, 3)
    assert [(s.used, s.remaining) for s in authorizations.shown(course, now=NOW)] == [(4, 0)]
    assert _warned(course, {3: FIRST + 7 * DAY}) == ["authorization_exceeded"]
    answers.cancel_session(session=sessions[0], reason="Ill", cancelled_by="patient", by=desk, now=NOW)
    [shown] = authorizations.shown(course, now=NOW)
    assert (shown.row, shown.used, shown.remaining, shown.status) == (row, 2, 2, "nearly")
    assert _warned(course, {3: FIRST + 7 * DAY}) == []


@pytest.mark.django_db
def test_each_session_says_whether_it_is_covered_and_the_board_asks_once(
    site, desk, django_assert_num_queries
):
    course, free = make_course(site=site), make_course(site=site, patient=make_patient(site=site))
    _add(course, desk, sessions_allowed=1)
    first, second = _book(course, 0, 3)
    [other] = _book(free, 3)
    with django_assert_num_queries(1):
        known = authorizations.known_for([course.pk, free.pk])
    items = [[i for i in board.readiness_of(s, known) if i.code == "authorization"] for s in (first, second)]
    assert [(i.ok, i.owner, i.by) for [i] in items] == [
        (True, "Dana Desk", first.starts_at),
        (False, "Dana Desk", second.starts_at),
    ]
    assert "authorization" not in [item.code for item in board.readiness_of(other, known)]
    may = Rights(book=True, arrive=True, is_today=False)
    shown = board.day_board(site, FIRST + 3 * DAY, now=NOW, may=may)
    [line] = [line for line in shown.lines if line.pk == second.pk]
    assert "Dana Desk" in [item.owner for item in line.missing]


@pytest.mark.django_db
def test_a_freed_place_is_offered_to_nobody_whom_it_takes_past_their_authorization(site, desk):
    giver = make_course(site=site)
    [given] = _book(giver, 0)
    answers.cancel_session(session=given, reason="Ill", cancelled_by="patient", by=desk, now=NOW)
    found = []
    for until in (60, -1):
        course = make_course(site=site, patient=make_patient(site=site))
        _add(course, desk, valid_from=FIRST - 9 * DAY, valid_until=FIRST + until * DAY)
        _book(course, 4)
        waitlist.add_to_waitlist(course=course, notice_minutes=60, by=desk, now=NOW)
        found.append(course)
    listed = waitlist.candidates(site, given.starts_at, now=NOW)
    assert [candidate.entry.course for candidate in listed] == found[:1]


@pytest.mark.django_db
def test_changes_are_kept_and_an_ended_one_holds_no_longer(site, desk):
    course = make_course(site=site)
    row = _add(course, desk)
    authorizations.change_authorization(
        authorization=row, sessions_allowed=9, reason="Renewed", by=desk, now=NOW
    )
    authorizations.change_authorization(authorization=row, payer="Blue Plan", reason="Same", by=desk, now=NOW)
    authorizations.end_authorization(
        authorization=row, reason="New plan", ended_on=FIRST + DAY, by=desk, now=NOW
    )
    events = [(e.kind, e.reason, e.detail) for e in AuthorizationEvent.objects.all()]
    assert events == [
        ("added", "", {}),
        ("changed", "Renewed", {"sessions_allowed": [2, 9]}),
        ("ended", "New plan", {"ended_on": [None, "2026-03-03"]}),
    ]
    kept = AuditEvent.objects.filter(action__startswith="authorization.").values_list("action", flat=True)
    assert sorted(kept) == ["authorization.added", "authorization.changed", "authorization.ended"]
    assert _warned(course, {1: FIRST + DAY}) == []
    assert _warned(course, {1: FIRST + 2 * DAY}) == ["authorization_exceeded"]
    with pytest.raises(Refused) as caught:
        authorizations.end_authorization(authorization=row, reason="Again", by=desk, now=NOW)
    assert caught.value.codes == ["wrong_state"]


@pytest.mark.django_db
def test_everything_impossible_is_told_at_once(site, desk):
    stranger = make_user(site=make_staffed_site(), role="desk")
    with pytest.raises(Invalid) as caught:
        _add(
            make_course(site=site),
            stranger,
            payer=" ",
            number="9" * 61,
            valid_until=FIRST - DAY,
            sessions_allowed=None,
            code="Z1",
        )
    fields = {fault.field for fault in caught.value.faults}
    assert fields == {"payer", "number", "valid_until", "sessions_allowed", "code", "owner"}


@pytest.mark.django_db
def test_the_database_refuses_what_cannot_be(site, desk):
    course = make_course(site=site)
    row = _add(course, desk)
    values(
        "authorization_until_after_from",
        one(row),
        bad=[{"valid_until": FIRST - DAY}],
        good=[{"valid_until": FIRST}],
    )
    values(
        "authorization_allows_sessions_or_devices",
        one(row),
        bad=[{"sessions_allowed": 0}, {"sessions_allowed": None}, {"devices_allowed": 4}],
        good=[
            {"sessions_allowed": None, "devices_allowed": 1},
            {"sessions_allowed": 1, "devices_allowed": None},
        ],
    )
    values("authorization_code_known", one(row), bad=[{"code": "X"}], good=[{"code": "S0013"}])
    again = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name != "id"}
    refused("authorization_once_for_a_number", lambda: Authorization.objects.create(**again))
    Authorization.objects.create(**{**again, "ended_on": FIRST})
    event = row.events.get()
    written_once("authorization_event_written_once", event)
    refused(
        "authorization_event_kind_known",
        lambda: AuthorizationEvent.objects.create(authorization=row, kind="lost", at=NOW),
    )


@pytest.mark.django_db
def test_the_api_writes_reads_changes_and_ends_it(site, desk):
    course = make_course(site=site)
    _book(course, 0)
    api, path = Api(desk), f"/courses/{course.pk}/authorizations"
    body = {
        "payer": "Blue Plan",
        "number": "A-1",
        "valid_from": "2026-03-02",
        "valid_until": "2026-05-31",
        "sessions_allowed": 8,
        "renewal_score": "PHQ-9 down by half",
    }
    made = api.post(path, body)
    assert (made.status, made.body["code"], made.body["owner"]) == (201, "J0013", desk.username)
    assert (made.body["used"], made.body["remaining"]) == (1, 7)
    assert api.post(path, body).codes == ["authorization_known"]
    there = f"/authorizations/{made.body['id']}"
    changed = api.patch(there, {"reason": "By devices now", "devices_allowed": 16})
    assert (changed.status, changed.body["sessions_allowed"], changed.body["used"]) == (200, None, 2)
    assert changed.body["history"][-1]["changed"]["devices_allowed"] == [None, 16]
    assert api.post(f"{there}/end", {"reason": ""}).status == 422
    assert api.post(f"{there}/end", {"reason": "New plan"}).body["status"] == "ended"
    assert [item["id"] for item in api.get(path).body["items"]] == [made.body["id"]]
    nurse = Api(make_user(site=site, role="nurse"))
    assert nurse.post(path, body).status == 403
    assert nurse.get(path).status == 200
    assert (
        Api(make_user(site=make_staffed_site(), role="desk")).post(f"{there}/end", {"reason": "x"}).status
        == 404
    )


@pytest.mark.django_db
def test_the_course_page_shows_it_and_keeps_what_was_typed(site, desk, client):
    course = make_course(site=site)
    client.force_login(desk)
    url = reverse("scheduling:authorize", args=[course.pk])
    typed = {"new-payer": "Blue Plan", "new-number": "A-1", "new-owner": str(desk.pk)}
    faulty = client.post(url, typed)
    assert faulty.status_code == 422
    assert 'value="Blue Plan"' in faulty.content.decode()
    days = {"new-valid_from": "2026-03-02", "new-valid_until": "2026-05-31", "new-sessions_allowed": "8"}
    assert client.post(url, {**typed, **days}).status_code == 302
    row = Authorization.objects.get()
    text = client.get(reverse("scheduling:course", args=[course.pk])).content.decode()
    assert "0 of 8 sessions, given or booked; 8 left" in text
    ended = client.post(
        reverse("scheduling:authorization-end", args=[row.pk]), {f"end-{row.pk}-reason": "New plan"}
    )
    assert ended.status_code == 302
    row.refresh_from_db()
    assert row.ended_on is not None


@pytest.mark.django_db
def test_a_payer_that_wants_to_be_asked_makes_a_session_not_ready(site, desk):
    course = make_course(site=site)
    [row] = _book(course, 0)

    def standing():
        row.course.refresh_from_db()
        found = board.readiness_of(row, authorizations.known_for([course.pk]))
        return [item.ok for item in found if item.code == "authorization"]

    assert standing() == []
    for _time in range(2):
        authorizations.expect_authorization(course=course, wanted=True, by=desk, now=NOW)
    assert standing() == [False]
    assert AuditEvent.objects.filter(action="course.payer_authorizes").count() == 1
    may = Rights(book=True, arrive=True, is_today=False)
    [line] = board.day_board(site, FIRST, now=NOW, may=may).lines
    assert "The payer has not authorized it yet" in [item.detail for item in line.missing]
    _add(course, desk, sessions_allowed=1)
    assert standing() == [True]
    authorizations.expect_authorization(course=course, wanted=False, by=desk, now=NOW)
    assert standing() == [True]


@pytest.mark.django_db
def test_the_page_and_the_api_say_whether_the_payer_wants_to_be_asked(client, site, desk):
    course = make_course(site=site)
    client.force_login(desk)
    page = client.get(reverse("scheduling:course", args=[course.pk]))
    assert b"The payer wants to authorize it first" in page.content
    client.post(reverse("scheduling:payer-authorizes", args=[course.pk]), {"wanted": "yes"})
    page = client.get(reverse("scheduling:course", args=[course.pk]))
    assert b"The payer does not want one" in page.content
    api = Api(desk)
    assert api.get(f"/courses/{course.pk}").body["payer_authorizes"] is True
    answer = api.post(f"/courses/{course.pk}/payer-authorizes", {"wanted": False})
    assert answer.body["payer_authorizes"] is False
    course.refresh_from_db()
    assert course.payer_authorizes is False
