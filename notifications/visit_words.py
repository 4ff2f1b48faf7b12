"""What the page of a visit says, in both languages. Pure.

The rules of texts hold here too: no drug, dose, diagnosis or word that tells the specialty. What the label wants
before a visit is told only to who agreed to detail.
"""

from dataclasses import dataclass

from notifications import wording

EN, ES = "en", "es"

WORDS: dict[str, dict[str, str]] = {
    EN: {
        "title": "Your appointment",
        "hello": "Hello {name},",
        "other_language": "Español",
        "from_to": "{start} to about {end}",
        "clinics_time": "the clinic's time, {zone}",
        "where": "Where",
        "way": "Show the way",
        "call": "Call {phone}",
        "confirmed": "You have confirmed. Thank you.",
        "wants_change": "We will call you about another time. Until then this one is kept for you.",
        "answer": "Will you come?",
        "confirm": "Yes, I will come",
        "confirm_after_all": "I can come after all",
        "change": "I need another time",
        "prepare": "Before you come",
        "ride": "Your way home",
        "ride_asked": "Who takes you home? We may call them when you can be picked up.",
        "ride_known": "Noted: {name}",
        "ride_noted": "Noted.",
        "ride_number": "number ending in {digits}",
        "ride_other": "Somebody else?",
        "ride_name": "Name",
        "ride_phone": "Telephone (if you know it)",
        "ride_save": "Save",
        "calendar": "Put it into my calendar",
        "event": "Appointment",
        "alone": "This page is meant for you. Whoever has its link can answer for you.",
        "emergency": "In an emergency call 911.",
        "faults": "Not saved yet.",
        "fault_required": "Please write a name.",
        "fault_long": "That is too long.",
        "fault_unreadable": "There is a sign in it that we cannot keep.",
        "fault_phone": "Not a telephone number. Write it as 614-555-0123.",
        "ended_title": "This link has ended",
        "ended": "A newer text from us may have a newer one. Questions: call the number in the text.",
        "slow_title": "One moment, please",
        "slow": "This page was opened very often. Please try again in {minutes}.",
        "minute": "1 minute",
        "minutes": "{n} minutes",
    },
    ES: {
        "title": "Su cita",
        "hello": "Hola, {name}:",
        "other_language": "English",
        "from_to": "{start} a {end}, aproximadamente",
        "clinics_time": "hora de la clínica, {zone}",
        "where": "Dónde",
        "way": "Cómo llegar",
        "call": "Llamar al {phone}",
        "confirmed": "Ha confirmado. Gracias.",
        "wants_change": "Le llamaremos para buscar otra hora. Mientras tanto le guardamos esta.",
        "answer": "¿Vendrá?",
        "confirm": "Sí, iré",
        "confirm_after_all": "Al final sí puedo ir",
        "change": "Necesito otra hora",
        "prepare": "Antes de venir",
        "ride": "Su regreso a casa",
        "ride_asked": "¿Quién le lleva a casa? Podemos llamarle cuando se le pueda recoger.",
        "ride_known": "Anotado: {name}",
        "ride_noted": "Anotado.",
        "ride_number": "número terminado en {digits}",
        "ride_other": "¿Otra persona?",
        "ride_name": "Nombre",
        "ride_phone": "Teléfono (si lo sabe)",
        "ride_save": "Guardar",
        "calendar": "Añadir a mi calendario",
        "event": "Cita",
        "alone": "Esta página es para usted. Quien tenga su enlace puede responder por usted.",
        "emergency": "En una emergencia llame al 911.",
        "faults": "Aún no se ha guardado.",
        "fault_required": "Escriba un nombre.",
        "fault_long": "Es demasiado largo.",
        "fault_unreadable": "Contiene un signo que no podemos guardar.",
        "fault_phone": "No es un número de teléfono. Escríbalo así: 614-555-0123.",
        "ended_title": "Este enlace ha terminado",
        "ended": "Un mensaje nuestro más reciente puede tener otro. Preguntas: llame al número del mensaje.",
        "slow_title": "Un momento, por favor",
        "slow": "Esta página se ha abierto muchas veces. Inténtelo de nuevo en {minutes}.",
        "minute": "1 minuto",
        "minutes": "{n} minutos",
    },
}
# What the label wants before a visit.
PREPARATIONS: dict[str, tuple[str, ...]] = {
    EN: (
        "Nothing to eat for 2 hours before.",
        "Nothing to drink for 30 minutes before.",
        "Somebody else must drive you home.",
    ),
    ES: (
        "No coma nada en las 2 horas anteriores.",
        "No beba nada en los 30 minutos anteriores.",
        "Otra persona debe llevarle a casa.",
    ),
}
_PLACE = {EN: "Your clinic", ES: "Su clínica"}
_FAULTS = {
    "required": "fault_required",
    "too_long": "fault_long",
    "unreadable": "fault_unreadable",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What people have written themselves, as far as it tells nothing."""

    name: str
    place: str
    address: str
    ride: str


def told(language: str, *, name: str, place: str, address: str, ride: str) -> Told:
    """A name, a place, an address that tells too much is left out or replaced."""
    return Told(_harmless(name), _harmless(place) or _PLACE[language], _harmless(address), _harmless(ride))


def fault(language: str, code: str, field: str) -> str:
    """A fault of the ride in the patient's words."""
    name = "fault_phone" if field == "escort_phone" else _FAULTS.get(code, "fault_unreadable")
    return WORDS[language][name]


def minutes(language: str, number: int) -> str:
    """ "1 minute", "5 minutes"."""
    return WORDS[language]["minute" if number == 1 else "minutes"].format(n=number)


def _harmless(text: str) -> str:
    text = text.strip()
    return "" if wording.forbidden_in(text) else text
