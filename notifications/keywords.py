"""What a text from a patient means. Pure.

The whole text must be the word, as carriers have it; "please stop calling me names" is for a person.
"""

import re
import unicodedata

CONFIRM, CHANGE, STOP, START, HELP, CRISIS, UNEXPECTED = (
    "confirm",
    "change",
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
# Anywhere in the text; wider rather than narrower, for the answer does no harm.
_CRISIS = re.compile(
    r"\b(suicid\w*|kill (my|me)\w*|killing myself|end my life|end it all|take my (own )?life|want to die|"
    r"wanna die|better off dead|hurt(ing)? my ?self|harm(ing)? my ?self|self harm|overdos\w*|no reason to live|"
    r"cant go on|can not go on|cannot go on|matarme|quitarme la vida|quiero morir\w*|no quiero vivir|"
    r"hacerme dano|lastimarme|sobredosis|acabar con mi vida)\b"
)


def meaning(body: str) -> str:
    """One of the seven. Words of crisis come before everything else."""
    plain = normal(body)
    if _CRISIS.search(plain):
        return CRISIS
    for words, found in (
        (_STOP, STOP),
        (_START, START),
        (_HELP, HELP),
        (_CONFIRM, CONFIRM),
        (_CHANGE, CHANGE),
    ):
        if plain in words:
            return found
    return UNEXPECTED


def normal(body: str) -> str:
    """Lower case, without accents, apostrophes, punctuation and doubled spaces."""
    decomposed = unicodedata.normalize("NFKD", body.casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c) and c not in "'’‘`")
    return " ".join(re.sub(r"[^\w]+", " ", letters).split())
