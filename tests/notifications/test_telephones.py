"""What escorts, staff and strangers write: STOP, START and HELP are right for all, and a person knows who is out of
reach."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent, Patient
from notifications import listing, outbox, replies, suppression
from notifications.models import InboundMessage, Message, Suppression
from tests.api.client import Api, team
from tests.factories import make_patient, make_site, make_user
from tests.notifications.provider import Provider

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
ESCORT, NURSE, STRANGER = "+16145550188", "+16145550113", "+16145550177"


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def patient(site):
    return make_patient(site=site, escort_name="Sam", escort_phone=ESCORT)


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse", mobile=NURSE, texts_agreed_at=NOW, language="es")


def says(number, body, **more):
    sid = f"SM{InboundMessage.objects.count()}"
    return replies.receive(from_number=number, to_number="", body=body, message_sid=sid, now=NOW, **more)


def waiting(site):
    return list(listing.waiting_replies(site, reader=make_user(site=site, role="desk")))


def went():
    provider = Provider()
    outbox.dispatch(now=NOW, gateway=provider)
    return [(text.to, text.body) for text in provider.sent]


def test_an_escorts_stop_is_confirmed_once_and_somebody_learns_that_they_are_out_of_reach(site, patient):
    inbound = says(ESCORT, "Stop.")
    assert (inbound.answer.kind, inbound.needs_person, inbound.site) == ("stop_ok", True, site)
    assert Suppression.objects.filter(number=ESCORT).exists()
    assert Patient.objects.get().texts_allowed  # the patient has not said so
    assert says(ESCORT, "STOP").answer is None
    assert waiting(site) == [inbound]
    assert [to for to, _body in went()] == [ESCORT]


def test_start_gives_them_back_and_ends_the_task(site, patient):
    stop = says(ESCORT, "STOP")
    assert says(ESCORT, "START").answer.kind == "start_ok"
    stop.refresh_from_db()
    assert (stop.done, stop.handled_by, waiting(site)) == ("They take texts again", None, [])
    assert not Suppression.objects.exists()


def test_staff_are_answered_in_their_language_at_their_site(site, nurse):
    make_site()
    inbound = says(NURSE, "alto")
    assert (inbound.answer.kind, inbound.answer.site, inbound.answer.language) == ("stop_ok", site, "es")
    assert waiting(site) == [inbound]
    assert says(NURSE, "HELP").answer.body.startswith(f"{site.alias}: mensajes de citas.")


def test_a_text_to_somebody_of_the_staff_who_said_stop_does_not_go(site, nurse):
    says(NURSE, "STOP")
    went()
    plain = {"about_at": NOW, "language": "en", "body": "You are needed", "due_at": NOW}
    row = Message.objects.create(
        site=site,
        staff=nurse,
        kind="staff",
        rule="serious",
        to=NURSE,
        expires_at=NOW + timedelta(hours=1),
        **plain,
    )
    assert went() == []
    row.refresh_from_db()
    assert row.status == "suppressed"


@pytest.mark.parametrize(("body", "kind"), [("HELP", "help"), ("STOP", "stop_ok"), ("START", "start_ok")])
@pytest.mark.parametrize("sites", [1, 2])
def test_a_stranger_is_answered_too_and_is_nobodys_task(site, sites, body, kind):
    if sites == 2:
        make_site()
    inbound = says(STRANGER, body)
    assert (inbound.answer.kind, inbound.answer.site, inbound.needs_person) == (kind, site, False)
    assert [to for to, _body in went()] == [STRANGER]


def test_what_the_provider_has_answered_itself_is_a_task_without_a_second_answer(site, patient):
    inbound = says(ESCORT, "STOP", opt_out_type="STOP")
    assert (inbound.answer, inbound.needs_person) == (None, True)
    assert Suppression.objects.filter(number=ESCORT).exists()


@pytest.mark.parametrize(
    ("body", "opt_out_type", "meaning", "stopped"),
    [
        ("ARRET", "STOP", "stop", True),  # a word of the provider's own list
        ("C", "STOP", "stop", True),
        ("aide", "HELP", "help", False),
        ("yes", "START", "unexpected", False),  # nothing was stopped
        ("I want to die", "STOP", "crisis", False),
    ],
)
def test_what_the_provider_took_for_an_opt_out_is_one(site, patient, body, opt_out_type, meaning, stopped):
    inbound = says(patient.number, body, opt_out_type=opt_out_type)
    assert (inbound.meaning, suppression.is_stopped(patient.number)) == (meaning, stopped)
    # The provider has replied itself; but nothing of its own to words of crisis.
    assert (inbound.answer is None) == (meaning != "crisis")


def test_yes_takes_a_stop_back_where_the_provider_says_so(site, patient):
    says(patient.number, "STOP")
    assert says(patient.number, "yes", opt_out_type="START").meaning == "start"
    assert Patient.objects.get().texts_allowed
    says(patient.number, "STOP")
    assert says(patient.number, "yes").meaning == "unexpected"


def test_what_an_escort_writes_is_answered_and_read_where_their_patient_is(site, patient):
    make_site()
    inbound = says(ESCORT, "I come a little later")
    assert (inbound.site, inbound.answer.kind, inbound.patient) == (site, "unclear", None)
    assert says(ESCORT, "I want to die").urgent


def test_a_patient_who_takes_another_one_home_stops_for_both_and_a_person_is_told(site, patient):
    other = make_patient(site=site, phone=ESCORT)
    inbound = says(ESCORT, "STOP")
    other.refresh_from_db()
    assert (inbound.patient, other.texts_allowed, inbound.needs_person) == (other, False, True)


def test_a_patients_own_stop_is_no_task_of_the_inbox(site, patient):
    assert not says(patient.number, "STOP").needs_person


def test_the_page_says_who_it_is_and_what_follows(site, patient, nurse):
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))

    def page(inbound):
        url = reverse("notifications:reply", args=[inbound.pk])
        return " ".join(desk.get(url).content.decode().split())

    of_escort = page(says(ESCORT, "STOP"))
    assert reverse("clinic:patient", args=[patient.pk]) in of_escort
    assert "Call them when the patient can be picked up" in of_escort
    assert "answered STOP" in of_escort
    of_nurse = page(says(NURSE, "STOP"))
    assert nurse.display_name in of_nurse
    assert "No text calls them to a chair any more" in of_nurse
    assert "Gets no more texts" in desk.get(reverse("notifications:replies")).content.decode()


def test_of_another_sites_patients_and_staff_nothing_is_told(site, patient, nurse):
    other = make_site()
    manager = make_user(site=other, role="manager")
    Message.objects.create(
        site=other,
        kind="test",
        to=ESCORT,
        about_at=NOW,
        language="en",
        body="Test",
        due_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        status="delivered",
        sent_at=NOW,
    )
    inbound = says(ESCORT, "hello")
    assert inbound.site == other
    body = Api(manager).get(f"/sites/{other.pk}/replies/{inbound.pk}").body
    assert (body["escort_of"], body["staff"]) == ([], [])


# -- "any plain wording that a person enters" --


def test_a_person_may_read_a_stop_in_other_words(site, patient):
    inbound, desk = says(ESCORT, "leave me alone with this"), make_user(site=site, role="desk")
    client = Client()
    client.force_login(desk)
    url = reverse("notifications:reply-stop", args=[inbound.pk])
    for _ in range(2):
        page = client.post(url, follow=True).content.decode()
    assert "asked for no more texts on" in page
    inbound.refresh_from_db()
    assert (inbound.handled_by, inbound.done) == (desk, "Gets no more texts, as they asked")
    assert Message.objects.filter(to=ESCORT, kind="stop_ok").count() == 1
    assert AuditEvent.objects.filter(action="reply.stopped_texts", actor=desk).count() == 1
    says(ESCORT, "START")
    assert not Suppression.objects.exists()


def test_by_the_api_the_same_and_the_patients_consent_says_who_read_it(site, patient):
    inbound, api = says(patient.number, "please no more of this"), team(site)
    base = f"/sites/{site.pk}/replies/{inbound.pk}"
    assert api["prescriber"].post(f"{base}/stop").status == 403
    assert api["desk"].post(f"{base}/stop").body["done"] == "Gets no more texts, as they asked"
    patient.refresh_from_db()
    last = patient.consents.order_by("at", "pk").last()
    assert (patient.texts_allowed, last.by) == (False, api["desk"].user)
    assert suppression.of(patient.number).source == suppression.AS_READ
    assert api["desk"].get(base).body["escort_of"] == []
