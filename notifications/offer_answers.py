"""Yes or no to a place that was offered by text. The book has the last word, and the patient hears it."""

from datetime import datetime

from clinic.errors import Refused
from notifications import inbox, projection
from notifications.enums import MessageKind, MessageStatus, Reply
from notifications.models import InboundMessage, Message, OfferText
from scheduling.enums import OfferStatus, SessionStatus
from scheduling.models import Offer, TreatmentSession
from scheduling.offers import accept_offer, decline_offer


def answered(inbound: InboundMessage, meaning: Reply, turn: OfferText, *, now: datetime) -> MessageKind:
    """Do what the answer says; name the text that answers it."""
    if meaning == Reply.CONFIRM:
        return _yes(inbound, turn.offer, now)
    return _no(inbound, turn.offer, now)


def _yes(inbound: InboundMessage, offer: Offer, now: datetime) -> MessageKind:
    try:
        inbound.session = accept_offer(offer=offer, by=None, now=now)
    except Refused as refusal:
        offer.refresh_from_db(fields=["status"])
        if offer.status == OfferStatus.OPEN:
            # It stands, and wants a person: a warning wants a reason, for one.
            inbound.needs_person = True
            return MessageKind.UNCLEAR
        inbound.session = _theirs(offer) if offer.status == OfferStatus.ACCEPTED else None
        if inbound.session is None or "offer_settled" not in refusal.codes:
            return MessageKind.OFFER_GONE
        return MessageKind.OFFER_OK
    _withdraw_notice(inbound.session, now)
    return MessageKind.OFFER_OK


def _no(inbound: InboundMessage, offer: Offer, now: datetime) -> MessageKind:
    try:
        decline_offer(offer=offer, by=None, now=now)
    except Refused:
        offer.refresh_from_db(fields=["status"])
        session = _theirs(offer) if offer.status == OfferStatus.ACCEPTED else None
        if session is not None:
            # They had said yes: what they want now is another time.
            inbox.wants_another_time(inbound, session, now=now)
            return MessageKind.CHANGE_OK
    return MessageKind.OFFER_NO


def _theirs(offer: Offer) -> TreatmentSession | None:
    """The session that the place became, while it is booked."""
    booked = TreatmentSession.objects.filter(
        course=offer.course_id, starts_at=offer.starts_at, status=SessionStatus.BOOKED
    )
    return booked.select_related("patient", "site").first()


def _withdraw_notice(session: TreatmentSession, now: datetime) -> None:
    """The answer tells the new time: a second text that says the same is not wanted."""
    notices = Message.objects.filter(
        session=session,
        kind__in=[MessageKind.MOVED, MessageKind.BOOKED],
        about_at=session.starts_at,
        status=MessageStatus.PENDING,
    )
    for notice in notices:
        projection.withdraw(notice, cause="told_already", now=now)
