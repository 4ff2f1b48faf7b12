"""A site's texts by the API: the same verbs as its pages, every fault at once, for managers."""

import json
from datetime import UTC, datetime

import pytest

from clinic.models import AuditEvent
from notifications import telling
from notifications.api_settings import PolicyIn
from notifications.forms_settings import PolicyForm
from notifications.models import Message, ReminderRule, TextPolicy, Wording
from scheduling import booking
from scheduling.booking import Placement
from tests.api.client import Api, team
from tests.factories import MONDAY, make_course, make_staffed_site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 25, 15, tzinfo=UTC)
DEFAULT = {
    "name": "1d-10:00",
    "told": "reminder",
    "days": 1,
    "at": "10:00",
    "hours": None,
    "phase": "",
    "language": "",
}
WORDS = "{hello}{place} expects you on {when}. C: I come. R: another time. {phone}"


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def manager(site):
    return team(site)["manager"]


def put(api: Api, path, body):
    return api.send("put", path, json.dumps(body))


def test_rules_are_read_replaced_and_followed_by_what_waits(site, manager):
    booking.book_course(course=make_course(site=site), sessions=[Placement(1, MONDAY)], by=None, now=NOW)
    path = f"/sites/{site.pk}/reminder-rules"
    assert manager.get(path).body == {"items": [DEFAULT], "next": None}

    answer = put(manager, path, {"rules": [{"hours": 20}, {"days": 2, "at": "18:00", "told": "reminder"}]})

    assert [rule["name"] for rule in answer.body["items"]] == ["2d-18:00", "20h"]
    assert answer.body == manager.get(path).body
    waiting = Message.objects.filter(kind="reminder", status="pending")
    assert set(waiting.values_list("rule", flat=True)) == {"2d-18:00", "20h"}
    again = put(manager, path, {"rules": [{**DEFAULT}]})
    assert again.body["items"] == [DEFAULT]
    assert put(manager, path, {"rules": []}).body["items"] == []
    assert ReminderRule.objects.filter(site=site, active=True).count() == 0


def test_every_fault_of_rules_comes_at_once_and_nothing_changes(site, manager):
    path = f"/sites/{site.pk}/reminder-rules"
    answer = put(
        manager, path, {"rules": [{"hours": 99}, {"days": 1}, {"hours": 3, "phase": "x"}, {"at": "9"}]}
    )
    assert answer.status == 422
    assert answer.fields == ["rules[3].at"]
    answer = put(manager, path, {"rules": [{"hours": 99}, {"days": 1}, {"hours": 3, "phase": "x"}]})
    assert answer.fields == ["rules[0].hours", "rules[1].days", "rules[2].phase"]
    assert manager.get(path).body["items"] == [DEFAULT]


def test_words_are_read_changed_and_given_back(site, manager):
    path = f"/sites/{site.pk}/wordings"
    items = {(i["kind"], i["language"]): i for i in manager.get(path).body["items"]}
    assert {kind for kind, _language in items} >= {
        "booked",
        "reminder",
        "reminder_detailed",
        "escort",
        "offer",
    }
    before = items["reminder", "en"]
    assert (before["own"], before["faults"], before["encoding"]) == (False, [], "GSM-7")

    answer = put(manager, f"{path}/reminder/en", {"text": WORDS})

    assert (answer.body["own"], answer.body["text"], answer.body["segments"]) == (True, WORDS, 2)
    assert "Alexandra" in answer.body["shown"]
    assert put(manager, f"{path}/reminder/en", {"text": ""}).body == before
    assert not Wording.objects.exists()


def test_every_fault_of_words_comes_at_once_and_checking_writes_nothing(site, manager):
    path = f"/sites/{site.pk}/wordings/reminder/en"
    text = "Your Spravato dose for {patient}. Reply CANCEL"
    codes = {"forbidden_word", "unknown_name", "missing_name", "opt_out_word", "no_answer_asked"}
    answer = put(manager, path, {"text": text})
    assert (answer.status, set(answer.codes), set(answer.fields)) == (422, codes, {"text"})
    shown = manager.post(f"{path}/check", {"text": text})
    assert (shown.status, {fault["code"] for fault in shown.body["faults"]}) == (200, codes)
    assert not Wording.objects.exists()
    assert not AuditEvent.objects.filter(action="texts.wording").exists()


@pytest.mark.parametrize("end", ["nothing/en", "reminder/xx", "stop_ok/en"])
def test_a_text_that_is_no_sites_to_say_is_unknown(site, manager, end):
    assert put(manager, f"/sites/{site.pk}/wordings/{end}", {"text": WORDS}).status == 404
    assert manager.post(f"/sites/{site.pk}/wordings/{end}/check", {"text": WORDS}).status == 404


def test_limits_are_read_and_changed_one_by_one(site, manager):
    path = f"/sites/{site.pk}/text-policy"
    usual = {
        "most_a_day": 1,
        "most_a_week": 3,
        "keep_words_days": 90,
        "redact_at_provider": False,
        "offer_minutes": 30,
        "call_hours": 24,
        "page_links": True,
        "page_hours": 24,
    }
    assert manager.get(path).body == usual
    assert not TextPolicy.objects.exists()
    changed = manager.patch(path, {"most_a_day": 2, "keep_words_days": None, "redact_at_provider": True})
    wanted = {**usual, "most_a_day": 2, "keep_words_days": None, "redact_at_provider": True}
    assert (changed.body, manager.get(path).body) == (wanted, wanted)
    assert manager.patch(path, {"most_a_week": 4}).body == {
        **wanted,
        "most_a_week": 4,
    }
    assert manager.patch(path, {"offer_minutes": 45}).body["offer_minutes"] == 45
    page = manager.patch(path, {"page_links": False, "page_hours": 48}).body
    assert (page["page_links"], page["page_hours"]) == (False, 48)


def test_every_limit_of_a_site_can_be_changed_by_the_api_and_on_the_page():
    assert set(PolicyIn.model_fields) == set(PolicyForm.base_fields) == set(telling.POLICY)


def test_limits_that_cannot_be_are_told_all_at_once(site, manager):
    path = f"/sites/{site.pk}/text-policy"
    answer = manager.patch(path, {"most_a_day": 6, "most_a_week": 0, "keep_words_days": 6})
    assert (answer.status, answer.fields) == (422, ["most_a_day", "most_a_week", "keep_words_days"])
    for wrong in ({"most_a_day": True}, {"most_a_day": "2"}, {"redact_at_provider": 1}):
        assert manager.patch(path, wrong).status == 422
    assert not TextPolicy.objects.exists()


def test_a_test_goes_to_a_number_that_is_one(site, manager):
    path = f"/sites/{site.pk}/test-text"
    answer = manager.post(path, {"number": "614-555-0177"})
    assert (answer.status, answer.body["kind"], answer.body["status"]) == (201, "test", "pending")
    assert Message.objects.get().to == "+16145550177"
    for wrong in ("12", "", " "):
        assert manager.post(path, {"number": wrong}).fields == ["number"]


@pytest.mark.parametrize("end", ["reminder-rules", "wordings", "text-policy"])
def test_only_managers_and_only_at_their_site(site, end):
    for role, api in team(site).items():
        assert api.get(f"/sites/{site.pk}/{end}").status == (200 if role == "manager" else 403)
    other = team(make_staffed_site())["manager"]
    assert other.get(f"/sites/{site.pk}/{end}").status == 404
