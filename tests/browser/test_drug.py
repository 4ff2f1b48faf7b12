"""The drug as two nurses meet it: a delivery scanned in, a dose by scan at the chair, and the count at the end."""

import re

from playwright.sync_api import expect

from tests.browser.stage import DESKTOP, PHONE

SERIAL = "KX00000000017"
CODE = "01003504580280341729013110KX7701\x1d21" + SERIAL
FNC1 = "Control+BracketRight"


def scan(page, field, code):
    """As a scanner types: key by key, the separator as Ctrl+], and Enter."""
    field.focus()
    first, _gap, rest = code.partition("\x1d")
    page.keyboard.type(first)
    page.keyboard.press(FNC1)
    page.keyboard.type(rest)
    page.keyboard.press("Enter")


def test_from_the_delivery_by_scan_to_the_count(stage):
    nurse = stage.person("nurse")
    page = nurse.go("/drug/")
    nurse.look("drug-1-cabinet")
    page.get_by_role("link", name="Receive").click()
    page.get_by_label("From whom").fill("Cedar Specialty Distributors")
    scan(page, page.get_by_label("Scan a box"), CODE)
    expect(page.locator("#id_kits-0-lot")).to_have_value("KX7701")
    expect(page.locator("#id_kits-0-serial")).to_have_value(SERIAL)
    scan(page, page.get_by_label("Scan a box"), "nothing")
    expect(page.locator("[data-said]")).to_contain_text("no code of a kit")
    nurse.look("drug-2-received")
    page.get_by_role("button", name="Put on the shelf").click()
    expect(page.get_by_text("1 kit is on the shelf.")).to_be_visible()

    chair = dosing_chair(nurse)
    page = nurse.go(chair)
    device = page.locator("details.panel").filter(has=page.locator("[data-scan]")).first
    if not device.evaluate("element => element.open"):
        device.locator("> summary").click()
    # The page looks again by itself while the box is looked up; its fields are not taken from under the scanner.
    page.evaluate("dispatchEvent(new Event('online'))")
    scan(page, page.get_by_label("Scan the box"), CODE)
    chosen = page.locator("[data-choice] input:checked")
    expect(chosen).to_have_count(1)
    expect(page.locator("[data-choice] .notice-success")).to_contain_text("KX7701")
    expect(page.get_by_role("button", name="Start the device")).to_be_focused()
    nurse.look("drug-3-scanned")
    nurse.resize(PHONE, "dark")
    nurse.look("drug-3-scanned")

    page = nurse.go("/drug/count/")
    for line in page.locator(".count-row input").all():
        line.fill("0")
    page.get_by_label("Counted with").select_option(index=1)
    nurse.look("drug-4-count")
    page.get_by_role("button", name="Save the count").click()
    page.wait_for_url(re.compile("/drug/counts/"))
    expect(page.get_by_text("The cabinet and the ledger differ.")).to_be_visible()
    nurse.look("drug-5-differs")


def dosing_chair(nurse):
    """The chair whose second device is still to come."""
    page = nurse.go("/floor/")
    card = page.locator(".chair-card").filter(has_text="Device 2").first
    return card.get_by_role("link").first.get_attribute("href")


def test_today_tells_of_the_sessions_whose_devices_will_be_missing(stage):
    nurse = stage.person("nurse")
    page = nurse.go("/today/")
    nurse.settle()
    expect(page.get_by_text("of this day lack")).to_have_count(0)
    page = nurse.go("/drug/return/")
    for box in page.locator("input[name=devices]").all():
        box.check()
    page.get_by_label("Why").fill("Recalled")
    page.get_by_label("To whom").fill("Cedar Specialty Distributors")
    page.get_by_role("button", name="Return").click()
    expect(page.get_by_text("Returned.")).to_be_visible()

    page = nurse.go("/today/")
    notice = page.locator(".notice-red").filter(has_text="of this day lack")
    expect(notice.locator("li").first).to_contain_text("missing")
    for size, theme in ((DESKTOP, "light"), (PHONE, "light"), (PHONE, "dark")):
        nurse.resize(size, theme)
        nurse.look("today-lacking")
    notice.get_by_role("link", name="Drug").click()
    expect(page.get_by_role("heading", name="The cabinet")).to_be_visible()
