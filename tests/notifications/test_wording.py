from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications import visit_words, wording
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
        ("Keta\u00admine", ["ketamine"]),
        ("De\u200bpression", ["depression"]),
        ("\uff2b\uff25\uff34amine", ["ketamine"]),
    ],
)
def test_forbidden_in_finds_words_and_beginnings(text, found):
    assert wording.forbidden_in(text) == found


def test_an_alias_that_tells_is_replaced():
    text = wording.render("reminder", "en", Facts("Columbus Ketamine Clinic", "614-555-0100", "Ada", AT))
    assert "your clinic" in text
    assert wording.forbidden_in(text) == []


def _disguised(word):
    """As people and machines write it."""
    accented = "".join(c + "\u0301" for c in word)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in word)
    return st.sampled_from(
        [word, word.upper(), word.title(), accented, wide, f"56{word}", f"{word}s", word[:3], word[3:]]
    )


# Names near what must not be told: words and parts of them, between anything, beside anything.
_parts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(wording._FORBIDDEN).flatmap(_disguised),
    st.sampled_from(
        ["", " ", "-", ".", "\u00ad", "\u200b", "{phone}", "{place}", "{", "[page]", "56", "Center", "Ada"]
    ),
)
_names = st.lists(_parts, max_size=5).map("".join)
_blanks = st.sampled_from(["{hello}", "{name}", "{page}", "{ride}", "{companion}", "{when}"])
_own = st.none() | st.lists(_parts | _blanks, max_size=6).map("".join)


@settings(max_examples=300)
@given(
    place=_names,
    given_name=_names,
    companion=_names,
    chair=_names,
    own=_own,
    kind=st.sampled_from(wording.kinds()),
    linked=st.booleans(),
    asks_ride=st.booleans(),
    count=st.integers(1, 60),
)
def test_whatever_names_sites_and_patients_have_no_text_tells(own, kind, linked, **names):
    link = "https://care.example/visit/abcdefgh23456722" if linked else ""
    facts = Facts(phone="614-555-0100", at=AT, until=AT, link=link, **names)
    for language in LANGUAGES:
        assert wording.forbidden_in(wording.render(kind, language, facts, own)) == []


@given(name=_names, place=_names, address=_names, ride=_names, language=st.sampled_from(LANGUAGES))
def test_nor_does_the_page_of_a_visit(name, place, address, ride, language):
    told = visit_words.told(language, name=name, place=place, address=address, ride=ride)
    for said in (told.name, told.place, told.address, told.ride):
        assert wording.forbidden_in(said) == []
    assert told.place


@given(text=st.text(alphabet=st.sampled_from("aá€[😀ñ\n"), max_size=400))
def test_any_text_needs_as_many_segments_as_its_characters_fill(text):
    """Counted another way: whole characters laid one after another."""
    found = wording.length_of(text)
    alone, joined = (160, 153) if found.encoding == "GSM-7" else (70, 67)
    widths = [2 if c in ("€[" if found.encoding == "GSM-7" else "😀") else 1 for c in text]
    rows = [0]
    for width in widths:
        if rows[-1] + width > joined:
            rows.append(0)
        rows[-1] += width
    assert found.units == sum(widths)
    assert found.segments == (1 if sum(widths) <= alone else len(rows))
    assert (found.encoding == "UCS-2") == any(c in "á😀" for c in text)


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
        ("^{}\\[~]|€\f", Length("GSM-7", 20, 1)),
        ("a" * 158 + "]", Length("GSM-7", 160, 1)),
        ("a" * 159 + "]", Length("GSM-7", 161, 2)),
        ("@£$¥èéùìòÇØøÅåÄÖÑÜ§¿äöñüà¡ß", Length("GSM-7", 27, 1)),
        ("a" * 459, Length("GSM-7", 459, 3)),
        ("a" * 460, Length("GSM-7", 460, 4)),
        # A character of two units that does not fit is not cut: it begins the next segment.
        ("a" * 152 + "€" + "a" * 152, Length("GSM-7", 306, 3)),
        ("a" * 151 + "€" + "a" * 153, Length("GSM-7", 306, 2)),
        ("😀" * 66, Length("UCS-2", 132, 2)),
        ("😀" * 67, Length("UCS-2", 134, 3)),
        ("á" * 201, Length("UCS-2", 201, 3)),
        # One sign outside of GSM-7 makes all of it UCS-2; the euro is two units only in GSM-7.
        ("a" * 69 + "á", Length("UCS-2", 70, 1)),
        ("€á", Length("UCS-2", 2, 1)),
    ],
)
def test_length_of_known_examples(text, length):
    assert wording.length_of(text) == length


def test_within_gsm_takes_off_only_the_accents_that_cost():
    assert wording.within_gsm("José Muñoz, así") == "José Muñoz, asi"
