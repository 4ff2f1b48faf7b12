"""The one place that changes a session's status: a conditional UPDATE, its event and its audit, together."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Refused
from scheduling import signals, weeks
from scheduling.enums import COUNTED, CourseStatus, SessionEventKind, SessionStatus, sources_of
from scheduling.models import Course, CourseEvent, SessionEvent, TreatmentSession


@transaction.atomic
def change_status(
    *,
    session: TreatmentSession,
    to: SessionStatus,
    by,
    now: datetime,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> TreatmentSession:
    """Move `session` to status `to`, if its present status allows it.

    Raises:
        Refused: `wrong_state`, with the present status and who made it so; `chair_taken`, `number_taken` or
            `same_day` where an undone no-show finds its place given away or made up already.
    """
    before = TreatmentSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    if before.status not in sources_of(to):
        raise wrong_state(before)
    try:
        with transaction.atomic():
            _write(before, to, by, now)
    except IntegrityError as error:
        raise Refused(_given_away(before)) from error
    if (before.status in COUNTED) != (to in COUNTED):
        weeks.follow([before.course_id])
    _tell(before, to, by, now, reason, detail or {})
    session.refresh_from_db(fields=["status", "expected_at", "updated_at"])
    signals.session_status_changed.send(
        sender=TreatmentSession, session=session, from_status=before.status, to_status=str(to), by=by, now=now
    )
    return session


def wrong_state(session: TreatmentSession) -> Refused:
    """What a person needs to know who was too late: how it stands, and who did it."""
    event = (
        session.events.filter(kind=SessionEventKind.STATUS)
        .select_related("by")
        .order_by("-at", "-pk")
        .first()
    )
    who = event.by.display_name if event and event.by else _("the system")
    text = _("This session is %(status)s (by %(who)s).")
    detail = text % {"status": session.get_status_display().lower(), "who": who}
    return Refused.because("wrong_state", detail, present=session.status)


def _write(before: TreatmentSession, to: SessionStatus, by, now: datetime) -> None:
    changes: dict[str, Any] = {"status": to, "updated_at": now}
    if to not in (SessionStatus.BOOKED, SessionStatus.ARRIVED):
        changes["expected_at"] = None
    if not TreatmentSession.objects.filter(pk=before.pk, status=before.status).update(**changes):
        raise wrong_state(TreatmentSession.objects.get(pk=before.pk))
    if to == SessionStatus.DOSING:
        _begin_course(before, by, now)


def _begin_course(session: TreatmentSession, by, now: datetime) -> None:
    """A planned course is active from its first dose."""
    planned = Course.objects.filter(pk=session.course_id, status=CourseStatus.PLANNED)
    if planned.update(status=CourseStatus.ACTIVE):
        CourseEvent.objects.create(
            course_id=session.course_id,
            kind="status",
            from_status=CourseStatus.PLANNED,
            to_status=CourseStatus.ACTIVE,
            at=now,
            by=by,
        )
        audit.record(
            "course.active",
            by=by,
            now=now,
            site=session.site_id,
            patient=session.patient_id,
            on=session.course,
            old=str(CourseStatus.PLANNED),
            new=str(CourseStatus.ACTIVE),
        )


def _given_away(before: TreatmentSession) -> list[Fault]:
    """Why a session that was lost cannot come back as it was."""
    others = TreatmentSession.objects.counted().exclude(pk=before.pk)
    faults = []
    if others.filter(course=before.course_id, number=before.number).exists():
        faults.append(Fault("number_taken", _("This session has been made up already.")))
    if others.filter(patient=before.patient_id, local_date=before.local_date).exists():
        faults.append(Fault("same_day", _("Never two sessions on one calendar day.")))
    return faults or [Fault("chair_taken", _("The chair has been given to somebody else."))]


def _tell(before, to, by, now, reason, detail) -> None:
    SessionEvent.objects.create(
        session=before,
        kind=SessionEventKind.STATUS,
        from_status=before.status,
        to_status=to,
        at=now,
        by=by,
        reason=reason[:500],
        detail=detail,
    )
    audit.record(
        f"session.{to}",
        by=by,
        now=now,
        site=before.site_id,
        patient=before.patient_id,
        on=before,
        reason=reason,
        old=before.status,
        new=str(to),
        **detail,
    )
