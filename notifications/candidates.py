"""Why a text that was claimed may not go after all: everything is asked again at the moment of sending."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import CharField
from django.db.models.functions import Cast

from notifications import limits
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message, Suppression
from scheduling.enums import SessionStatus

S = MessageStatus
# The law and care ask for these answers, whatever was stopped.
ALWAYS = (MessageKind.STOP_OK, MessageKind.HELP, MessageKind.CRISIS)
# Ours to begin with, to the number that the patient has; answers go to whoever asked.
TO_THE_PATIENT = (
    MessageKind.BOOKED,
    MessageKind.REMINDER,
    MessageKind.MOVED,
    MessageKind.CANCELLED,
    MessageKind.CHECK,
    MessageKind.OFFER,
)
# Worse than nothing once the visit is at another time.
_OF_A_TIME = (MessageKind.REMINDER, MessageKind.MOVED)
_FIELDS = {
    "pk": "pk",
    "kind": "kind",
    "rule": "rule",
    "staff": "staff_id",
    "to": "to",
    "body": "body",
    "about_at": "about_at",
    "expires_at": "expires_at",
    "patient": "patient_id",
    "agreed": "patient__texts_allowed",
    "active": "patient__active",
    "number": "patient_number",
    "zone": "patient__timezone",
    "site": "site_id",
    "site_zone": "site__timezone",
    "session": "session_id",
    "session_status": "session__status",
    "session_at": "session__starts_at",
    "session_ends": "session__ends_at",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the last questions need of a text, its patient and its session; plain values, for there are many."""

    pk: Any
    kind: str
    rule: str
    staff: Any
    to: str
    body: str
    about_at: datetime
    expires_at: datetime
    patient: Any
    agreed: bool | None
    active: bool | None
    number: str | None
    zone: str | None
    site: Any
    site_zone: str
    session: Any
    session_status: str | None
    session_at: datetime | None
    session_ends: datetime | None

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone or self.site_zone)


def candidates(ids: Sequence[Any], holder: Any) -> list[Candidate]:
    """The claimed texts that this process still holds, soonest due first, in one query."""
    rows = Message.objects.filter(pk__among=ids, claim=holder, status=S.CLAIMED).order_by("due_at", "pk")
    # As text: reading it as a telephone number takes longer than all the rest.
    rows = rows.annotate(patient_number=Cast("patient__phone", CharField()))
    return [Candidate(*values) for values in rows.values_list(*_FIELDS.values())]


def suppressed_among(found: Sequence[Candidate]) -> Collection[str]:
    rows = Suppression.objects.filter(number__among={candidate.to for candidate in found})
    return set(rows.values_list("number", flat=True))


def objection(candidate: Candidate, stopped: Collection[str], today: limits.Reminders) -> tuple[str, str]:
    """Why this text may not go, as a status and a cause; two empty strings where it may."""
    if candidate.kind in ALWAYS:
        return "", ""
    if candidate.to in stopped or (candidate.patient is not None and not candidate.agreed):
        return S.SUPPRESSED, "no_consent"
    if candidate.kind in TO_THE_PATIENT and not candidate.active:
        return S.CANCELLED, "not_active"
    if candidate.kind in TO_THE_PATIENT and candidate.to != candidate.number:
        return S.CANCELLED, "number_changed"
    if candidate.kind not in _OF_A_TIME or candidate.session is None:
        return "", ""
    if candidate.session_status != SessionStatus.BOOKED:
        return S.CANCELLED, "not_booked"
    if candidate.session_at != candidate.about_at:
        return S.CANCELLED, "moved"
    if candidate.kind == MessageKind.REMINDER and today.too_many(candidate):
        return S.CANCELLED, "limit"
    return "", ""
