"""Who would come sooner, and a chair that was given up which is right for some of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from clinic.models import Site
from scheduling import answers, waitlist
from scheduling.enums import SessionStatus
from scheduling.models import Course, TreatmentSession

FROM, UNTIL = timedelta(days=1), timedelta(days=6)
EVERY, TRIED, ENOUGH = 3, 15, 2


def make(site: Site, courses: Iterable[Course], desk, *, now: datetime) -> None:
    """Every third open course is on the list; one session is cancelled."""
    for course in list(courses)[::EVERY]:
        waitlist.add_to_waitlist(course=course, notice_minutes=120, by=desk, now=now - FROM)
    ahead = TreatmentSession.objects.filter(
        site=site, status=SessionStatus.BOOKED, starts_at__gt=now + FROM, starts_at__lt=now + UNTIL
    )
    for session in ahead.select_related("course__patient", "course__site").order_by("starts_at", "pk")[
        :TRIED
    ]:
        if _freed(session, desk, now):
            return


@transaction.atomic
def _freed(session: TreatmentSession, desk, now: datetime) -> bool:
    """Cancelled, if its place is right for some on the list."""
    answers.cancel_session(
        session=session, reason="Has a cold", cancelled_by="patient", by=desk, now=now - timedelta(hours=1)
    )
    right = waitlist.candidates(session.site, session.starts_at, now=now)
    enough = len([c for c in right if c.entry.course.patient.texts_allowed]) >= ENOUGH
    if not enough:
        transaction.set_rollback(True)
    return enough
