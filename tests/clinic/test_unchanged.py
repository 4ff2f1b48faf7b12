"""A page that fetches itself: 304 while nothing changed, and the news at once when something did."""

from datetime import timedelta

import pytest
from django.test import Client

from scheduling import answers
from tests.factories import MONDAY, make_course, make_session, make_site, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
PART = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def desk(site, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    client = Client()
    client.force_login(make_user(site=site, role="desk"))
    return client


def _again(client, etag):
    return client.get("/today/", HTTP_IF_NONE_MATCH=etag, **PART)


def test_nothing_new_is_304_and_a_deed_is_news(desk, site):
    session = make_session(course=make_course(site=site))
    etag = desk.get("/today/", **PART)["ETag"]
    assert (_again(desk, etag).status_code, _again(desk, etag).content) == (304, b"")
    answers.confirm_session(session=session, by=None, now=MONDAY)
    assert _again(desk, etag).status_code == 200


def test_time_alone_makes_a_patient_late(desk, site, time_machine):
    etag = desk.get("/today/", **PART)["ETag"]
    time_machine.move_to(MONDAY + timedelta(minutes=1), tick=False)
    assert _again(desk, etag).status_code == 200


def test_another_person_or_site_has_another_tag(desk, site):
    etag = desk.get("/today/", **PART)["ETag"]
    for where in (site, make_site()):
        other = Client()
        other.force_login(make_user(site=where, role="desk"))
        assert _again(other, etag).status_code == 200


def test_a_whole_page_is_never_304_and_nothing_is_stored(desk):
    first = desk.get("/today/")
    again = desk.get("/today/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again["Cache-Control"]) == (200, "no-store")


def test_unchanged_asks_little(desk, django_assert_max_num_queries):
    etag = desk.get("/today/", **PART)["ETag"]
    with django_assert_max_num_queries(6):
        assert _again(desk, etag).status_code == 304
