"""The patient's page of a visit, from the link in a text: on a small old telephone, with script and without."""

import re
from datetime import timedelta
from itertools import islice

import pytest
from playwright.sync_api import expect

from tests.browser.pages_texts import open_visits, phones
from tests.browser.test_journey import move_clock

LOADS_ITSELF = True
OLD_PHONE = {"width": 320, "height": 568}


@pytest.fixture(scope="module")
def unanswered():
    """Links that no test has used yet."""
    return []


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def patient(request, stage, unanswered):
    """A browser that knows nobody, at the page of a visit; and the desk."""
    desk = stage.person("desk")
    if not unanswered:
        unanswered += islice(open_visits(desk), 6)
    context = stage.browser.new_context(
        base_url=desk.url, viewport=OLD_PHONE, locale="en-US", java_script_enabled=request.param
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(unanswered.pop())
    yield page, desk
    context.close()


def test_confirmed_with_one_tap(patient):
    page, _desk = patient
    page.get_by_role("button", name="Yes, I will come").click()
    expect(page.get_by_role("status")).to_contain_text("You have confirmed")
    expect(page.get_by_role("button", name="Yes, I will come")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("You have confirmed")
    assert page.context.cookies() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= OLD_PHONE["width"]


def test_another_time_is_a_task_of_the_desk_and_can_be_taken_back(patient):
    page, desk = patient
    waiting = desk.go("/texts/replies/").locator(".entry").filter(has_text="On the page of the visit")
    before = waiting.count()
    page.get_by_role("button", name="I need another time").click()
    expect(page.get_by_role("status")).to_contain_text("We will call you")
    desk.go("/texts/replies/")
    expect(waiting).to_have_count(before + 1)
    page.get_by_role("button", name="I can come after all").click()
    expect(page.get_by_role("status")).to_contain_text("You have confirmed")


def test_the_ride_in_spanish_and_the_calendar_file(patient):
    page, _desk = patient
    page.get_by_role("link", name="Español").click()
    if page.locator("details").count():
        page.locator("summary").click()
    page.get_by_label("Teléfono").fill("12")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text("Escriba un nombre.")).to_be_visible()
    expect(page.get_by_text("No es un número de teléfono.")).to_be_visible()
    expect(page.get_by_label("Teléfono")).to_have_value("12")
    # What is wrong stands where the page opens, and nothing near it looks like success.
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(page.locator("#ride .good")).to_have_count(0)
    # The switch of languages leads to the page also from the answer to a form.
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Your appointment")).to_be_visible()
    page.get_by_role("link", name="Español").click()
    if page.locator("details").count():
        page.locator("summary").click()
    page.get_by_label("Nombre").fill("Sam Lee")
    page.get_by_label("Teléfono").fill("614-555-0177")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text(re.compile("Anotado: Sam Lee, número terminado en 0177"))).to_be_visible()
    with page.expect_download() as found:
        page.get_by_role("link", name="Añadir a mi calendario").click()
    assert found.value.suggested_filename == "appointment.ics"
    file = found.value.path().read_text()
    assert "SUMMARY:Cita" in file
    assert "Sam" not in file


@pytest.fixture
def stranger(stage):
    """A browser without script that knows nobody."""
    context = stage.browser.new_context(
        base_url=stage.person("desk").url, viewport=OLD_PHONE, locale="en-US", java_script_enabled=False
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def _read(page, link):
    """Its status and all that a person reads there."""
    status = page.goto(link).status
    return status, page.title(), page.locator("body").inner_text()


def test_a_tap_on_the_link_on_the_demo_phone_opens_the_page(stage):
    desk = stage.person("desk")
    link = next(open_visits(desk))
    phone = next(phone for phone in phones(desk) if link in desk.go(phone).content())
    page = desk.go(phone)
    page.locator(f'a[href="{link}"]').first.click()
    page.wait_for_url(f"**{link}")
    expect(page.get_by_role("heading", name="Your appointment")).to_be_visible()


def test_a_guessed_link_and_one_that_has_ended_tell_nothing(stage, stranger):
    desk = stage.person("desk")
    ended = next(open_visits(desk))
    # Until the visit is over, and the hours of its page. Last of this file: the clock only goes forward.
    while stranger.goto(ended).status != 404:
        desk.go("/demo/phones/")
        move_clock(desk, desk.now() + timedelta(days=2))
    for language in ("", "?lang=es"):
        guessed = _read(stranger, f"/visit/{'a' * 16}{language}")
        assert guessed[0] == 404
        assert _read(stranger, f"{ended}{language}") == guessed
        assert _read(stranger, f"/visit/nonsense{language}") == guessed
    assert "This link has ended" in _read(stranger, ended)[2]
    assert stranger.get_by_role("button").count() == 0
