"""Moving a session, alone or with those that follow: the same checks as booking."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.errors import Fault, Invalid, Refused
from clinic.models import Chair, Site
from scheduling import diary as diaries
from scheduling import protocol, signals, taken, weeks
from scheduling.booking import local_date, reasons_for, warnings_of
from scheduling.conditions import check
from scheduling.course_facts import facts_of
from scheduling.diary_facts import Busy, Diary, Own
from scheduling.enums import Confirmation, SessionStatus
from scheduling.hours import NonexistentTime, wall
from scheduling.locking import lock_course, lock_days, patiently
from scheduling.models import Course, TreatmentSession
from scheduling.moves import as_told, tell_moved
from scheduling.planner import pick_chair
from scheduling.statuses import wrong_state

THIS, FOLLOWING = "this", "following"


@patiently
@transaction.atomic
def move_session(
    *,
    session: TreatmentSession,
    starts_at: datetime,
    by,
    now: datetime,
    chair: Any = None,
    scope: str = THIS,
    override: Mapping[str, str] | None = None,
) -> list[TreatmentSession]:
    """Move a booked session to `starts_at`; with scope "following", the later ones by as many days as well.

    `chair` None keeps the chair where it is free then, and picks another where it is not. A session that stands where
    it would go is left alone, its confirmation as well: the answer holds those that have moved.

    Raises:
        Invalid: an unknown scope or chair.
        Refused: `wrong_state`, or a rule forbids the new place of one of them; nothing is moved.
        ReasonRequired: a warning wants a reason that `override` does not hold.
    """
    # Hours are counted in UTC: in wall time, two and a half of them may be one more or less.
    course, starts_at = lock_course(session.course), starts_at.astimezone(UTC)
    _refuse_impossible(course, scope, chair)
    moved = _that_move(session, course, scope)
    starts = _new_starts(course, moved, starts_at)
    moved = [row for row in moved if starts[row.pk] != row.starts_at or _changes_chair(row, session, chair)]
    if not moved:
        return []
    new_days = {s.number: local_date(course, starts[s.pk]) for s in moved}
    length = timedelta(minutes=course.site.session_minutes)
    ends = [local_date(course, starts[s.pk] + length) for s in moved]
    lock_days(course.site, [*new_days.values(), *ends, *(s.local_date for s in moved)])
    ids = {s.pk for s in moved}
    diary = diaries.load(
        site=course.site,
        first=min(new_days.values()),
        last=max(new_days.values()),
        now=now,
        patient=course.patient,
        exclude=ids,
    )
    chairs = _chairs(course, moved, starts, diary, {session.pk: chair})
    warnings = warnings_of(course, new_days, leave_out=ids)
    reasons_for(course, warnings, override or {}, by, now)
    return _write(course, moved, starts, chairs, new_days, by, now)


def place_all(
    *,
    course: Course,
    starts: Mapping[TreatmentSession, datetime],
    by,
    now: datetime,
    chairs: Mapping[Any, Any] | None = None,
    takes_back: bool = False,
) -> list[TreatmentSession]:
    """Move several booked sessions of one course at once, each to its start, all or nothing.

    For verbs that hold the course and its days already. `chairs`: by a session's id, the chair that it must have;
    without one it keeps its own where that is free. `takes_back`: told as a move that undoes another.

    Raises:
        Refused: a rule forbids the new place of one of them.
    """
    moved = sorted(starts, key=lambda row: row.starts_at)
    new_days = {row.number: local_date(course, starts[row]) for row in moved}
    by_id = {row.pk: starts[row] for row in moved}
    days = [*new_days.values()]
    diary = diaries.load(
        site=course.site,
        first=min(days),
        last=max(days),
        now=now,
        patient=course.patient,
        exclude=set(by_id),
    )
    found = _chairs(course, moved, by_id, diary, chairs or {})
    return _write(course, moved, by_id, found, new_days, by, now, takes_back)


def place_many(
    *, site: Site, places: Mapping[TreatmentSession, tuple[datetime, Any]], by, now: datetime
) -> list[TreatmentSession]:
    """Move booked sessions of many courses, each to its (start, chair), all or nothing.

    For verbs that hold the courses and the days, and have checked every place.

    Raises:
        Refused: the database refuses one of them.
    """
    told = []
    for layer in _layers(places, site):
        for row in layer:
            start, chair = places[row]
            day, old = start.astimezone(site.tz).date(), as_told(row)
            _set_place(row, start, chair, day, site, now)
            told.append((row, old))
        _save_all(layer)
    moved = [row for row, _old in told]
    weeks.follow({row.course_id for row in moved}, seen=moved)
    tell_moved(told, by, now)
    signals.sessions_moved.send(sender=TreatmentSession, sessions=moved, by=by, now=now)
    return moved


def _layers(
    places: Mapping[TreatmentSession, tuple[datetime, Any]], site: Site
) -> list[list[TreatmentSession]]:
    """In an order in which every place is free by the time that it is taken; what goes together is one layer."""
    length = timedelta(minutes=site.session_minutes)

    def in_the_way(other: TreatmentSession, row: TreatmentSession) -> bool:
        start, chair = places[row]
        meets = other.starts_at < start + length and start < other.ends_at
        return other is not row and other.chair_id == chair and meets

    left, layers = list(places), []
    while left:
        free = [row for row in left if not any(in_the_way(other, row) for other in left)]
        # A ring of sessions that wait for each other's chair is left to the database's refusal.
        layers.append(free or left)
        left = [row for row in left if row not in layers[-1]]
    return layers


def _refuse_impossible(course: Course, scope: str, chair) -> None:
    faults = []
    if scope not in (THIS, FOLLOWING):
        faults.append(Fault("unknown", _('Either "this" or "following".'), "scope"))
    if chair is not None and not Chair.objects.filter(pk=chair, site=course.site, active=True).exists():
        faults.append(Fault("unknown", _("No such chair at this site."), "chair"))
    if faults:
        raise Invalid(faults)


def _that_move(session: TreatmentSession, course: Course, scope: str) -> list[TreatmentSession]:
    """The session as it now stands, and those after it that are still only booked."""
    booked = course.sessions.filter(status=SessionStatus.BOOKED)
    # Held: nobody arrives or is cancelled while their session moves.
    rows = list(booked.select_for_update(of=("self",)).order_by("starts_at"))
    first = next((row for row in rows if row.pk == session.pk), None)
    if first is None:
        raise wrong_state(TreatmentSession.objects.get(pk=session.pk))
    return [first] if scope == THIS else [row for row in rows if row.starts_at >= first.starts_at]


def _changes_chair(row: TreatmentSession, asked: TreatmentSession, chair) -> bool:
    return row.pk == asked.pk and chair not in (None, row.chair_id)


def _new_starts(course: Course, moved: list[TreatmentSession], starts_at: datetime) -> dict[Any, datetime]:
    """The later ones go by as many days; those at the same wall time take the new one too."""
    zone = course.site.tz
    first = moved[0]
    old, new = first.starts_at.astimezone(zone), starts_at.astimezone(zone)
    days = (new.date() - old.date()).days
    starts, faults = {first.pk: starts_at}, []
    for row in moved[1:]:
        local = row.starts_at.astimezone(zone)
        at = new.time() if local.time() == old.time() else local.time()
        try:
            starts[row.pk] = wall(local.date() + timedelta(days=days), at, zone)
        except NonexistentTime:
            detail = _("The clock jumps over that time on %s.") % (local.date() + timedelta(days=days))
            faults.append(Fault("nonexistent_time", detail, "starts_at", {"number": row.number}))
    if faults:
        raise Refused(faults)
    return starts


def _chairs(course, moved, starts, diary: Diary, asked: Mapping[Any, Any]) -> dict[Any, Any]:
    """A chair for each, or every reason against. `asked`: by a session's id, the chair that it must have."""
    soonest = min(local_date(course, starts[row.pk]) for row in moved)
    faults = [Fault(f.code, f.detail) for f in protocol.refusals(facts_of(course), on=soonest)]
    chairs = {}
    for row in moved:
        start, wish = starts[row.pk], asked.get(row.pk)
        faults += [
            Fault(
                r.code,
                r.detail,
                "starts_at",
                {"number": row.number, "starts_at": start.astimezone(course.site.tz).isoformat(), **r.extra},
            )
            for r in check(diary, start, wish)
        ]
        chairs[row.pk] = wish or pick_chair(diary, start, row.chair_id)
        span = diary.span(start)
        day = local_date(course, start)
        diary = diary.with_busy(Busy(row.pk, chairs[row.pk], None, span), Own(row.pk, day, span, row.number))
    if faults:
        raise Refused(taken.named(faults, course.site))
    return chairs


def _write(
    course, moved, starts, chairs, new_days: Mapping[int, date], by, now, takes_back: bool = False
) -> list[TreatmentSession]:
    """In an order in which no session steps on the day of another that has yet to move."""
    told = []
    for row in _in_order(moved, new_days):
        old = as_told(row)
        _set_place(row, starts[row.pk], chairs[row.pk], new_days[row.number], course.site, now)
        _save_all([row])
        told.append((row, old))
    weeks.follow([course.pk], seen=moved)
    tell_moved(told, by, now, takes_back=takes_back)
    signals.sessions_moved.send(sender=TreatmentSession, sessions=moved, by=by, now=now)
    return moved


def _in_order(moved: list[TreatmentSession], new_days: Mapping[int, date]) -> list[TreatmentSession]:
    """Sessions keep their order, so there is always one whose new day is free by now."""
    left, order = list(moved), []
    while left:
        held = {row.number: row.local_date for row in left}
        free = [
            row for row in left if all(n == row.number or d != new_days[row.number] for n, d in held.items())
        ]
        order.append(free[0] if free else left[0])
        left.remove(order[-1])
    return order


def _set_place(row, start, chair, day, site, now) -> None:
    if row.starts_at != start:
        # Whoever confirmed, confirmed another time; in another chair at the same time the patient's word stands.
        row.confirmation, row.expected_at = Confirmation.UNCONFIRMED, None
    row.starts_at, row.local_date, row.chair_id = start, day, chair
    row.ends_at, row.updated_at = start + timedelta(minutes=site.session_minutes), now


def _save_all(rows: Sequence[TreatmentSession]) -> None:
    fields = ["starts_at", "ends_at", "local_date", "chair"]
    try:
        with transaction.atomic():
            TreatmentSession.objects.bulk_update(rows, [*fields, "confirmation", "expected_at", "updated_at"])
    except IntegrityError as error:  # the database has the last word
        raise Refused(taken.held_by_others(rows)) from error
