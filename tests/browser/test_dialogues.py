"""Moving a series in its dialogue, by keyboard alone and without script; a closed day looked at before it is done."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.stage import DESKTOP, PHONE

COURSE = r"^/courses/[0-9a-f-]{36}/$"


@pytest.fixture
def course(stage):
    """The desk on the page of a course that has sessions ahead."""
    desk = stage.person("desk")
    desk.go("/today/")
    for path in desk.links(COURSE):
        desk.go(path)
        if desk.page.get_by_role("link", name="Move", exact=True).count() >= 3:
            return desk
    raise AssertionError("no course with three sessions ahead")


def _booked(page):
    return page.locator(".timeline > .is-future time").evaluate_all("all => all.map(e => e.dateTime)")


def _opened(page):
    dialog = page.locator("#move-dialog[open]")
    expect(dialog.get_by_role("heading", level=1)).to_be_visible()
    return dialog


def test_a_series_shows_before_and_after_and_escape_leaves_it(course):
    page, before = course.page, _booked(course.page)
    page.get_by_role("link", name="Move", exact=True).nth(1).focus()
    page.keyboard.press("Enter")
    dialog = _opened(page)
    dialog.get_by_label("This one and those that follow").check()
    dialog.get_by_role("radio", name="AM").first.focus()
    page.keyboard.press("ArrowDown")
    effect = dialog.locator("#move-effect")
    expect(effect.locator(".notice").first).to_be_visible()
    for size, theme in ((DESKTOP, "light"), (PHONE, "dark")):
        course.resize(size, theme)
        course.look("move-dialogue")
    course.resize(DESKTOP, "light")
    page.keyboard.press("Escape")
    expect(page.locator("#move-dialog[open]")).to_have_count(0)
    assert _booked(course.go(page.url)) == before


def test_one_session_is_moved_from_the_dialogue_and_the_course_tells_it(course):
    page, before = course.page, _booked(course.page)
    page.get_by_role("link", name="Move", exact=True).last.click()
    dialog = _opened(page)
    dialog.get_by_role("radio", name="M").last.check()
    expect(dialog.locator("#move-effect table")).to_be_visible()
    dialog.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="1 session moved")).to_be_visible()
    expect(page.get_by_text("moved from").first).to_be_visible()
    assert _booked(page) != before


def test_a_series_that_was_moved_is_taken_back_with_the_keys(course):
    page, before = course.page, _booked(course.page)
    page.get_by_role("link", name="Move", exact=True).nth(-2).click()
    dialog = _opened(page)
    dialog.get_by_label("This one and those that follow").check()
    day = date.fromisoformat(dialog.get_by_label("Day").input_value()) + timedelta(days=1)
    dialog.get_by_label("Day").fill(day.isoformat())
    dialog.get_by_role("group", name=f"Free on {day:%a} {day.day}").get_by_role("radio").last.check()
    # Another day, and still the whole series.
    expect(dialog.get_by_label("This one and those that follow")).to_be_checked()
    expect(dialog.locator("#move-effect tbody tr")).to_have_count(2)
    dialog.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="2 sessions moved")).to_be_visible()
    for size, theme in ((DESKTOP, "light"), (PHONE, "dark")):
        course.resize(size, theme)
        course.look("moved-with-undo")
    course.resize(DESKTOP, "light")
    assert _booked(page) != before

    page.keyboard.press("Control+z")

    expect(page.get_by_role("status").filter(has_text="2 sessions are back where they were")).to_be_visible()
    assert _booked(page) == before
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_without_script_the_same_is_a_page(course, stage):
    # The last has a day of its own, whatever today is left of the clinic.
    path = course.links("/move/")[-1]
    plain = stage.browser.new_context(base_url=course.url, java_script_enabled=False)
    plain.add_cookies(course.context.cookies())
    page = plain.new_page()
    page.goto(path)
    page.get_by_role("radio", name="M").first.check()
    page.get_by_role("button", name="Show what changes").click()
    expect(page.locator("#move-effect table")).to_be_visible()
    plain.close()


def test_a_closed_day_is_looked_at_and_nothing_is_done(stage):
    manager = stage.person("manager")
    page = manager.go("/closures/new/")
    page.get_by_label("Why").fill("Snow")
    page.get_by_role("button", name="Show whom it hits").click()
    expect(page.locator("#hit-title")).to_be_visible()
    manager.look("closing-a-day")
    assert "Snow" not in manager.go("/settings/").content()
