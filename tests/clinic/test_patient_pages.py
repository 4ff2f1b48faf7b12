"""Patients by hand: all faults at once, nothing typed is lost, and every answer about texts is kept."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent, Consent, Patient
from tests.factories import MONDAY, make_patient, make_site, make_user

pytestmark = pytest.mark.django_db
PERSON = {
    "mrn": "A1",
    "given_name": "Ada",
    "family_name": "O'Neill-Núñez",
    "birth_date": "1980-05-17",
    "sex": "female",
    "language": "es",
    "phone": "(614) 555-0123",
    "escort_name": "Sam",
    "escort_phone": "614.555.0124",
    "contraindications": ["aneurysmal_vascular_disease"],
}


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def desk(site):
    client = Client()
    client.force_login(make_user(site=site, role="desk"))
    return client


def test_a_patient_is_added_and_found_again(desk, site):
    assert desk.post(reverse("clinic:patient-add"), PERSON).status_code == 302
    added = Patient.objects.get()
    assert (added.site, added.number, added.language) == (site, "+16145550123", "es")
    assert AuditEvent.objects.filter(action="patient.added", patient=added).exists()
    for words in ("nunez", "O'Nei", "A1", "1980-05-17", "5550123"):
        assert "O&#x27;Neill-Núñez" in desk.get(reverse("clinic:patients"), {"q": words}).content.decode(), (
            words
        )


def test_every_fault_comes_at_once_and_all_that_was_typed_comes_back(desk, site):
    make_patient(site=site, mrn="A1")
    typed = {
        **PERSON,
        "given_name": "",
        "birth_date": "2090-01-01",
        "phone": "12",
        "timezone": "Mars/Olympus",
    }
    answer = desk.post(reverse("clinic:patient-add"), typed)
    page = answer.content.decode()
    assert (answer.status_code, Patient.objects.count()) == (422, 1)
    form = answer.context["form"]
    assert set(form.errors) >= {"given_name", "birth_date", "phone", "timezone"}
    for value in ("2090-01-01", 'value="12"', "Mars/Olympus", "O&#x27;Neill-Núñez"):
        assert value in page


@pytest.mark.parametrize("value", ["", "\x00", "a" * 500, "<script>", "😀", "٣", "1980-02-30"])
@pytest.mark.parametrize("field", sorted(PERSON))
def test_no_value_of_any_field_breaks_the_page(desk, field, value):
    assert desk.post(reverse("clinic:patient-add"), {**PERSON, field: value}).status_code in (302, 422)


def test_a_record_number_is_taken_once_a_site(desk, site):
    make_patient(site=site, mrn="A1")
    answer = desk.post(reverse("clinic:patient-add"), PERSON)
    assert answer.status_code == 422
    assert "mrn" in answer.context["form"].errors
    make_patient(site=make_site(), mrn="B1")
    assert desk.post(reverse("clinic:patient-add"), {**PERSON, "mrn": "B1"}).status_code == 302


def test_a_change_is_in_the_trail_and_changes_only_what_it_says(desk, site):
    patient = make_patient(site=site, family_name="Old")
    url = reverse("clinic:patient-edit", args=[patient.pk])
    page = desk.get(url)
    same = {name: value for name, value in page.context["form"].initial.items() if value}
    assert desk.post(url, {**same, "family_name": "New"}).status_code == 302
    patient.refresh_from_db()
    assert patient.family_name == "New"
    event = AuditEvent.objects.filter(action="patient.changed").get()
    assert "family_name" in str(event.detail)


def test_the_answer_about_texts_is_kept_with_its_words(desk, site):
    patient = make_patient(site=site, texts_allowed=False)
    url = reverse("clinic:consent", args=[patient.pk])
    bare = desk.post(url, {"kind": "texts"})
    yes = desk.post(url, {"kind": "texts", "given": "yes", "method": "paper", "wording": "Yes to reminders."})
    patient.refresh_from_db()
    assert (bare.status_code, yes.status_code, patient.texts_allowed) == (422, 302, True)
    desk.post(url, {"kind": "texts", "given": "no", "method": "telephone"})
    patient.refresh_from_db()
    assert patient.texts_allowed is False
    assert Consent.objects.filter(patient=patient).count() == 2
