"""What the Texts page reads: a constant number of queries, whatever the size."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q

from clinic.access import May, may
from clinic.models import Patient, Site, User
from notifications.enums import MessageStatus
from notifications.models import Attempt, InboundMessage, Message

PAGE = 50


def texts_of(site: Site, *, status: str = "", day: date | None = None):
    """The site's texts, newest due first, with patient and attempts at hand; those that wait, soonest first."""
    rows = Message.objects.filter(site=site)
    if status:
        rows = rows.filter(status=status)
    if day:
        start = datetime.combine(day, time(), site.tz)
        rows = rows.filter(due_at__gte=start, due_at__lt=start + timedelta(days=1))
    waiting = status == MessageStatus.PENDING
    return with_story(rows).order_by(*(("due_at", "pk") if waiting else ("-due_at", "-pk")))


def until(site: Site, day: date) -> datetime:
    """The instant at which the site's `day` ends."""
    return datetime.combine(day + timedelta(days=1), time(), site.tz)


def with_story(rows):
    """Messages with all that their one-sentence reason and their attempts need."""
    attempts = Prefetch("attempts", Attempt.objects.order_by("at", "pk"), to_attr="story")
    return rows.select_related("patient", "session", "site", "staff").prefetch_related(attempts)


def replies_to(site: Site, *, reader: User):
    """Replies that want or wanted a person: this site's, those of its patients' numbers matched to nobody, and those
    that no site's people would read: they are for whoever manages a site, and for whom they were handed to."""
    theirs = Q(site=site) | Q(site__isnull=True, owner=reader)
    theirs |= Q(site__isnull=True, from_number__in=Patient.objects.filter(site=site).values("phone"))
    if may(reader, May.MANAGE, site):
        known = Patient.objects.filter(phone=OuterRef("from_number"))
        theirs |= Q(~Exists(known), site__isnull=True)
    rows = InboundMessage.objects.filter(theirs, needs_person=True)
    return rows.select_related("patient", "session", "owner", "handled_by")


def waiting_replies(site: Site, *, reader: User):
    """Words of crisis first, then the one that has waited longest."""
    waiting = replies_to(site, reader=reader).filter(handled_at__isnull=True)
    return waiting.order_by("-urgent", "received_at", "pk")


def conversation(patient: Patient, *, limit: int = 60) -> list[dict]:
    """Both directions of a patient's number in order of time, the newest `limit`; sent texts only."""
    sent = Message.objects.filter(to=patient.number, sent_at__isnull=False).order_by("-sent_at")[:limit]
    received = InboundMessage.objects.filter(from_number=patient.number).order_by("-received_at")[:limit]
    bubbles: list[dict[str, Any]] = [
        {"at": m.sent_at, "words": m, "from_patient": False, "message": m} for m in sent
    ]
    bubbles += [{"at": r.received_at, "words": r, "from_patient": True, "reply": r} for r in received]
    return sorted(bubbles, key=lambda bubble: bubble["at"])[-limit:]
