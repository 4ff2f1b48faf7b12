"""Texts in a browser: their settings with and without script, what arrived, and a reply from the demo phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.stage import DESKTOP, PHONE

WORDS = "/settings/texts/words/reminder/en/"
GOOD = "{hello}{place} expects you on {when}. C: I come. R: another time. {phone}"


def _without_script(stage, person):
    """Another browser of the same person in which no script runs."""
    context = stage.browser.new_context(
        base_url=person.url, java_script_enabled=False, storage_state=person.context.storage_state()
    )
    context.set_default_timeout(15_000)
    return context.new_page()


def test_segments_and_forbidden_words_are_told_while_words_are_typed(stage):
    manager = stage.person("manager")
    page = manager.go(WORDS)
    shown = page.locator("#shown")
    expect(shown).to_contain_text("2 segments")
    field = page.get_by_label("The text")
    field.fill(GOOD)
    expect(shown.locator(".bubble")).to_contain_text("C: I come.")
    expect(shown).to_contain_text("Nothing stands against it.")
    expect(shown.locator(".bubble")).to_contain_text("Hello Alexandra,")
    field.press_sequentially(" ketamine")
    expect(shown).to_contain_text("leave out “ketamine”")
    expect(field).to_be_focused()
    expect(field).to_have_value(f"{GOOD} ketamine")
    manager.look("texts-words-forbidden")
    field.fill("")
    expect(shown).to_contain_text("Reply C to confirm")


def test_words_that_tell_too_much_are_refused_and_stay_typed_then_saved(stage):
    manager = stage.person("manager", size=PHONE)
    page = manager.go(WORDS)
    page.get_by_label("The text").fill("Your Spravato dose. Reply CANCEL")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".invalid-feedback").first).to_be_visible()
    expect(page.get_by_label("The text")).to_have_value("Your Spravato dose. Reply CANCEL")
    expect(page.locator("#shown")).to_contain_text("leave out “spravato”")
    manager.look("texts-words-refused")
    page.get_by_label("The text").fill(GOOD)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/settings/texts/")
    expect(page.locator(".wordings")).to_contain_text("expects you on {when}")
    page.goto(WORDS)
    page.get_by_label("The text").fill("")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/settings/texts/")
    expect(page.locator(".wordings")).not_to_contain_text("expects you on {when}. C:")


def test_without_script_every_fault_comes_after_sending_and_nothing_typed_is_lost(stage):
    page = _without_script(stage, stage.person("manager"))
    page.goto(WORDS)
    typed = "Your Spravato dose {odd}. Reply CANCEL"
    page.get_by_label("The text").fill(typed)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("The text")).to_have_value(typed)
    for words in ("leave out “spravato”", "{odd}", "It must say {when}", "ask for C or R"):
        expect(page.locator("#shown")).to_contain_text(words)
    page.goto("/settings/texts/")
    page.locator("#id_rules-0-number").fill("15")
    page.locator("#id_rules-1-number").fill("99")
    page.locator("#id_rules-1-unit").select_option("hours")
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_text("From 0 to 14 days.")).to_be_visible()
    expect(page.locator("#id_rules-0-number")).to_have_value("15")
    expect(page.locator("#id_rules-1-number")).to_have_value("99")
    page.goto("/settings/texts/")
    page.locator("#id_most_a_day").fill("9")
    page.get_by_role("button", name="Save the limits").click()
    expect(page.locator("#id_most_a_day")).to_have_value("9")
    expect(page.locator("#div_id_most_a_day .invalid-feedback")).to_be_visible()
    page.context.close()


def test_a_rule_is_added_seen_and_taken_away(stage):
    manager = stage.person("manager")
    page = manager.go("/settings/texts/")
    page.locator("#id_rules-1-number").fill("3")
    page.locator("#id_rules-1-unit").select_option("hours")
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_text("What is not yet sent follows the new rules.")).to_be_visible()
    expect(page.locator("#id_rules-1-number")).to_have_value("3")
    page.locator("#id_rules-1-number").fill("")
    page.get_by_role("button", name="Save the rules").click()
    expect(page.locator("#id_rules-1-number")).to_have_value("")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_each_text_says_why_and_days_lead_to_their_texts(stage, size):
    desk = stage.person("desk", size=size)
    page = desk.go("/texts/")
    expect(page.locator("table.texts tbody tr").first).to_contain_text(
        re.compile("arrived|waits|withdrew|provider|rules|moved")
    )
    page.get_by_role("link", name="What arrived, by day").click()
    expect(page.get_by_role("heading", name="By kind")).to_be_visible()
    page.get_by_role("link", name="30 days").click()
    desk.look("texts-by-day-30")
    page.locator("th[scope=row] a").first.click()
    page.wait_for_url("**/texts/?day=*")
    expect(page.locator("table.texts tbody tr").first).to_be_visible()


def test_a_patient_answers_from_the_demo_phone_and_a_person_sees_it(stage):
    desk = stage.person("desk")
    desk.go("/demo/phones/")
    [phone, *_more] = desk.links("/demo/phones/.+")
    page = desk.go(phone)
    before = page.locator("#bubbles li.from-patient").count()
    page.get_by_label("Your reply").fill("May I bring my dog?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#bubbles li.from-patient")).to_have_count(before + 1)
    expect(page.locator("#bubbles")).to_contain_text("May I bring my dog?")
    # The answer goes by the outbox and the worker, and the phone shows it by itself.
    expect(page.locator("#bubbles li.from-clinic").last).to_contain_text("will read this", timeout=60_000)
    desk.look("phone-answered")
    desk.go("/texts/")
    expect(page.get_by_text("May I bring my dog?")).to_be_visible()


def test_words_of_crisis_come_to_whoever_stands_at_the_floor_or_the_desk(stage):
    desk, nurse = stage.person("desk"), stage.person("nurse")
    floor, today = nurse.go("/floor/"), stage.person("desk", size=PHONE, theme="dark")
    expect(floor.locator("#texts-now[data-etag]")).to_be_attached()
    desk.go("/demo/phones/")
    [phone, *_more] = desk.links("/demo/phones/.+")
    page = desk.go(phone)
    page.get_by_label("Your reply").fill("I cant go on")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#bubbles")).to_contain_text("988")
    told = "Words of crisis in a text: call now."
    # By itself: nobody opened another page.
    expect(floor.get_by_role("alert").filter(has_text=told)).to_be_visible(timeout=30_000)
    nurse.look("floor-crisis")
    today.go("/today/")
    expect(today.page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    today.look("today-crisis")
    floor.get_by_role("alert").get_by_role("link", name="Open").click()
    floor.get_by_label("What was done").fill("Called her, she is with her sister")
    floor.get_by_role("button", name="Dealt with").click()
    floor.goto("/floor/")
    expect(floor.locator("#texts-now[data-etag]")).to_be_attached()
    expect(floor.get_by_text(told)).to_have_count(0)


def test_the_escort_is_asked_for_at_the_chair_and_withdrawn(stage):
    nurse = stage.person("nurse")
    page = nurse.go("/floor/")
    for chair in nurse.links("/chair/"):
        nurse.go(chair)
        if nurse.links("/escort-text/"):
            page.get_by_role("link", name="Text the escort").click()
            if page.get_by_role("button", name="Text the escort").count():
                break
    page.get_by_role("button", name="Text the escort").click()
    page.wait_for_url("**/chair/")
    expect(page.get_by_text(re.compile("The escort is texted"))).to_be_visible()
    page.get_by_role("link", name="Text the escort").click()
    nurse.look("escort-waits")
    withdraw = page.get_by_role("button", name="Withdraw the text")
    if withdraw.count():
        withdraw.click()
        expect(page.get_by_text("The text is withdrawn.")).to_be_visible()


def test_somebody_agrees_to_texts_on_their_own_page(stage):
    nurse = stage.person("nurse", size=PHONE)
    page = nurse.go("/me/")
    page.get_by_label("Mobile for texts").fill("12")
    page.get_by_label(re.compile("Texts from the clinic")).check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#div_id_mobile .invalid-feedback")).to_be_visible()
    expect(page.get_by_label("Mobile for texts")).to_have_value("12")
    expect(page.get_by_label(re.compile("Texts from the clinic"))).to_be_checked()
    nurse.look("reach-refused")
    page.get_by_label("Mobile for texts").fill("614-555-0144")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Mobile for texts")).to_have_value("+16145550144")
