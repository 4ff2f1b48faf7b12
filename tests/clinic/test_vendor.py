"""The vendored front end is the published one, bit by bit, and all of it is accounted for."""

import hashlib
import re

from django.conf import settings

VENDOR = settings.BASE_DIR / "static" / "vendor"


def test_every_vendored_file_has_the_sum_that_its_readme_gives():
    listed = {
        name: digest
        for digest, name in re.findall(
            r"^([0-9a-f]{64})  \./(\S+)$", (VENDOR / "README.md").read_text(), re.M
        )
    }
    there = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert there == listed
    assert len(there) > 3


def test_no_page_fetches_anything_from_elsewhere():
    roots = (
        settings.BASE_DIR / "templates",
        settings.BASE_DIR / "static" / "css",
        settings.BASE_DIR / "static" / "js",
    )
    for root in roots:
        for path in root.rglob("*.*"):
            found = re.findall(
                r"(?:src|href)=\"https?://[^\"]+|url\(['\"]?https?:[^)]+|import .*https?:", path.read_text()
            )
            assert found == [], path.name
