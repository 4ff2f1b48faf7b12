"""The demo clinic: believable at any hour, and made of nobody."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from clinic import clock
from clinic.models import Membership, Patient, Site, User
from demo import clinic as demo
from demo.people import PASSWORD, SIGN_INS, people
from monitoring.floor import floor_of
from monitoring.models import Alert, Checkpoint
from notifications import call_list
from notifications.models import InboundMessage, Message
from scheduling import waitlist
from scheduling.models import Course, TreatmentSession

pytestmark = [pytest.mark.django_db, pytest.mark.once]
HOURS = {
    "an ordinary Tuesday": datetime(2026, 3, 3, 16, 0, tzinfo=UTC),
    "Sunday midnight in Ohio": datetime(2026, 3, 8, 5, 0, tzinfo=UTC),
    "the hour that is skipped in Ohio": datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
    "the hour that comes twice in Ohio": datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
    "Saturday night in Arizona": datetime(2026, 7, 5, 6, 59, tzinfo=UTC),
    "New Year": datetime(2027, 1, 1, 4, 59, 59, tzinfo=UTC),
    "a leap day": datetime(2028, 2, 29, 12, 1, tzinfo=UTC),
}


def _loaded(time_machine, at):
    time_machine.move_to(at, tick=False)
    demo.load(now=clock.now())
    return Site.objects.get(timezone="America/New_York"), Site.objects.get(timezone="America/Phoenix")


@pytest.mark.parametrize("at", HOURS.values(), ids=HOURS.keys())
def test_the_floor_lives_at_any_hour(time_machine, at):
    ohio, arizona = _loaded(time_machine, at)

    assert (ohio.chairs.count(), arizona.chairs.count()) == (6, 2)
    shown = floor_of(ohio, now=at).cards
    kinds = {card.step.kind for card in shown}
    overdue = [card for card in shown if card.step.due_at and card.step.due_at < at]
    assert {"checkpoint"} < kinds
    assert overdue
    assert any(card.session.status == "ready" for card in shown)
    red = Alert.objects.filter(site=ohio, level="red", acknowledged_at__isnull=True)
    assert red.count() == 1
    soon = [
        card
        for card in shown
        if card.step.kind == "checkpoint" and timedelta() <= card.step.due_at - at <= timedelta(minutes=10)
    ]
    assert soon
    for site in (ohio, arizona):
        running = TreatmentSession.objects.filter(site=site, status__in=["dosing", "observing", "ready"])
        assert running.filter(starts_at__lte=at).count() == running.count() > 0


def test_months_of_history_and_every_phase_are_there(time_machine):
    at = HOURS["an ordinary Tuesday"]
    _loaded(time_machine, at)
    assert 38 <= Patient.objects.count() <= 45
    phases = set(TreatmentSession.objects.values_list("phase", flat=True))
    assert {"induction", "weekly", "maintenance"} <= phases
    oldest = TreatmentSession.objects.earliest("starts_at").starts_at
    assert at - oldest > timedelta(days=90)
    assert set(TreatmentSession.objects.values_list("status", flat=True)) >= {
        "booked",
        "completed",
        "cancelled",
        "no_show",
        "observing",
        "ready",
    }
    assert Checkpoint.objects.count() > 1000
    ohio = Site.objects.get(timezone="America/New_York")
    assert "undelivered" in {row.code for row in call_list.rows_of(ohio, now=at)}
    assert any(waitlist.candidates(ohio, p.starts_at, now=at) for p in waitlist.freed_places(ohio, now=at))
    assert {"active", "planned"} & set(Course.objects.values_list("status", flat=True))
    waiting = InboundMessage.objects.filter(needs_person=True, handled_at__isnull=True)
    assert set(waiting.values_list("meaning", flat=True)) == {"unexpected", "change"}


def test_nobody_is_real(time_machine):
    _loaded(time_machine, HOURS["an ordinary Tuesday"])
    kept = [*Patient.objects.values_list("phone", "escort_phone"), *Site.objects.values_list("phone")]
    numbers = {getattr(number, "as_e164", number) for row in kept for number in row if number}
    numbers |= set(Message.objects.values_list("to", flat=True))
    assert len(numbers) > 40
    assert [number for number in numbers if not re.fullmatch(r"\+1\d{3}55501\d\d", number)] == []
    assert len({(person.given_name, person.family_name) for person in people()}) == len(people())


def test_nothing_is_sent_to_anyone_at_the_first_tick(time_machine):
    at = HOURS["an ordinary Tuesday"]
    _loaded(time_machine, at)
    assert not Message.objects.filter(status="pending", due_at__lt=at).exists()
    assert Message.objects.filter(status="pending", due_at__gt=at).exists()
    assert not Message.objects.filter(status__in=["sending", "claimed", "unknown"]).exists()


def test_the_sign_ins_work_and_reach_their_pages(time_machine, settings):
    settings.DEMO_CLOCK = False
    time_machine.move_to(HOURS["an ordinary Tuesday"], tick=False)
    demo.load(now=clock.now())
    for member in SIGN_INS:
        client = Client()
        answer = client.post("/accounts/login/", {"login": member.username, "password": PASSWORD})
        assert answer.status_code == 302
        assert client.get("/", follow=True).status_code == 200
        assert member.username in demo.sign_ins()
    assert Membership.objects.filter(role="manager").count() == 2


def test_only_an_empty_database_gets_it(time_machine):
    time_machine.move_to(HOURS["an ordinary Tuesday"], tick=False)
    User.objects.create(username="ada")
    call_command("prepare")
    assert not demo.is_loaded()
    assert not Patient.objects.exists()


def test_none_where_none_is_wanted():
    call_command("prepare", "--no-demo")
    assert not User.objects.exists()


def test_the_phone_answers_for_a_patient_only_without_a_provider(time_machine, settings):
    ohio, _arizona = _loaded(time_machine, HOURS["an ordinary Tuesday"])
    client = Client()
    client.force_login(User.objects.get(username="desk"))
    patient = Message.objects.filter(site=ohio, sent_at__isnull=False).first().patient
    page = f"/demo/phones/{patient.pk}/"
    assert client.get(page).status_code == 200
    settings.TEXTS_PROVIDER = "twilio"
    assert client.get(page).status_code == 404
    assert client.post(page, {"body": "C"}).status_code == 404


def test_the_clock_moves_forward_only_and_within_bounds(time_machine, settings):
    settings.DEMO_CLOCK = True
    time_machine.move_to(HOURS["an ordinary Tuesday"], tick=False)
    demo.load(now=clock.now())
    client = Client()
    client.force_login(User.objects.get(username="desk"))
    for minutes in ("", "0", "-5", "soon", "99999999999"):
        assert client.post("/demo/clock/", {"minutes": minutes}).status_code == 302
        assert clock.shift() == timedelta()
    client.post("/demo/clock/", {"minutes": "90"})
    assert clock.shift() == timedelta(minutes=90)


def test_a_database_that_is_not_there_is_a_plain_line(monkeypatch):
    from django.db import OperationalError, connection

    def gone():
        raise OperationalError("secret details")

    monkeypatch.setattr(connection, "ensure_connection", gone)
    with pytest.raises(CommandError, match="DATABASE_URL is not reachable"):
        call_command("prepare")
