from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import wording
from notifications.wording import Facts, Length

AT = datetime(2026, 12, 8, 9, 0)
FACTS = Facts("Cardinal Care", "614-555-0100", "Ada", AT, 8)
LANGUAGES = ("en", "es")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", wording.kinds())
def test_every_text_is_one_or_two_segments_without_a_word_that_tells(kind, language):
    text = wording.render(kind, language, FACTS)
    length = wording.length_of(text)
    assert (length.encoding, length.segments <= 2) == ("GSM-7", True)
    assert wording.forbidden_in(text) == []
    assert "{" not in text


def test_both_languages_have_every_kind():
    assert set(wording._TEXTS["en"]) == set(wording._TEXTS["es"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", wording.kinds())
def test_no_text_asks_for_a_word_that_a_carrier_takes_as_an_opt_out(kind, language):
    words = wording.render(kind, language, FACTS).upper().replace(",", " ").replace(".", " ").split()
    asked = {words[i + 1] for i, word in enumerate(words[:-1]) if word in ("REPLY", "RESPONDA")}
    assert asked.isdisjoint({"CANCEL", "END", "QUIT", "UNSUBSCRIBE"})
    # STOP is offered as what it is: an end to texts.
    assert "STOP" not in asked or kind in ("booked", "booked_many", "start_ok", "help")


def test_time_as_the_clinic_speaks():
    assert "Tue 8 Dec, 9:00 AM" in wording.render("reminder", "en", FACTS)
    assert "mar 8 dic, 9:00 AM" in wording.render("reminder", "es", FACTS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Spravato", ["spravato"]),
        ("ESKETAMINE clinic", ["esketamine"]),
        ("Centro de Psiquiatría", ["psiquiatria"]),
        ("Depresión", ["depresion"]),
        ("56mg", ["56mg"]),
        ("56 mg", ["mg"]),
        ("REMS", ["rems"]),
        ("Remsen Street Care", []),
        ("Cardinal Care", []),
        ("Mgmt", []),
    ],
)
def test_forbidden_in_finds_words_and_beginnings(text, found):
    assert wording.forbidden_in(text) == found


def test_an_alias_that_tells_is_replaced():
    text = wording.render("reminder", "en", Facts("Columbus Ketamine Clinic", "614-555-0100", "Ada", AT))
    assert "your clinic" in text
    assert wording.forbidden_in(text) == []


@given(place=st.text(max_size=40), name=st.text(max_size=30), kind=st.sampled_from(wording.kinds()))
def test_whatever_names_sites_and_patients_have_no_text_tells(place, name, kind):
    for language in LANGUAGES:
        assert wording.forbidden_in(wording.render(kind, language, Facts(place, "1", name, AT))) == []


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", Length("GSM-7", 0, 1)),
        ("a" * 160, Length("GSM-7", 160, 1)),
        ("a" * 161, Length("GSM-7", 161, 2)),
        ("a" * 306, Length("GSM-7", 306, 2)),
        ("a" * 307, Length("GSM-7", 307, 3)),
        ("€" * 80, Length("GSM-7", 160, 1)),
        ("€" * 81, Length("GSM-7", 162, 2)),
        ("ñ" * 160, Length("GSM-7", 160, 1)),
        ("á" * 70, Length("UCS-2", 70, 1)),
        ("á" * 71, Length("UCS-2", 71, 2)),
        ("á" * 134, Length("UCS-2", 134, 2)),
        ("á" * 135, Length("UCS-2", 135, 3)),
        ("😀" * 35, Length("UCS-2", 70, 1)),
        ("😀" * 36, Length("UCS-2", 72, 2)),
        ("“", Length("UCS-2", 1, 1)),
    ],
)
def test_length_of_known_examples(text, length):
    assert wording.length_of(text) == length


def test_within_gsm_takes_off_only_the_accents_that_cost():
    assert wording.within_gsm("José Muñoz, así") == "José Muñoz, asi"
