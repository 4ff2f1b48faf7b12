"""Replies that need a person: each has an owner, and ends with what was done."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from clinic import audit, checks
from clinic.access import RIGHTS, May, may
from clinic.errors import Invalid, Refused
from clinic.models import Site, User
from notifications import notices
from notifications.enums import MessageKind, Reply
from notifications.models import InboundMessage
from notifications.suppression import AS_READ, suppress
from scheduling.answers import answer_session
from scheduling.enums import Confirmation
from scheduling.models import TreatmentSession

NO_MORE_TEXTS, STARTED_AGAIN = "Gets no more texts, as they asked", "They take texts again"
MOVED, CONFIRMED = "Moved to another time", "Confirmed after all"
LONGEST = 500


@transaction.atomic
def take(*, inbound: InboundMessage, by, now: datetime) -> InboundMessage:
    """It is mine. Twice is the same as once.

    Raises:
        Refused: `taken` by somebody else (who can hand it over), or `handled` already.
    """
    free = InboundMessage.objects.filter(Q(owner__isnull=True) | Q(owner=by), pk=inbound.pk)
    if not free.filter(handled_at__isnull=True).update(owner=by, owned_at=now):
        raise _not_free(inbound)
    _tell("reply.taken", inbound, by, now)
    return _fresh(inbound)


@transaction.atomic
def hand_over(*, inbound: InboundMessage, to: User, site: Site, by, now: datetime) -> InboundMessage:
    """It is `to`'s from now on, whoever had it.

    Raises:
        Invalid: `to` may not deal with texts at the site.
        Refused: `handled` already.
    """
    if not may(to, May.TEXTS, site):
        raise Invalid.because("not_allowed", _("Not somebody who deals with texts at this site."), "to")
    if not _waiting(inbound).update(owner=to, owned_at=now):
        raise _not_free(inbound)
    _tell("reply.handed_over", inbound, by, now, to=str(to.pk))
    return _fresh(inbound)


@transaction.atomic
def finish(*, inbound: InboundMessage, done: str, by, now: datetime) -> InboundMessage:
    """Dealt with: `done` says how. The first one to say so is kept; twice is the same as once.

    Raises:
        Invalid: nothing said, or too much.
    """
    values = {"done": done}
    if faults := checks.text(values, "done", LONGEST):
        raise Invalid(faults)
    if _waiting(inbound).update(handled_at=now, handled_by=by, done=values["done"]):
        _tell("reply.handled", inbound, by, now)
    return _fresh(inbound)


def number_shown(*, inbound: InboundMessage, site: Site, by, now: datetime) -> str:
    """The whole number of a reply, for whoever deals with it at `site`; who looked is written down."""
    audit.record("reply.number_shown", by=by, now=now, site=site, patient=inbound.patient_id, on=inbound)
    return inbound.from_number


@transaction.atomic
def stop_texts(*, inbound: InboundMessage, site: Site, by, now: datetime) -> InboundMessage:
    """A person reads in a reply, whatever its words, that its number wants no more texts: that is as good as STOP, and
    is confirmed once. Twice is the same as once."""
    if suppress(inbound.from_number, source=AS_READ, by=by, now=now):
        notices.answer(inbound.patient, site, MessageKind.STOP_OK, to=inbound.from_number, now=now)
        audit.record("reply.stopped_texts", by=by, now=now, site=site, patient=inbound.patient_id, on=inbound)
    return finish(inbound=inbound, done=NO_MORE_TEXTS, by=by, now=now)


def wants_another_time(inbound: InboundMessage, session: TreatmentSession, *, now: datetime) -> None:
    """Their wish, however it came: the session says so, and a person finds the time. One task, however often they ask.

    `inbound` is for the caller to save.

    Raises:
        Refused: the visit can no longer be answered for.
    """
    answer_session(session=session, confirmation=Confirmation.WANTS_CHANGE, by=None, now=now)
    inbound.session = session
    inbound.needs_person = not _wishes([session]).exists()


def keep(inbound: InboundMessage, *, now: datetime) -> None:
    """It is understood as far as it will be: saved as it is, with its line in the audit trail."""
    inbound.save()
    _tell("reply.received", inbound, None, now, meaning=str(inbound.meaning))


def settle(sessions: Sequence[TreatmentSession], *, done: str, by, now: datetime) -> None:
    """What was asked for in the book has been done in the book: the wishes for another time end with it."""
    waiting = _wishes(sessions)
    rows = list(waiting.select_for_update())
    if not rows:
        return
    waiting.filter(pk__in=[row.pk for row in rows]).update(handled_at=now, handled_by=by, done=done)
    for row in rows:
        _tell("reply.handled", row, by, now)


def settle_stops(number: str, *, now: datetime) -> None:
    """Its texts go again: that somebody had to be reached another way is over."""
    waiting = InboundMessage.objects.filter(
        from_number=number, meaning=Reply.STOP, needs_person=True, handled_at__isnull=True
    )
    for row in waiting.select_for_update():
        row.handled_at, row.done = now, STARTED_AGAIN
        row.save(update_fields=["handled_at", "done"])
        _tell("reply.handled", row, None, now)


def team(site: Site):
    """Who deals with texts at the site."""
    mine = User.objects.filter(memberships__site=site, memberships__role__in=RIGHTS[May.TEXTS])
    return mine.filter(is_active=True).distinct().order_by("last_name", "first_name", "pk")


def _wishes(sessions: Sequence[TreatmentSession]):
    return InboundMessage.objects.filter(
        session__in=sessions, meaning=Reply.CHANGE, needs_person=True, handled_at__isnull=True
    )


def _waiting(inbound: InboundMessage):
    return InboundMessage.objects.filter(pk=inbound.pk, needs_person=True, handled_at__isnull=True)


def _not_free(inbound: InboundMessage) -> Refused:
    row = _fresh(inbound)
    if row.handled_at:
        who = row.handled_by.display_name if row.handled_by else _("The book")
        return Refused.because("handled", _("%s has dealt with it already.") % who)
    who = row.owner.display_name if row.owner else ""
    return Refused.because("taken", _("%s has it. They can hand it over.") % who)


def _fresh(inbound: InboundMessage) -> InboundMessage:
    rows = InboundMessage.objects.select_related("patient", "session", "owner", "handled_by")
    return rows.get(pk=inbound.pk)


def _tell(action: str, inbound: InboundMessage, by, now: datetime, **detail: str) -> None:
    site, patient = inbound.site_id, inbound.patient_id
    audit.record(action, by=by, now=now, site=site, patient=patient, on=inbound, **detail)
