"""Taking back a move: a session, and all that moved together with it, goes back to where it was."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.errors import Fault, Refused
from clinic.ids import parse
from scheduling.booking import local_date
from scheduling.enums import SessionEventKind, SessionStatus
from scheduling.locking import lock_course, lock_days, patiently
from scheduling.models import Course, SessionEvent, TreatmentSession
from scheduling.moves import TAKES_BACK, TOGETHER, as_told
from scheduling.moving import place_all
from scheduling.statuses import wrong_state


@patiently
@transaction.atomic
def move_back(*, session: TreatmentSession, by, now: datetime) -> list[TreatmentSession]:
    """Take back the last move of `session`: all that moved with it go back, each to its time and chair, or none.

    The same checks as for any move; what became of the places meanwhile is told session by session.

    Raises:
        Refused: `not_moved` where there is no move to take back; `wrong_state` or `moved_since` for a session that
            is no longer where the move put it; or a rule forbids the old place of one of them. Nothing is moved then.
    """
    course = lock_course(session.course)
    moves = _last_move(session, course)
    rows = _held(moves, course)
    if faults := _changed_since(moves, rows):
        raise Refused(faults)
    old = {pk: event.detail["from"] for pk, event in moves.items()}
    starts = {rows[pk]: datetime.fromisoformat(place["starts_at"]) for pk, place in old.items()}
    _lock(course, starts)
    chairs = {pk: parse(place["chair"]) for pk, place in old.items()}
    return place_all(course=course, starts=starts, chairs=chairs, by=by, now=now, takes_back=True)


def _last_move(session: TreatmentSession, course: Course) -> dict[Any, SessionEvent]:
    """By session, the events of the last move of this one."""
    moved = SessionEvent.objects.filter(session__course=course, kind=SessionEventKind.MOVED)
    last = moved.filter(session=session).order_by("at", "pk").last()
    if last is None or TAKES_BACK in last.detail or TOGETHER not in last.detail:
        raise Refused.because("not_moved", _("There is no move to take back."))
    same = [
        event for event in moved.filter(at=last.at) if event.detail.get(TOGETHER) == last.detail[TOGETHER]
    ]
    return {event.session_id: event for event in same}


def _held(moves: Mapping[Any, SessionEvent], course: Course) -> dict[Any, TreatmentSession]:
    """The sessions as they now stand; nobody arrives or is cancelled while they move."""
    rows = course.sessions.filter(pk__in=moves).select_for_update(of=("self",))
    return {row.pk: row for row in rows.order_by("starts_at")}


def _changed_since(
    moves: Mapping[Any, SessionEvent], rows: Mapping[Any, TreatmentSession]
) -> Sequence[Fault]:
    """Every session that somebody has touched after the move."""
    faults = []
    for pk, row in rows.items():
        if row.status != SessionStatus.BOOKED:
            [fault] = wrong_state(row).faults
            faults.append(Fault(fault.code, fault.detail, "", {"number": row.number, **fault.extra}))
        elif as_told(row) != moves[pk].detail["to"]:
            detail = _("This session has been moved again since.")
            faults.append(Fault("moved_since", detail, "", {"number": row.number}))
    return faults


def _lock(course: Course, starts: Mapping[TreatmentSession, datetime]) -> None:
    """The days that they leave, those to which they go, and those on which they would end."""
    length = timedelta(minutes=course.site.session_minutes)
    new = [local_date(course, moment) for start in starts.values() for moment in (start, start + length)]
    lock_days(course.site, [*new, *(row.local_date for row in starts)])
