"""Courses, the book and its sessions, as JSON."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import UUIDField
from django.http import Http404
from ninja import Router
from ninja.responses import Status

from clinic import access, clock, moments, paging
from clinic.access import May
from clinic.api import patient_of, site_of
from clinic.errors import Invalid
from clinic.ids import parse
from clinic.models import Chair
from clinic.prepared import Param, Prepared
from clinic.schemas import Body, Day, Instant, Override, Small, Text, Wall, local
from scheduling import answers, booking, courses, moving, moving_back, pattern, planner, wants
from scheduling import diary as diaries
from scheduling.authorizations import Known, known_for
from scheduling.board import readiness_of
from scheduling.booking import Placement
from scheduling.conditions import Refusal
from scheduling.course_facts import how_often
from scheduling.models import Course, TreatmentSession
from scheduling.protocol import Finding
from scheduling.readiness import Ready

router = Router(tags=["Courses and sessions"])
LONGEST_LOOK = timedelta(days=62)
# An id that is none of the site's chairs: the verb answers with the field it stands in.
_NO_CHAIR = "unknown"


class CourseIn(Body):
    patient: Text
    site: Text
    indication: Text
    starts_on: Day
    weekdays: list[Small]
    time: Wall
    dose_mg: Small
    oral_antidepressant: bool = False
    payer_authorizes: bool = False
    never_weekdays: list[Small] = []
    not_before: Wall | None = None
    not_after: Wall | None = None
    override: Override = {}


class PlanIn(Body):
    until: Text = "induction"
    weekdays: list[Small] | None = None
    time: Wall | None = None
    flexible_minutes: Small | None = None
    weeks: Small = pattern.MAINTENANCE_WEEKS


class PlacementIn(Body):
    number: Small
    starts_at: Instant
    chair: Text | None = None


class BookIn(Body):
    sessions: list[PlacementIn]
    override: Override = {}


class MoveIn(Body):
    starts_at: Instant
    chair: Text | None = None
    scope: Text = "this"
    override: Override = {}


class CancelIn(Body):
    reason: Text
    by: Text


class LateIn(Body):
    expected_at: Instant


@router.get("/sites/{site_id}/openings", response=dict, summary="Where a session could be")
def openings(request, site_id: str, cursor: str | None = None):
    """`from` and `to` are dates of the site, at most two months apart."""
    site = site_of(request, site_id, May.SEE)
    first, last = _dates(request, site)
    book = diaries.load(site=site, first=first, last=last, now=clock.now())
    midnight = (
        clock.now()
        .astimezone(site.tz)
        .replace(year=first.year, month=first.month, day=first.day, hour=0, minute=0, second=0, microsecond=0)
    )
    found = planner.openings(book, midnight, midnight + timedelta(days=(last - first).days + 1))
    return paging.page(found, cursor, lambda item: _opening_out(item, site), size=500)


@router.post("/courses", response={201: dict}, summary="Begin a course; books nothing")
def start_course(request, payload: CourseIn):
    """For the desk. 409 `over_dose`, `course_open`."""
    site = site_of(request, payload.site, May.BOOK)
    patient = patient_of(request, payload.patient, May.BOOK)
    data = payload.dict(exclude={"site", "patient"})
    course = courses.start_course(patient=patient, site=site, by=request.user, now=clock.now(), **data)
    return Status(201, course_out(course))


@router.get("/courses/{course_id}", response=dict, summary="A course with its sessions")
def get_course(request, course_id: str):
    return course_out(course_of(request, course_id, May.SEE))


@router.post(
    "/courses/{course_id}/plan", response=dict, summary="Propose what the course still wants; books nothing"
)
def plan(request, course_id: str, payload: PlanIn):
    """`until`: induction, week8, or maintenance (to week `weeks`). `refusals` would forbid the booking as it stands."""
    course = course_of(request, course_id, May.BOOK)
    proposal = courses.plan_course(course=course, now=clock.now(), **payload.dict())
    return {
        "sessions": [_planned_out(item, course) for item in proposal.plan.sessions],
        "unplaced": [unplaced_out(item, course) for item in proposal.plan.unplaced],
        "warnings": findings_out(proposal.warnings),
        "refusals": findings_out(proposal.refusals),
    }


@router.post("/courses/{course_id}/book", response={201: dict}, summary="Book sessions: all of them, or none")
def book(request, course_id: str, payload: BookIn):
    """For the desk. 409 with one error for each clash (`sessions[i]`) or `reason_required`; then nothing is booked."""
    placements = [
        Placement(p.number, p.starts_at, parse(p.chair) or _NO_CHAIR if p.chair else None)
        for p in payload.sessions
    ]
    try:
        booked = booking.book(
            course=Course(pk=parse(course_id)),
            sessions=placements,
            by=request.user,
            now=clock.now(),
            override=payload.override,
            # The verb reads the course anyway, under its lock.
            allow=lambda course: access.require(request.user, May.BOOK, course.site),
        )
    except Course.DoesNotExist as error:
        raise Http404 from error
    items = sessions_out(sorted(booked.sessions, key=lambda row: row.number), booked.known)
    return Status(201, {"sessions": items, "warnings": findings_out(booked.warnings)})


@router.get("/sessions", response=dict, summary="Sessions of a site's day, of a patient or of a course")
def list_sessions(
    request,
    site: str | None = None,
    date: Day | None = None,
    patient: str | None = None,
    course: str | None = None,
    cursor: str | None = None,
):
    rows = with_all(TreatmentSession.objects.filter(site__memberships__user=request.user).distinct())
    for name, value in (("site", site), ("patient", patient), ("course", course)):
        if value is not None:
            rows = rows.filter(**{name: parse(value)})
    if date is not None:
        rows = rows.filter(local_date=date)
    return paging.page_of(rows.order_by("starts_at", "pk"), cursor, sessions_out)


@router.get("/sessions/{session_id}", response=dict, summary="A session")
def get_session(request, session_id: str):
    return session_out(session_of(request, session_id, May.SEE))


@router.post(
    "/sessions/{session_id}/move", response=dict, summary="Move a session, or it and those that follow"
)
def move(request, session_id: str, payload: MoveIn):
    """For the desk. The same refusals as booking, and `wrong_state`."""
    session = session_of(request, session_id, May.BOOK)
    chair = parse(payload.chair) if payload.chair else None
    if payload.chair and chair is None:
        raise Invalid.because("unknown", "No such chair at this site.", "chair")
    moved = moving.move_session(
        session=session,
        starts_at=payload.starts_at,
        chair=chair,
        scope=payload.scope,
        by=request.user,
        now=clock.now(),
        override=payload.override,
    )
    return {**_fresh(session), "moved": [str(row.pk) for row in moved]}


@router.post(
    "/sessions/{session_id}/move-back", response=dict, summary="Take back a move, of a series as well"
)
def move_back(request, session_id: str):
    """The last move of this session, with all that moved with it: each to the time and chair that it had, or none.
    For the desk. 409 `not_moved`, `moved_since`, and what forbids a move."""
    session = session_of(request, session_id, May.BOOK)
    moved = moving_back.move_back(session=session, by=request.user, now=clock.now())
    return {**_fresh(session), "moved": [str(row.pk) for row in moved]}


@router.get("/sessions/{session_id}/other-times", response=dict, summary="Where a session could be instead")
def other_times(request, session_id: str):
    """The nearest starts that keep all the rules, found now; `POST /sessions/{id}/move` goes there. For the desk."""
    session = session_of(request, session_id, May.BOOK)
    times = courses.other_times(session=session, now=clock.now())
    return {"items": [local(moment, session.site) for moment in times], "next": None}


@router.post("/sessions/{session_id}/cancel", response=dict, summary="Cancel a session: who and why")
def cancel(request, session_id: str, payload: CancelIn):
    """For the desk. `by`: patient or clinic. 409 `wrong_state`."""
    session = session_of(request, session_id, May.BOOK)
    by = {"cancelled_by": payload.by, "reason": payload.reason}
    answers.cancel_session(session=session, by=request.user, now=clock.now(), **by)
    return _fresh(session)


@router.post("/sessions/{session_id}/confirm", response=dict, summary="The patient confirms")
def confirm(request, session_id: str):
    session = session_of(request, session_id, May.BOOK)
    answers.confirm_session(session=session, by=request.user, now=clock.now())
    return _fresh(session)


@router.post("/sessions/{session_id}/no-show", response=dict, summary="The patient did not come")
def no_show(request, session_id: str):
    session = session_of(request, session_id, May.BOOK)
    answers.mark_no_show(session=session, by=request.user, now=clock.now())
    return _fresh(session)


@router.post("/sessions/{session_id}/late", response=dict, summary="The patient says when they will be here")
def late(request, session_id: str, payload: LateIn):
    session = session_of(request, session_id, May.BOOK)
    answers.mark_late(session=session, expected_at=payload.expected_at, by=request.user, now=clock.now())
    return _fresh(session)


@router.post("/sessions/{session_id}/undo", response=dict, summary="Take back a mistaken arrival or no-show")
def undo(request, session_id: str):
    session = session_of(request, session_id, May.ARRIVE)
    answers.undo(session=session, by=request.user, now=clock.now())
    return _fresh(session)


def session_of(request, session_id: str, right: May) -> TreatmentSession:
    session = access.get_or_404(_session, request.user, parse(session_id))
    access.require(request.user, right, session.site)
    return session


def session_out(session: TreatmentSession) -> dict[str, Any]:
    return sessions_out([session])[0]


def sessions_out(
    sessions: Iterable[TreatmentSession], known: Mapping[Any, Known] | None = None
) -> list[dict[str, Any]]:
    """What their payers have authorized is read once for all, and so is what the apps above know of them.

    A booking has `known` at hand and asks nobody above: that is told when its sessions are read.
    """
    rows, told = list(sessions), {}
    if known is None:
        known = known_for({row.course_id for row in rows})
        told = wants.told(rows, now=clock.now())
    return [_session_out(row, [*readiness_of(row, known), *told.get(row.pk, [])]) for row in rows]


def _session_out(session: TreatmentSession, readiness: list[Ready]) -> dict[str, Any]:
    site = session.site
    return {
        "id": str(session.pk),
        "course": str(session.course_id),
        "patient": str(session.patient_id),
        "site": str(session.site_id),
        "number": session.number,
        "week": session.week,
        "phase": session.phase,
        "starts_at": local(session.starts_at, site),
        "ends_at": local(session.ends_at, site),
        "chair": str(session.chair_id),
        "dose_mg": session.dose_mg,
        "status": session.status,
        "confirmation": session.confirmation,
        "expected_at": local(session.expected_at, site) if session.expected_at else None,
        "readiness": [{**item.as_dict(), "by": local(item.by, site)} for item in readiness],
    }


def course_out(course: Course) -> dict[str, Any]:
    sessions = list(with_all(course.sessions.all()).order_by("starts_at"))
    often = how_often(course, today=clock.now().astimezone(course.site.tz).date())
    return {
        "id": str(course.pk),
        "patient": str(course.patient_id),
        "site": str(course.site_id),
        "indication": course.indication,
        "status": course.status,
        "phase": _phase(course, sessions),
        "frequency": often.now,
        "frequency_ahead": {"from": often.ahead[0], "frequency": often.ahead[1]} if often.ahead else None,
        "starts_on": course.starts_on,
        "weekdays": course.weekdays,
        "time": course.time.strftime("%H:%M"),
        "dose_mg": course.dose_mg,
        "oral_antidepressant": course.oral_antidepressant,
        "payer_authorizes": course.payer_authorizes,
        "never_weekdays": course.never_weekdays,
        "not_before": course.not_before.strftime("%H:%M") if course.not_before else None,
        "not_after": course.not_after.strftime("%H:%M") if course.not_after else None,
        "sessions": sessions_out(sessions),
        "projected_eighth_on": courses.projected_eighth_on(course, now=clock.now()),
    }


def _phase(course: Course, sessions: list[TreatmentSession]) -> str:
    """That of the next session to come, or of the last one that was given."""
    ahead = [s for s in sessions if s.status == "booked"]
    given = [s for s in sessions if s.status == "completed"]
    if ahead:
        return ahead[0].phase
    return given[-1].phase if given else "induction"


def with_all(rows):
    return rows.select_related("site", "patient", "course", "chair")


def _fresh(session: TreatmentSession) -> dict[str, Any]:
    return session_out(_session.one(pk=session.pk))


_session = Prepared(with_all(TreatmentSession.objects.filter(pk=Param("pk", UUIDField()))))
_course = Prepared(Course.objects.select_related("site", "patient").filter(pk=Param("pk", UUIDField())))


def course_of(request, course_id: str, right: May) -> Course:
    course = access.get_or_404(_course, request.user, parse(course_id))
    access.require(request.user, right, course.site)
    return course


def _chair(chair_id: str | None, site) -> Chair | None:
    pk = parse(chair_id)
    return Chair.objects.filter(pk=pk, site=site).first() if pk else None


def _dates(request, site) -> tuple[date, date]:
    today = clock.now().astimezone(site.tz).date()
    found: list[date] = []
    for name, default in (("from", today), ("to", None)):
        text = request.GET.get(name)
        day = moments.read_day(text) if text else default or found[0] + timedelta(days=7)
        if day is None:
            raise Invalid.because("unreadable", "A date such as 2026-03-02.", name)
        found.append(day)
    first, last = found
    if not timedelta() <= last - first <= LONGEST_LOOK:
        raise Invalid.because("impossible", "`to` from `from` to two months later.", "to")
    return first, last


def _opening_out(item, site) -> dict[str, Any]:
    span, chairs = item
    times = {"starts_at": local(span.start, site), "ends_at": local(span.end, site)}
    return {**times, "chairs": [str(chair) for chair in chairs]}


def _planned_out(item: planner.Planned, course: Course) -> dict[str, Any]:
    return {
        "number": item.number,
        "week": item.week,
        "phase": item.phase,
        "starts_at": local(item.start, course.site),
        "ends_at": local(item.end, course.site),
        "chair": str(item.chair) if item.chair else None,
        "warnings": findings_out(item.warnings),
        "alternatives": [local(moment, course.site) for moment in item.alternatives],
    }


def unplaced_out(item: planner.Unplaced, course: Course) -> dict[str, Any]:
    codes = [reason.code for reason in item.reasons]
    return {
        "number": item.number,
        "reason": codes[0] if codes else "no_place",
        "reasons": findings_out(item.reasons),
        "nearest": [local(moment, course.site) for moment in item.nearest],
    }


def findings_out(found: list[Finding] | list[Refusal]) -> list[dict[str, str]]:
    return [{"code": item.code, "detail": item.detail} for item in found]
