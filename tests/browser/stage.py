"""A demo clinic that really runs, and people at browsers in front of it."""

import os
import re
import signal
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from demo.people import PASSWORD
from tests.conftest import CHROMIUM
from tests.launcher.processes import ROOT, Run, wait_until

SHOTS = ROOT / "build" / "screenshots"
DESKTOP, TABLET, PHONE = (1366, 860), (1024, 768), (390, 844)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
expect.set_options(timeout=15_000)


class Person:
    """One signed-in (or signed-out) person: a browser context of their own, and what went wrong in it."""

    def __init__(self, browser, url, *, size=DESKTOP, theme="light", profile=None):
        self.url, self.size, self.theme, self.profile = url, size, theme, profile
        options = {
            "base_url": url,
            "viewport": {"width": size[0], "height": size[1]},
            "color_scheme": theme,
            "locale": "en-US",
            "reduced_motion": "reduce",
        }
        if profile is None:
            self.context = browser.new_context(**options)
        else:
            self.context = browser.browser_type.launch_persistent_context(
                profile, executable_path=CHROMIUM, args=FLAGS.split(), **options
            )
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.troubles = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _heard(self, message):
        # A refused form answers 409 or 422, and the browser reports that as an error of its own; as it does
        # where a test has cut the connection.
        ours = r"status of (404|409|422|429)|ERR_INTERNET_DISCONNECTED"
        if message.type == "error" and not re.search(ours, message.text):
            self.troubles.append(message.text)

    def sign_in(self, username, password=PASSWORD):
        self.page.goto("/accounts/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/accounts/login" not in url)
        return self

    def go(self, path):
        self.page.goto(path)
        return self.page

    def shot(self, name, full=True):
        """Kept in build/ for a person who asks for pictures to look at (PICTURES=1)."""
        if not os.environ.get("PICTURES"):
            return
        folder = SHOTS / f"{self.theme}-{self.size[0]}"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=full)

    def look(self, name, *, examine=True):
        """Keep a picture, where they are wanted, and find nothing that is too wide; or, if we `examine`, that a
        person with a reader, a keyboard or weak eyes would miss."""
        self.shot(name)
        where = f"{name} ({self.theme}, {self.size[0]})"
        for violation in Axe().run(self.page).response["violations"] if examine else ():
            self.troubles.append(f"{where}: {violation['id']}: {violation['nodes'][0]['html'][:160]}")
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > self.size[0] + 1:
            self.troubles.append(f"{where}: {wide} wide")

    def settle(self):
        """Until the parts that a page fetches by itself are there."""
        self.page.wait_for_load_state("networkidle")

    def now(self):
        """The clinic's time, as its pages tell it."""
        return datetime.fromisoformat(self.page.locator('meta[name="server-now"]').get_attribute("content"))

    def links(self, pattern):
        found = self.page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        return [href for href in dict.fromkeys(found) if re.search(pattern, href)]

    def kill(self):
        """The battery is empty: the whole browser of this person's profile ends at once."""
        mine = f"--user-data-dir={self.profile}".encode()
        with self.context.expect_event("close"):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    if mine in (folder / "cmdline").read_bytes().split(b"\0"):
                        os.kill(int(folder.name), signal.SIGKILL)
                except (FileNotFoundError, ProcessLookupError):
                    continue

    def resize(self, size, theme):
        self.size, self.theme = size, theme
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=theme)


class Stage:
    """The clinic and its visitors."""

    def __init__(self, run, browser):
        self.run, self.browser, self.people = run, browser, []

    def person(self, username=None, **options):
        person = Person(self.browser, self.run.url.replace("127.0.0.1", "localhost"), **options)
        self.people.append(person)
        return person.sign_in(username) if username else person

    def wait_until_delivered(self, person, patient, due):
        """Until the text that was due then is told as delivered on the patient's page."""

        def is_delivered():
            rows = person.go(patient).locator("table.texts tbody tr")
            expect(rows.first).to_be_visible()
            at_that_time = rows.filter(has=person.page.locator(f'time[datetime="{due.isoformat()}"]'))
            return at_that_time.filter(has_text="Reminder").filter(has_text="Delivered").count()

        wait_until(is_delivered, 60, "the reminder's delivery")

    def troubles(self):
        return [trouble for person in self.people for trouble in person.troubles]

    def close(self):
        for person in self.people:
            person.context.close()
        self.people.clear()


@contextmanager
def browser():
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield opened
        opened.close()


@contextmanager
def clinic(data: Path, demo: Path | None = None, **variables):
    """`./run` with the embedded default; with a copy of the loaded demo, if there is one."""
    run = Run(data, demo=demo, **variables)
    try:
        yield run.start().wait_open()
    finally:
        run.stop()
