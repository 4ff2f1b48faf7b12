"""The sound of a red alert: after one touch, until it is turned off on this device or somebody acknowledges it."""

from playwright.sync_api import expect

# Two calls would have come in this time, in milliseconds.
LONG = 20_000
SOUNDED = "document.documentElement.dataset.sounded"


def heard(page):
    return page.evaluate(f"{SOUNDED} || ''")


def touch(page):
    page.locator("h1").click()


def rings(page, since=""):
    """Until there is a call after `since`."""
    page.wait_for_function(f"since => ({SOUNDED} || '') > since", arg=since)
    return heard(page)


def is_silent(page, seconds=LONG):
    before = heard(page)
    page.clock.run_for(seconds)
    assert heard(page) == before


def open_at(nurse, address):
    page = nurse.context.new_page()
    page.clock.install()
    page.goto(address)
    expect(page.locator("[data-alarm]").first).to_be_visible()
    return page


def test_a_red_alert_is_heard_until_it_is_muted_here_or_acknowledged(stage):
    nurse, prescriber = stage.person("nurse"), stage.person("prescriber")
    nurse.go("/floor/")
    pages = [open_at(nurse, address) for address in ("/floor/", nurse.links("/chair/")[0])]
    for page in pages:
        switch = page.locator("#alarm")
        # A browser keeps a page silent that nobody has touched; the switch says so.
        expect(switch).to_have_text("Touch here to let it sound")
        is_silent(page)
        touch(page)
        first = rings(page)
        page.clock.run_for(LONG)
        rings(page, since=first)

        switch.click()
        expect(switch).to_have_attribute("aria-pressed", "false")
        expect(switch).to_have_text("Sound is off")
        is_silent(page)
        page.reload()
        expect(switch).to_have_text("Sound is off")
        touch(page)
        is_silent(page)
        before = heard(page)
        switch.click()
        expect(switch).to_have_text("Sound is on")
        rings(page, since=before)

    acknowledge_all(prescriber)
    for page in pages:
        page.clock.run_for(LONG)
        expect(page.locator("[data-alarm]")).to_have_count(0)
        is_silent(page)
        page.close()


def acknowledge_all(person):
    page = person.go("/floor/")
    while links := person.links("/alerts/"):
        person.go(links[0])
        page.get_by_label("What was done").fill("Stopped, lying down; Dr. Raman is here.")
        page.get_by_role("button", name="Acknowledge").click()
        page.wait_for_url("**/chair/")
        person.go("/floor/")
