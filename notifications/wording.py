"""What texts say, how long that is, and what must never be in them. Pure.

No drug, dose, diagnosis, score or word that tells the specialty; a neutral name for the place, a first name at
most, day and time, a telephone number. Never a request to reply CANCEL, END, QUIT or STOP, which a carrier
takes as an opt-out. Spanish is worded so that it stays within GSM-7.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

EN, ES = "en", "es"

# Beginnings of words, in both languages, without accents; those of up to four letters are whole words.
_FORBIDDEN = tuple(
    """
    spravato esketamin ketamin ketalar antidepress antidepres depress depresi suicid psych psiqui psico
    mental bipolar anxiety ansiedad treatment tratamiento therapy terapia dose doses dosing dosage dosis
    mg diagnos rems phq madrs nasal spray drug drugs droga medicat medicament medicina injection inyecc
    disorder trastorno clozap sedat sedac dissoci disoci trd mdsi
    """.split()
)
_WORD = re.compile(r"[a-z0-9]+")

_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = set("^{}\\[~]|€\f")

_MONTHS = {
    EN: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    ES: ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
}
_DAYS = {
    EN: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    ES: ["lun", "mar", "mie", "jue", "vie", "sab", "dom"],
}

_TEXTS = {
    EN: {
        "booked": "{hello}you have an appointment with {place} on {when}. Questions: {phone}. "
        "Reply STOP to get no more texts, HELP for help.",
        "booked_many": "{hello}you have {count} appointments with {place}. The first is on {when}. "
        "Questions: {phone}. Reply STOP to get no more texts, HELP for help.",
        "reminder": "{hello}reminder from {place}: your appointment is on {when}. "
        "Reply C to confirm or R for another time. Questions: {phone}",
        "moved": "{hello}your appointment with {place} is now on {when}. Questions: {phone}",
        "moved_many": "{hello}your appointments with {place} have changed. The next is on {when}. Questions: {phone}",
        "cancelled": "{hello}your appointment with {place} on {when} will not take place. Questions: {phone}",
        "confirm_ok": "Thank you. {place} expects you on {when}.",
        "change_ok": "Thank you. {place} will call you about another time. You can also call {phone}.",
        "stop_ok": "You will get no more texts from {place}. Reply START to get them again.",
        "start_ok": "You will get texts from {place} again. Reply STOP to get no more, HELP for help.",
        "help": "{place}: appointment texts. Call {phone}. Reply STOP to get no more texts.",
        "crisis": "This number is not watched at all hours. If you are in danger call 911. For help now call or text "
        "988, day and night. Somebody from {place} will call you.",
        "unclear": "Thank you. Somebody from {place} will read this and answer. If it is urgent call {phone}.",
    },
    ES: {
        "booked": "{hello}tiene una cita con {place} el {when}. Preguntas: {phone}. "
        "Responda STOP para no recibir mas mensajes, HELP para ayuda.",
        "booked_many": "{hello}tiene {count} citas con {place}. La primera es el {when}. "
        "Preguntas: {phone}. Responda STOP para no recibir mas mensajes, HELP para ayuda.",
        "reminder": "{hello}recordatorio de {place}: su cita es el {when}. "
        "Responda C para confirmar o R para otra hora. Preguntas: {phone}",
        "moved": "{hello}su cita con {place} es ahora el {when}. Preguntas: {phone}",
        "moved_many": "{hello}sus citas con {place} han cambiado. La proxima es el {when}. Preguntas: {phone}",
        "cancelled": "{hello}su cita con {place} del {when} no se realizará. Preguntas: {phone}",
        "confirm_ok": "Gracias. {place} le espera el {when}.",
        "change_ok": "Gracias. {place} le llamará para buscar otra hora. También puede llamar al {phone}.",
        "stop_ok": "No recibirá mas mensajes de {place}. Responda START para recibirlos de nuevo.",
        "start_ok": "Recibirá de nuevo los mensajes de {place}. Responda STOP para no recibirlos, HELP para ayuda.",
        "help": "{place}: mensajes de citas. Llame al {phone}. Responda STOP para no recibir mas mensajes.",
        "crisis": "Este número no se atiende a toda hora. Si está en peligro llame al 911. Para ayuda ahora llame "
        "o escriba al 988, dia y noche. Alguien de {place} le llamará.",
        "unclear": "Gracias. Alguien de {place} leerá esto y responderá. Si es urgente llame al {phone}.",
    },
}
_PLACE = {EN: "your clinic", ES: "su clinica"}
_HELLO = {EN: "Hello {name}, ", ES: "Hola {name}, "}
_NO_HELLO = {EN: "Hello, ", ES: "Hola, "}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text may know. `at` is the visit's wall time at the site."""

    place: str
    phone: str
    given_name: str = ""
    at: datetime | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Length:
    """How a carrier will cut a text: `segments` of an encoding, `units` in all (UCS-2: UTF-16 units)."""

    encoding: str
    units: int
    segments: int


def render(kind: str, language: str, facts: Facts) -> str:
    """The text of a kind in a language. A name or alias that tells too much is left out or replaced.

    Raises:
        KeyError: for an unknown kind.
    """
    language = language if language in _TEXTS else EN
    place = facts.place if facts.place.strip() and not forbidden_in(facts.place) else _PLACE[language]
    name = facts.given_name if facts.given_name.strip() and not forbidden_in(facts.given_name) else ""
    hello = _HELLO[language].format(name=name.strip()) if name else _NO_HELLO[language]
    text = _TEXTS[language][kind].format(
        hello=hello, place=place, phone=facts.phone, when=_when(facts.at, language), count=facts.count
    )
    text = within_gsm(text)
    if forbidden_in(text):
        # Name and place made a word together that neither is alone.
        return render(kind, language, Facts("", facts.phone, "", facts.at, facts.count))
    return text


def kinds() -> list[str]:
    return list(_TEXTS[EN])


def forbidden_in(text: str) -> list[str]:
    """The words in `text` that tell too much; case and accents do not hide them."""
    words = _WORD.findall(_plain(text))
    return sorted({word for word in words if _TELLS.fullmatch(word)})


def _any_of(stems: Iterable[str]) -> re.Pattern[str]:
    # "56mg" tells as much as "mg"; but a short stem inside a name ("Remsen") tells nothing.
    tails = (
        rf"\d*{re.escape(stem)}" + (r"|" + re.escape(stem) + ".*" if len(stem) > 4 else "") for stem in stems
    )
    return re.compile("|".join(tails))


_TELLS = _any_of(_FORBIDDEN)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def within_gsm(text: str) -> str:
    """Without the accents that GSM-7 lacks: one of them would more than halve a segment."""
    return "".join(c if c in _GSM or c in _GSM_EXTENDED else _closest(c) for c in text)


def _closest(character: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return plain if plain and all(c in _GSM for c in plain) else character


def length_of(text: str) -> Length:
    """GSM-7: 160, or 153 each when joined, some characters count two. Else UCS-2: 70, or 67 each."""
    if all(c in _GSM or c in _GSM_EXTENDED for c in text):
        units = sum(2 if c in _GSM_EXTENDED else 1 for c in text)
        return Length("GSM-7", units, _segments(units, 160, 153))
    units = len(text.encode("utf-16-be")) // 2
    return Length("UCS-2", units, _segments(units, 70, 67))


def _segments(units: int, alone: int, joined: int) -> int:
    return 1 if units <= alone else -(-units // joined)


def _when(at: datetime | None, language: str) -> str:
    """Tue 9 Dec, 9:00 AM."""
    if at is None:
        return ""
    day, month = _DAYS[language][at.weekday()], _MONTHS[language][at.month - 1]
    hour = at.hour % 12 or 12
    return f"{day} {at.day} {month}, {hour}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"
