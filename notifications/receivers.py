"""The book changed: the texts follow, in the same transaction."""

from django.dispatch import receiver

from clinic.signals import patient_changed
from monitoring import signals as chairside
from notifications import inbox, notices, projection, rides, staff, waiting
from notifications.enums import MessageKind
from scheduling import signals
from scheduling.enums import Confirmation, SessionEventKind, SessionStatus
from scheduling.models import SessionEvent


@receiver(signals.course_booked)
def texts_for_booking(sender, course, sessions, now, **kwargs):
    """Each session's reminder, and one notice for all of them."""
    projection.project_new(sessions, now=now)


@receiver(signals.sessions_moved)
def texts_for_move(sender, sessions, by, now, **kwargs):
    """Other reminders, and one notice for each patient, about their next visit."""
    projection.project_all(sessions, now=now)
    waiting.follow({session.patient_id for session in sessions}, now=now)
    elsewhen = _at_another_time(sessions, now)
    notices.notify_all(elsewhen, MessageKind.MOVED, now=now)
    inbox.settle(elsewhen, done=inbox.MOVED, by=by, now=now)


def _at_another_time(sessions, now):
    """Those for which the patient comes at another time; another chair is nothing to them."""
    rows = SessionEvent.objects.filter(session__in=sessions, kind=SessionEventKind.MOVED, at=now)
    # Asked of the rows and not of the database: it would read the index of all places that were ever left.
    moved = {pk for pk, left in rows.order_by().values_list("session", "left_starts_at") if left is not None}
    return [session for session in sessions if session.pk in moved]


@receiver(signals.session_status_changed)
def texts_for_status(sender, session, from_status, to_status, by, now, **kwargs):
    """Whatever is no longer waiting wants no reminder; a visit that will not be is told."""
    projection.project(session, now=now)
    if to_status != SessionStatus.BOOKED:
        inbox.settle([session], done=str(SessionStatus(to_status).label), by=by, now=now)
    if to_status == SessionStatus.CANCELLED and from_status == SessionStatus.BOOKED:
        waiting.follow([session.patient_id], now=now)
        notices.tell_cancelled(session, now=now)


@receiver(signals.session_answered)
def tasks_for_answer(sender, session, by, now, **kwargs):
    """Who wanted another time and confirms after all wants none."""
    if session.confirmation == Confirmation.CONFIRMED:
        inbox.settle([session], done=inbox.CONFIRMED, by=by, now=now)


@receiver(patient_changed)
def texts_for_patient(sender, patient, by, now, **kwargs):
    """Another number, language, name, ride or consent: what waits is made again, or withdrawn."""
    projection.rebuild_patient(patient, now=now)
    waiting.follow([patient.pk], now=now)
    rides.settle(patient, by=by, now=now)


@receiver(chairside.alert_escalated)
def texts_for_alert(sender, session, alert, people, step, now, **kwargs):
    """Those who have it now are wanted at the chair."""
    staff.call_to_chair(session, alert, people, step, now=now)


@receiver(chairside.form_due)
def texts_for_form(sender, form, owner, now, **kwargs):
    """Its owner has a form that is due."""
    staff.remind_of_forms(form.site, owner, now=now)


@receiver(chairside.serious_flagged)
def texts_for_serious(sender, event, now, **kwargs):
    """Prescribers and managers learn of it at once."""
    staff.tell_of_serious(event, now=now)
