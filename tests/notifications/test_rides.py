"""Who takes the patient home, by text: kept where it is plain, else a person's task."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from clinic import patients
from clinic.models import AuditEvent, Patient
from notifications import keywords, links, own_words, replies, visiting, wording
from notifications.keywords import Ride
from notifications.models import InboundMessage, Message, VisitLink
from scheduling import booking
from scheduling.booking import Placement
from tests.factories import MONDAY, make_course, make_patient, make_staffed_site, make_user

NOW = datetime(2026, 3, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "ride"),
    [
        ("RIDE Ana", Ride("Ana", "")),
        ("ride: my sister Jo 614 555 0100", Ride("my sister Jo", "614 555 0100")),
        ("My ride is J.-P. O'Neil, +1 (614) 555-0100", Ride("J.-P. O'Neil", "+1 (614) 555-0100")),
        ("Ride home is\n José  María ", Ride("José María", "")),
        ("viaje Ana", Ride("Ana", "")),
        ("Me lleva mi hermana", Ride("mi hermana", "")),
        ("RIDE one two three four", Ride("one two three four", "")),
    ],
)
def test_a_ride_with_a_name(body, ride):
    assert keywords.ride_in(body) == ride
    assert keywords.meaning(body) == "ride"


@pytest.mark.parametrize(
    "body",
    [
        *[
            "ride",
            "ride?",
            "RIDE cancelled",
            "my ride fell through",
            "ride at 5",
            "ride share",
            "Ride needed",
        ],
        *["ride 614 555 0100", "C ride Ana", "riders", "ride one two three four five", "ride is not coming"],
        *["ride " + "x" * 200, "ride " + "1" * 1600 + "x", "Can I get a ride?", "viaje cancelado"],
    ],
)
def test_what_is_no_plain_name_is_for_a_person(body):
    assert keywords.ride_in(body) is None
    assert keywords.meaning(body) == "unexpected"


@pytest.mark.parametrize("body", ["NO RIDE", "no ride!", "I have no ride.", "Sin viaje", "nadie me lleva"])
def test_no_ride(body):
    assert keywords.meaning(body) == "no_ride"


def test_words_of_crisis_come_before_a_ride():
    assert keywords.meaning("ride Ana or I kill myself") == "crisis"


@given(st.text(max_size=200))
def test_a_name_is_short_and_made_of_letters(rest):
    found = keywords.ride_in(f"ride {rest}")
    if found is not None:
        assert found.name
        assert len(found.name.split()) <= keywords.MOST_WORDS
        assert not any(c.isdigit() for c in found.name)


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_we_ask_for_is_what_we_understand(language):
    asked = wording.render("reminder_detailed", language, own_words.shown_facts("reminder_detailed"))
    named, none = {"en": ("RIDE", "NO RIDE"), "es": ("VIAJE", "SIN VIAJE")}[language]
    assert f" {named} " in asked
    assert f" {none}." in asked
    assert keywords.meaning(f"{named} Ana") == "ride"
    assert keywords.meaning(none) == "no_ride"
    assert wording.length_of(asked).segments <= own_words.MOST_SEGMENTS


@pytest.fixture
def site(db, time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_staffed_site()


def booked(site, **patient):
    course = make_course(site=site, patient=make_patient(site=site, **patient))
    return booking.book_course(
        course=course, sessions=[Placement(1, MONDAY)], by=None, now=NOW - timedelta(days=4)
    )[0]


def agree_to_detail(patient):
    patients.record_consent(patient=patient, kind="detailed", given=True, method="paper", by=None, now=NOW)


def asked(session):
    """They were reminded an hour ago."""
    reminder = Message.objects.filter(session=session, kind="reminder")
    assert reminder.update(status="delivered", sent_at=NOW - timedelta(hours=1))
    return session.patient.number


def says(body, number, sid="in-1"):
    return replies.receive(from_number=number, to_number="", body=body, message_sid=sid, now=NOW)


def reminder_of(session) -> str:
    return Message.objects.get(session=session, kind="reminder").body


def test_only_who_agreed_to_detail_and_has_nobody_is_asked(site):
    session = booked(site, escort_name="")
    assert "RIDE" not in reminder_of(session)
    agree_to_detail(session.patient)
    assert "Reply RIDE and a name" in reminder_of(session)
    patients.update_patient(patient=session.patient, changes={"escort_name": "Ana"}, by=None, now=NOW)
    assert "RIDE" not in reminder_of(session)


def test_a_name_is_kept_told_back_and_audited(site):
    session = booked(site, escort_name="")
    inbound = says("Ride Ana 614 555 0177", asked(session))
    patient = Patient.objects.get(pk=session.patient_id)
    assert (patient.escort_name, patient.escort_phone.as_e164) == ("Ana", "+16145550177")
    assert (inbound.meaning, inbound.needs_person, inbound.session) == ("ride", False, session)
    assert (inbound.answer.kind, "Ana takes you home" in inbound.answer.body) == ("ride_ok", True)
    assert AuditEvent.objects.get(action="patient.changed").detail["changed"]["escort_name"] == ["", "Ana"]


@pytest.mark.parametrize(("body", "phone"), [("ride SAM  sample", "+16145550188"), ("ride Ana", "")])
def test_a_known_number_stays_only_with_its_person(site, body, phone):
    session = booked(site, escort_name="Sam Sample", escort_phone="+16145550188")
    says(body, asked(session))
    patient = Patient.objects.get(pk=session.patient_id)
    assert (patient.escort_phone.as_e164 if patient.escort_phone else "") == phone


def test_a_number_that_cannot_be_is_for_a_person(site):
    session = booked(site, escort_name="")
    inbound = says("ride Ana 000 000 0000", asked(session))
    assert (inbound.needs_person, inbound.answer.kind) == (True, "unclear")
    assert Patient.objects.get(pk=session.patient_id).escort_name == ""


def test_nobody_takes_them_home_is_a_task_until_somebody_does(site):
    session = booked(site, escort_name="Sam Sample", escort_phone="+16145550188")
    inbound = says("NO RIDE", asked(session))
    patient = Patient.objects.get(pk=session.patient_id)
    assert (patient.escort_name, str(patient.escort_phone)) == ("", "")
    assert (inbound.needs_person, inbound.answer.kind) == (True, "ride_none")
    desk = make_user(site=site, role="desk")
    client = Client()
    client.force_login(desk)
    assert "Has no ride home" in client.get(reverse("notifications:replies")).content.decode()
    patients.update_patient(patient=patient, changes={"escort_name": "Ana"}, by=desk, now=NOW)
    inbound.refresh_from_db()
    assert (inbound.handled_by, inbound.done) == (desk, "Somebody takes them home")


def test_a_patient_who_was_asked_nothing_is_understood_too(site):
    session = booked(site, escort_name="")
    says("ride Ana", session.patient.number)
    assert Patient.objects.get(pk=session.patient_id).escort_name == "Ana"


@pytest.mark.parametrize("body", ["ride Ana", "no ride"])
def test_a_number_that_two_patients_share_is_for_a_person(site, body):
    one = booked(site, escort_name="Sam")
    make_patient(site=site, phone=one.patient.number, escort_name="Sam")
    inbound = says(body, one.patient.number)
    assert (inbound.patient, inbound.needs_person, inbound.answer.kind) == (None, True, "unclear")
    assert set(Patient.objects.values_list("escort_name", flat=True)) == {"Sam"}


def test_twice_the_same_text_is_one(site):
    session = booked(site, escort_name="Sam")
    number = asked(session)
    assert says("no ride", number) == says("no ride", number)
    assert InboundMessage.objects.count() == 1


def test_the_page_of_the_visit_ends_the_task_too_and_keeps_a_known_number(site):
    session = booked(site, escort_name="")
    wish = says("no ride", asked(session))
    links.open_for([(session.pk, session.patient.number, MONDAY, MONDAY, site.pk)], now=NOW)
    link = VisitLink.objects.get()
    visiting.name_ride(link=link, name="Ana", phone="614 555 0177", now=NOW)
    visiting.name_ride(link=link, name="ana", phone="", now=NOW)
    wish.refresh_from_db()
    assert wish.handled_at == NOW
    assert Patient.objects.get(pk=session.patient_id).escort_phone.as_e164 == "+16145550177"
