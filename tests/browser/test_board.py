"""Today's board with mouse, finger and keys: what is moved is moved, what may not be says why, and undo undoes it."""

import pytest
from playwright.sync_api import expect

from tests.browser.stage import DESKTOP, TABLET


@pytest.fixture
def desk(stage):
    """A day ahead, with room to move in."""
    person = stage.person("desk")
    page = person.go("/today/")
    for _ in range(8):
        page.get_by_role("link", name="The day after").click()
        page.wait_for_load_state("networkidle")
        if page.locator(".slot[data-place]").count() >= 2:
            return person
    raise AssertionError("no day with two booked sessions within a week")


def _places(page):
    return page.eval_on_selector_all(
        ".slot[data-place]",
        "all => Object.fromEntries(all.map(e => [e.getAttribute('href'), [e.dataset.row, e.dataset.column]]))",
    )


def _centre(page, locator):
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + 20


def _free_column(page, slot):
    """A column in which nothing stands beside this session."""
    return page.evaluate(
        """slot => {
          const rows = e => [Number(e.dataset.row), Number(e.dataset.row) + Number(e.dataset.rows)];
          const [a, b] = rows(slot);
          const heads = [...document.querySelectorAll('.board-head[data-chair]')].map(h => Number(h.dataset.column));
          const busy = [...document.querySelectorAll('.slot')].filter(e => rows(e)[0] < b && a < rows(e)[1]);
          return heads.find(c => !busy.some(e => Number(e.dataset.column) === c));
        }""",
        slot.element_handle(),
    )


def _session(page):
    return page.locator(".slot[data-place]").first.get_attribute("href")


def _slot(page, href):
    return page.locator(f'.slot[href="{href}"]:not(.ghost)')


def test_a_session_is_dragged_to_another_chair_and_undone(desk):
    page = desk.page
    href = _session(page)
    before, column = _places(page), _free_column(page, _slot(page, href))
    x, y = _centre(page, _slot(page, href))
    head = page.locator(f'.board-head[data-column="{column}"]').bounding_box()

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(head["x"] + head["width"] / 2, y, steps=8)
    expect(page.locator(".ghost")).to_contain_text("free")
    desk.shot("board-dragging", full=False)
    page.mouse.up()

    expect(page.get_by_role("status").filter(has_text="moved to")).to_be_visible()
    expect(_slot(page, href)).to_have_attribute("data-column", str(column))
    page.get_by_role("button", name="Undo").click()
    expect(_slot(page, href)).to_have_attribute("data-column", before[href][1])
    assert _places(page) == before


def test_the_undo_stays_when_the_board_fetches_itself(desk):
    page = desk.page
    href = _session(page)
    before, column = _places(page), _free_column(page, _slot(page, href))
    steps = column - int(before[href][1])
    _slot(page, href).focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()

    address = page.locator("#today").get_attribute("hx-get")
    with page.expect_response(lambda answer: answer.url.endswith(address)) as fetched:
        page.evaluate("url => window.htmx.ajax('GET', url, {target: '#today', swap: 'outerHTML'})", address)
    assert "Undo" not in fetched.value.text()

    expect(_slot(page, href)).to_have_attribute("data-column", str(column))
    page.get_by_role("button", name="Undo").click()
    expect(_slot(page, href)).to_have_attribute("data-column", before[href][1])


def test_arrow_keys_do_the_same_and_escape_leaves_it(desk):
    page = desk.page
    href = _session(page)
    before, column = _places(page), _free_column(page, _slot(page, href))
    steps = column - int(before[href][1])
    key = "ArrowRight" if steps > 0 else "ArrowLeft"

    _slot(page, href).focus()
    page.keyboard.press(key)
    expect(page.locator(".ghost")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".ghost")).to_have_count(0)
    for _ in range(abs(steps)):
        page.keyboard.press(key)
    expect(page.locator("[data-says]")).to_contain_text("free")
    page.keyboard.press("Enter")

    expect(_slot(page, href)).to_have_attribute("data-column", str(column))
    page.keyboard.press("Control+z")
    expect(_slot(page, href)).to_have_attribute("data-column", before[href][1])


def test_a_place_that_is_taken_is_shown_and_refused(desk):
    page = desk.page
    href = _session(page)
    before = _places(page)
    other = next(h for h in before if h != href)
    x, y = _centre(page, _slot(page, href))
    tx, ty = _centre(page, _slot(page, other))

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(tx, ty, steps=8)
    expect(page.locator(".ghost")).to_contain_text("taken")
    page.mouse.up()

    expect(page.locator("#today .notice-red")).to_contain_text("taken")
    assert _places(page) == before


def test_a_chair_that_is_out_of_use_is_told_before_the_hand_lets_go(desk, stage):
    page = desk.page
    href = _session(page)
    column = _free_column(page, _slot(page, href))
    chair = page.locator(f'.board-head[data-column="{column}"]').inner_text().strip()
    manager = stage.person("manager")
    form = manager.go(f"/closures/new/?{page.url.partition('?')[2]}")
    form.get_by_label("What is out").select_option(label=chair)
    form.get_by_label("Why").fill("Broken")
    form.get_by_role("button", name="Show whom it hits").click()
    form.get_by_role("button", name="Close", exact=False).last.click()
    form.wait_for_url(lambda url: "/closures/new/" not in url)
    desk.go(page.url)
    desk.settle()
    desk.look("board-out-of-use")

    steps = column - int(_places(page)[href][1])
    _slot(page, href).focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
    expect(page.locator(".ghost")).to_contain_text(f"{chair}: out of use")
    page.keyboard.press("Enter")
    expect(page.locator("#today .notice-red")).to_contain_text("out of use then")

    settings = manager.go("/settings/")
    settings.get_by_text("Closed, and who is away").click()
    settings.locator("li", has_text="Broken").get_by_role("button", name="Take back").click()
    expect(settings.locator("li", has_text="Broken")).to_have_count(0)


def test_a_finger_moves_by_the_grip(desk, stage):
    page = desk.page
    url = page.url
    touch = stage.person("desk", size=TABLET)
    touch.go(url)
    # What comes above the board by itself moves it down, and a finger goes by coordinates.
    touch.settle()
    page = touch.page
    href = _session(page)
    before, column = _places(page), _free_column(page, _slot(page, href))
    slot = _slot(page, href)
    slot.scroll_into_view_if_needed()
    grip = slot.locator(".grip").bounding_box()
    head = page.locator(f'.board-head[data-column="{column}"]').bounding_box()
    line = touch.context.new_cdp_session(page)
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2

    def finger(kind, *points):
        line.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]}
        )

    finger("touchStart", (x, y))
    for part in range(1, 9):
        finger("touchMove", (x + (head["x"] + head["width"] / 2 - x) * part / 8, y))
    expect(page.locator(".ghost")).to_contain_text("free")
    finger("touchEnd")

    expect(_slot(page, href)).to_have_attribute("data-column", str(column))
    page.get_by_role("button", name="Undo").click()
    expect(_slot(page, href)).to_have_attribute("data-column", before[href][1])


def test_who_was_too_late_is_told(desk, stage):
    """Two people at two screens: the second finds the place gone, and nothing of theirs has moved."""
    first, second = desk, stage.person("desk", size=DESKTOP)
    second.go(first.page.url)
    page = second.page
    a, b = list(_places(page))[:2]
    column = _free_column(page, _slot(page, a))

    def press(person, href, target):
        steps = target - int(_slot(person.page, href).get_attribute("data-column"))
        _slot(person.page, href).focus()
        for _ in range(abs(steps)):
            person.page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
        aim, own = (_slot(p.page, h).get_attribute("data-row") for p, h in ((first, a), (person, href)))
        rows = int(aim) - int(own)
        for _ in range(abs(rows)):
            person.page.keyboard.press("ArrowDown" if rows > 0 else "ArrowUp")
        person.page.keyboard.press("Enter")

    press(first, a, column)
    expect(first.page.get_by_role("status").filter(has_text="moved to")).to_be_visible()
    press(second, b, column)
    expect(page.locator("#today .notice-red")).to_be_visible()
    first.page.get_by_role("button", name="Undo").click()
    expect(first.page.get_by_role("status").filter(has_text="moved to")).to_be_visible()
