"""What patients text back: understood where it is plain, given to a person where it is not."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from clinic import audit
from clinic.errors import Refused
from clinic.ids import new_id
from clinic.models import Patient, Site
from notifications import keywords
from notifications.enums import MessageKind, MessageStatus, Reply
from notifications.models import InboundMessage, Message
from notifications.projection import answer
from notifications.suppression import release, suppress
from scheduling.answers import answer_session
from scheduling.enums import Confirmation, SessionStatus

# A reply answers what was asked in the last days, not a text of last month.
ASKED_WITHIN = timedelta(days=4)
# No two of our machines may talk to each other for ever.
MOST_ANSWERS = 6
ANSWERS_WITHIN = timedelta(minutes=10)


def receive(
    *,
    from_number: str,
    to_number: str,
    body: str,
    message_sid: str,
    now: datetime,
    already_answered: bool = False,
) -> InboundMessage:
    """One text, once: a second delivery of the same `message_sid` changes nothing.

    `already_answered`: the provider has replied itself (its own STOP and HELP), so we do not.
    """
    try:
        with transaction.atomic():
            return _receive(from_number, to_number, body, message_sid, now, already_answered)
    except IntegrityError:
        return InboundMessage.objects.get(provider_sid=message_sid)


@transaction.atomic
def mark_handled(*, inbound: InboundMessage, by, now: datetime) -> None:
    """Somebody has dealt with it. Twice is the same as once."""
    waiting = InboundMessage.objects.filter(pk=inbound.pk, handled_at__isnull=True)
    if waiting.update(handled_at=now, handled_by=by):
        audit.record(
            "reply.handled", by=by, now=now, site=inbound.site_id, patient=inbound.patient_id, on=inbound
        )


def _receive(from_number, to_number, body, message_sid, now, already_answered) -> InboundMessage:
    meaning = Reply(keywords.meaning(body))
    patients = list(Patient.objects.filter(phone=from_number, active=True).select_related("site"))
    asked = _asked(from_number, now)
    patient = asked.patient if asked else (patients[0] if len(patients) == 1 else None)
    site = _site_of(patient, patients)
    inbound = InboundMessage.objects.create(
        id=new_id(),
        provider_sid=message_sid,
        from_number=from_number,
        to_number=to_number,
        body=body,
        received_at=now,
        meaning=meaning,
        site=site,
        patient=patient,
    )
    kind = _act(inbound, meaning, asked, now)
    if kind and site and not already_answered and not _too_many_answers(from_number, now):
        session = inbound.session
        inbound.answer = answer(patient, site, kind, to=from_number, now=now, session=session)
    inbound.save()
    audit.record(
        "reply.received", by=None, now=now, site=site, patient=patient, on=inbound, meaning=str(meaning)
    )
    return inbound


def _act(inbound: InboundMessage, meaning: Reply, asked: Message | None, now: datetime) -> MessageKind | None:
    """Do what the reply says; name the text that answers it."""
    if meaning == Reply.STOP:
        suppress(inbound.from_number, source="STOP", now=now)
        return MessageKind.STOP_OK
    if meaning == Reply.START:
        release(inbound.from_number, source="START", wording=inbound.body, now=now)
        return MessageKind.START_OK
    if meaning == Reply.HELP:
        return MessageKind.HELP
    if meaning == Reply.CRISIS:
        inbound.urgent = inbound.needs_person = True
        return MessageKind.CRISIS
    if meaning in (Reply.CONFIRM, Reply.CHANGE) and asked and _answered(inbound, meaning, asked, now):
        return MessageKind.CONFIRM_OK if meaning == Reply.CONFIRM else MessageKind.CHANGE_OK
    inbound.needs_person = True
    return MessageKind.UNCLEAR


def _answered(inbound: InboundMessage, meaning: Reply, asked: Message, now: datetime) -> bool:
    """Confirm, or want another time for, the session that was asked about. False where it is past that."""
    session = asked.session
    if session is None:
        return False
    confirmation = Confirmation.CONFIRMED if meaning == Reply.CONFIRM else Confirmation.WANTS_CHANGE
    try:
        answer_session(session=session, confirmation=confirmation, by=None, now=now)
    except Refused:
        return False
    inbound.session = session
    # Another time is found by a person.
    inbound.needs_person = meaning == Reply.CHANGE
    return True


def _asked(number: str, now: datetime) -> Message | None:
    """The reminder that this number answers; None where two patients were asked and neither is meant."""
    rows = Message.objects.filter(
        to=number,
        kind=MessageKind.REMINDER,
        status__in=[MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNKNOWN],
        sent_at__gt=now - ASKED_WITHIN,
        session__status=SessionStatus.BOOKED,
        session__starts_at__gt=now,
    ).select_related("patient__site", "session__site", "session__patient")
    open_ = list(rows.filter(about_at=F("session__starts_at")).order_by("session__starts_at"))
    unconfirmed = rows.filter(session__confirmation=Confirmation.UNCONFIRMED).values_list("pk", flat=True)
    waiting = [row for row in open_ if row.pk in set(unconfirmed)] or open_
    if len({row.patient_id for row in waiting}) > 1:
        return None
    return waiting[0] if waiting else None


def _site_of(patient: Patient | None, patients: list[Patient]) -> Site | None:
    """Where the text belongs; any of several patients' sites can tell a family to call."""
    if patient:
        return patient.site
    return patients[0].site if patients else None


def _too_many_answers(number: str, now: datetime) -> bool:
    recent = InboundMessage.objects.filter(
        from_number=number, received_at__gt=now - ANSWERS_WITHIN, answer__isnull=False
    )
    return recent.count() >= MOST_ANSWERS
