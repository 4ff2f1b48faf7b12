# ruff: noqa: F811 - fixtures of the chairside
"""Texts to staff: to whom, once, at which hour, and that they tell of nobody."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from clinic import people
from clinic.errors import Invalid
from clinic.models import AuditEvent, User
from monitoring import alerts, escalation, rems, serious
from monitoring.models import MonitoringForm
from notifications import outbox, replies, staff
from notifications.enums import MessageStatus
from notifications.models import Message, Suppression
from notifications.reasons import what_for, why
from notifications.timing import When, by_day
from tests.api.client import Api
from tests.database import one, refused
from tests.factories import make_course, make_site, make_user
from tests.monitoring.rems_stage import DAY, LEFT, go_through
from tests.monitoring.test_chairside import (  # noqa: F401 - fixtures
    at,
    cleared,
    dosed,
    nurse,
    read,
    session,
    site,
)
from tests.notifications.provider import Provider

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")
S = MessageStatus
HIGH = {"systolic": 210, "diastolic": 90}
PRESCRIBER = "+16145550111"


def texted(user, number=PRESCRIBER):
    people.set_reach(user=user, email="", phone="", mobile=number, texts=True, by=user, now=at(-60))
    return user


@pytest.fixture
def prescriber(site):
    return texted(User.objects.get(memberships__site=site, memberships__role="prescriber"))


@pytest.fixture
def red(dosed, nurse):
    return next(a for a in read(dosed, nurse, 40, HIGH).alerts if a.level == "red")


def dispatch(now):
    provider = Provider()
    outbox.dispatch(now=now, gateway=provider)
    return [text for text in provider.sent if text.to == PRESCRIBER]


# -- an alert that nobody answers --


def test_who_has_an_unanswered_alert_is_called_to_the_chair_once_a_step(red, prescriber):
    for minute in (45, 50, 50, 55):
        escalation.escalate(now=at(minute))
    [row] = Message.objects.filter(staff=prescriber)
    assert (row.rule, row.patient, row.session) == ("alert-2", None, red.observation.session)
    [text] = dispatch(at(55))
    chair = red.observation.session.chair.name
    assert text.body == f"{row.site.alias}: you are needed at {chair} now. Please open the floor page."
    assert dispatch(at(56)) == []


def test_each_is_called_in_their_own_language(red, prescriber, nurse):
    one(prescriber).update(language="es")
    english = texted(nurse, "+16145550113")
    for person in (prescriber, english):
        person.refresh_from_db()
    staff.call_to_chair(red.observation.session, red, [prescriber, english], 2, now=at(50))
    chair = red.observation.session.chair.name
    found = {row.staff: (row.language, row.body.partition(": ")[2]) for row in Message.objects.all()}
    assert found == {
        prescriber: ("es", f"se le necesita en {chair} ahora. Abra la pagina de la sala."),
        english: ("en", f"you are needed at {chair} now. Please open the floor page."),
    }


@pytest.mark.parametrize(("kind", "spanish"), [("staff_form", "vence"), ("staff_serious", "grave")])
def test_forms_and_serious_events_are_told_in_it_too(prescriber, site, kind, spanish):
    one(prescriber).update(language="es")
    prescriber.refresh_from_db()
    if kind == "staff_form":
        staff.remind_of_forms(site, prescriber, now=at(0))
    else:
        fields = {"site": site, "flagged_by_id": None, "flagged_at": at(0), "session": None}
        staff.tell_of_serious(type("Event", (), fields), now=at(0))
    assert spanish in Message.objects.get(staff=prescriber).body


def test_the_same_call_twice_is_one_text(red, prescriber):
    seen = red.observation.session
    for _ in range(2):
        staff.call_to_chair(seen, red, [prescriber, prescriber], 2, now=at(50))
    assert Message.objects.filter(staff=prescriber).count() == 1
    staff.call_to_chair(seen, red, [prescriber], 3, now=at(55))
    assert set(Message.objects.values_list("rule", flat=True)) == {"alert-2", "alert-3"}


def test_it_tells_of_no_patient(red, prescriber):
    escalation.escalate(now=at(50))
    patient = red.observation.session.patient
    body = Message.objects.get(staff=prescriber).body.lower()
    for word in (patient.given_name, patient.family_name, patient.mrn, "pressure", "210"):
        assert word.lower() not in body


def test_at_night_too(prescriber, site):
    night = datetime(2026, 3, 3, 3, tzinfo=NEW_YORK)
    event = type("Event", (), {"site": site, "flagged_by_id": None, "flagged_at": night, "session": None})
    staff.tell_of_serious(event, now=night)
    assert Message.objects.get(staff=prescriber).due_at == night


@pytest.mark.parametrize("changes", [{"texts_agreed_at": None}, {"mobile": "", "texts_agreed_at": None}])
def test_nobody_is_texted_without_having_agreed(red, prescriber, changes):
    one(prescriber).update(**changes)
    escalation.escalate(now=at(50))
    assert not Message.objects.filter(staff__isnull=False).exists()


def test_an_alert_that_was_answered_meanwhile_calls_nobody(red, prescriber, nurse):
    escalation.escalate(now=at(50))
    alerts.acknowledge_alert(alert=red, action="Lying down", by=nurse, now=at(50))
    assert dispatch(at(51)) == []
    row = Message.objects.get(staff=prescriber)
    assert (row.status, why(row)) == (S.CANCELLED, "It was dealt with before the text went.")


@pytest.mark.parametrize(
    "changes", [{"texts_agreed_at": None}, {"mobile": "+16145550112"}, {"is_active": False}]
)
def test_who_left_or_wants_no_texts_any_more_gets_none(red, prescriber, changes):
    escalation.escalate(now=at(50))
    one(prescriber).update(**changes)
    assert dispatch(at(51)) == []
    assert Message.objects.get(staff=prescriber).cause == "staff_no_consent"


def test_stop_holds_for_staff_and_start_takes_it_back(red, prescriber):
    def text_back(body, sid):
        replies.receive(
            from_number=PRESCRIBER, to_number="+16145550100", body=body, message_sid=sid, now=at(1)
        )

    text_back("STOP", "SM1")
    assert ["get no more texts" in text.body for text in dispatch(at(2))] == [True]
    escalation.escalate(now=at(50))
    assert dispatch(at(51)) == []
    assert Message.objects.get(staff=prescriber, rule="alert-2").status == S.SUPPRESSED
    text_back("START", "SM2")
    assert not Suppression.objects.exists()
    dispatch(at(55))
    staff.call_to_chair(red.observation.session, red, [prescriber], 3, now=at(56))
    assert len(dispatch(at(56))) == 1


def test_late_it_is_worth_nothing(red, prescriber):
    escalation.escalate(now=at(50))
    assert dispatch(at(120)) == []
    assert Message.objects.get(staff=prescriber).cause == "expired"


# -- forms --


@pytest.fixture
def form(site, nurse):
    texted(nurse)
    return MonitoringForm.objects.get(session=go_through(make_course(site=site), nurse))


def forms_texts():
    return Message.objects.filter(rule="form")


def test_an_owner_is_told_once_a_day_by_day_however_many_forms(form, nurse):
    MonitoringForm.objects.update(owner=nurse)
    go_through(form.session.course, nurse, 1)
    night = datetime(2026, 3, 9, 0, 5, tzinfo=NEW_YORK)
    rems.sweep(now=night)
    rems.sweep(now=night + timedelta(hours=1))
    [row] = forms_texts()
    nine = night.replace(hour=9, minute=0)
    assert (row.due_at, row.expires_at) == (nine, nine.replace(hour=20))
    assert (row.session, row.patient) == (None, None)
    rems.sweep(now=night + DAY)
    assert forms_texts().count() == 2


def test_forms_that_were_sent_before_the_morning_remind_nobody(form, nurse):
    rems.sweep(now=datetime(2026, 3, 9, 0, 5, tzinfo=NEW_YORK))
    MonitoringForm.objects.update(sent_at=LEFT + 6 * DAY, sent_on=(LEFT + 6 * DAY).date())
    assert dispatch(datetime(2026, 3, 9, 9, 1, tzinfo=NEW_YORK)) == []
    assert forms_texts().get().cause == "answered"


@pytest.mark.parametrize(("hour", "due"), [(0, 9), (8, 9), (9, 9), (12, 12), (19, 19), (20, 33), (23, 33)])
def test_what_can_wait_comes_by_day(hour, due):
    day = datetime(2026, 3, 9, tzinfo=NEW_YORK)
    evening = day + timedelta(hours=20 if due < 24 else 44)
    assert by_day(day + timedelta(hours=hour), NEW_YORK) == When(day + timedelta(hours=due), evening)


# -- serious events --


def test_prescribers_and_managers_learn_of_a_serious_event(dosed, nurse, prescriber, site):
    manager = texted(make_user(site=site, role="manager"), "+16145550113")
    silent = make_user(site=site, role="manager")
    serious.flag_serious(session=dosed, what="Fainted", began_at=at(50), by=manager, now=at(51))
    assert {row.staff for row in Message.objects.filter(rule="serious")} == {prescriber}
    serious.flag_serious(session=dosed, what="Fell", began_at=at(50), by=nurse, now=at(52))
    rows = Message.objects.filter(rule="serious", about_at=at(52))
    assert {row.staff for row in rows} == {prescriber, manager}
    assert silent.messages.count() == 0
    assert "fainted" not in rows[0].body.lower()


# -- where it is seen --


def test_the_texts_page_and_the_api_say_to_whom_and_why(red, prescriber, site, time_machine):
    time_machine.move_to(at(51), tick=False)
    escalation.escalate(now=at(50))
    desk = make_user(site=site, role="desk")
    client = Client()
    client.force_login(desk)
    page = client.get(reverse("notifications:texts")).content.decode()
    assert prescriber.display_name in page
    assert "A red alert waited without an answer (step 2)." in page
    [item] = [i for i in Api(desk).get("/messages").body["items"] if i["kind"] == "staff"]
    assert (item["staff"], item["patient"]) == (prescriber.username, None)
    assert item["what_for"] == what_for(Message.objects.get(staff=prescriber))
    assert Api(prescriber).get("/messages").body["items"] == []
    # Who asks for the texts of a patient that cannot be is not told those to staff, who have none.
    for query in ("patient=nobody", "session=nothing", "patient="):
        assert Api(desk).get(f"/messages?{query}").body["items"] == []


def test_a_text_to_staff_has_no_patient_and_none_twice(red, prescriber):
    escalation.escalate(now=at(50))
    row = Message.objects.get(staff=prescriber)
    refused("message_to_staff_or_patient", lambda: one(row).update(patient=red.observation.session.patient))
    for name, changes in (
        ("message_once_to_a_person_about_a_session", {}),
        ("message_once_to_a_person", {"session": None}),
    ):
        fields = {f.attname: getattr(row, f.attname) for f in Message._meta.concrete_fields if f.name != "id"}
        fields |= {f"{name}_id": value for name, value in changes.items()}
        if changes:
            Message.objects.create(**fields)
        refused(name, lambda fields=fields: Message.objects.create(**fields))


# -- their own page --


def test_texts_want_a_mobile_and_the_words_agreed_to_are_kept():
    nora = make_user()
    with pytest.raises(Invalid) as caught:
        people.set_reach(user=nora, email="", phone="", mobile=" ", texts=True, by=nora, now=at(0))
    assert [fault.field for fault in caught.value.faults] == ["mobile"]
    texted(nora)
    event = AuditEvent.objects.get(action="person.texts_answered")
    assert event.detail == {"given": True, "wording": people.TEXTS_WORDING}
    refused("user_texts_need_a_mobile", lambda: one(nora).update(mobile=""))


def test_a_language_that_nobody_has_texts_in_is_refused():
    nora = make_user()
    with pytest.raises(Invalid) as caught:
        people.set_reach(user=nora, email="", phone="", language="fr", by=nora, now=at(0))
    assert [fault.field for fault in caught.value.faults] == ["language"]
    refused("user_language_known", lambda: one(nora).update(language="fr"))


def test_another_number_is_another_answer_and_the_same_one_is_none():
    nora = texted(make_user())
    first = nora.texts_agreed_at
    texted(nora)
    assert nora.texts_agreed_at == first
    assert AuditEvent.objects.filter(action="person.texts_answered").count() == 1
    people.set_reach(user=nora, email="", phone="", mobile="614-555-0119", texts=False, by=nora, now=at(5))
    assert (nora.mobile, nora.texts_agreed_at) == ("+16145550119", None)


def test_somebody_agrees_on_their_page_and_nothing_typed_is_lost():
    nora = make_user(site=make_site(), role="nurse")
    client, url = Client(), reverse("clinic:reach")
    client.force_login(nora)
    wrong = client.post(url, {"mobile": "12", "texts": "on"})
    assert wrong.status_code == 422
    assert 'value="12"' in wrong.content.decode()
    assert client.post(url, {"mobile": "614-555-0119", "texts": "on", "language": "es"}).status_code == 302
    nora.refresh_from_db()
    assert (nora.mobile, nora.texts_agreed_at is not None, nora.language) == ("+16145550119", True, "es")
    assert "checked" in client.get(url).content.decode()


def test_somebody_agrees_by_the_api_and_the_rest_stays():
    nora = make_user(site=make_site(), role="nurse", email="nora@clinic.example")
    api = Api(nora)
    assert api.patch("/me", {"texts": True}).fields == ["mobile"]
    answer = api.patch("/me", {"mobile": "614-555-0119", "texts": True})
    assert answer.status == 200
    assert api.get("/me").body == {
        "id": str(nora.pk),
        "username": nora.username,
        "given_name": nora.first_name,
        "family_name": nora.last_name,
        "email": "nora@clinic.example",
        "phone": "",
        "mobile": "+16145550119",
        "language": "en",
        "texts": True,
    }
    assert api.patch("/me", {"texts": False}).body["mobile"] == "+16145550119"
