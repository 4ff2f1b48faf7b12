"""At most so many reminders a day and a week to one patient: counted from what was sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from notifications import houses
from notifications.enums import MessageKind
from notifications.models import Message, TextPolicy

WEEK = timedelta(days=7)


class Reminded(Protocol):
    """What is asked of a text here."""

    @property
    def kind(self) -> str: ...

    @property
    def patient(self) -> Any: ...

    @property
    def site(self) -> Any: ...

    @property
    def tz(self) -> ZoneInfo: ...


class Reminders:
    """When each patient was reminded in the week before `now`, and how often their site allows it."""

    def __init__(self, sent: dict[Any, list[datetime]], policies: Mapping[Any, TextPolicy], now: datetime):
        self._sent, self._policies, self._now = sent, policies, now

    def too_many(self, text: Reminded) -> bool:
        if text.patient is None:
            return False
        times = self._sent[text.patient]
        day = self._now.astimezone(text.tz).date()
        on_the_day = sum(moment.astimezone(text.tz).date() == day for moment in times)
        policy = self._policies[text.site]
        return on_the_day >= policy.most_a_day or len(times) >= policy.most_a_week

    def count(self, text: Reminded, moment: datetime) -> None:
        self._sent[text.patient].append(moment)


def reminders_by_patient(texts: Sequence[Reminded], *, now: datetime) -> Reminders:
    """Two queries for a whole batch."""
    patients = {text.patient for text in texts if text.kind == MessageKind.REMINDER}
    sent: dict[Any, list[datetime]] = defaultdict(list)
    if patients:
        rows = Message.objects.filter(
            patient__pk__among=patients, kind=MessageKind.REMINDER, sent_at__gt=now - WEEK
        )
        for patient, moment in rows.values_list("patient_id", "sent_at"):
            if moment is not None:
                sent[patient].append(moment)
    sites = {text.site for text in texts} if patients else set()
    return Reminders(sent, houses.policies(sites), now)
