"""Booking a course's sessions, and moving them: all or nothing, checked again under the lock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Invalid, ReasonRequired, Refused
from clinic.ids import new_id
from clinic.models import Chair
from clinic.prepared import Insert
from scheduling import authorizations, protocol, signals, taken, weeks
from scheduling import diary as diaries
from scheduling.authorizations import Known
from scheduling.conditions import check
from scheduling.course_facts import facts_of, held_days
from scheduling.diary_facts import Busy, Diary, Own
from scheduling.enums import SessionEventKind, SessionStatus
from scheduling.locking import lock_course, lock_days, patiently
from scheduling.models import Course, SessionEvent, TreatmentSession
from scheduling.planner import pick_chair
from scheduling.protocol import Finding

MOST_SESSIONS = 120
insert_sessions, insert_events = Insert(TreatmentSession), Insert(SessionEvent)


@dataclass(frozen=True, slots=True)
class Placement:
    """A wish: session `number` from `starts_at`, in the chair with this id or in any."""

    number: int
    starts_at: datetime
    chair: Any = None


@dataclass(frozen=True, slots=True)
class Booked:
    sessions: list[TreatmentSession]
    warnings: list[Finding]
    # What the payers have authorized, by course, these sessions among its visits.
    known: Mapping[Any, Known]


def book_course(
    *,
    course: Course,
    sessions: Sequence[Placement],
    by,
    now: datetime,
    override: Mapping[str, str] | None = None,
) -> list[TreatmentSession]:
    """`book`, for whoever does not ask what stands out."""
    return book(course=course, sessions=sessions, by=by, now=now, override=override).sessions


@patiently
@transaction.atomic
def book(
    *,
    course: Course,
    sessions: Sequence[Placement],
    by,
    now: datetime,
    override: Mapping[str, str] | None = None,
    allow: Callable[[Course], None] = lambda course: None,
) -> Booked:
    """Book all of `sessions`, or none. `allow` is asked of the course as it was read under its lock.

    Raises:
        Invalid: placements that cannot be (none, too many, a number twice, an unknown chair).
        Refused: a rule forbids some; one fault for each clash, with its field `sessions[i]`.
        ReasonRequired: a warning wants a reason that `override` ({code: reason}) does not hold.
    """
    course = lock_course(course)
    allow(course)
    # Hours are counted in UTC: in wall time, two and a half of them may be one more or less.
    sessions = [replace(p, starts_at=p.starts_at.astimezone(UTC)) for p in sessions]
    _refuse_impossible(course, sessions)
    days = [local_date(course, p.starts_at) for p in sessions]
    lock_days(course.site, _with_ends(course, sessions))
    book = diaries.load_for_course(course, first=min(days), last=max(days), now=now)
    held = book.held
    placed = _place(course, sessions, days, book.diary, held, book.usual)
    known = authorizations.known_for([course.pk]) if course.has_authorizations else {}
    new_days = {p.number: day for p, day in zip(sessions, days, strict=True)}
    warnings = warnings_among(course, new_days, held, known)
    reasons = reasons_for(course, warnings, override or {}, by, now)
    rows = _insert(course, placed, held, now)
    if held and min(row.local_date for row in rows) < min(held.values()):
        weeks.follow([course.pk], seen=rows)
    _tell_booked(course, rows, by, now, reasons)
    return Booked(rows, warnings, authorizations.with_visits(known, rows))


def warnings_of(course: Course, new_days: Mapping[int, date], *, leave_out=()) -> list[Finding]:
    """Everything that stands out when the course also has sessions on `new_days` (number: day)."""
    known = authorizations.known_for([course.pk])
    return warnings_among(course, new_days, held_days(course, leave_out=leave_out), known)


def warnings_among(
    course: Course, new_days: Mapping[int, date], held: Mapping[int, date], known: Mapping[Any, Known]
) -> list[Finding]:
    """`warnings_of` where the days that are held, and what is authorized, are known already."""
    facts = facts_of(course)
    held = {n: d for n, d in held.items() if n not in new_days}
    everything = {**held, **new_days}
    until = "week8" if max(everything) > protocol.INDUCTION_SESSIONS else "induction"
    found = protocol.course_findings(facts, until=until) + authorizations.warning(
        course, new_days, held, known
    )
    for number, day in sorted(new_days.items()):
        others = {n: d for n, d in everything.items() if n != number}
        found += protocol.session_findings(facts, number=number, day=day, others=others)
    return found


def local_date(course: Course, moment: datetime) -> date:
    return moment.astimezone(course.site.tz).date()


def _with_ends(course: Course, sessions: Sequence[Placement]) -> list[date]:
    """The days on which a session begins or ends: one over midnight holds both."""
    length = timedelta(minutes=course.site.session_minutes)
    ends = [local_date(course, p.starts_at + length) for p in sessions]
    return [*(local_date(course, p.starts_at) for p in sessions), *ends]


def _refuse_impossible(course: Course, sessions: Sequence[Placement]) -> None:
    """Values that no rule needs to see. All at once."""
    if not sessions:
        raise Invalid.because("empty", _("Name at least one session."), "sessions")
    if len(sessions) > MOST_SESSIONS:
        raise Invalid.because("too_many", _("At most 120 sessions at once."), "sessions")
    faults, seen = [], set()
    named = {p.chair for p in sessions if p.chair is not None}
    chairs = (
        set(Chair.objects.filter(site=course.site, active=True).values_list("pk", flat=True)) if named else ()
    )
    for index, placement in enumerate(sessions):
        if placement.chair is not None and placement.chair not in chairs:
            faults.append(Fault("unknown", _("No such chair at this site."), f"sessions[{index}].chair"))
        if placement.number in seen:
            faults.append(
                Fault("duplicate", _("This number stands here twice."), f"sessions[{index}].number")
            )
        seen.add(placement.number)
    if faults:
        raise Invalid(faults)


def _place(course, sessions, days, diary, held, usual) -> list[tuple[Placement, Any]]:
    """Each placement with its chair, checked against the book and against those before it in the list."""
    placed, faults = [], _course_faults(course, days)
    for index, placement in enumerate(sessions):
        field = f"sessions[{index}]"
        chair = placement.chair or pick_chair(diary, placement.starts_at, usual)
        faults += _clashes(diary, placement, placement.chair, field, course)
        if placement.number in held:
            detail = _("Session %s of this course is booked or done already.") % placement.number
            faults.append(Fault("number_taken", detail, f"{field}.number", {"number": placement.number}))
        placed.append((placement, chair))
        diary = _as_booked(diary, placement, chair, days[index])
    if faults:
        raise Refused(taken.named(faults, course.site))
    return placed


def _course_faults(course: Course, days: Sequence[date]) -> list[Fault]:
    found = protocol.refusals(facts_of(course), on=min(days))
    return [Fault(finding.code, finding.detail) for finding in found]


def _clashes(diary: Diary, placement: Placement, chair, field: str, course: Course) -> list[Fault]:
    where = {
        "number": placement.number,
        "starts_at": placement.starts_at.astimezone(course.site.tz).isoformat(),
    }
    return [
        Fault(refusal.code, refusal.detail, field, {**where, **refusal.extra})
        for refusal in check(diary, placement.starts_at, chair)
    ]


def _as_booked(diary: Diary, placement: Placement, chair, day: date) -> Diary:
    span, key = diary.span(placement.starts_at), ("new", placement.number)
    return diary.with_busy(Busy(key, chair, None, span), Own(key, day, span, placement.number))


def usual_chair(course: Course):
    """The chair in which this patient sat last."""
    return course.sessions.counted().order_by("-starts_at").values_list("chair_id", flat=True).first()


def reasons_for(course, warnings, override, by, now) -> dict[str, Any]:
    """The reasons that go into the record; raises for a warning that wants one and has none."""
    wanted = {w.code: w for w in warnings if w.wants_reason and w.code not in course.overrides}
    if missing := [w for code, w in wanted.items() if not override.get(code, "").strip()]:
        raise ReasonRequired.for_warnings(missing)
    given = {
        code: {
            "reason": override[code].strip()[:500],
            "by": str(by.pk) if by else None,
            "at": now.isoformat(),
        }
        for code in wanted
    }
    if given:
        course.overrides = {**course.overrides, **given}
        course.save(update_fields=["overrides"])
    return given


def _insert(course: Course, placed, held: Mapping[int, date], now: datetime) -> list[TreatmentSession]:
    length = timedelta(minutes=course.site.session_minutes)
    new = {p.number: local_date(course, p.starts_at) for p, _chair in placed}
    first = min([*held.values(), *new.values()])
    rows = []
    for placement, chair in placed:
        day = local_date(course, placement.starts_at)
        week = protocol.week_of(first, day)
        rows.append(
            TreatmentSession(
                id=new_id(),
                course=course,
                site=course.site,
                patient=course.patient,
                chair_id=chair,
                number=placement.number,
                week=week,
                phase=protocol.phase_of_session(placement.number, week),
                starts_at=placement.starts_at,
                ends_at=placement.starts_at + length,
                local_date=day,
                dose_mg=course.dose_mg,
                created_at=now,
                updated_at=now,
            )
        )
    try:
        # A savepoint of its own: after a refusal we ask who was first.
        with transaction.atomic():
            insert_sessions(rows)
    except IntegrityError as error:  # the database has the last word
        raise Refused(taken.held_by_others(rows)) from error
    return rows


def _tell_booked(course, rows, by, now, reasons) -> None:
    insert_events(
        [
            SessionEvent(
                session=row, kind=SessionEventKind.STATUS, to_status=SessionStatus.BOOKED, at=now, by=by
            )
            for row in rows
        ]
    )
    common = {"by": by, "now": now, "site": course.site, "patient": course.patient}
    audit.record_many(
        [
            {
                **common,
                "action": "session.booked",
                "on": row,
                "starts_at": row.starts_at.isoformat(),
                "number": row.number,
            }
            for row in rows
        ]
    )
    if reasons:
        audit.record("course.overridden", **common, on=course, reasons=reasons)
    signals.course_booked.send(sender=Course, course=course, sessions=rows, by=by, now=now)
