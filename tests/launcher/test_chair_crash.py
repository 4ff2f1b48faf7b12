"""Readings that the clinic acknowledged outlive killed workers and a killed database; replays change nothing."""

import pytest

from benchmarks import chair

pytestmark = [pytest.mark.launcher, pytest.mark.postgres]


def test_no_acknowledged_reading_is_lost(monkeypatch):
    """The short form of `./run bench chair`, with a PostgreSQL of its own."""
    monkeypatch.setattr(chair, "QUICK", True)
    found = chair._crash_apart()
    assert found == {"acknowledged": 600, "lost": 0, "stored": 600, "changed_by_replays": 0}
