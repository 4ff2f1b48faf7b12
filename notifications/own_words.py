"""What a site may put into its own wordings, and what it must not. Pure."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from notifications import wording
from notifications.wording import Facts, Length

# Which of our texts a site may say in its own words, and the names that each must hold.
EDITABLE = {
    "booked": {"when", "phone"},
    "booked_many": {"count", "when", "phone"},
    "reminder": {"when", "phone"},
    "reminder_detailed": {"when", "phone"},
    "moved": {"when", "phone"},
    "moved_many": {"when", "phone"},
    "cancelled": {"when", "phone"},
    "cancelled_many": {"days", "phone"},
    "check": {"phone"},
    "escort": {"name", "phone"},
    "offer": {"when", "until", "phone"},
}
# Texts that ask for an answer must say which letters are understood.
ASKS = {"reminder", "reminder_detailed", "offer"}
MOST_SEGMENTS = 3
LONGEST = 480
_NAMES = {"hello", "place", "phone", "name", "when", "until", "count", "days", "page", "ride"}
_ANYWHERE = {"hello", "place"}
_IN_BRACES = re.compile(r"\{([^{}]*)\}")
# Asking for such a word would make a patient opt out at the carrier; "reply STOP to get no more" is what it is for.
_OPT_OUT = re.compile(
    r"\b(reply|text|send|answer|responda|conteste|envie|escriba)\W+(with\W+|con\W+)?"
    r"(cancel|end|quit|revoke|unsubscribe|stopall|optout|opt out|yes|si)\b",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"\bC\b.*\bR\b|\b1\b.*\b2\b", re.DOTALL)
# As long as names and places usually are, so that the segments shown are those that will be paid.
EXAMPLE = Facts(
    place="Cardinal Care Center",
    phone="614-555-0100",
    given_name="Alexandra",
    at=datetime(2026, 12, 30, 10, 45),  # noqa: DTZ001 - wall time
    count=8,
    several=tuple(datetime(2026, 12, day, 10, 45) for day in (7, 10, 14, 17, 21, 24, 28, 30)),  # noqa: DTZ001 - wall time
    until=datetime(2026, 12, 29, 18, 30),  # noqa: DTZ001 - wall time
)
LINK = "https://care.example.com/visit/abcdefghij234567"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a wording, for the person who types it."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A wording as it would arrive: its words, how a carrier cuts it, and every fault."""

    text: str
    length: Length
    faults: tuple[Fault, ...]


def shown(kind: str, language: str, text: str) -> Shown:
    """`text` with the example's facts, as it would arrive; with a link where one may stand, so that none makes it too
    long later."""
    facts = shown_facts(kind)
    template = wording.with_parts(text, facts)
    found = wording.within_gsm(wording.filled(template, wording.values_of(language, facts)))
    return Shown(found, wording.length_of(found), tuple(faults_in(kind, text, found)))


def shown_facts(kind: str) -> Facts:
    """The example's, with everything that may stand in a text of the kind."""
    return replace(EXAMPLE, link=LINK if kind in wording.ABOUT_A_VISIT else "", asks_ride=True)


def may_hold(kind: str) -> set[str]:
    """The names that it may hold besides those it must."""
    page = {"page"} if kind in wording.ABOUT_A_VISIT else set()
    return _ANYWHERE | page | ({"ride"} if kind == "reminder_detailed" else set())


def faults_in(kind: str, text: str, as_shown: str) -> list[Fault]:
    """Every fault of a site's own words for `kind`."""
    found = [
        Fault("forbidden_word", f"Nobody may learn of the treatment from a text: leave out “{word}”.")
        for word in wording.forbidden_in(text)
    ]
    names = set(_IN_BRACES.findall(text))
    found += [Fault("unknown_name", f"Nothing is known by {{{name}}}.") for name in sorted(names - _NAMES)]
    missing = sorted(EDITABLE[kind] - names)
    found += [Fault("missing_name", f"It must say {{{name}}}.") for name in missing]
    if _OPT_OUT.search(text):
        detail = (
            "Carriers take that word as a wish to get no more texts, or to get them again: ask for C or R."
        )
        found.append(Fault("opt_out_word", detail))
    if kind in ASKS and not _LETTERS.search(text):
        found.append(Fault("no_answer_asked", "It must ask for C or R (or 1 or 2), which are understood."))
    segments = wording.length_of(as_shown).segments
    if segments > MOST_SEGMENTS or len(text) > LONGEST:
        found.append(Fault("too_long", f"{segments} segments; {MOST_SEGMENTS} are the most."))
    return found
