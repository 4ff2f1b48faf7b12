"""The book changed: the texts follow, in the same transaction."""

from django.dispatch import receiver

from notifications import projection
from notifications.enums import MessageKind
from scheduling import signals
from scheduling.enums import SessionStatus


@receiver(signals.course_booked)
def texts_for_booking(sender, course, sessions, now, **kwargs):
    """Each session's reminder, and one notice for all of them."""
    projection.project_new(sessions, now=now)
    first = min(sessions, key=lambda session: session.starts_at)
    projection.notify(first, MessageKind.BOOKED, now=now, count=len(sessions))


@receiver(signals.sessions_moved)
def texts_for_move(sender, sessions, now, **kwargs):
    """Other reminders, and one notice for each patient, about their next visit."""
    projection.project_all(sessions, now=now)
    projection.notify_all(sessions, MessageKind.MOVED, now=now)


@receiver(signals.session_status_changed)
def texts_for_status(sender, session, from_status, to_status, now, **kwargs):
    """Whatever is no longer waiting wants no reminder; a visit that will not be is told."""
    projection.project(session, now=now)
    if to_status == SessionStatus.CANCELLED and from_status == SessionStatus.BOOKED:
        projection.notify(session, MessageKind.CANCELLED, now=now)
