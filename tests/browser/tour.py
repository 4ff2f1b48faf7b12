"""`./run tour`: the pictures of the README, made anew from the real pages of a fresh demo clinic."""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from tests.browser.pages import demo_pages
from tests.browser.stage import PHONE, Stage, browser, clinic
from tests.conftest import CHROMIUM
from tests.launcher.processes import ROOT

PICTURES = ROOT / "docs" / "tour"
SIZE = {"width": 1366, "height": 860}


def main() -> int:
    if not CHROMIUM:
        print("tour: Chromium is not installed.", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="clinic-tour-") as folder,
        clinic(Path(folder)) as run,
        browser() as chromium,
    ):
        stage = Stage(run, chromium)
        pages = {page.name: page for page in demo_pages(stage)}
        for name in ("today", "texts"):
            _shoot(pages[name])
        _plan(pages["book-form"])
        for name, theme in (("floor", "light"), ("chair-0", "dark")):
            pages[name].person.resize((SIZE["width"], SIZE["height"]), theme)
            _shoot(pages[name])
        pages["phone"].person.resize(PHONE, "light")
        _shoot(pages["phone"])
        stage.close()
    print(f"{len(list(PICTURES.glob('*.png')))} pictures in {PICTURES.relative_to(ROOT)}/")
    return 0


def _shoot(page) -> None:
    page.person.go(page.path)
    page.person.settle()
    page.person.page.screenshot(path=PICTURES / f"{page.name.partition('-')[0]}.png")


def _plan(page) -> None:
    """The eight dates, asked for and not yet booked."""
    form = page.person.go(page.path)
    today = page.person.now().date()
    form.locator("#id_starts_on").fill((today + timedelta(days=7 - today.weekday())).isoformat())
    form.get_by_role("button", name="Find eight dates").click()
    form.locator("#start-8, [id^=start-]").last.wait_for()
    form.screenshot(path=PICTURES / "book.png")


if __name__ == "__main__":
    sys.exit(main())
