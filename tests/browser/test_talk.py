"""What patients text back, at the desk with a mouse and on a telephone."""

import pytest
from playwright.sync_api import expect

from tests.browser.stage import DESKTOP, PHONE


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_who_wants_another_time_is_moved_in_two_taps_and_the_task_is_done(stage, size):
    desk = stage.person("desk", size=size)
    page = desk.go("/texts/replies/")
    before = page.locator(".entry").filter(has_text="Wants another time").count()
    if not before:
        pytest.skip("the only wish of the demo was fulfilled before")
    page.locator(".entry").filter(has_text="Wants another time").get_by_role("link", name="Open").click()
    times = page.locator('a[href*="?at="]')
    expect(times.first).to_be_visible()
    desk.look("reply-with-times")
    times.first.click()
    dialog = page.locator("#move-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("#move-effect")).to_contain_text("Before")
    desk.look("reply-move")
    if size == PHONE:
        dialog.get_by_role("button", name="Move", exact=True).click()
        page.wait_for_url("**/texts/replies/")
        expect(page.get_by_text("Moved to another time")).to_be_visible()
    else:
        dialog.get_by_role("button", name="Leave it").click()
        expect(dialog).to_be_hidden()


def _turns(page):
    return page.locator("li.entry").filter(has_text="being offered").locator("ol li")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_freed_chair_is_offered_by_text_and_taken_back(stage, size):
    desk = stage.person("desk", size=size)
    page = desk.go("/freed/")
    desk.settle()
    page.get_by_role("button", name="Offer by text").first.click()
    expect(page.locator(".notice-success")).to_be_visible()
    expect(_turns(page).first).to_contain_text(", ")
    expect(_turns(page).last).to_contain_text("Next:")
    expect(page.locator(".panel").filter(has_text="has it until")).to_be_visible()
    desk.settle()
    desk.look("freed-by-text")
    page.get_by_role("link", name="Offered by text").click()
    desk.look("offers-by-text")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back by the desk").first).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_whom_no_text_reached_is_called_and_what_came_of_it_is_kept(stage, size):
    desk = stage.person("desk", size=size)
    page = desk.go("/calls/")
    row = page.locator(".entry").filter(has_text="did not arrive").first
    expect(row).to_contain_text("••")
    if size == DESKTOP:
        row.get_by_role("button", name="Take it").click()
        expect(page.get_by_text("has it since")).to_be_visible()
    else:
        row.get_by_role("link", name="Call").click()
    expect(page.locator('a[href^="tel:+1"]')).to_be_visible()
    desk.look("call")
    page.get_by_label("No answer").check()
    page.get_by_label("Note").fill("Rang ten times")
    page.get_by_role("button", name="Write it down").click()
    page.wait_for_url("**/calls/")
    expect(page.locator(".entry").filter(has_text="No answer").first).to_be_visible()
    desk.look("calls")
