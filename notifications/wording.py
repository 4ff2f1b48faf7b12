"""What texts say, how long that is, and what must never be in them. Pure.

No drug, dose, diagnosis, score or word that tells the specialty; a neutral name for the place, a first name at
most, day and time, a telephone number. Never a request to reply CANCEL, END, QUIT or STOP, which a carrier
takes as an opt-out. Spanish is worded so that it stays within GSM-7.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
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
_GSM_ALL = _GSM | _GSM_EXTENDED

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
        "reminder_detailed": "{hello}reminder from {place}: your appointment is on {when}. Nothing to eat for 2 hours "
        "before, nothing to drink for 30 minutes. Somebody else must drive you home. {ride} "
        "Reply C to confirm or R for another time. Questions: {phone}",
        "moved": "{hello}your appointment with {place} is now on {when}. Questions: {phone}",
        "moved_many": "{hello}your appointments with {place} have changed. The next is on {when}. Questions: {phone}",
        "cancelled": "{hello}your appointment with {place} on {when} will not take place. Questions: {phone}",
        "cancelled_many": "{hello}your appointments with {place} on {days} will not take place. Questions: {phone}",
        "confirm_ok": "Thank you. {place} expects you on {when}.",
        "change_ok": "Thank you. {place} will call you about another time. You can also call {phone}.",
        "ride_ok": "Thank you. {place} has noted that {companion} takes you home. Not so? Call {phone}.",
        "ride_none": "Thank you. {place} will call you about a ride home. You can also call {phone}.",
        "stop_ok": "You will get no more texts from {place}. Reply START to get them again.",
        "start_ok": "You will get texts from {place} again. Reply STOP to get no more, HELP for help.",
        "help": "{place}: appointment texts. Call {phone}. Reply STOP to get no more texts.",
        "crisis": "This number is not watched at all hours. If you are in danger call 911. For help now call or text "
        "988, day and night. Somebody from {place} will call you.",
        "unclear": "Thank you. Somebody from {place} will read this and answer. If it is urgent call {phone}.",
        "check": "{hello}this is {place}: how are you today? Reply with a word if you want a call, or call {phone}. "
        "In an emergency call 911.",
        "escort": "{place}: {name} can be picked up in about 15 minutes. Questions: {phone}",
        "offer": "{hello}an earlier time is free with {place}: {when}. Reply C to take it, R to keep yours. "
        "Open until {until}. Questions: {phone}",
        "offer_ok": "Thank you. Your appointment with {place} is now on {when}.",
        "offer_gone": "That time with {place} is no longer free. Your appointment stays as it was. Questions: {phone}",
        "offer_no": "Thank you. Your appointment stays as it was. Questions: {phone}",
        "staff": "{place}: you are needed at {chair} now. Please open the floor page.",
        "staff_form": "{place}: a form of yours is due. Please open the forms page.",
        "staff_serious": "{place}: something serious was written down. Please open the forms page now.",
        "test": "This is a test from {place}. No answer is needed.",
    },
    ES: {
        "booked": "{hello}tiene una cita con {place} el {when}. Preguntas: {phone}. "
        "Responda STOP para no recibir mas mensajes, HELP para ayuda.",
        "booked_many": "{hello}tiene {count} citas con {place}. La primera es el {when}. "
        "Preguntas: {phone}. Responda STOP para no recibir mas mensajes, HELP para ayuda.",
        "reminder": "{hello}recordatorio de {place}: su cita es el {when}. "
        "Responda C para confirmar o R para otra hora. Preguntas: {phone}",
        "reminder_detailed": "{hello}recordatorio de {place}: su cita es el {when}. No coma nada en las 2 horas "
        "anteriores ni beba nada en los 30 minutos anteriores. Otra persona debe llevarle a casa. {ride} "
        "Responda C para confirmar o R para otra hora. Preguntas: {phone}",
        "moved": "{hello}su cita con {place} es ahora el {when}. Preguntas: {phone}",
        "moved_many": "{hello}sus citas con {place} han cambiado. La proxima es el {when}. Preguntas: {phone}",
        "cancelled": "{hello}su cita con {place} del {when} no se realizará. Preguntas: {phone}",
        "cancelled_many": "{hello}sus citas con {place} de estos dias no se realizarán: {days}. Preguntas: {phone}",
        "confirm_ok": "Gracias. {place} le espera el {when}.",
        "change_ok": "Gracias. {place} le llamará para buscar otra hora. También puede llamar al {phone}.",
        "ride_ok": "Gracias. {place} ha anotado que {companion} le lleva a casa. No es asi? Llame al {phone}.",
        "ride_none": "Gracias. {place} le llamará por su regreso a casa. También puede llamar al {phone}.",
        "stop_ok": "No recibirá mas mensajes de {place}. Responda START para recibirlos de nuevo.",
        "start_ok": "Recibirá de nuevo los mensajes de {place}. Responda STOP para no recibirlos, HELP para ayuda.",
        "help": "{place}: mensajes de citas. Llame al {phone}. Responda STOP para no recibir mas mensajes.",
        "crisis": "Este número no se atiende a toda hora. Si está en peligro llame al 911. Para ayuda ahora llame "
        "o escriba al 988, dia y noche. Alguien de {place} le llamará.",
        "unclear": "Gracias. Alguien de {place} leerá esto y responderá. Si es urgente llame al {phone}.",
        "check": "{hello}le escribe {place}: cómo se encuentra hoy? Responda con una palabra si quiere que le "
        "llamemos, o llame al {phone}. En una emergencia llame al 911.",
        "escort": "{place}: puede recoger a {name} en unos 15 minutos. Preguntas: {phone}",
        "offer": "{hello}hay una hora libre antes con {place}: {when}. Responda C para tomarla, R para mantener la "
        "suya. Disponible hasta {until}. Preguntas: {phone}",
        "offer_ok": "Gracias. Su cita con {place} es ahora el {when}.",
        "offer_gone": "Esa hora con {place} ya no esta libre. Su cita sigue como estaba. Preguntas: {phone}",
        "offer_no": "Gracias. Su cita sigue como estaba. Preguntas: {phone}",
        "staff": "{place}: se le necesita en {chair} ahora. Abra la pagina de la sala.",
        "staff_form": "{place}: un formulario suyo vence. Abra la pagina de formularios.",
        "staff_serious": "{place}: se ha anotado algo grave. Abra ahora la pagina de formularios.",
        "test": "Esto es una prueba de {place}. No hace falta responder.",
    },
}
# What stands for a link wherever words are kept or shown; the link itself takes its place as the text goes out.
MASK = "[page]"
# Texts about a visit, which may carry a link to its page.
ABOUT_A_VISIT = {"booked", "booked_many", "reminder", "reminder_detailed", "moved", "moved_many"}
_LINK = {EN: "All about it: {link}", ES: "Todo sobre la cita: {link}"}
# To those of whom nobody knows who takes them home.
_RIDE = {
    EN: "Reply RIDE and a name to say who, or NO RIDE.",
    ES: "Responda VIAJE y un nombre para decir quien, o SIN VIAJE.",
}
# So many days are named, and of more how many.
MOST_DAYS = 12
_MORE = {EN: "{days} and {number} more", ES: "{days} y {number} mas"}
_NAME = re.compile(r"\{(\w+)\}")
_COMPANION = {EN: "your companion", ES: "su acompanante"}
_CHAIR = {EN: "a chair", ES: "un sillon"}
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
    # Of several visits, each one's wall time.
    several: tuple[datetime, ...] = ()
    # An offer's end, a page about the visit, a chair's name.
    until: datetime | None = None
    link: str = ""
    chair: str = ""
    # Who takes the patient home; and whether it is asked.
    companion: str = ""
    asks_ride: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """How a carrier will cut a text: `segments` of an encoding, `units` in all (UCS-2: UTF-16 units)."""

    encoding: str
    units: int
    segments: int


def render(kind: str, language: str, facts: Facts, own: str | None = None) -> str:
    """The text of a kind in a language, in a site's `own` words where it has some.

    A name or alias that tells too much is left out or replaced.

    Raises:
        KeyError: for an unknown kind.
    """
    language = language if language in _TEXTS else EN
    values = values_of(language, facts)
    text = within_gsm(filled(with_parts(own or _TEXTS[language][kind], facts), values))
    if forbidden_in(text):
        # Parts made a word together that none is alone; or a site's own words tell too much after all.
        ours = with_parts(_TEXTS[language][kind], facts)
        return within_gsm(filled(ours, {**values, **_harmless(language)}))
    return text


def values_of(language: str, facts: Facts) -> dict[str, str]:
    """What the names in braces stand for; a name or place that tells too much is replaced."""
    place = facts.place if facts.place.strip() and not forbidden_in(facts.place) else _PLACE[language]
    name = facts.given_name.strip() if not forbidden_in(facts.given_name) else ""
    return {
        "hello": _HELLO[language].format(name=name) if name else _NO_HELLO[language],
        "place": place,
        "phone": facts.phone,
        "name": name or _COMPANION[language],
        "when": _when(facts.at, language),
        "until": _when(facts.until, language),
        "count": str(facts.count),
        "days": _days(facts.several or ((facts.at,) if facts.at else ()), language),
        "page": _LINK[language].format(link=facts.link) if facts.link else "",
        "ride": _RIDE[language],
        "companion": (facts.companion.strip() if not forbidden_in(facts.companion) else "")
        or _COMPANION[language],
        "chair": (facts.chair.strip() if not forbidden_in(facts.chair) else "") or _CHAIR[language],
    }


def filled(template: str, values: dict[str, str]) -> str:
    """`template` with each {name} that is known; anything else in braces stays as it is."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), template)


def with_parts(template: str, facts: Facts) -> str:
    """{page}, the sentence with the link: at the end, unless the words say where; nowhere without a link. {ride}, the
    question who takes the patient home: where the words say, if it is asked at all."""
    if not facts.asks_ride:
        template = re.sub(r"\s*\{ride\}", "", template)
    if not facts.link:
        return re.sub(r"\s*\{page\}", "", template)
    return template if "{page}" in template else f"{template} {{page}}"


def _harmless(language: str) -> dict[str, str]:
    return {
        "hello": _NO_HELLO[language],
        "place": _PLACE[language],
        "name": _COMPANION[language],
        "companion": _COMPANION[language],
        "chair": _CHAIR[language],
    }


def kinds() -> list[str]:
    return list(_TEXTS[EN])


def ours(kind: str, language: str) -> str:
    """Our own words for a kind, with their names in braces."""
    return _TEXTS[language][kind]


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
    if text.isascii():  # most are, and need no looking at each character
        return text.lower()
    # A sign that nobody sees (Cf: a soft hyphen) hides no word.
    decomposed = unicodedata.normalize("NFKD", text)
    seen = (c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return "".join(seen).casefold()


def within_gsm(text: str) -> str:
    """Without the accents that GSM-7 lacks: one of them would more than halve a segment."""
    if _GSM_ALL.issuperset(text):
        return text
    return "".join(c if c in _GSM_ALL else _closest(c) for c in text)


def _closest(character: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return plain if plain and all(c in _GSM for c in plain) else character


def length_of(text: str) -> Length:
    """GSM-7: 160, or 153 each when joined, some characters count two. Else UCS-2: 70, or 67 each."""
    if _GSM_ALL.issuperset(text):
        units = len(text) + sum(map(text.count, _GSM_EXTENDED))
        return Length("GSM-7", units, _segments(text, units, 160, 153))
    units = len(text.encode("utf-16-be")) // 2
    return Length("UCS-2", units, _segments(text, units, 70, 67))


def _segments(text: str, units: int, alone: int, joined: int) -> int:
    """A character of two units is never cut in half: where it does not fit it begins the next segment."""
    if units <= alone:
        return 1
    if units == len(text):
        return -(-units // joined)
    wide = _GSM_EXTENDED.__contains__ if joined == 153 else "\uffff".__lt__
    segments, room = 1, joined
    for character in text:
        width = 2 if wide(character) else 1
        if width > room:
            segments, room = segments + 1, joined
        room -= width
    return segments


def _when(at: datetime | None, language: str) -> str:
    """Tue 9 Dec, 9:00 AM."""
    if at is None:
        return ""
    hour = at.hour % 12 or 12
    return f"{_day(at, language)}, {hour}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"


def _day(at: datetime, language: str) -> str:
    return f"{_DAYS[language][at.weekday()]} {at.day} {_MONTHS[language][at.month - 1]}"


def _days(several: Sequence[datetime], language: str) -> str:
    """Mon 2 Mar, Thu 5 Mar."""
    named = ", ".join(_day(at, language) for at in several[:MOST_DAYS])
    more = len(several) - MOST_DAYS
    return _MORE[language].format(days=named, number=more) if more > 0 else named
