"""Browser tests share a browser; each module has a clinic of its own."""

import pytest

from tests.browser import stage as stages


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            # One after another: two clinics at once would starve each other on two cores.
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium():
    with stages.browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def demo_clinic(tmp_path_factory):
    with stages.clinic(tmp_path_factory.mktemp("demo")) as run:
        yield run


@pytest.fixture
def stage(demo_clinic, chromium):
    made = stages.Stage(demo_clinic, chromium)
    yield made
    troubles = made.troubles()
    made.close()
    assert troubles == []
