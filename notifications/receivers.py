"""The book changed: the texts follow, in the same transaction."""

from django.dispatch import receiver

from notifications import projection
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message
from scheduling import signals
from scheduling.enums import SessionStatus


@receiver(signals.course_booked)
def texts_for_booking(sender, course, sessions, now, **kwargs):
    """Each session's reminder, and one notice for all of them."""
    projection.project_new(sessions, now=now)
    first = min(sessions, key=lambda session: session.starts_at)
    projection.notify(first, MessageKind.BOOKED, now=now, count=len(sessions))


@receiver(signals.session_moved)
def texts_for_move(sender, session, now, **kwargs):
    """Another reminder, and a notice; several moves in one go are one notice about the next visit."""
    projection.project(session, now=now)
    same_go = Message.objects.filter(
        patient=session.patient, kind=MessageKind.MOVED, created_at=now, status=MessageStatus.PENDING
    ).first()
    if same_go is None:
        projection.notify(session, MessageKind.MOVED, now=now)
    else:
        moved = session.course.sessions.filter(updated_at=now, status=SessionStatus.BOOKED)
        projection.rewrite_many(same_go, list(moved.values_list("starts_at", flat=True)))


@receiver(signals.session_status_changed)
def texts_for_status(sender, session, from_status, to_status, now, **kwargs):
    """Whatever is no longer waiting wants no reminder; a visit that will not be is told."""
    projection.project(session, now=now)
    if to_status == SessionStatus.CANCELLED and from_status == SessionStatus.BOOKED:
        projection.notify(session, MessageKind.CANCELLED, now=now)
