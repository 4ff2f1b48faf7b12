"""How staff are reached."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from clinic import people
from clinic.errors import Invalid
from clinic.models import AuditEvent
from tests.factories import make_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_every_fault_comes_at_once_and_nothing_is_kept():
    nurse = make_user(email="old@clinic.example")
    with pytest.raises(Invalid) as caught:
        people.set_reach(user=nurse, email="nora at clinic", phone="12", by=nurse, now=NOW)
    assert {fault.field for fault in caught.value.faults} == {"email", "phone"}
    nurse.refresh_from_db()
    assert nurse.email == "old@clinic.example"


def test_somebody_writes_down_their_own_on_their_page():
    nurse = make_user(site=make_site(), role="nurse")
    client, url = Client(), reverse("clinic:reach")
    client.force_login(nurse)
    assert client.post(url, {"email": "x", "phone": "(614) 555-0101"}).status_code == 422
    right = {"email": "nora@clinic.example", "phone": "(614) 555-0101", "language": "es"}
    assert client.post(url, {**right, "language": "fr"}).status_code == 422
    assert client.post(url, right).status_code == 302
    nurse.refresh_from_db()
    assert (nurse.email, nurse.phone, nurse.language) == ("nora@clinic.example", "+16145550101", "es")
    assert AuditEvent.objects.filter(action="person.reach_set", object_id=nurse.pk, actor=nurse).count() == 1
    assert 'value="nora@clinic.example"' in client.get(url).content.decode()
