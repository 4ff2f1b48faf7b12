"""The planner against an exact solver on a few small courses: `./run bench quality` in short."""

import pytest

from benchmarks import quality
from scheduling import candidates

SEEDS = (3, 6, 9, 14, 17, 23, 33, 47)
# In slots away from the wished time. The whole benchmark says how far it goes; these seeds are near.
MOST = 5


@pytest.mark.parametrize("seed", SEEDS)
def test_the_planner_leaves_nothing_out_and_is_near_the_optimum(seed):
    found = quality.compare(seed)
    assert found.proven
    assert found.planner_left_out == found.best_left_out
    assert -0.05 <= found.distance <= MOST


def test_the_instances_are_not_all_easy():
    """Some want something of the planner: a price above nothing, a session that nobody could place."""
    found = [quality.compare(seed) for seed in SEEDS]
    assert sum(item.best_cost > 0 for item in found) > len(SEEDS) / 2
    assert any(item.best_left_out for item in found)


def test_a_planner_that_looks_at_the_ideal_days_only_would_be_seen(monkeypatch):
    monkeypatch.setattr(candidates, "DAYS_BEFORE", 0)
    monkeypatch.setattr(candidates, "DAYS_AFTER", 0)
    monkeypatch.setattr(candidates, "FARTHEST_AFTER", 0)
    monkeypatch.setattr(candidates, "FARTHEST_BEFORE", 0)
    found = [quality.compare(seed) for seed in SEEDS]
    assert any(i.distance > MOST or i.planner_left_out > i.best_left_out for i in found)
