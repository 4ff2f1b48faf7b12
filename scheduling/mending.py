"""Making up what an induction has lost, moving the next sessions where that brings the eighth sooner."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.errors import Refused
from scheduling import diary as diaries
from scheduling import pattern, planner, protocol
from scheduling.booking import Placement, book_course, usual_chair
from scheduling.candidates import MAKE_UP_DAYS
from scheduling.course_facts import facts_of, held_days
from scheduling.decisions import Replanned
from scheduling.enums import CourseStatus, SessionStatus
from scheduling.locking import lock_course, lock_days, patiently
from scheduling.models import Course, TreatmentSession
from scheduling.moving import place_all
from scheduling.pattern import Wanted

# Moving more than the next two would change plans that are made.
MOST_MOVED = 2


def is_missing(course: Course) -> bool:
    """Has the induction begun to be booked, and is one of the eight neither booked nor done?"""
    held = held_days(course)
    return bool(held) and any(number not in held for number in range(1, protocol.INDUCTION_SESSIONS + 1))


@patiently
@transaction.atomic
def mend_course(*, course: Course, by, now: datetime) -> Replanned:
    """Book what the induction has lost, all or nothing; the next two sessions may go a few days on for it.

    They move only where the eighth session comes sooner so, and never against a rule of practice. What finds no place
    is told as `unplaced`.

    Raises:
        Refused: `course_not_open`; `nothing_lost`; or what forbids a booking.
    """
    course = lock_course(course)
    if course.status not in (CourseStatus.PLANNED, CourseStatus.ACTIVE):
        raise Refused.because("course_not_open", _("This course is not open."))
    held = held_days(course)
    wanted = pattern.wanted(facts_of(course), until="induction", held=held)
    if not wanted:
        raise Refused.because("nothing_lost", _("All eight sessions are booked or done."))
    ahead = _next(course, now)
    plan = _plan(course, wanted, ahead, held, now)
    rows = {row.number: row for row in ahead}
    moves = {
        rows[new.number]: new.start
        for new in plan.sessions
        if new.number in rows and rows[new.number].starts_at != new.start
    }
    moved = place_all(course=course, starts=moves, by=by, now=now) if moves else []
    places = [Placement(new.number, new.start, new.chair) for new in plan.sessions if new.number not in rows]
    added = book_course(course=course, sessions=places, by=by, now=now) if places else []
    return Replanned(course, moved=moved, added=added, unplaced=plan.unplaced)


def _next(course: Course, now: datetime) -> list[TreatmentSession]:
    rows = course.sessions.filter(
        status=SessionStatus.BOOKED,
        number__lte=protocol.INDUCTION_SESSIONS,
        local_date__gt=now.astimezone(course.site.tz).date(),
    )
    return list(rows.select_related("course", "site", "patient").order_by("starts_at")[:MOST_MOVED])


def _plan(
    course: Course, wanted: Sequence[Wanted], ahead: Sequence[TreatmentSession], held, now: datetime
) -> planner.Plan:
    """On days that this transaction then holds."""
    today = now.astimezone(course.site.tz).date()
    last = max([today, *(want.on for want in wanted)]) + timedelta(days=MAKE_UP_DAYS)
    lock_days(course.site, [today + timedelta(days=n) for n in range(-1, (last - today).days + 3)])
    diary = diaries.load(site=course.site, first=today, last=last, now=now, patient=course.patient)
    request = planner.Request(facts_of(course), wanted, course.time, held=held, chair=usual_chair(course))
    booked = {row.pk: Wanted(row.number, row.week, row.phase, row.local_date) for row in ahead}
    return planner.mend(request, diary, booked) or planner.plan(request, diary)
