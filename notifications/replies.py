"""What patients text back: understood where it is plain, given to a person where it is not."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from clinic.errors import Invalid, Refused
from clinic.ids import new_id
from clinic.models import Patient, Site
from notifications import inbox, keywords, offer_answers, rides
from notifications.enums import MessageKind, Reply
from notifications.models import InboundMessage, Message, OfferText
from notifications.notices import answer
from notifications.questions import Question, asked_of
from notifications.suppression import STOP, is_stopped, release, suppress
from notifications.telephones import Owners, owners_of
from scheduling.answers import answer_session
from scheduling.enums import Confirmation
from scheduling.locking import patiently

# No two of our machines may talk to each other for ever.
MOST_ANSWERS = 6
ANSWERS_WITHIN = timedelta(minutes=10)
ANSWERS = (Reply.CONFIRM, Reply.CHANGE)
# Understood of whoever writes them, and answered whoever it is: carriers, and care, ask for it.
OF_ANYBODY = (Reply.STOP, Reply.START, Reply.HELP, Reply.CRISIS)
TO_ANYBODY = (MessageKind.STOP_OK, MessageKind.START_OK, MessageKind.HELP, MessageKind.CRISIS)
OF_RIDES = (Reply.RIDE, Reply.NO_RIDE)
OF_OFFERS = (MessageKind.OFFER_OK, MessageKind.OFFER_GONE, MessageKind.OFFER_NO)


@patiently
def receive(
    *,
    from_number: str,
    to_number: str,
    body: str,
    message_sid: str,
    now: datetime,
    opt_out_type: str = "",
) -> InboundMessage:
    """One text, once: a second delivery of the same `message_sid` changes nothing.

    `opt_out_type`: STOP, START or HELP where the provider took it for that, in words that we may not know, and has
    replied itself; then we do not.
    """
    try:
        with transaction.atomic():
            return _receive(from_number, to_number, body, message_sid, now, opt_out_type.upper())
    except IntegrityError:
        return InboundMessage.objects.get(provider_sid=message_sid)


def _receive(from_number, to_number, body, message_sid, now, opt_out_type) -> InboundMessage:
    owners = owners_of(from_number)
    asked = asked_of(from_number, now=now)
    meaning = _meaning(body, asked, from_number, opt_out_type)
    patient = _patient_of(asked, owners)
    site = patient.site if patient else next(iter(owners.sites), None)
    inbound = InboundMessage.objects.create(
        id=new_id(),
        provider_sid=message_sid,
        from_number=from_number,
        to_number=to_number,
        body=body,
        received_at=now,
        meaning=meaning,
        site=_reader_of(from_number, meaning, patient, owners),
        patient=patient,
    )
    kind = _act(inbound, meaning, asked, owners, now)
    if kind in TO_ANYBODY:
        # Whoever it is, they are answered.
        site = inbound.site or site
    # A YES that the provider takes for START is to us the answer to an offer, which it knows nothing of.
    silent = opt_out_type and kind not in (*OF_OFFERS, MessageKind.CRISIS)
    # Where somebody is in danger it does no harm to say it again.
    enough = kind != MessageKind.CRISIS and _too_many_answers(from_number, now)
    if kind and site and not silent and not enough:
        about = inbound.session.starts_at if inbound.session else None
        inbound.answer = answer(inbound.patient, site, kind, to=from_number, now=now, about=about)
    inbox.keep(inbound, now=now)
    return inbound


def _meaning(body: str, asked: Question | None, number: str, opt_out_type: str) -> Reply:
    """By the words; what the provider took for STOP is STOP in any words, for it sends nothing there any more. Its
    START (YES is one) and HELP count where the words say nothing to us."""
    understood = keywords.to_an_offer if isinstance(asked, OfferText) else keywords.meaning
    meaning = Reply(understood(body))
    if opt_out_type == "STOP" and meaning != Reply.CRISIS:
        return Reply.STOP
    if meaning != Reply.UNEXPECTED:
        return meaning
    if opt_out_type == "START" and is_stopped(number):
        return Reply.START
    return Reply.HELP if opt_out_type == "HELP" else meaning


def _act(
    inbound: InboundMessage, meaning: Reply, asked: Question | None, owners: Owners, now: datetime
) -> MessageKind | None:
    """Do what the reply says; name the text that answers it."""
    if meaning == Reply.STOP:
        return _stop(inbound, owners, now)
    if meaning == Reply.START:
        release(inbound.from_number, source="START", wording=inbound.body, now=now)
        inbox.settle_stops(inbound.from_number, now=now)
        # Who told a person no, or was never asked, is asked by a person: START takes back only what STOP took.
        inbound.needs_person = _has_not_agreed(inbound.patient)
        return MessageKind.START_OK
    if meaning == Reply.HELP:
        return MessageKind.HELP
    if meaning == Reply.CRISIS:
        inbound.urgent = inbound.needs_person = True
        return MessageKind.CRISIS
    if (
        meaning in OF_RIDES
        and inbound.patient
        and (kind := _about_ride(inbound, inbound.patient, asked, now))
    ):
        return kind
    if asked and meaning in ANSWERS and (kind := _answered(inbound, meaning, asked, now)):
        return kind
    inbound.needs_person = True
    return MessageKind.UNCLEAR


def _stop(inbound: InboundMessage, owners: Owners, now: datetime) -> MessageKind | None:
    """One confirmation, then nothing: not even another one. Of a patient the call list knows; that an escort or one of
    the staff is out of reach is told to a person, who has to find another way."""
    if not suppress(inbound.from_number, source=STOP, now=now):
        return None
    inbound.needs_person = bool(owners.escorted or owners.staff)
    return MessageKind.STOP_OK


def _answered(inbound: InboundMessage, meaning: Reply, asked: Question, now: datetime) -> MessageKind | None:
    """An answer to a question of ours; None where it is past that."""
    if isinstance(asked, OfferText):
        return offer_answers.answered(inbound, meaning, asked, now=now)
    session = asked.session
    if session is None:
        return None
    try:
        if meaning == Reply.CHANGE:
            inbox.wants_another_time(inbound, session, now=now)
            return MessageKind.CHANGE_OK
        answer_session(session=session, confirmation=Confirmation.CONFIRMED, by=None, now=now)
    except Refused:
        return None
    inbound.session = session
    return MessageKind.CONFIRM_OK


def _about_ride(
    inbound: InboundMessage, patient: Patient, asked: Question | None, now: datetime
) -> MessageKind | None:
    """Who takes the patient home; None where that cannot be kept."""
    ride = keywords.ride_in(inbound.body)
    inbound.session = asked.session if isinstance(asked, Message) else None
    inbound.needs_person = ride is None
    try:
        if ride is None:
            inbound.patient = rides.no_ride(patient=patient, now=now)
            return MessageKind.RIDE_NONE
        inbound.patient = rides.name_ride(patient=patient, name=ride.name, phone=ride.phone, now=now)
        return MessageKind.RIDE_OK
    except Invalid:
        return None


def _patient_of(asked: Question | None, owners: Owners) -> Patient | None:
    if isinstance(asked, OfferText):
        return asked.offer.course.patient
    if asked is not None:
        return asked.patient
    return owners.patients[0] if len(owners.patients) == 1 else None


def _reader_of(number: str, meaning: Reply, patient: Patient | None, owners: Owners) -> Site | None:
    """Whose people read it: the patient's site; where patients of several sites share the number and none of them is
    meant, all of these (None). What comes from a number that no patient has is read by the site that last wrote to
    it, or where its escort or its staff belongs, or by the only site there is, else by managers (None); words that
    anybody is answered belong to a site in any case."""
    if patient or owners.patients:
        sites = {person.site for person in ([patient] if patient else owners.patients)}
        return sites.pop() if len(sites) == 1 else None
    last = Message.objects.filter(to=number, sent_at__isnull=False).order_by("-sent_at").first()
    if last is not None:
        return last.site
    if owners.sites:
        return owners.sites[0]
    first = list(Site.objects.order_by("created_at", "pk")[:2])
    return first[0] if len(first) == 1 or (first and meaning in OF_ANYBODY) else None


def _has_not_agreed(patient: Patient | None) -> bool:
    return patient is not None and Patient.objects.filter(pk=patient.pk, texts_allowed=False).exists()


def _too_many_answers(number: str, now: datetime) -> bool:
    recent = InboundMessage.objects.filter(
        from_number=number, received_at__gt=now - ANSWERS_WITHIN, answer__isnull=False
    )
    return recent.count() >= MOST_ANSWERS
