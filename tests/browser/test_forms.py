"""From the chair to the REMS: the patient leaves, the form is there, is answered, printed and sent with its proof."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages_rems import rems_pages
from tests.browser.stage import DESKTOP, PHONE, TABLET

SCAN = {"name": "fax report.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 fax report"}
LIE = {"name": "fax report.pdf", "mimeType": "application/pdf", "buffer": b"<html>not a fax report</html>"}


@pytest.fixture
def nurse(stage):
    return stage.person("nurse", size=TABLET, theme="dark")


def test_leave_answer_print_send(nurse):
    page = nurse.go("/floor/")
    ready = page.locator("li.chair-card.is-ready a").first.get_attribute("href")
    nurse.go(ready)
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Has left").click()
    page.get_by_role("link", name="Monitoring form").click()

    expect(page.get_by_role("heading", name=re.compile("Monitoring form of"))).to_be_visible()
    nurse.look("form-new")
    missing = page.locator("form.needs-now")
    expect(missing.get_by_role("heading")).to_contain_text("missing")
    missing.get_by_role("group", name="Serious adverse event").get_by_label("No").check()
    missing.get_by_role("button", name="Save the answers").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(missing).to_have_count(0)

    with page.expect_download() as waiting:
        page.get_by_role("link", name="PDF").evaluate("link => { link.download = 'form.pdf'; link.click() }")
    assert waiting.value.path().read_bytes().startswith(b"%PDF-")

    page.get_by_label("Fax").check()
    page.get_by_label("Proof").set_input_files(LIE)
    page.get_by_role("button", name="Mark as sent").click()
    expect(page.get_by_text("A PDF, or a picture as PNG, JPEG or TIFF.")).to_be_visible()
    page.get_by_label("Proof").set_input_files(SCAN)
    page.get_by_role("button", name="Mark as sent").click()
    expect(page.get_by_text("Written down as sent.")).to_be_visible()
    expect(page.get_by_role("link", name="Proof: fax report.pdf")).to_be_visible()
    nurse.look("form-sent")


def test_an_answer_otherwise_than_the_record_wants_a_reason_and_loses_nothing(nurse):
    page = nurse.go("/forms/")
    nurse.go(nurse.links(r"^/forms/[0-9a-f-]{36}/$")[0])
    row = page.locator(".answers > li").filter(
        has_text="Minutes after which the patient would have been ready"
    )
    row.get_by_text("Change").click()
    row.locator("input").first.fill("71")
    row.get_by_role("button", name="Save the answers").click()
    expect(row.get_by_text("Say why it is answered otherwise.")).to_be_visible()
    expect(row.locator("input").first).to_have_value("71")
    row.get_by_label("Why it is answered otherwise").fill("Walked well after seventy minutes")
    row.get_by_role("button", name="Save the answers").click()
    expect(row.locator(".answer-value")).to_contain_text("71")
    expect(row.locator(".answer-value")).to_contain_text("Walked well")


def test_a_serious_event_is_one_tap_from_the_chair_on_a_telephone(stage):
    nurse = stage.person("nurse", size=PHONE)
    page = nurse.go("/floor/")
    nurse.go(nurse.links("/chair/")[0])
    page.get_by_role("link", name="Serious event").click()
    page.get_by_label("What happened").fill("Fainted on standing up")
    page.get_by_role("button", name="Flag it").click()
    expect(page.get_by_text("What to do, and whom to call")).to_be_visible()
    expect(page.get_by_text("Numbers that this site has not entered yet:")).to_be_visible()
    page.get_by_label("In words").fill("The prescriber came")
    page.locator("#id_step").select_option("called")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator(".timeline")).to_contain_text("The prescriber came")
    nurse.look("serious-event")
    nurse.go("/forms/")
    expect(page.get_by_text("Serious adverse events that are open")).to_be_visible()


def test_every_page_of_it_in_each_look(stage):
    for name, person, path in rems_pages(stage.person("nurse"), stage.person("manager")):
        person.go(path)
        person.settle()
        for size, theme in ((DESKTOP, "light"), (TABLET, "dark"), (PHONE, "light"), (PHONE, "dark")):
            person.resize(size, theme)
            person.look(f"rems-{name}")
