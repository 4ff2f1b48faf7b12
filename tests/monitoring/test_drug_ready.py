"""Will a session's devices be there: on Today's notice and in the API, by one rule."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from monitoring import deliveries, drug_ready, inventory, stock
from scheduling import answers
from scheduling.models import TreatmentSession
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user
from tests.monitoring.cabinet import THREE, box, cleared, devices, give, receive

pytestmark = pytest.mark.django_db
DAY, HTMX = timedelta(days=1), {"HX-Request": "true"}
TODAY = MONDAY.date()


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    return time_machine


@pytest.fixture
def site():
    return make_staffed_site(chairs=4, nurses=4)


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse")


def book(site, *, days=0, hours=0, dose_mg=56):
    at = MONDAY + timedelta(days=days, hours=hours)
    chairs = list(site.chairs.order_by("name"))
    chair = chairs[TreatmentSession.objects.filter(site=site).count() % len(chairs)]
    course = make_course(site=site, dose_mg=dose_mg)
    return make_session(course=course, starts_at=at, dose_mg=dose_mg, chair=chair)


def said(site, day=TODAY):
    return [(row.session.pk, row.words) for row in drug_ready.lacking(site, day, now=MONDAY)]


def notice(user, **headers):
    client = Client()
    client.force_login(user)
    return client.get(reverse("monitoring:drug-lacking"), headers={**HTMX, **headers})


def lamps(site, session):
    body = Api(make_user(site=site, role="desk")).get(f"/sessions/{session.pk}").body
    return [item for item in body["readiness"] if item["code"] == "drug"]


def test_the_first_in_time_has_what_is_there_and_the_next_is_told_what_is_missing(site, nurse):
    receive(site, nurse, box(THREE))
    first, second = book(site, hours=1), book(site, days=1, dose_mg=84)
    third = book(site, days=1)
    assert said(site) == []
    # One is left for the second, which wants three; the third finds none.
    tomorrow = dict(said(site, TODAY + DAY))
    assert sorted(tomorrow.values()) == ["2 devices are missing", "2 devices are missing"]
    assert set(tomorrow) == {second.pk, third.pk}
    assert [lamps(site, row)[0]["ok"] for row in (first, second)] == [True, False]


@pytest.mark.parametrize(
    ("days", "words"), [(0, None), (1, "2 devices are missing: the delivery of Tue 3 Mar")]
)
def test_a_delivery_of_the_day_is_in_time_and_one_of_the_day_after_is_late(site, nurse, days, words):
    (kit,) = receive(site, nurse)
    inventory.waste(
        devices=devices(kit),
        reason="Dropped",
        witness=make_user(site=site, role="nurse"),
        by=nurse,
        now=MONDAY,
    )
    session = book(site, hours=1)
    deliveries.expect_delivery(
        site=site, expected_on=TODAY + days * DAY, devices=2, source="Besse", by=nurse, now=MONDAY
    )
    found = said(site)
    assert [text.startswith(words) for _pk, text in found] == ([True] if words else [])
    (lamp,) = lamps(site, session)
    assert (lamp["ok"], lamp["owner"]) == (not words, "nurse")


def test_one_missing_device_is_one(site, nurse):
    receive(site, nurse)
    session = book(site, dose_mg=84)
    assert said(site) == [(session.pk, "1 device is missing")]


def test_a_site_that_never_received_a_kit_is_told_nothing(site, nurse):
    session = book(site)
    assert (said(site), lamps(site, session)) == ([], [])
    assert notice(nurse).content.decode().split("<div")[2:] == []


def test_who_has_left_or_comes_after_the_days_looked_at_has_no_lamp(site, nurse):
    (kit,) = receive(site, nurse)
    done = cleared(site, nurse)
    for number, device in enumerate(devices(kit), start=1):
        give(done, nurse, device, number=number, minutes=5 * number)
    far = book(site, days=stock.settings_of(site).forecast_days + 1)
    last = book(site, days=stock.settings_of(site).forecast_days)
    cancelled = book(site, days=2)
    answers.cancel_session(session=cancelled, reason="Ill", cancelled_by="patient", by=nurse, now=MONDAY)
    assert [bool(lamps(site, row)) for row in (far, last, cancelled, done)] == [False, True, False, False]


def test_the_notice_names_session_chair_time_and_what_is_missing(site, nurse):
    receive(site, nurse)
    session = book(site, dose_mg=84)
    page = notice(nurse).content.decode()
    for words in ("9:00", session.chair.name, session.patient.list_name, "1 device is missing"):
        assert words in page
    assert reverse("monitoring:drug") in page
    # The desk sees it, and is not sent to a page that is not theirs.
    desk = notice(make_user(site=site, role="desk")).content.decode()
    assert "1 device is missing" in desk
    assert f'href="{reverse("monitoring:drug")}"' not in desk


def test_the_notice_is_drawn_again_only_when_it_says_something_else(site, nurse, at):
    receive(site, nurse)
    book(site, dose_mg=84)
    etag = notice(nurse)["ETag"]
    at.move_to(MONDAY + timedelta(minutes=1), tick=False)
    assert notice(nurse, **{"If-None-Match": etag}).status_code == 304
    receive(site, nurse)
    fresh = notice(nurse, **{"If-None-Match": etag})
    assert (fresh.status_code, "missing" in fresh.content.decode()) == (200, False)


@pytest.mark.parametrize("day", ["", "yesterday", "2026-02-30", "9999-12-31"])
def test_without_script_it_is_a_page_whatever_the_day_says(site, nurse, day):
    client = Client()
    client.force_login(nurse)
    answer = client.get(reverse("monitoring:drug-lacking"), {"day": day})
    assert answer.status_code == 200
    assert "<h1>" in answer.content.decode()
    today = client.get(reverse("scheduling:today")).content.decode()
    without_script = [part.partition("</noscript>")[0] for part in today.split("<noscript>")[1:]]
    assert any(reverse("monitoring:drug-lacking") in part for part in without_script)


def test_a_stranger_sees_nothing(site):
    assert notice(make_user(site=make_staffed_site(), role="nurse")).status_code == 200
    assert notice(make_user()).status_code == 404


def test_many_short_sessions_ask_as_little_as_one(site, nurse, django_assert_num_queries):
    receive(site, nurse)
    book(site, dose_mg=84)
    for hours in range(1, 4):
        book(site, hours=hours, dose_mg=84)
    with django_assert_num_queries(6):
        assert len(said(site)) == 4
    book(site, days=1)
    rows = list(TreatmentSession.objects.select_related("site"))
    with django_assert_num_queries(5):
        assert len(drug_ready.readiness_items(site, rows, MONDAY)) == 5
