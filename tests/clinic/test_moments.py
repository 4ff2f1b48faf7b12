"""Days, instants and lengths as people write and say them."""

import pytest

from clinic import moments


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 min"),
        (30, "30 min"),
        (60, "1 h"),
        (90, "1 h 30 min"),
        (1440, "1 day"),
        (2880, "2 days"),
        (1500, "25 h"),
    ],
)
def test_minutes_are_told_as_people_say_them(minutes, words):
    assert moments.length_in_words(minutes) == words
