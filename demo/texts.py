"""Texts that went out before the demo was loaded, and a reply that needs a person."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from clinic.ids import new_id
from clinic.models import Site, User
from notifications import links, replies
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Attempt, Message
from scheduling.enums import Confirmation, SessionStatus
from scheduling.models import TreatmentSession

DAY = timedelta(days=1)
QUESTION = "Hi, can my sister drive me instead of my brother?"


def tidy(site: Site, entries: Sequence[Any], staff: dict[str, User], *, now: datetime) -> None:
    """What was due before now arrived then; every second of those reminded has confirmed."""
    due = Message.objects.filter(site=site, status=MessageStatus.PENDING, due_at__lt=now)
    for message in due.select_related("session"):
        _arrived(message)
    reminded = TreatmentSession.objects.filter(
        site=site,
        status=SessionStatus.BOOKED,
        messages__kind=MessageKind.REMINDER,
        messages__status=MessageStatus.DELIVERED,
    )
    for index, session in enumerate(reminded.order_by("starts_at").distinct()):
        if index % 2 == 0:
            TreatmentSession.objects.filter(pk=session.pk).update(confirmation=Confirmation.CONFIRMED)
    _question(site, entries, now)
    _wish(site, now)


def _arrived(message: Message) -> None:
    at = message.due_at + timedelta(seconds=4)
    Message.objects.filter(pk=message.pk).update(
        status=MessageStatus.DELIVERED,
        sent_at=at,
        settled_at=at,
        provider_sid=f"console-{message.pk}",
    )
    Attempt.objects.create(message=message, at=at, event="accepted", status=MessageStatus.DELIVERED)
    if (session := message.session) and links.MASK in message.body:
        links.open_for([(session.pk, message.to, message.about_at, session.ends_at, message.site_id)], now=at)


def _wish(site: Site, now: datetime) -> None:
    """Of those who were reminded an hour ago, one wants another time, and one's telephone is out of service."""
    waiting = Message.objects.filter(
        site=site, kind=MessageKind.REMINDER, status=MessageStatus.PENDING, session__starts_at__gt=now + DAY
    )
    reminders = list(waiting.select_related("session__patient").order_by("session__starts_at", "pk")[:2])
    for reminder in reminders:
        reminder.due_at = now - timedelta(hours=1)
        reminder.save(update_fields=["due_at"])
        _arrived(reminder)
    if len(reminders) < 2:
        return
    reminder, lost = reminders
    Message.objects.filter(pk=lost.pk).update(status=MessageStatus.FAILED, cause="30005")
    inbound = replies.receive(
        from_number=reminder.to,
        to_number=site.phone,
        body="R",
        message_sid=f"demo-{new_id()}",
        now=now - timedelta(minutes=12),
    )
    if inbound.answer:
        _arrived(inbound.answer)


def _question(site: Site, entries: Sequence[Any], now: datetime) -> None:
    asker = next((e.patient for e in entries[10:] if e.patient.texts_allowed), None)
    if asker is None:
        return
    replies.receive(
        from_number=asker.phone.as_e164,
        to_number=site.phone,
        body=QUESTION,
        message_sid=f"demo-{new_id()}",
        now=now - timedelta(minutes=25),
    )
    answer = Message.objects.filter(patient=asker, kind=MessageKind.UNCLEAR).first()
    if answer:
        _arrived(answer)
