"""What a number was asked last, so that a C, an R or a yes is an answer to it."""

from datetime import datetime, timedelta

from django.db.models import F

from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message, OfferText
from scheduling.enums import Confirmation, OfferStatus, SessionStatus

# A reply answers what was asked in the last days, not a text of last month.
ASKED_WITHIN = timedelta(days=4)
_WENT = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNKNOWN)
# The patient has said yes or no to it.
_ANSWERED = (OfferStatus.ACCEPTED, OfferStatus.DECLINED)

Question = Message | OfferText


def asked_of(number: str, *, now: datetime) -> Question | None:
    """The last question to this number that may be meant; None where two patients were asked and neither is meant.

    An offer that was answered gives way to a reminder that waits; one that is over, unanswered, does not: a late yes is
    told that it is too late.
    """
    reminders, offers = _reminders(number, now), _offers(number, now)
    unconfirmed = [r for r in reminders if r.session and r.session.confirmation == Confirmation.UNCONFIRMED]
    open_ = [turn for turn in offers if turn.offer.status == OfferStatus.OPEN and turn.offer.expires_at > now]
    waiting = unconfirmed or reminders
    people = {row.patient_id for row in waiting} | {turn.offer.course.patient_id for turn in open_}
    if len({row.patient_id for row in waiting}) > 1 or (open_ and len(people) > 1):
        return None
    reminder = waiting[0] if waiting else None
    last = offers[0] if offers else None
    if last is None or (reminder and not _goes_before(last, reminder)):
        return reminder
    return last


def _goes_before(turn: OfferText, reminder: Message) -> bool:
    if turn.offer.status in _ANSWERED:
        return False
    return (turn.message.sent_at or turn.message.due_at) >= (reminder.sent_at or reminder.due_at)


def _reminders(number: str, now: datetime) -> list[Message]:
    """Of sessions that are still booked at that time, the soonest first."""
    rows = Message.objects.filter(
        to=number,
        kind=MessageKind.REMINDER,
        status__in=_WENT,
        sent_at__gt=now - ASKED_WITHIN,
        # A number that was corrected since is somebody else's.
        session__patient__phone=number,
        session__status=SessionStatus.BOOKED,
        session__starts_at__gt=now,
        about_at=F("session__starts_at"),
    ).select_related("patient__site", "session__site", "session__patient")
    return list(rows.order_by("session__starts_at", "pk"))


def _offers(number: str, now: datetime) -> list[OfferText]:
    """Of places that are still ahead, the last one asked first."""
    rows = OfferText.objects.filter(
        message__to=number,
        offer__course__patient__phone=number,
        message__status__in=_WENT,
        message__sent_at__gt=now - ASKED_WITHIN,
        offer__starts_at__gt=now,
    ).select_related("message", "offer__course__patient__site", "offer__site", "offer__session")
    return list(rows.order_by("-message__sent_at", "-pk"))
