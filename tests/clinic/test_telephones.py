"""Telephone numbers as people here say them."""

import pytest

from clinic.telephones import spoken


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+16145550100", "(614) 555-0100"),
        ("911", "911"),
        ("+34912345678", "+34 912 34 56 78"),
        ("ask the desk", "ask the desk"),
        ("", ""),
    ],
)
def test_a_number_is_said_as_people_here_say_it(number, words):
    assert spoken(number) == words
