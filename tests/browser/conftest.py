"""Browser tests share a browser; each module has a clinic of its own."""

import pytest

from tests.browser import stage as stages
from tests.launcher.processes import load_demo


def pytest_itemcollected(item):
    item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium(tmp_path_factory, testrun_uid):
    """Closed before this worker goes on to other tests: while its loop runs, Django refuses the database."""
    # On two cores two clinics at once starve each other, and each worker would open every one of them.
    only = tmp_path_factory.getbasetemp().parent / f"browser-{testrun_uid}"
    assert not only.exists(), "the browser tests went to two workers; see tests/distribution.py"
    only.touch()
    with stages.browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def loaded_demo(tmp_path_factory):
    """Loaded once; each clinic begins with a copy of it, at the moment of its loading."""
    kept = tmp_path_factory.mktemp("loaded") / "demo.sqlite3"
    load_demo(kept)
    return kept


@pytest.fixture(scope="module")
def demo_clinic(request, tmp_path_factory):
    """Texts hold the address of the clinic that loaded them: a module that follows their links says LOADS_ITSELF."""
    itself = getattr(request.module, "LOADS_ITSELF", False)
    loaded = None if itself else request.getfixturevalue("loaded_demo")
    with stages.clinic(tmp_path_factory.mktemp("demo"), loaded) as run:
        yield run


@pytest.fixture
def stage(demo_clinic, chromium):
    made = stages.Stage(demo_clinic, chromium)
    yield made
    troubles = made.troubles()
    made.close()
    assert troubles == []
