"""What a text from a patient means. Pure.

The whole text must be the word, as carriers have it; "please stop calling me names" is for a person.
"""

import re
import unicodedata
from dataclasses import dataclass

CONFIRM, CHANGE, RIDE, NO_RIDE, STOP, START, HELP, CRISIS, UNEXPECTED = (
    "confirm",
    "change",
    "ride",
    "no_ride",
    "stop",
    "start",
    "help",
    "crisis",
    "unexpected",
)
# The carriers' words and the law's.
_STOP = {"stop", "stopall", "stop all", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe"}
# Plain wordings of the same; a person may enter any other.
_STOP |= {
    "no more texts",
    "stop texting me",
    "do not text me",
    "dont text me",
    "alto",
    "parar",
    "no mas mensajes",
}
# YES is an opt-in word for carriers: somebody who had texts stopped starts them with it. Nobody is asked for it.
_START = {"start", "unstop"}
_HELP = {"help", "info", "ayuda"}
_CONFIRM = {"c", "1", "confirm", "confirmed", "confirmar", "confirmo"}
_CHANGE = {"r", "2", "reschedule", "another time", "otra hora", "reprogramar"}
# To an offer alone, where nothing else can be meant.
_YES = {"yes", "y", "yes please", "si", "si gracias", "ok", "okay"}
_NO = {"no", "n", "no thanks", "no thank you", "no gracias"}
_NO_RIDE = {"no ride", "no ride home", "i have no ride", "i dont have a ride", "without a ride"}
_NO_RIDE |= {"sin viaje", "no tengo viaje", "no tengo quien me lleve", "nadie me lleva"}
_RIDE = re.compile(
    r"(?:(?:my )?ride(?: home)?(?: is)?|viaje|me lleva)\b ?[:,-]? ?"
    r"(?P<name>.*?)[ ,]*(?P<phone>\+?[\d(][\d ().-]{6,})?",
    re.IGNORECASE,
)
# "Ana", "my sister Jo", "J.-P. O'Neil"; what a sentence about a ride has in it is no name.
_IN_NAMES = "'’.-"
MOST_WORDS, LONGEST = 4, 120
_NO_NAME = set(
    """
    a an the is isnt was not no none nobody noone cant cannot can could will wont would cancel canceled cancelled
    fell through late home back need needs needed please what when where who which how why time today tomorrow
    tonight lost for from to at on in it i we you they he she are am pending later soon unknown sorry thanks ok
    uber lyft taxi bus share un una el la los nadie ninguno necesito puede puedo cuando donde quien que hoy
    manana tarde perdido cancelado para por en yo si tampoco solo sola
    """.split()
)
# Anywhere in the text; wider rather than narrower, for the answer does no harm.
_CRISIS = re.compile(
    r"\b(suicid\w*|kill (my|me)\w*|killing myself|end my life|end it all|take my (own )?life|want to die|"
    r"wanna die|better off dead|hurt(ing)? my ?self|harm(ing)? my ?self|self harm|overdos\w*|no reason to live|"
    r"cant go on|can not go on|cannot go on|matarme|quitarme la vida|quiero morir\w*|no quiero vivir|"
    r"hacerme dano|lastimarme|sobredosis|acabar con mi vida)\b"
)


@dataclass(frozen=True, slots=True)
class Ride:
    """A person, and their number as it was typed; empty where none was."""

    name: str
    phone: str


def meaning(body: str) -> str:
    """One of those above. Words of crisis come before everything else."""
    plain = normal(body)
    if _CRISIS.search(plain):
        return CRISIS
    for words, found in (
        (_STOP, STOP),
        (_START, START),
        (_HELP, HELP),
        (_CONFIRM, CONFIRM),
        (_CHANGE, CHANGE),
        (_NO_RIDE, NO_RIDE),
    ):
        if plain in words:
            return found
    return RIDE if ride_in(body) else UNEXPECTED


def ride_in(body: str) -> Ride | None:
    """Who takes the patient home, of "RIDE Ana" or "ride: my sister Jo 614 555 0100"; None where it is not plain."""
    text = " ".join(body.split())
    found = _RIDE.fullmatch(text) if len(text) <= LONGEST else None
    words = found["name"].split() if found else []
    if found is None or not 1 <= len(words) <= MOST_WORDS:
        return None
    if not all(map(_like_a_name, words)) or _NO_NAME & set(normal(found["name"]).split()):
        return None
    return Ride(found["name"], found["phone"] or "")


def _like_a_name(word: str) -> bool:
    return word[0].isalpha() and all(c.isalpha() or c in _IN_NAMES for c in word)


def to_an_offer(body: str) -> str:
    """As `meaning`, and yes and no as well."""
    plain = normal(body)
    return CONFIRM if plain in _YES else CHANGE if plain in _NO else meaning(body)


def normal(body: str) -> str:
    """Lower case, without accents, apostrophes, punctuation and doubled spaces."""
    decomposed = unicodedata.normalize("NFKD", body.casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c) and c not in "'’‘`")
    return " ".join(re.sub(r"[^\w]+", " ", letters).split())
