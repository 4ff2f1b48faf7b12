"""At most so many reminders a day and a week to one patient: counted from what was sent."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from notifications.enums import MessageKind
from notifications.models import Message
from notifications.timing import MOST_A_DAY, MOST_A_WEEK

WEEK = timedelta(days=7)


class Reminders:
    """When each patient was reminded in the week before `now`."""

    def __init__(self, sent: dict[Any, list[datetime]], now: datetime):
        self._sent, self._now = sent, now

    def too_many(self, message: Message) -> bool:
        if message.patient is None:
            return False
        times, zone = self._sent[message.patient_id], message.patient.tz
        day = self._now.astimezone(zone).date()
        on_the_day = sum(moment.astimezone(zone).date() == day for moment in times)
        return on_the_day >= MOST_A_DAY or len(times) >= MOST_A_WEEK

    def count(self, message: Message, moment: datetime) -> None:
        self._sent[message.patient_id].append(moment)


def reminders_by_patient(messages: Sequence[Message], *, now: datetime) -> Reminders:
    """One query for a whole batch."""
    patients = {m.patient_id for m in messages if m.kind == MessageKind.REMINDER}
    rows = Message.objects.filter(patient__in=patients, kind=MessageKind.REMINDER, sent_at__gt=now - WEEK)
    sent: dict[Any, list[datetime]] = defaultdict(list)
    for patient, moment in rows.values_list("patient_id", "sent_at"):
        if moment is not None:
            sent[patient].append(moment)
    return Reminders(sent, now)
