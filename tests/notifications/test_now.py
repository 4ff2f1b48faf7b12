"""What cannot wait until somebody opens the page of texts is shown where people stand all day."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from notifications import inbox, replies, sender
from notifications.models import Message
from tests.factories import make_patient, make_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
URL = "/texts/now/"


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_site()


def signed_in(site, role):
    client = Client()
    client.force_login(make_user(site=site, role=role))
    return client


@pytest.fixture
def desk(site):
    return signed_in(site, "desk")


def crisis(site):
    number = make_patient(site=site).number
    return replies.receive(
        from_number=number, to_number="", body="I want to die", message_sid=f"SM{number}", now=NOW
    )


def test_words_of_crisis_until_somebody_has_dealt_with_them(site, desk):
    assert "notice-red" not in desk.get(URL).content.decode()
    row = crisis(site)
    page = desk.get(URL).content.decode()
    assert "Words of crisis in a text: call now." in page
    assert reverse("notifications:reply", args=[row.pk]) in page
    assert (row.body in page, row.patient.family_name in page) == (False, False)
    person = make_user(site=site, role="nurse")
    inbox.take(inbound=row, by=person, now=NOW)
    assert f"{person.display_name} has it." in desk.get(URL).content.decode()
    inbox.finish(inbound=row, done="Called", by=person, now=NOW)
    assert "notice-red" not in desk.get(URL).content.decode()


def test_another_sites_crisis_is_not_told(desk):
    crisis(make_site())
    assert "notice-red" not in desk.get(URL).content.decode()


def test_texts_that_do_not_go_at_all(site, desk):
    sender.stop(sender.take(), "30034", now=NOW)
    assert "30034" in desk.get(URL).content.decode()
    sender.start_again(by=make_user(), now=NOW)
    plain = {"kind": "test", "about_at": NOW, "language": "en", "body": "Test", "to": "+16145550100"}
    late = NOW - timedelta(minutes=16)
    Message.objects.create(site=site, due_at=late, expires_at=NOW + timedelta(hours=1), **plain)
    assert "Texts that are due do not go" in desk.get(URL).content.decode()


def test_nothing_new_is_not_said_once_more(site, desk):
    crisis(site)
    headers = {"HX-Request": "true", "If-None-Match": desk.get(URL)["ETag"]}
    assert desk.get(URL, headers=headers).status_code == 304
    crisis(site)
    assert desk.get(URL, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/today/", "/floor/"])
def test_it_stands_where_people_stand_and_on_no_wall(site, path):
    for role in ("desk", "nurse", "manager"):
        assert URL in signed_in(site, role).get(path).content.decode()
    assert URL not in signed_in(site, "prescriber").get(path).content.decode()
    assert URL not in signed_in(site, "nurse").get(f"{path}?wall=1").content.decode() or path == "/today/"
    assert signed_in(site, "prescriber").get(URL).status_code == 403
