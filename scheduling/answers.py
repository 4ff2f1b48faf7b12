"""What becomes of a booking without moving it: cancelled, missed, confirmed, running late."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Invalid, Refused
from scheduling import signals
from scheduling.enums import GOING_COURSE, CancelledBy, Confirmation, SessionEventKind, SessionStatus
from scheduling.locking import lock_course, patiently
from scheduling.models import SessionEvent, TreatmentSession
from scheduling.statuses import change_status, wrong_state

# Longer than this is no delay but another session.
LONGEST_DELAY = timedelta(hours=6)


@patiently
@transaction.atomic
def cancel_session(
    *, session: TreatmentSession, reason: str, cancelled_by: str, by, now: datetime
) -> TreatmentSession:
    """Cancel, saying who and why. A patient who came and was not dosed is cancelled too.

    Raises:
        Invalid: no reason, or neither patient nor clinic.
        Refused: `wrong_state`.
    """
    faults = []
    if not reason.strip():
        faults.append(Fault("required", _("Say why."), "reason"))
    if cancelled_by not in CancelledBy.values:
        faults.append(Fault("unknown", _('Either "patient" or "clinic".'), "by"))
    if faults:
        raise Invalid(faults)
    detail = {"cancelled_by": str(cancelled_by)}
    to = SessionStatus.CANCELLED
    return change_status(session=session, to=to, by=by, now=now, reason=reason.strip(), detail=detail)


@patiently
@transaction.atomic
def mark_no_show(*, session: TreatmentSession, by, now: datetime) -> TreatmentSession:
    """The patient did not come. The chair is free again; the session is wanted again."""
    return change_status(session=session, to=SessionStatus.NO_SHOW, by=by, now=now)


@patiently
@transaction.atomic
def undo(*, session: TreatmentSession, by, now: datetime) -> TreatmentSession:
    """Take back a mistaken arrival or no-show; refused where the chair has been given away.

    A course that is on hold or has ended holds nothing ahead: there `course_not_open`.
    """
    course = lock_course(session.course)
    if session.starts_at > now and course.status not in GOING_COURSE:
        raise Refused.because("course_not_open", _("This course is not open."))
    return change_status(session=session, to=SessionStatus.BOOKED, by=by, now=now, reason=_("Taken back"))


@patiently
@transaction.atomic
def answer_session(
    *, session: TreatmentSession, confirmation: Confirmation, by, now: datetime
) -> TreatmentSession:
    """Write down that the patient confirms, or wants another time. Twice is the same as once."""
    current = _booked(session)
    if current.confirmation != confirmation:
        current.confirmation, current.updated_at = confirmation, now
        current.save(update_fields=["confirmation", "updated_at"])
        _tell(current, SessionEventKind.CONFIRMATION, by, now, confirmation=str(confirmation))
    session.confirmation = current.confirmation
    return session


def confirm_session(*, session: TreatmentSession, by, now: datetime) -> TreatmentSession:
    return answer_session(session=session, confirmation=Confirmation.CONFIRMED, by=by, now=now)


@patiently
@transaction.atomic
def mark_late(*, session: TreatmentSession, expected_at: datetime, by, now: datetime) -> TreatmentSession:
    """The patient says when they will be here.

    Raises:
        Invalid: a time before the session's, or hours away.
        Refused: `wrong_state`.
    """
    current = _booked(session)
    if not current.starts_at <= expected_at <= current.starts_at + LONGEST_DELAY:
        raise Invalid.because(
            "impossible", _("Between the session's time and six hours later."), "expected_at"
        )
    current.expected_at, current.updated_at = expected_at, now
    current.save(update_fields=["expected_at", "updated_at"])
    _tell(current, SessionEventKind.LATE, by, now, expected_at=expected_at.isoformat())
    session.expected_at = expected_at
    return session


def _booked(session: TreatmentSession) -> TreatmentSession:
    current = TreatmentSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    if current.status != SessionStatus.BOOKED:
        raise wrong_state(current)
    return current


def _tell(session: TreatmentSession, kind: SessionEventKind, by, now: datetime, **detail: str) -> None:
    status = session.status
    SessionEvent.objects.create(
        session=session, kind=kind, from_status=status, to_status=status, at=now, by=by, detail=detail
    )
    site, patient = session.site_id, session.patient_id
    audit.record(f"session.{kind}", by=by, now=now, site=site, patient=patient, on=session, **detail)
    signals.session_answered.send(sender=TreatmentSession, session=session, by=by, now=now)
