"""The Chair page follows the clinic by itself, and takes nothing away from whoever works in it."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_offline import chair_that, cut, entered, mend, open_chair, reading, save, tablet


@pytest.fixture
def nurse(stage):
    return tablet(stage)


@pytest.fixture
def other(stage):
    return tablet(stage, "prescriber", theme="light")


def follows(nurse, other, systolic):
    """Somebody else writes at this chair, and the nurse's page, where no field is in hand, shows it."""
    reading(other, systolic)
    save(other)
    nurse.page.evaluate("document.activeElement.blur()")
    # What the page is told when something has reached the clinic: it looks again at once.
    nurse.page.evaluate("new BroadcastChannel('tablet').postMessage({ what: 'outcome', id: '', answer: {} })")
    entered(nurse, f"{systolic}/84")


def test_a_fault_stands_until_its_form_is_changed_and_what_was_typed_stays(nurse, other):
    address = chair_that(nurse, "Observing")
    page = open_chair(nurse, address)
    open_chair(other, address)
    reading(nurse, 400, note="By hand")
    page.get_by_role("button", name="Save the reading").click()
    fault = page.locator("#div_id_systolic .invalid-feedback")
    expect(fault).to_be_visible()

    for systolic in (151, 153):
        follows(nurse, other, systolic)
        expect(fault).to_be_visible()
        expect(page.locator("#id_systolic")).to_have_value("400")
        expect(page.locator("#id_note")).to_have_value("By hand")
        expect(page.locator("#id_systolic")).to_have_count(1)
        expect(page.locator("#div_id_systolic .stepper")).to_have_count(1)

    page.locator("#id_systolic").fill("145")
    follows(nurse, other, 155)
    expect(fault).to_have_count(0)
    expect(page.locator("#id_systolic")).to_have_value("145")
    expect(page.locator("#id_note")).to_have_value("By hand")
    save(nurse)
    entered(nurse, "145/84")
    expect(page.locator("#id_systolic")).to_have_value("")


def test_a_correction_that_is_half_typed_stays_with_the_version_that_was_seen(nurse, other):
    address = chair_that(nurse, "Observing")
    page = open_chair(nurse, address)
    open_chair(other, address)
    row = page.locator(".entered > li").filter(has=page.locator(".correct-short")).first
    row.get_by_text("Correct", exact=True).first.click()
    why = row.get_by_label("Why")
    why.fill("Wrong arm")
    follows(nurse, other, 157)
    expect(why).to_be_visible()
    expect(why).to_have_value("Wrong arm")
    row.locator("[name=spo2]").fill("94")
    row.get_by_role("button", name="Correct").click()
    expect(page.locator(".entered")).to_contain_text("SpO2 94")


def test_faults_of_the_whole_page_stand_too(nurse, other):
    """Refused for what no single field is to blame for."""
    address = chair_that(nurse, "Observing")
    page = open_chair(nurse, address)
    open_chair(other, address)
    panel = page.locator("details:has(form[action$='/ready/'])")
    if panel.get_attribute("open") is None:
        panel.locator("summary").click()
    page.get_by_role("button", name="Ready to leave").click()
    faults = page.locator(".faults")
    expect(faults).to_be_visible()
    follows(nurse, other, 159)
    expect(faults).to_be_visible()
    page.get_by_label("Told not to drive").check()
    follows(nurse, other, 161)
    expect(faults).to_have_count(0)
    expect(page.get_by_label("Told not to drive")).to_be_checked()
    assert page.locator("form[action$='/ready/']").count() == 1


def test_what_was_not_accepted_stays_open_while_somebody_says_why_it_is_dropped(nurse, other):
    address = chair_that(nurse, "Observing")
    page = open_chair(nurse, address)
    open_chair(other, address)
    cut(nurse)
    reading(nurse, 400)
    save(nurse, "waiting")
    mend(nurse)
    page.locator("#queued summary").filter(has_text="Discard").click()
    reason = page.locator("#queued [name=reason]")
    follows(nurse, other, 163)
    expect(reason).to_be_visible()
    reason.fill("The cuff slipped")
    follows(nurse, other, 165)
    expect(reason).to_have_value("The cuff slipped")
    page.locator("#queued").get_by_role("button", name="Discard").click()
    expect(page.locator("#queued")).to_be_hidden()
