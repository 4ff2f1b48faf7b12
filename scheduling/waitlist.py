"""Filling a freed chair: who would come sooner, which places are free again, and who would gain most."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Invalid, Refused
from clinic.models import Site
from scheduling import diary as diaries
from scheduling import pattern, protocol
from scheduling.authorizations import Known, known_for
from scheduling.candidates import Candidates
from scheduling.conditions import check, free_chairs
from scheduling.cost import COST, Request
from scheduling.course_facts import facts_of
from scheduling.diary_facts import Diary, Own
from scheduling.enums import COUNTED, OCCUPYING, CourseStatus, SessionStatus
from scheduling.models import Course, FrequencyDecision, SessionEvent, TreatmentSession, WaitlistEntry
from scheduling.moves import TAKES_BACK
from scheduling.protocol import CourseFacts

LOOK_AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Freed:
    """A place that was given up and is free again, with how many chairs."""

    starts_at: datetime
    chairs: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient for whom a place is right: which session would come there, and what it gains."""

    entry: WaitlistEntry
    number: int
    session: TreatmentSession | None
    eighth_gain: int
    days_sooner: int


@transaction.atomic
def add_to_waitlist(
    *, course: Course, notice_minutes: int, by, now: datetime, note: str = ""
) -> WaitlistEntry:
    """Somebody would come sooner.

    Raises:
        Invalid: a notice that cannot be.
        Refused: `course_not_open`, or `on_waitlist` already.
    """
    if not 0 <= notice_minutes <= 7 * 24 * 60:
        raise Invalid.because("impossible", _("From none to a week."), "notice_minutes")
    if course.status not in (CourseStatus.PLANNED, CourseStatus.ACTIVE):
        raise Refused.because("course_not_open", _("This course is not open."))
    try:
        with transaction.atomic():
            entry = WaitlistEntry.objects.create(
                course=course,
                site=course.site,
                notice_minutes=notice_minutes,
                note=note.strip()[:200],
                added_at=now,
                by=by,
            )
    except IntegrityError as error:
        raise Refused.because("on_waitlist", _("This course is on the list already.")) from error
    trace("waitlist.added", course, by, now)
    return entry


@transaction.atomic
def remove_from_waitlist(*, entry: WaitlistEntry, by, now: datetime) -> None:
    """Twice is the same as once."""
    if WaitlistEntry.objects.filter(pk=entry.pk, removed_at__isnull=True).update(removed_at=now):
        trace("waitlist.removed", entry.course, by, now)


def freed_places(site: Site, *, now: datetime) -> list[Freed]:
    """Places ahead that a session gave up, cancelled, missed or moved, and that nobody has taken since."""
    gone = TreatmentSession.objects.filter(
        site=site,
        status__in=(SessionStatus.CANCELLED, SessionStatus.NO_SHOW),
        starts_at__gt=now,
        starts_at__lt=now + LOOK_AHEAD,
    )
    left = SessionEvent.objects.filter(
        left_site=site, left_starts_at__gt=now, left_starts_at__lt=now + LOOK_AHEAD
    )
    # Who came back has not given it up, and the place of a move that was taken back was nobody's.
    left = left.exclude(left_starts_at=F("session__starts_at")).exclude(detail__has_key=TAKES_BACK)
    given_up = gone.values_list("starts_at", flat=True), left.values_list("left_starts_at", flat=True)
    starts = sorted({start for rows in given_up for start in rows if start is not None})
    if not starts:
        return []
    diary = diary_of(site, starts, now)
    free = [(start, len(free_chairs(diary, start))) for start in starts if not check(diary, start)]
    return [Freed(start, chairs) for start, chairs in free]


def candidates(site: Site, starts_at: datetime, *, now: datetime) -> list[Candidate]:
    """For whom the place is right, who gains most first: the eighth session's days, then the days, then the wait."""
    entries = list(
        WaitlistEntry.objects.filter(site=site, removed_at__isnull=True)
        .filter(course__status__in=(CourseStatus.PLANNED, CourseStatus.ACTIVE))
        .select_related("course__patient", "course__site")
    )
    in_time = [e for e in entries if starts_at - now >= timedelta(minutes=e.notice_minutes)]
    known = known_for({entry.course_id for entry in in_time})
    diary, sessions, decided = diary_of(site, [starts_at], now), _sessions_of(in_time), _decided_of(in_time)
    found = []
    for entry in in_time:
        facts = replace(facts_of(entry.course), decided=tuple(decided[entry.course_id]))
        found.append(_candidate(entry, facts, sessions[entry.course.patient_id], diary, starts_at))
    right = [item for item in found if item and _authorized(item, known, diary.local_date(starts_at))]
    return sorted(right, key=lambda c: (-c.eighth_gain, -c.days_sooner, c.entry.added_at))


def _authorized(item: Candidate, known: Mapping[Any, Known], day: date) -> bool:
    course = item.entry.course
    if course.payer_authorizes and not (course.pk in known and known[course.pk].authorized):
        return False
    return course.pk not in known or known[course.pk].allows(item.number, day, course.dose_mg)


def _candidate(
    entry: WaitlistEntry,
    facts: CourseFacts,
    own: Sequence[TreatmentSession],
    diary: Diary,
    starts_at: datetime,
) -> Candidate | None:
    """The session that this patient would have there, if any of theirs may come there."""
    course, day = entry.course, diary.local_date(starts_at)
    held = {row.number: row for row in own if row.course_id == course.pk}
    session = min(
        (r for r in held.values() if r.status == SessionStatus.BOOKED and r.starts_at > starts_at),
        key=lambda r: r.starts_at,
        default=None,
    )
    lost = _first_lost(held, day)
    if lost is not None and (session is None or lost < session.number):
        session = None
    number = lost if session is None else session.number
    if number is None:
        return None
    others = [row for row in own if session is None or row.pk != session.pk]
    mine = diary.for_patient(
        [Own(r.pk, r.local_date, diaries.interval(r), r.number, r.status in OCCUPYING) for r in others]
    )
    if check(mine.without({session.pk} if session else set()), starts_at):
        return None
    days = {row.number: row.local_date for row in others if row.course_id == course.pk}
    found = protocol.session_findings(facts, number=number, day=day, others=days)
    if {"gap_short", "week_full"} & {finding.code for finding in found}:
        return None
    if pattern.too_soon(facts, number, day, days) or not _can_come(facts, course, diary, starts_at):
        return None
    return _gain(entry, number, session, days, day, diary.local_date(diary.now))


def _can_come(facts: CourseFacts, course: Course, diary: Diary, starts_at: datetime) -> bool:
    """Nothing is offered on a day or at a time that the patient said is never possible."""
    request = Request(facts, [], course.time)
    return Candidates(request, diary, COST).patient_can(starts_at)


def _gain(entry, number, session, days: dict[int, date], day: date, today: date) -> Candidate:
    facts = facts_of(entry.course)
    was = [*days.values(), session.local_date] if session else list(days.values())
    before = pattern.projected_eighth(was, course=facts, today=today)
    after = pattern.projected_eighth([*days.values(), day], course=facts, today=today)
    in_induction = number <= protocol.INDUCTION_SESSIONS
    gain = (before - after).days if in_induction and before and after else 0
    return Candidate(entry, number, session, gain, (session.local_date - day).days if session else 0)


def _first_lost(held: dict[int, Any], day: date) -> int | None:
    """The lowest number of induction that is neither booked nor done, once the course has begun."""
    if not held:
        return None
    last = max(number for number in held)
    missing = [n for n in range(1, min(last, protocol.INDUCTION_SESSIONS) + 1) if n not in held]
    if not missing and last < protocol.INDUCTION_SESSIONS:
        missing = [last + 1]
    return missing[0] if missing else None


def _sessions_of(entries: Sequence[WaitlistEntry]) -> dict[Any, list[TreatmentSession]]:
    patients = [entry.course.patient_id for entry in entries]
    found: dict[Any, list[TreatmentSession]] = defaultdict(list)
    for row in TreatmentSession.objects.filter(patient__in=patients, status__in=COUNTED):
        found[row.patient_id].append(row)
    return found


def _decided_of(entries: Sequence[WaitlistEntry]) -> dict[Any, list[tuple[date, str]]]:
    """How often, as it was decided, by course."""
    found: dict[Any, list[tuple[date, str]]] = defaultdict(list)
    rows = FrequencyDecision.objects.filter(course__in=[entry.course_id for entry in entries])
    for row in rows.order_by("at", "pk"):
        found[row.course_id].append((row.starts_on, row.frequency))
    return found


def diary_of(site: Site, starts: Sequence[datetime], now: datetime) -> Diary:
    days = [start.astimezone(site.tz).date() for start in starts]
    return diaries.load(site=site, first=min(days), last=max(days), now=now)


def trace(action: str, course: Course, by, now: datetime, **detail: Any) -> None:
    common = {"by": by, "now": now, "site": course.site_id, "patient": course.patient_id, "on": course}
    audit.record(action, **common, **detail)
