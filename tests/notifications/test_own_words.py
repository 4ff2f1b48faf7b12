"""A site's own words: what is refused while they are typed, and what nobody can make them say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import own_words, wording
from notifications.wording import Facts

GOOD = "{hello}see you at {place} on {when}. Reply C to confirm, R for another time. {phone}"


def codes(text, kind="reminder"):
    return [fault.code for fault in own_words.shown(kind, "en", text).faults]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", sorted(own_words.EDITABLE))
def test_our_own_words_have_no_fault(kind, language):
    assert own_words.shown(kind, language, wording.ours(kind, language)).faults == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD, []),
        (f"Your Spravato visit. {GOOD}", ["forbidden_word"]),
        (f"For your depression. {GOOD}", ["forbidden_word"]),
        (f"84 mg. {GOOD}", ["forbidden_word"]),
        (GOOD.replace("{when}", "soon"), ["missing_name"]),
        (GOOD.replace("{phone}", ""), ["missing_name"]),
        (f"{GOOD} {{colour}}", ["unknown_name"]),
        (GOOD.replace("Reply C", "Reply YES"), ["opt_out_word", "no_answer_asked"]),
        (f"{GOOD} Or reply CANCEL to cancel.", ["opt_out_word"]),
        (f"{GOOD} Or reply with END.", ["opt_out_word"]),
        (f"{GOOD} Responda QUIT.", ["opt_out_word"]),
        (f"{GOOD} Reply STOP to get no more.", []),
        (f"{GOOD} Your visit may end late.", []),
        ("{when} {phone}", ["no_answer_asked"]),
        ("{when} {phone} Answer 1 or 2", []),
        (GOOD + "x" * 400, ["too_long"]),
        ("", ["missing_name", "missing_name", "no_answer_asked"]),
    ],
)
def test_every_fault_is_named(text, found):
    assert codes(text) == found


def test_it_is_shown_as_it_will_arrive_with_what_it_costs():
    shown = own_words.shown("reminder", "en", GOOD)
    assert "Hello Alexandra, see you at Cardinal Care Center on Wed 30 Dec, 10:45 AM." in shown.text
    assert shown.text.endswith(f"All about it: {own_words.LINK}")
    assert (shown.length.encoding, shown.length.segments) == ("GSM-7", 2)


def test_the_link_stands_where_the_words_want_it_and_counts():
    shown = own_words.shown("reminder", "es", "{hello}{page} Su cita: {when}. C o R. {phone}")
    assert shown.text.startswith(f"Hola Alexandra, Todo sobre la cita: {own_words.LINK} Su cita:")
    assert shown.faults == ()
    long = GOOD + " x" * 170
    assert [fault.code for fault in own_words.shown("reminder", "en", long).faults] == ["too_long"]
    assert own_words.LINK not in own_words.shown("check", "en", "{hello}all well? {phone}").text
    assert own_words.shown("reminder", "en", f"{GOOD} 🙂").length.encoding == "UCS-2"


@given(own=st.text(max_size=120), place=st.text(max_size=30), name=st.text(max_size=30))
def test_whatever_a_site_writes_no_text_tells(own, place, name):
    text = wording.render("reminder", "en", Facts(place, "1", name), own)
    assert wording.forbidden_in(text) == []


@given(name=st.sampled_from(["{when}", "{phone}", "{place}{place}", "{{hello}}"]))
def test_a_name_in_braces_is_only_a_name(name):
    assert name in wording.render("reminder", "en", Facts("Care", "1", name))
