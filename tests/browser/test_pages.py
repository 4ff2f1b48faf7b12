"""Every page, light and dark, at three widths: none too wide, and axe finds nothing.

With PICTURES=1 a picture of each is kept.
"""

import pytest
from playwright.sync_api import expect

from tests.browser import pages as listed
from tests.browser.stage import DESKTOP, PHONE, TABLET, Stage, clinic

LOADS_ITSELF = True
# The last: is it examined, which takes the longest. Both themes and both shapes of a page are.
LOOKS = (
    (DESKTOP, "light", True),
    (TABLET, "dark", False),
    (PHONE, "light", False),
    (PHONE, "dark", True),
    (DESKTOP, "dark", False),
)


HEADER = "mrn,given_name,family_name,birth_date,phone\n"
FAULTY = HEADER + "H-1,Ada,Quill,31.12.1980,(602) 555-0101\nH-2,Bo,,1970-02-03,12\n"
GOOD = HEADER + "H-1,Ada,Quill,1980-12-31,(602) 555-0101\nH-2,Bo,Reed,1970-02-03,(602) 555-0102\n"


def _csv(text):
    return {"name": "patients.csv", "mimeType": "text/csv", "buffer": text.encode()}


def look_in_every_way(person, name):
    for size, theme, examine in LOOKS:
        person.resize(size, theme)
        person.look(name, examine=examine)
    person.resize(DESKTOP, "light")


def test_every_page_of_a_demo_clinic(stage):
    for page in listed.demo_pages(stage):
        page.person.go(page.path)
        page.person.settle()
        look_in_every_way(page.person, page.name)


@pytest.fixture
def empty_stage(tmp_path, chromium):
    with clinic(tmp_path / "empty", DEMO="0") as run:
        stage = Stage(run, chromium)
        yield stage
        troubles = stage.troubles()
        stage.close()
        assert troubles == []


def _fill(page, **values):
    for name, value in values.items():
        page.locator(f"#id_{name}").fill(value)


def _add(page):
    page.get_by_role("button", name="Add", exact=True).click()


def test_a_new_clinic_is_set_up_and_books_its_first_course(empty_stage):
    first = empty_stage.person()
    page = first.go("/")
    page.wait_for_url("**/setup/")
    look_in_every_way(first, "setup-1-manager")
    _fill(page, given_name="Ines", family_name="Moreau", username="ines", password="short")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#div_id_password .invalid-feedback")).to_be_visible()
    expect(page.locator("#id_given_name")).to_have_value("Ines")
    page.locator("#id_password").fill("maple-river-72-chairs")
    page.get_by_role("button", name="Go on").click()

    page.wait_for_url("**/setup/site/")
    look_in_every_way(first, "setup-2-site")
    _fill(
        page,
        name="Harbor Street",
        alias="Harbor Care",
        phone="(602) 555-0142",
        chairs="Blue room\nGreen room",
    )
    page.locator("#id_timezone").select_option("America/Phoenix")
    page.get_by_role("button", name="Go on").click()

    page.wait_for_url("**/setup/staff/")
    for given, role in (("Noor", "nurse"), ("Piotr", "prescriber"), ("Dee", "desk")):
        username, password = given.lower(), "maple-river-72-chairs"
        _fill(page, given_name=given, family_name="Novak", username=username, password=password)
        page.locator("#id_role").select_option(role)
        _add(page)
        expect(page.get_by_text(f"{given} Novak was added.")).to_be_visible()
    look_in_every_way(first, "setup-3-people")
    page.get_by_role("link", name="Go on").click()

    page.wait_for_url("**/setup/shifts/")
    for index in (0, 1):
        page.locator("#id_staff").select_option(index=index)
        _add(page)
        expect(page.get_by_text("The shifts are written down.")).to_be_visible()
    look_in_every_way(first, "setup-4-shifts")
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url("**/today/")
    first.look("today-empty")

    desk = empty_stage.person()
    desk.sign_in("dee", "maple-river-72-chairs")
    page = desk.go("/patients/import/")
    page.locator("#id_file").set_input_files(_csv(FAULTY))
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_role("table")).to_contain_text("birth_date")
    look_in_every_way(desk, "import-faults")
    page.locator("#id_file").set_input_files(_csv(GOOD))
    page.get_by_role("button", name="Look at the file").click()
    look_in_every_way(desk, "import-preview")
    page.get_by_role("button", name="Bring them in").click()
    expect(page.get_by_role("status")).to_be_visible()
    page = desk.go("/patients/")
    expect(page.locator("tbody tr")).to_have_count(2)
