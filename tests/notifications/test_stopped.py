"""A number that has stopped texts: shown plainly wherever staff look at the patient or write down an answer."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from notifications import replies, suppression
from notifications.models import InboundMessage
from tests.factories import make_patient, make_site, make_user

pytestmark = pytest.mark.django_db
# Already Tuesday in UTC.
NOW = datetime(2026, 3, 3, 1, tzinfo=UTC)
ESCORT = "+16145550188"
PILL = "stopped texts"


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def patient(site):
    return make_patient(site=site, escort_name="Sam", escort_phone=ESCORT)


@pytest.fixture
def desk(site, time_machine):
    time_machine.move_to(NOW, tick=False)
    client = Client()
    client.force_login(make_user(site=site, role="desk"))
    return client


def says(number, body):
    found = replies.receive(
        from_number=number, to_number="", body=body, message_sid=f"SM{number}{body}", now=NOW
    )
    return InboundMessage.objects.get(pk=found.pk)


def read(client, name, row):
    return " ".join(client.get(reverse(name, args=[row.pk])).content.decode().split())


def test_the_patients_page_says_so_until_start_comes(desk, patient):
    assert PILL not in read(desk, "clinic:patient", patient)
    says(patient.number, "STOP")
    page = read(desk, "clinic:patient", patient)
    assert "answered STOP on Mon 2 Mar 2026." in page
    assert "sends START from this telephone" in page
    assert "no text goes before START has come" in page
    assert page.count(PILL) == 1
    says(patient.number, "START")
    assert PILL not in read(desk, "clinic:patient", patient)


def test_an_answer_that_is_written_down_goes_on_saying_so(desk, patient):
    says(patient.number, "STOP")
    consent = {"kind": "texts", "given": "yes", "method": "telephone"}
    answer = desk.post(reverse("clinic:consent", args=[patient.pk]), consent, follow=True).content.decode()
    assert "The answer is written down." in answer
    assert "answered STOP" in answer
    refused = desk.post(reverse("clinic:consent", args=[patient.pk]), {"kind": "texts"})
    assert refused.status_code == 422
    assert "answered STOP" in refused.content.decode()


def test_so_do_the_pages_where_the_patient_is_changed_and_answered(desk, patient):
    inbound = says(patient.number, "Where do I park?")
    assert "answered STOP" not in read(desk, "notifications:reply", inbound)
    says(patient.number, "STOP")
    assert "answered STOP" in read(desk, "notifications:reply", inbound)
    assert "answered STOP" in read(desk, "clinic:patient-edit", patient)


def test_the_providers_word_is_told_as_such(desk, patient):
    suppression.suppress(patient.number, source="provider", now=NOW)
    assert "takes no texts from us since Mon 2 Mar 2026" in read(desk, "clinic:patient", patient)


def test_the_escorts_number_has_its_own_mark(desk, patient):
    suppression.suppress(ESCORT, source="STOP", now=NOW)
    page = read(desk, "clinic:patient", patient)
    assert page.count(PILL) == 1
    assert "answered STOP" not in page


def test_staff_see_it_of_their_own_number(site, time_machine):
    time_machine.move_to(NOW, tick=False)
    nurse = make_user(site=site, role="nurse", mobile="+16145550113", texts_agreed_at=NOW)
    client = Client()
    client.force_login(nurse)
    assert "answered STOP on" not in client.get(reverse("clinic:reach")).content.decode()
    says(nurse.mobile, "STOP")
    assert "614-555-0113 answered STOP" in client.get(reverse("clinic:reach")).content.decode()
    without_a_site = Client()
    without_a_site.force_login(make_user(mobile="+16145550113"))
    assert without_a_site.get(reverse("clinic:reach")).status_code in (200, 302)
