"""A day that cannot be as it was booked: whom it hits, where each would go, all of them together.

The most urgent are placed first: who would miss day 28, then who has waited longest for a dose.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from clinic.models import Site
from scheduling import diary as diaries
from scheduling import pattern, planner, protocol
from scheduling.closures import broken_by
from scheduling.conditions import Refusal
from scheduling.course_facts import facts_of
from scheduling.diary_facts import Busy, Diary, Own
from scheduling.enums import COUNTED, OCCUPYING, SessionStatus
from scheduling.locking import lock_days, patiently
from scheduling.models import Course, TreatmentSession
from scheduling.moving import place_many
from scheduling.pattern import Wanted

# How far from the closed day a place is looked for.
LOOK_DAYS = 28
# The planner looks some days around a day; these follow one another out to LOOK_DAYS.
FARTHER = (5, -5, 12, -12, 19, -19, 25, -25)
# Nobody is moved to a time that they could not hear of any more [practice].
NOTICE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Proposed:
    """One session that cannot stay: why, where it would go (None: nowhere near), and what that does to the eighth."""

    session: TreatmentSession
    reasons: list[Refusal]
    start: datetime | None
    chair: Any
    eighth_before: date | None
    eighth_after: date | None

    @property
    def days_lost(self) -> int:
        if self.eighth_before is None or self.eighth_after is None:
            return 0
        return (self.eighth_after - self.eighth_before).days


@dataclass(frozen=True, slots=True)
class Proposal:
    day: date
    placed: list[Proposed] = field(default_factory=list)
    unplaced: list[Proposed] = field(default_factory=list)


def propose(*, site: Site, day: date, now: datetime) -> Proposal:
    """Where each session that cannot stay on `day` would go. Changes nothing; a fixed number of queries."""
    return _propose(site, day, now, list(_booked_on(site, day, now)))


def _propose(site: Site, day: date, now: datetime, rows: Sequence[TreatmentSession]) -> Proposal:
    if not rows:
        return Proposal(day)
    today = now.astimezone(site.tz).date()
    first, last = max(today, day - timedelta(days=LOOK_DAYS)), day + timedelta(days=LOOK_DAYS)
    diary = diaries.load(site=site, first=first, last=last, now=now + NOTICE)
    owns = _owns(rows)
    hit = _must_move(rows, diary, owns)
    if not hit:
        return Proposal(day)
    hit.sort(key=lambda item: _urgency(item[0], owns))
    placed, unplaced = _place_all(hit, diary, owns)
    while placed and unplaced:
        # Whoever has no place stays where they are, so nobody may be put there.
        left = {proposed.session.pk for proposed in unplaced}
        placed, more = _place_all([item for item in hit if item[0].pk not in left], diary, owns)
        if not more:
            break
        unplaced += more
    return Proposal(day, placed, unplaced)


def _place_all(hit, diary: Diary, owns) -> tuple[list[Proposed], list[Proposed]]:
    """One after the other, each in the book for those after it."""
    diary = diary.without({row.pk for row, _reasons in hit})
    placed, unplaced = [], []
    for row, reasons in hit:
        proposed = _place(row, reasons, diary, owns)
        if proposed.start is None:
            unplaced.append(proposed)
            continue
        placed.append(proposed)
        span = diary.span(proposed.start)
        diary = diary.with_busy(Busy(row.pk, proposed.chair, row.patient_id, span))
    return placed, unplaced


@patiently
@transaction.atomic
def replan_day(*, site: Site, day: date, by, now: datetime) -> Proposal:
    """Plan the day again and move every session that has a place, in one transaction.

    Raises:
        Refused: somebody booked into one of the places at the same moment.
    """
    courses = lock_courses(_booked_on(site, day, now))
    # Every day to which a session may go: under these locks the book cannot change any more.
    lock_days(site, [day + timedelta(days=offset) for offset in range(-LOOK_DAYS, LOOK_DAYS + 2)])
    # Held, so that nobody arrives meanwhile; who was booked in the very moment is left for the next look.
    held = _booked_on(site, day, now).select_for_update(of=("self",))
    proposal = _propose(site, day, now, [row for row in held if row.course_id in courses])
    starts = {p.session: (p.start, p.chair) for p in proposal.placed if p.start}
    place_many(site=site, places=starts, by=by, now=now)
    return proposal


def lock_courses(rows: Iterable[TreatmentSession]) -> set[Any]:
    """Courses before days, in the order of their ids, as every verb takes them. Answers their ids."""
    ids = {row.course_id for row in rows}
    held = Course.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return set(held.values_list("pk", flat=True))


def _booked_on(site: Site, day: date, now: datetime):
    rows = TreatmentSession.objects.on(site, day).filter(status=SessionStatus.BOOKED, starts_at__gt=now)
    related = ("site", "patient__site", "course__patient", "chair")
    return rows.select_related(*related).order_by("starts_at", "pk")


def _owns(rows: Sequence[TreatmentSession]) -> dict[Any, list[TreatmentSession]]:
    """Every counted session of the patients concerned, by patient."""
    found: dict[Any, list[TreatmentSession]] = {row.patient_id: [] for row in rows}
    for own in TreatmentSession.objects.filter(patient__in=found, status__in=COUNTED):
        found[own.patient_id].append(own)
    return found


def _must_move(
    rows: Sequence[TreatmentSession], diary: Diary, owns: Mapping[Any, list[TreatmentSession]]
) -> list[tuple[TreatmentSession, list[Refusal]]]:
    """The least urgent leave first: where one patient too many is in the house, only one has to go."""
    hit = []
    for row in sorted(rows, key=lambda item: _urgency(item, owns), reverse=True):
        reasons = broken_by(row, diary)
        if reasons:
            hit.append((row, reasons))
            diary = diary.without({row.pk})
    return hit


def _urgency(row: TreatmentSession, owns: Mapping[Any, list[TreatmentSession]]) -> tuple[int, int, datetime]:
    """Induction by the days that are left to day 28; then whoever was dosed longest ago; then the earliest."""
    held = {own.number: own.local_date for own in owns[row.patient_id] if own.course_id == row.course_id}
    first = min(held.values())
    eighth = pattern.projected_eighth(list(held.values()), course=facts_of(row.course))
    in_induction = row.number <= protocol.INDUCTION_SESSIONS and eighth is not None
    spare = (first + timedelta(days=protocol.EIGHTH_DUE_DAY - 1) - eighth).days if eighth else 0
    given = [o.local_date for o in owns[row.patient_id] if o.status == SessionStatus.COMPLETED]
    waited = (row.local_date - max(given)).days if given else 0
    return (spare if in_induction else 10_000), -waited, row.starts_at


def _place(row, reasons, diary: Diary, owns: Mapping[Any, list[TreatmentSession]]) -> Proposed:
    others = [own for own in owns[row.patient_id] if own.pk != row.pk]
    course, zone, today = facts_of(row.course), row.site.tz, diary.local_date(diary.now)
    held = {own.number: own.local_date for own in others if own.course_id == row.course_id}
    mine = diary.for_patient([_own(own) for own in others])
    local = row.starts_at.astimezone(zone)
    request = planner.Request(course, [], local.time(), held=held, chair=row.chair_id)
    start = _start(row, request, mine)
    if start and protocol.refusals(course, on=start.astimezone(zone).date()):
        start = None
    before = pattern.projected_eighth([row.local_date, *held.values()], course=course, today=today)
    after = [start.astimezone(zone).date(), *held.values()] if start else list(held.values())
    eighth = pattern.projected_eighth(after, course=course, today=today)
    chair = planner.pick_chair(mine, start, row.chair_id) if start else None
    return Proposed(row, reasons, start, chair, before, eighth)


def _start(row: TreatmentSession, request: planner.Request, mine: Diary) -> datetime | None:
    """Near its day; where nothing is free there, in induction the soonest, for day 28, and later on the nearest."""
    today = mine.local_date(mine.now)
    later = row.number > protocol.INDUCTION_SESSIONS
    for offset in (0, *FARTHER) if later else (0,):
        on = row.local_date + timedelta(days=offset)
        want = Wanted(row.number, row.week, row.phase, on)
        plan = planner.plan(replace(request, wanted=[want]), mine) if on >= today else None
        if plan and plan.sessions:
            return plan.sessions[0].start
    return None if later else next(iter(planner.make_ups(request, mine, limit=1)), None)


def _own(row: TreatmentSession) -> Own:
    return Own(row.pk, row.local_date, diaries.interval(row), row.number, row.status in OCCUPYING)
