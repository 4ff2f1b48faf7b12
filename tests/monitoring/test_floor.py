"""The Floor: live and cheap, who watches whom, and handing over."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from monitoring import chairside, state
from monitoring.floor import floor_of
from monitoring.models import Alert, Observation
from monitoring.next_step import next_step
from tests.factories import MONDAY, make_course, make_patient, make_session, make_user
from tests.monitoring.test_chairside import (  # noqa: F401 - fixtures
    at,
    cleared,
    device,
    dosed,
    nurse,
    read,
    session,
    site,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 6
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def now(time_machine):
    time_machine.move_to(at(20), tick=False)
    return time_machine


@pytest.fixture
def page(nurse):  # noqa: F811
    client = Client()
    client.force_login(nurse)
    return client


def _queries(page, path="/floor/", **headers):
    with CaptureQueriesContext(connection) as queries:
        answer = page.get(path, headers=headers)
    return len(queries), answer


def _more(site, nurse, number):  # noqa: F811
    for _ in range(number):
        chair = site.chairs.create(name=f"More {site.chairs.count()}", position=99)
        patient = make_patient(site=site)
        row = make_session(course=make_course(patient=patient, site=site), chair=chair)
        chairside.arrive(session=row, by=nurse, now=MONDAY)


def test_the_whole_page_asks_six_times_at_most_however_many_are_there(page, dosed, nurse, site):  # noqa: F811
    read(dosed, nurse, 15, {"systolic": 210, "diastolic": 90})
    page.get("/floor/")
    few, answer = _queries(page)
    _more(site, nurse, 6)
    many, full = _queries(page)
    assert (few, many) == (few, few)
    assert many <= MOST_QUERIES
    assert answer.content.count(b"chair-card ") == 1
    assert full.content.count(b"chair-card ") == 7


def test_an_unchanged_floor_is_empty_and_a_reading_is_news(page, dosed, nurse):  # noqa: F811
    etag = page.get("/floor/").headers["ETag"]
    asked, same = _queries(page, **HTMX, **{"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    assert asked <= 3
    read(dosed, nurse, 20)
    news = page.get("/floor/", headers={**HTMX, "If-None-Match": etag})
    assert (news.status_code, b"122/76" in news.content or b"120/80" in news.content) == (200, True)


def test_cards_are_sorted_by_what_is_due_red_first(page, dosed, nurse, site, now):  # noqa: F811
    _more(site, nurse, 1)
    now.move_to(at(21), tick=False)
    kinds = [card.step.kind for card in floor_of(site, now=at(21)).cards]
    assert kinds == ["pre_dose", "checkpoint"]
    read(dosed, nurse, 21, {"spo2": 85})
    assert [card.step.kind for card in floor_of(site, now=at(21)).cards] == ["again", "pre_dose"]


def test_the_floor_and_the_chair_agree_on_the_next_step(page, cleared, nurse, site):  # noqa: F811
    moments = [(0, lambda: device(cleared, nurse, 1, 0)), (5, lambda: device(cleared, nurse, 2, 5))]
    moments += [(m, lambda m=m: read(cleared, nurse, m)) for m in (15, 30, 40, 60, 90, 121, 136)]
    for minute, deed in moments:
        cleared.refresh_from_db()
        for later in (0, 3):
            known = state.load(type(cleared).objects.get(pk=cleared.pk))
            card = floor_of(site, now=at(minute + later)).cards[0]
            assert card.step == next_step(known, at(minute + later))
        deed()


def test_a_red_alert_of_somebody_who_has_left_still_waits_on_the_floor(page, dosed, nurse, site):  # noqa: F811
    from monitoring import leaving

    read(dosed, nurse, 15, {"spo2": 85})
    leaving.leave(session=dosed, at=at(16), with_escort=True, early="Walked out", by=nurse, now=at(16))
    floor = floor_of(site, now=at(20))
    assert (floor.cards, len(floor.red)) == ([], 1)
    assert b"data-alarm" in page.get("/floor/").content


def test_the_wall_names_nobody(page, dosed, nurse):  # noqa: F811
    read(dosed, nurse, 15, {"spo2": 85})
    wall = page.get("/floor/?wall=1").content.decode()
    patient = dosed.patient
    for name in (patient.family_name, patient.given_name, nurse.first_name, "Hand over"):
        assert f">{name}" not in wall
        assert f" {name}," not in wall
    assert "Chair 1" in wall


def test_the_load_of_each_nurse_is_seen(page, dosed, nurse, site):  # noqa: F811
    type(site).objects.filter(pk=site.pk).update(patients_per_nurse=1)
    _more(site, nurse, 1)
    content = page.get("/floor/").content.decode()
    assert "2 of 1" in content
    load = floor_of(type(site).objects.get(pk=site.pk), now=at(20)).loads[0]
    assert (load.nurse, load.patients, load.over) == (nurse, 2, True)


def test_one_patient_or_all_of_mine_are_handed_over(page, dosed, nurse, site):  # noqa: F811
    _more(site, nurse, 2)
    other = make_user(site=site, role="nurse")
    url = reverse("monitoring:hand-over")
    assert b"All of mine (3)" in page.get(url).content
    one = page.post(url, {"what": f"session:{dosed.pk}", "to": str(other.pk)})
    assert one.status_code == 302
    assert Observation.objects.filter(nurse=other).count() == 1
    assert page.post(url, {"what": f"nurse:{nurse.pk}", "to": str(other.pk)}).status_code == 302
    assert Observation.objects.filter(nurse=other).count() == 3


@pytest.mark.parametrize("body", [{}, {"what": "nurse:x", "to": "y"}, {"what": "\x00", "to": ""}])
def test_a_hand_over_that_cannot_be_comes_back(page, dosed, body):  # noqa: F811
    assert page.post(reverse("monitoring:hand-over"), body).status_code == 422


def test_the_desk_hands_nobody_over(dosed, site):  # noqa: F811
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    assert desk.get(reverse("monitoring:hand-over")).status_code == 403


def test_the_timeline_of_an_alert_stands_on_its_page(page, dosed, nurse):  # noqa: F811
    read(dosed, nurse, 15, {"spo2": 85})
    alert = Alert.objects.get()
    content = page.get(reverse("monitoring:acknowledge", args=[alert.pk])).content.decode()
    assert "What happened so far" in content
    assert nurse.display_name in content
    assert alert.recorded_at - alert.raised_at == timedelta()


def test_a_high_value_is_measured_again_before_the_next_checkpoint(page, dosed, nurse, site, now):  # noqa: F811
    def steps(minute):
        now.move_to(at(minute), tick=False)
        (card,) = floor_of(site, now=at(minute)).cards
        dosed.refresh_from_db()
        known = state.load(dosed)
        assert next_step(known, at(minute)) == card.step
        return card.step.kind, card.step.due_at

    for minute in (15, 30):
        read(dosed, nurse, minute)
    read(dosed, nurse, 40, {"systolic": 181, "diastolic": 90})
    assert steps(41) == ("again", at(45))
    shown = page.get(reverse("monitoring:chair", args=[dosed.pk])).content.decode()
    assert "Measure again" in shown
    # It answers no checkpoint: the next one is still to come.
    assert '<input type="hidden" name="minute" id="id_minute">' in shown
    again = read(dosed, nurse, 45, {"systolic": 181, "diastolic": 90})
    assert again.checkpoint.minute is None
    assert "bp_high_twice" in [alert.code for alert in again.alerts]
    assert steps(46) == ("again", at(50))
    read(dosed, nurse, 50, {"systolic": 150, "diastolic": 85})
    assert steps(51) == ("checkpoint", at(60))


def test_nobody_is_asked_to_leave_while_a_value_wants_another(dosed, nurse, site):  # noqa: F811
    for minute in (15, 30, 40, 60, 90):
        read(dosed, nurse, minute)
    read(dosed, nurse, 119, {"systolic": 185, "diastolic": 90})
    read(dosed, nurse, 120, {"spo2": 97}, minute=120)
    (card,) = floor_of(site, now=at(121)).cards
    assert (card.step.kind, card.step.due_at) == ("again", at(124))
