"""The settings of texts: rules, words, limits, a test, and a stopped sender, through the pages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from notifications import outbox, settling, telling, watch
from notifications.gateways.base import Accepted, Declined
from notifications.models import Message, Sender
from tests.factories import make_site, make_user
from tests.notifications.provider import Provider
from tests.notifications.test_sending import make_texts

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 25, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_site(phone="+16145550100")


@pytest.fixture
def manager(site):
    client = Client()
    client.force_login(make_user(site=site, role="manager"))
    return client


def rules_form(*lines):
    form = {"rules-TOTAL_FORMS": str(len(lines)), "rules-INITIAL_FORMS": "0"}
    for index, line in enumerate(lines):
        form |= {f"rules-{index}-{name}": value for name, value in line.items()}
    return form


def line(**fields):
    return {
        "told": "reminder",
        "number": "1",
        "unit": "days",
        "at": "18:00",
        "phase": "",
        "language": "",
        **fields,
    }


def test_only_a_manager_sees_them(site):
    client = Client()
    client.force_login(make_user(site=site, role="desk"))
    assert client.get("/settings/texts/").status_code == 403


def test_rules_are_saved_and_an_empty_line_is_no_rule(manager, site):
    form = rules_form(line(), line(number="3", unit="hours", at=""), line(number=""))
    assert manager.post("/settings/texts/rules/", form).status_code == 302
    assert [rule.name for rule in telling.rules_of(site)] == ["1d-18:00", "3h"]
    assert 'value="18:00"' in manager.get("/settings/texts/").content.decode()


def test_faults_stand_beside_their_lines_and_nothing_typed_is_lost(manager, site):
    form = rules_form(line(number=""), line(number="15"), line(number="0", told="check"))
    page = manager.post("/settings/texts/rules/", form)
    assert page.status_code == 422
    text = page.content.decode()
    assert "From 0 to 14 days." in text
    assert "From 1 to 14 days." in text
    assert 'value="15"' in text
    assert [rule.name for rule in telling.rules_of(site)] == ["1d-10:00"]


def test_words_are_shown_as_they_arrive_while_they_are_typed(manager):
    page = manager.post("/settings/texts/words/reminder/en/check/", {"text": "Your Spravato on {when}"})
    text = page.content.decode()
    assert "Your Spravato on Wed 30 Dec" in text
    assert "leave out “spravato”" in text
    assert "1 segment" in text
    assert "<html" not in text


def test_words_that_tell_are_not_saved_and_stand_there_still(manager, site):
    page = manager.post("/settings/texts/words/reminder/en/", {"text": "Your ketamine"})
    assert page.status_code == 422
    assert "Your ketamine" in page.content.decode()
    good = "{hello}come on {when}. Reply C or R. {phone}"
    assert manager.post("/settings/texts/words/reminder/en/", {"text": good}).status_code == 302
    assert telling.words_of(site)["reminder", "en"] == good


@pytest.mark.parametrize("address", ["odd/en", "reminder/fr", "stop_ok/en"])
def test_words_that_nobody_may_change_do_not_exist(manager, address):
    assert manager.get(f"/settings/texts/words/{address}/").status_code == 404
    assert manager.post(f"/settings/texts/words/{address}/check/").status_code == 404


def test_limits_are_saved_or_told(manager, site):
    good = {
        "most_a_day": 2,
        "most_a_week": 5,
        "keep_words_days": "",
        "offer_minutes": 20,
        "call_hours": 24,
        "page_hours": 24,
    }
    assert manager.post("/settings/texts/limits/", good).status_code == 302
    assert site.text_policy.most_a_day == 2
    assert manager.post("/settings/texts/limits/", {**good, "most_a_day": 9}).status_code == 422


def test_every_limit_that_cannot_be_is_told_at_once_and_stays_typed(manager):
    wrong = {"most_a_day": "9", "most_a_week": "many", "keep_words_days": "3", "offer_minutes": ""}
    page = manager.post("/settings/texts/limits/", wrong)
    text = page.content.decode()
    assert page.status_code == 422
    for words in ("From 1 to 5.", "Enter a whole number.", "From 7 to 3650.", "From 5 to 600."):
        assert words in text
    assert ('value="9"' in text, 'value="many"' in text, 'value="3"' in text) == (True, True, True)


def test_every_rule_that_cannot_be_is_told_at_once(manager):
    form = rules_form(line(number="15"), line(number="99", unit="hours", at=""), line(number="-1"))
    text = manager.post("/settings/texts/rules/", form).content.decode()
    assert (text.count("From 0 to 14 days."), text.count("From 1 to 72 hours.")) == (2, 1)


def test_a_new_line_typed_in_a_browser_is_kept(manager, site):
    typed = "{hello}come on {when}.\r\nReply C or R. {phone}"
    assert manager.post("/settings/texts/words/reminder/en/", {"text": typed}).status_code == 302
    assert telling.words_of(site)["reminder", "en"] == typed.replace("\r", "")


def test_a_test_text_goes_to_the_number_that_was_typed(manager):
    assert manager.post("/settings/texts/test/", {"number": "nonsense"}).status_code == 422
    assert manager.post("/settings/texts/test/", {"number": "614-555-0123"}).status_code == 302
    row = Message.objects.get(kind="test")
    assert (row.to, row.patient) == ("+16145550123", None)
    provider = Provider()
    outbox.dispatch(now=NOW, gateway=provider)
    assert [text.to for text in provider.sent] == ["+16145550123"]


# -- what is wrong --


def codes():
    return {trouble.code for trouble in watch.troubles(now=NOW)} - {"no_worker", "no_beat"}


def test_a_stopped_sender_is_told_and_started_again_by_hand(manager):
    make_texts(1)
    outbox.dispatch(now=NOW, gateway=Provider(Declined("configuration", "20003")))
    assert codes() == {"stopped"}
    assert not watch.healthy()
    assert "20003" in manager.get("/texts/").content.decode()
    assert "Start again" in manager.get("/settings/texts/").content.decode()
    manager.post("/settings/texts/start/")
    assert codes() == set()


def test_a_paused_provider_is_told_and_no_cause_for_alarm():
    Sender.objects.create(name="texts", paused_until=NOW + timedelta(seconds=9), pause_code="500")
    assert codes() == {"paused"}
    assert watch.healthy()


def test_texts_that_are_due_and_do_not_go_are_seen():
    make_texts(1, due_at=NOW - timedelta(minutes=14))
    assert codes() == set()
    make_texts(1, due_at=NOW - timedelta(minutes=16))
    assert codes() == {"stuck"}
    assert not watch.healthy()
    make_texts(1, status="sent", sent_at=NOW - timedelta(minutes=1))
    assert codes() == set()


def test_a_provider_that_never_calls_back_is_seen(settings):
    settings.TEXTS_PROVIDER = "twilio"
    [row] = make_texts(1, due_at=NOW - timedelta(hours=1))
    outbox.dispatch(now=NOW - timedelta(minutes=31), gateway=Provider(Accepted("SM1")))
    Message.objects.filter(pk=row.pk).update(sent_at=NOW - timedelta(minutes=29))
    assert codes() == set()
    Message.objects.filter(pk=row.pk).update(sent_at=NOW - timedelta(minutes=31))
    assert codes() == {"silent"}
    assert (watch.healthy(), watch.callbacks_come()) == (True, False)
    row.refresh_from_db()
    settling.apply_callback(row, status="delivered", sid="SM1", code="", now=NOW)
    assert codes() == set()
    assert watch.callbacks_come()
