"""The book's pages without a browser: what a refused form answers, and what stays on it."""

import re
from datetime import date, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import AuditEvent
from scheduling import booking, courses
from scheduling.booking import Placement
from scheduling.models import Course, TreatmentSession
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
SUNDAY = MONDAY - timedelta(days=1)
WISH = {
    "indication": "trd",
    "starts_on": "2026-03-02",
    "first_weekday": "0",
    "second_weekday": "3",
    "time": "09:00",
    "dose_mg": "56",
}


@pytest.fixture(autouse=True)
def _sunday(time_machine):
    time_machine.move_to(SUNDAY, tick=False)


@pytest.fixture
def site():
    return make_staffed_site(chairs=1, nurses=2)


@pytest.fixture
def desk(site):
    client = Client()
    client.force_login(make_user(site=site, role=Role.DESK))
    return client


def _book_url(patient):
    return f"{reverse('scheduling:book')}?patient={patient.pk}"


def _offered(page):
    """{number: chosen instant} of the selects on a page."""
    found = {}
    for number, options in re.findall(r'name="start-(\d+)"(.*?)</select>', page, re.S):
        found[int(number)] = re.search(r'value="([^"]*)" selected', options).group(1)
    return found


def _plan(desk, patient, **changes):
    answer = desk.post(_book_url(patient), {**WISH, **changes, "step": "plan"})
    return answer, _offered(answer.content.decode())


def test_a_course_is_planned_shown_and_booked(desk, site):
    patient = make_patient(site=site)
    answer, offered = _plan(desk, patient)
    assert (answer.status_code, sorted(offered)) == (200, list(range(1, 9)))
    chosen = {f"start-{number}": moment for number, moment in offered.items()}

    booked = desk.post(_book_url(patient), {**WISH, **chosen, "step": "book"})

    course = Course.objects.get(patient=patient)
    assert booked.url == reverse("scheduling:course", args=[course.pk])
    assert [s.local_date for s in course.sessions.order_by("number")][:2] == [
        date(2026, 3, 2),
        date(2026, 3, 5),
    ]


def test_no_time_is_offered_at_which_the_patient_never_can(desk, site):
    cannot = {"not_before": "09:00", "not_after": "12:00", "never_weekdays": ["1"]}
    answer, offered = _plan(desk, make_patient(site=site), **cannot)
    assert len(offered) == 8
    every = {
        datetime.fromisoformat(value).astimezone(site.tz)
        for options in re.findall(r'name="start-\d+"(.*?)</select>', answer.content.decode(), re.S)
        for value in re.findall(r'value="([^"]+)"', options)
    }
    assert {moment.weekday() for moment in every} > {0, 3}
    assert 1 not in {moment.weekday() for moment in every}
    assert {moment.time() for moment in every} <= {time(9), time(9, 15), time(9, 30)}


def test_what_was_taken_meanwhile_is_told_beside_its_date_and_nothing_is_booked(desk, site):
    patient = make_patient(site=site)
    _answer, offered = _plan(desk, patient)
    chosen = {f"start-{number}": moment for number, moment in offered.items()}
    other = make_course(site=site)
    make_session(course=other, starts_at=MONDAY)

    refused = desk.post(_book_url(patient), {**WISH, **chosen, "step": "book"})

    page = refused.content.decode()
    assert (refused.status_code, Course.objects.filter(patient=patient).count()) == (409, 0)
    assert re.search(r'id="faults-1">\s*<li>', page)
    assert 'id="faults-2"' not in page
    # The choice stays as it was made.
    assert _offered(page) == offered


def test_a_wish_that_cannot_be_keeps_what_was_typed(desk, site):
    patient = make_patient(site=site)
    wrong = {"first_weekday": "3", "time": "25:00", "flexible_minutes": "-1", "starts_on": "2026-13-01"}
    answer, _offered_none = _plan(desk, patient, **wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("invalid-feedback") >= 4
    for typed in ("25:00", "-1", "2026-13-01"):
        assert f'value="{typed}"' in page


def test_one_page_for_one_person_with_a_course_already(desk, site):
    course = make_course(site=site)
    answer = desk.get(_book_url(course.patient))
    assert answer.url == reverse("scheduling:plan", args=[course.pk])


@pytest.mark.parametrize("headers", [{}, {"HTTP_HX_REQUEST": "true"}])
def test_the_board_answers_whole_and_in_parts(desk, site, headers):
    session = make_session(course=make_course(site=site))
    page = desk.get(f"{reverse('scheduling:today')}?day=2026-03-02", **headers).content.decode()
    assert session.patient.list_name in page
    assert ("<html" in page) == (not headers)


def test_a_refused_deed_tells_why_on_the_board(desk, site):
    session = make_session(course=make_course(site=site), status="cancelled")
    url = reverse("scheduling:no-show", args=[session.pk])

    part = desk.post(url, HTTP_HX_REQUEST="true")
    plain = desk.post(url, follow=True)

    assert (part.status_code, b"notice-red" in part.content) == (409, True)
    assert (plain.status_code, b"notice-error" in plain.content) == (200, True)


def test_moving_shows_only_what_is_free_and_refuses_what_is_not(desk, site):
    session = make_session(course=make_course(site=site))
    other = make_session(course=make_course(site=site), starts_at=MONDAY + timedelta(days=1))
    url = reverse("scheduling:move", args=[session.pk])

    page = desk.get(f"{url}?day=2026-03-03").content.decode()
    refused = desk.post(f"{url}?day=2026-03-03", {"starts_at": other.starts_at.isoformat(), "scope": "this"})
    nothing = desk.post(f"{url}?day=2026-03-03", {"scope": "this"})
    nonsense = desk.post(f"{url}?day=zzz", {"starts_at": "soon", "scope": "everything"})

    # 09:00 in New York is the other patient's; 11:30 is the first time after that one.
    assert 'value="2026-03-03T14:00:00+00:00"' not in page
    assert 'value="2026-03-03T16:30:00+00:00"' in page
    assert [refused.status_code, nothing.status_code, nonsense.status_code] == [409, 422, 422]
    session.refresh_from_db()
    assert session.starts_at == MONDAY


@pytest.mark.parametrize(("name", "becomes"), [("no-show", "missed"), ("cancel", "cancelled")])
def test_what_is_lost_shows_its_effect_and_its_make_ups_before_it_is(desk, site, name, becomes):
    course = make_course(site=site)
    plan = courses.plan_course(course=course, until="induction", now=SUNDAY).plan.sessions
    places = [Placement(s.number, s.start) for s in plan]
    booking.book_course(course=course, sessions=places, by=None, now=SUNDAY)
    session = course.sessions.get(number=1)
    url = reverse(f"scheduling:{name}", args=[session.pk])

    page = desk.get(url).content.decode()

    assert re.search(rf"<td>1</td>.*?<td>{becomes}</td>", page, re.S)
    assert "The eighth session goes from" in page
    make_ups = re.findall(r'name="make_up" value="([^"]+)"', page)
    assert make_ups
    assert session.starts_at.isoformat() not in make_ups
    session.refresh_from_db()
    assert session.status == "booked"
    said = {"make_up": make_ups[0], "reason": "Ill", "cancelled_by": "patient"}
    assert desk.post(url, said).status_code == 302
    assert course.sessions.get(number=1, status="booked").starts_at.isoformat() == make_ups[0]


def test_cancelling_wants_who_and_why(desk, site):
    session = make_session(course=make_course(site=site))
    url = reverse("scheduling:cancel", args=[session.pk])
    half = desk.post(url, {"reason": "Ill since Sunday"})
    assert (half.status_code, b"Ill since Sunday" in half.content) == (422, True)
    done = desk.post(url, {"reason": "Ill", "cancelled_by": "patient"})
    session.refresh_from_db()
    assert (done.status_code, session.status) == (302, "cancelled")


def test_another_sites_session_does_not_exist(desk):
    session = make_session()
    for name in ("move", "cancel"):
        assert desk.get(reverse(f"scheduling:{name}", args=[session.pk])).status_code == 404


def test_a_nurse_may_see_but_not_book(site):
    client = Client()
    client.force_login(make_user(site=site, role=Role.NURSE))
    session = make_session(course=make_course(site=site))
    assert client.get(reverse("scheduling:today")).status_code == 200
    assert client.get(reverse("scheduling:move", args=[session.pk])).status_code == 403


# -- the Django admin --


@pytest.fixture
def admin_client(site):
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def _as_admin_form(session, **changes):
    starts, ends = (moment.astimezone(session.site.tz) for moment in (session.starts_at, session.ends_at))
    form = {
        "course": session.course_id,
        "site": session.site_id,
        "patient": session.patient_id,
        "chair": session.chair_id,
        "number": session.number,
        "week": session.week,
        "phase": session.phase,
        "starts_at_0": session.starts_at.date().isoformat(),
        "starts_at_1": session.starts_at.time().isoformat(),
        "ends_at_0": session.ends_at.date().isoformat(),
        "ends_at_1": session.ends_at.time().isoformat(),
        "local_date": starts.date().isoformat(),
        "dose_mg": session.dose_mg,
        "status": session.status,
        "confirmation": session.confirmation,
        "version": getattr(session, "version", 1),
    }
    assert ends > starts
    return {name: str(value) for name, value in {**form, **changes}.items()}


def test_the_admin_cannot_put_two_sessions_into_one_chair(admin_client, site):
    taken = make_session(course=make_course(site=site))
    free = make_session(course=make_course(site=site), starts_at=MONDAY + timedelta(days=1))
    url = reverse("admin:scheduling_treatmentsession_change", args=[free.pk])
    there = {
        "starts_at_0": "2026-03-02",
        "starts_at_1": "15:00:00",
        "ends_at_0": "2026-03-02",
        "ends_at_1": "17:30:00",
        "local_date": "2026-03-02",
    }

    refused = admin_client.post(url, _as_admin_form(free, **there))

    free.refresh_from_db()
    assert (refused.status_code, free.starts_at) == (200, MONDAY + timedelta(days=1))
    assert "errorlist" in refused.content.decode()
    assert TreatmentSession.objects.filter(chair=taken.chair, starts_at__lt=taken.ends_at).count() == 1

    fine = admin_client.post(url, _as_admin_form(free, week="2"))
    free.refresh_from_db()
    assert (fine.status_code, free.week) == (302, 2)
    assert AuditEvent.objects.filter(action="admin.changed", object_id=free.pk).exists()
