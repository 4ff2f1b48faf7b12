"""Tests that must follow one another go to one worker (that they went is looked at by the browser's own fixture)."""

import pytest

from tests.distribution import TOGETHER, piece_of
from tests.launcher.processes import ROOT


@pytest.mark.parametrize("place", TOGETHER)
def test_a_place_of_real_processes_is_one_piece(place):
    found = [path.relative_to(ROOT) for path in ROOT.glob("tests/**/test_*.py")]
    here = {piece_of(f"{path}::test_one") for path in found if str(path).startswith(place)}
    assert here == {place}


def test_any_other_test_is_a_piece_of_its_own():
    one, other = "tests/clinic/test_db.py::test_one", "tests/clinic/test_db.py::test_other[x]"
    assert (piece_of(one), piece_of(other)) == (one, other)
