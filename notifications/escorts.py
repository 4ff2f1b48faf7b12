"""The text to the escort, about 15 minutes before the patient can be picked up.

A nurse asks for it, at any time after the last device; it goes by itself 15 minutes before the two hours, if the
readings then allow it and no red alert waits. Nobody is called for a patient who is not on course: two hours are a
floor, not a time of release [label]. It tells the escort a first name and a place, so the patient must have agreed to
detailed texts. A person asked for it about this hour: patients' quiet hours do not move it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Refused
from clinic.models import Site
from monitoring import checks, leaving, state
from monitoring.state import ChairState
from notifications import houses, projection
from notifications.candidates import Candidate
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message, Suppression
from notifications.settling import change
from notifications.timing import When
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

S = SessionStatus
BEFORE = timedelta(minutes=15)
# Later than this after it was due nobody is helped by "in about 15 minutes".
WORTH = timedelta(minutes=20)
# The two hours may be corrected to a later time; so much later "about 15 minutes" would be wrong.
SLACK = timedelta(minutes=5)
ON_COURSE = frozenset({"sedation_clear", "dissociation_none", "breathing_normal", "spo2_ok", "bp_acceptable"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is with the escort's text of a session. `message`: the one there is, withdrawn or not; `faults`: why none
    may be asked for; `due_at`: when it would go; `number`: whom to call by hand."""

    message: Message | None
    faults: list[Fault]
    due_at: datetime | None
    number: str


def standing(session: TreatmentSession, *, now: datetime) -> Standing:
    """As it is at this moment; changes nothing."""
    message = Message.objects.filter(session=session, kind=MessageKind.ESCORT).first()
    faults = [*_faults_of_status(session), *_faults_of(session), *_faults_of_message(message)]
    due_at = None if faults else _due_at(state.load(session), now)
    return Standing(message, faults, due_at, number_of(session))


@transaction.atomic
def call(*, session: TreatmentSession, by, now: datetime) -> Message:
    """Ask for the text: it goes 15 minutes before the two hours, or now where that has passed.

    Raises:
        Refused: `wrong_state`; `no_number`, `no_consent`, `stopped`, `already_told`: all at once.
    """
    session, _observation = checks.lock(session, [S.OBSERVING, S.READY])
    message = Message.objects.filter(session=session, kind=MessageKind.ESCORT).first()
    if faults := [*_faults_of(session), *_faults_of_message(message)]:
        raise Refused(faults)
    due_at = _due_at(state.load(session), now)
    house = houses.of([session.site_id])[session.site_id]
    fresh = projection.built(
        session,
        MessageKind.ESCORT,
        When(due_at, due_at + WORTH),
        house=house,
        now=now,
        to=number_of(session),
    )
    message = _write(message, fresh, now)
    audit.record("escort.text", by=by, now=now, site=session.site_id, patient=session.patient_id, on=message)
    return message


def no_longer_ready(found: Sequence[Candidate], *, now: datetime) -> dict[Any, str]:
    """Texts to escorts of patients who are not on course to leave after all: id and cause."""
    texts = {text.session: text for text in found if text.kind == MessageKind.ESCORT}
    if not texts:
        return {}
    rows = TreatmentSession.objects.filter(pk__in=texts).select_related("site", "patient")
    return {
        texts[session.pk].pk: cause
        for session in rows
        if (cause := _why_not(session, texts[session.pk].to, now))
    }


def unreached(site: Site) -> list[Message]:
    """Texts to escorts of patients who are still in the house that did not arrive, or did not go: somebody calls."""
    rows = Message.objects.filter(
        kind=MessageKind.ESCORT, session__site=site, session__status__in=(S.OBSERVING, S.READY)
    )
    lost = Q(status__in=(MessageStatus.FAILED, MessageStatus.SUPPRESSED))
    lost |= Q(status=MessageStatus.UNKNOWN, look_at__isnull=True)
    lost |= Q(status=MessageStatus.CANCELLED) & ~Q(cause="by_hand")
    return list(rows.filter(lost).select_related("session__chair").order_by("due_at", "pk"))


def number_of(session: TreatmentSession) -> str:
    return str(getattr(session.patient.escort_phone, "as_e164", ""))


def _why_not(session: TreatmentSession, to: str, now: datetime) -> str:
    if session.status not in (S.OBSERVING, S.READY):
        return "gone"
    if not session.patient.detailed_texts or number_of(session) != to:
        return "escort_no_consent"
    return "" if session.status == S.READY or _is_on_course(state.load(session), now) else "slipped"


def _is_on_course(known: ChairState, now: datetime) -> bool:
    """All that the readings can tell is met, nothing red waits, and the two hours are as near as the text says."""
    found = leaving.criteria(known, at=now, clinician="")
    met = all(criterion.met for criterion in found if criterion.code in ON_COURSE)
    leave_at = known.earliest_leave_at
    return met and not known.open_reds and leave_at is not None and leave_at - now <= BEFORE + SLACK


def _due_at(known: ChairState, now: datetime) -> datetime:
    leave_at = known.earliest_leave_at
    if known.session.status == S.READY or leave_at is None:
        return now
    return max(now, leave_at - BEFORE)


def _write(there: Message | None, fresh: Message, now: datetime) -> Message:
    """A first one, or the one that was withdrawn, as it should be now."""
    if there is None:
        fresh.save(force_insert=True)
        return fresh
    changes = {name: getattr(fresh, name) for name in ("to", "body", "language", "due_at", "expires_at")}
    waiting = {"status": MessageStatus.PENDING, "cause": "", "settled_at": None}
    if not change(there, [MessageStatus.CANCELLED], **changes, **waiting):
        raise Refused([_already()])
    projection.note(there, "planned_again", now)
    return there


def _faults_of_status(session: TreatmentSession) -> list[Fault]:
    if session.status in (S.OBSERVING, S.READY):
        return []
    return [Fault("wrong_state", _("It can be asked for from the last device on, until the patient leaves."))]


def _faults_of(session: TreatmentSession) -> list[Fault]:
    faults, number = [], number_of(session)
    if not number:
        faults.append(Fault("no_number", _("No telephone number of the escort is known.")))
    elif Suppression.objects.filter(number=number).exists():
        faults.append(Fault("stopped", _("The escort's number has answered STOP.")))
    if not session.patient.detailed_texts:
        faults.append(Fault("no_consent", _("The patient has not agreed to detailed texts.")))
    return faults


def _faults_of_message(message: Message | None) -> list[Fault]:
    return [] if message is None or message.status == MessageStatus.CANCELLED else [_already()]


def _already() -> Fault:
    return Fault("already_told", _("There is a text to the escort already, and one is enough."))
