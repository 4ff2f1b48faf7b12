"""What all tests share: which services are there, and how SQLite is emptied in spite of append-only tables."""

import ctypes.util
import os
import shutil
import socket
from pathlib import Path

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseOperations
from hypothesis import HealthCheck
from hypothesis import settings as examples

from tests.distribution import ByPlace
from tests.launcher.processes import tables

# A busy machine is slow, and that is no fault of a rule. HYPOTHESIS_PROFILE=long looks much further.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
examples.register_profile("suite", **_PATIENT)
examples.register_profile("long", **_PATIENT, max_examples=2000)
examples.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

REQUIRED = os.environ.get("REQUIRE_SERVICES") == "1"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_xdist_make_scheduler(config, log):
    return ByPlace(config, log)


def _answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def pytest_collection_modifyitems(items):
    """Skip by name, with the reason, what needs a service that is not here; with REQUIRE_SERVICES=1, fail."""
    missing = {
        "browser": "" if CHROMIUM else "Chromium is not installed",
        "pdf": "" if ctypes.util.find_library("pango-1.0") else "Pango, which PDFs need, is not installed",
        "postgres": "" if _answers(5432) else "PostgreSQL is not reachable at 127.0.0.1:5432",
        "redis": "" if _answers(6379) else "Redis is not reachable at 127.0.0.1:6379",
    }
    for item in items:
        for marker, reason in missing.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason) if not REQUIRED else _must_fail(reason))


def _must_fail(reason):
    return pytest.mark.usefixtures("missing_service")


@pytest.fixture
def missing_service():
    pytest.fail("REQUIRE_SERVICES=1, and a service that this test needs is missing")


def pytest_terminal_summary(terminalreporter):
    """Every reason for a skip, counted."""
    reasons = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"skipped {count}: {reason}")


_sql_flush = DatabaseOperations.sql_flush


def _sql_flush_past_triggers(self, style, tables, **options):
    """Take the triggers off, empty the tables, put the triggers back as they were.

    Tests that commit end with DELETE on every table, which append-only tables refuse.
    """
    statements = _sql_flush(self, style, tables, **options)
    if not statements:
        return statements
    with self.connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
    off = [f'DROP TRIGGER "{name}"' for name, _sql in triggers]
    return [*off, *statements, *(sql for _name, sql in triggers)]


DatabaseOperations.sql_flush = _sql_flush_past_triggers


@pytest.fixture(scope="session")
def django_db_keepdb(request, django_db_modify_db_settings):
    """SQLite begins with a copy of its tables, which all workers and the clinics of the browser tests share."""
    if connection.vendor != "sqlite":
        yield request.config.getvalue("reuse_db")
        return
    database = Path(connection.settings_dict["TEST"]["NAME"])
    shutil.copy(tables(), database)
    yield True
    database.unlink()


@pytest.fixture(autouse=True)
def _own_data_dir(settings, tmp_path_factory):
    """Nothing that a test writes is seen by another."""
    settings.DATA_DIR = Path(tmp_path_factory.mktemp("data"))
