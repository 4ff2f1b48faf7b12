"""Notices that wait, for the morning say, are kept true: as the book, the patient and their number now are."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from clinic.models import Patient
from notifications import houses, timing
from notifications.bodies import body
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message, OfferText
from notifications.projection import withdraw_all
from notifications.timing import When
from scheduling.enums import SessionEventKind, SessionStatus
from scheduling.models import SessionEvent, TreatmentSession

# Of visits that will be; one text may speak of several.
OF_VISITS = (MessageKind.BOOKED, MessageKind.MOVED)
# Of what has just happened, or is offered now; the rules' own texts are made again by `projection`.
NOTICES = (*OF_VISITS, MessageKind.CANCELLED, MessageKind.OFFER)
_CHANGED = ("session", "rule", "about_at", "language", "to", "body", "due_at", "expires_at")


def follow(patients: Collection[Any], *, now: datetime) -> None:
    """Make the notices that wait for these patients (ids) as they should be now, and withdraw the others.

    A notice about several visits goes on to tell of those that are left.
    """
    waiting = Message.objects.filter(patient__in=patients, kind__in=NOTICES, status=MessageStatus.PENDING)
    held = waiting.select_for_update(of=("self",)).select_related("patient__site", "site", "session")
    rows = list(held.order_by("pk"))
    if not rows:
        return
    visits, ends = _visits(rows, now), _ends_of_offers(rows)
    known = houses.of({row.site_id for row in rows})
    unwanted = []
    for row in rows:
        cause = _why_not(row, visits[row.pk]) or _retime(row, visits[row.pk], now)
        if cause:
            unwanted.append((row, cause))
            continue
        row.language, row.to = _theirs(row).language, _theirs(row).number
        row.body = _words(row, visits[row.pk], ends.get(row.pk), known[row.site_id])
    withdraw_all(unwanted, now)
    gone = {row.pk for row, _cause in unwanted}
    Message.objects.bulk_update([row for row in rows if row.pk not in gone], _CHANGED)


def cancelled_times(patient: Patient, site_id: Any, at: datetime) -> list[datetime]:
    """The visits that one decision cancelled, each at the time that the patient knows: a move of the same night has not
    been told yet."""
    cancelled = SessionEvent.objects.filter(
        session__patient=patient,
        session__site=site_id,
        kind=SessionEventKind.STATUS,
        from_status=SessionStatus.BOOKED,
        to_status=SessionStatus.CANCELLED,
        at=at,
    )
    starts = dict(cancelled.values_list("session", "session__starts_at"))
    night = timing.night_began(at, patient.tz)
    if night:
        moves = SessionEvent.objects.filter(
            session__in=starts, kind=SessionEventKind.MOVED, at__gte=night, at__lte=at
        )
        # The earliest of the night comes last, and stays.
        for session, detail in moves.order_by("-at", "-pk").values_list("session", "detail"):
            starts[session] = datetime.fromisoformat(detail["from"]["starts_at"])
    return sorted(starts.values())


def _visits(rows: Sequence[Message], now: datetime) -> dict[Any, list[TreatmentSession]]:
    """Of each notice the visits that it speaks of and that will still be, the soonest first. They were booked, or
    moved, at the instant at which it was made."""
    found: dict[Any, list[TreatmentSession]] = {row.pk: [] for row in rows}
    of_visits = [row for row in rows if row.kind in OF_VISITS]
    if not of_visits:
        return found
    patients, instants = {r.patient_id for r in of_visits}, {r.created_at for r in of_visits}
    moves = SessionEvent.objects.filter(
        session__patient__in=patients, kind=SessionEventKind.MOVED, at__in=instants
    )
    moved = defaultdict(set)
    for pk, at in moves.values_list("session", "at"):
        moved[pk].add(at)
    ahead = TreatmentSession.objects.filter(
        Q(created_at__in=instants) | Q(pk__in=moved),
        patient__in=patients,
        status=SessionStatus.BOOKED,
        starts_at__gt=now,
    )
    for session in ahead.order_by("starts_at", "pk"):
        for row in of_visits:
            told = {session.created_at} if row.kind == MessageKind.BOOKED else moved[session.pk]
            if row.patient_id == session.patient_id and row.created_at in told:
                found[row.pk].append(session)
    return found


def _ends_of_offers(rows: Sequence[Message]) -> dict[Any, datetime]:
    offers = [row.pk for row in rows if row.kind == MessageKind.OFFER]
    turns = OfferText.objects.filter(message__in=offers) if offers else OfferText.objects.none()
    return dict(turns.values_list("message", "offer__expires_at"))


def _theirs(row: Message) -> Patient:
    if row.patient is None:
        raise ValueError("a notice without a patient")
    return row.patient


def _why_not(row: Message, visits: Sequence[TreatmentSession]) -> str:
    if not _theirs(row).number:
        return "no_consent"
    if row.kind not in OF_VISITS:
        return ""
    if not visits:
        return "not_booked"
    [first, *others] = visits
    was_moved = first.pk == row.session_id and first.starts_at != row.about_at
    # The notice of the move says it all.
    return "moved" if row.kind == MessageKind.BOOKED and was_moved and not others else ""


def _retime(row: Message, visits: Sequence[TreatmentSession], now: datetime) -> str:
    """By day where the patient is now, about the visit that comes first now; or why it would come too late."""
    if row.kind == MessageKind.OFFER:
        return ""
    if visits and (visits[0].pk, visits[0].starts_at) != (row.session_id, row.about_at):
        # A name of its own: that visit may have been told of at that time before.
        row.session, row.about_at, row.rule = visits[0], visits[0].starts_at, row.pk.hex[-20:]
    when = timing.notice(visit_at=row.about_at, zone=_theirs(row).tz, now=max(now, row.due_at))
    if not isinstance(when, When):
        return "expired"
    row.due_at, row.expires_at = when.due_at, when.expires_at
    return ""


def _words(
    row: Message, visits: Sequence[TreatmentSession], until: datetime | None, house: houses.House
) -> str:
    several = (
        cancelled_times(_theirs(row), row.site_id, row.created_at)
        if row.kind == MessageKind.CANCELLED
        else ()
    )
    return body(
        row.kind,
        row.site,
        row.patient,
        house=house,
        language=row.language,
        about=row.about_at,
        count=max(len(visits), 1),
        until=until,
        several=several,
    )
