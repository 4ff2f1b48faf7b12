import pytest

from notifications import keywords


@pytest.mark.parametrize(
    "body",
    [
        *["stop", "STOP", " Stop. ", "stopall", "Stop All", "quit", "END", "revoke", "opt out", "OptOut"],
        *["opt-out", "cancel", "Unsubscribe!", "Don't text me", "no más mensajes"],
    ],
)
def test_words_that_stop(body):
    assert keywords.meaning(body) == "stop"


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ("C", "confirm"),
        ("c.", "confirm"),
        ("1", "confirm"),
        ("Confirm", "confirm"),
        ("R", "change"),
        ("2", "change"),
        ("otra hora", "change"),
        ("START", "start"),
        ("unstop", "start"),
        ("HELP", "help"),
        ("ayuda", "help"),
        ("yes", "unexpected"),
        ("", "unexpected"),
        ("stop please", "unexpected"),
        ("I will stop by at 9", "unexpected"),
        ("Can I come at 10 instead?", "unexpected"),
        ("3", "unexpected"),
    ],
)
def test_meaning_is_of_the_whole_text(body, meaning):
    assert keywords.meaning(body) == meaning


@pytest.mark.parametrize(
    "body",
    [
        "I want to die",
        "i'm going to kill myself",
        "thinking about SUICIDE",
        "I can't go on",
        "better off dead",
        "stop. I want to end my life",
        "quiero morir",
        "Quiero quitarme la vida",
        "hacerme daño",
    ],
)
def test_words_of_crisis_come_before_everything(body):
    assert keywords.meaning(body) == "crisis"
