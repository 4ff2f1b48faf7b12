"""What life does to a course: decisions, closed days, slippage, the waitlist, as JSON."""

from datetime import date
from typing import Any

from ninja import Router
from ninja.responses import Status
from pydantic import Field

from clinic import access, clock, moments
from clinic.access import May
from clinic.api import site_of
from clinic.errors import Invalid, NotAllowed
from clinic.ids import parse
from clinic.models import Site
from clinic.schemas import Body, Day, Instant, Override, Small, Text, local
from scheduling import (
    answers,
    at_risk,
    courses,
    decisions,
    effects,
    mending,
    moving,
    offers,
    replanning,
    waitlist,
)
from scheduling.api import (
    course_of,
    course_out,
    findings_out,
    session_of,
    session_out,
    unplaced_out,
    with_all,
)
from scheduling.api_boards import undecided_out
from scheduling.decisions import Replanned
from scheduling.models import Course, Offer, TreatmentSession, WaitlistEntry
from scheduling.replanning import Proposal, Proposed

router = Router(tags=["When life happens"])


class ReasonIn(Body):
    reason: Text
    decided_by: Text = ""


class ResumeIn(ReasonIn):
    starts_on: Day | None = None


class FrequencyIn(Body):
    frequency: Text
    starts_on: Day = Field(alias="from")
    reason: Text
    decided_by: Text


class ExtendIn(Body):
    until: Day
    reason: Text
    decided_by: Text


class MendIn(Body):
    dry_run: bool = False


class EffectIn(Body):
    what: Text
    starts_at: Instant | None = None
    scope: Text = "this"
    override: Override = {}


class WaitlistIn(Body):
    notice_minutes: Small = 120
    note: Text = ""


class OfferIn(Body):
    course: Text
    starts_at: Instant
    minutes: Small = offers.OFFER_MINUTES


@router.post("/courses/{course_id}/pause", response=dict, summary="Put a course on hold")
def pause(request, course_id: str, payload: ReasonIn):
    """Cancels what is booked ahead. For the desk and prescribers. 409 `wrong_state`."""
    return _decide(request, course_id, decisions.pause_course, payload.dict())


@router.post("/courses/{course_id}/resume", response=dict, summary="Go on after a pause")
def resume(request, course_id: str, payload: ResumeIn):
    """Books as many sessions as the pause cancelled. For the desk and prescribers. 409 `wrong_state`."""
    return _decide(request, course_id, decisions.resume_course, payload.dict())


@router.post("/courses/{course_id}/stop", response=dict, summary="End a course")
def stop(request, course_id: str, payload: ReasonIn):
    """Cancels what is booked ahead. For the desk and prescribers. 409 `wrong_state`."""
    return _decide(request, course_id, decisions.stop_course, payload.dict())


@router.post("/courses/{course_id}/frequency", response=dict, summary="Another frequency, by a prescriber")
def frequency(request, course_id: str, payload: FrequencyIn):
    """`from` is the first day of it. For prescribers. Answers `moved`, `cancelled`, `added`, `unplaced`."""
    course = course_of(request, course_id, May.DECIDE)
    done = decisions.change_frequency(course=course, by=request.user, now=clock.now(), **payload.dict())
    return {**course_out(_fresh(course)), **_replanned(done)}


@router.post("/courses/{course_id}/extend", response=dict, summary="Book on, by a prescriber")
def extend(request, course_id: str, payload: ExtendIn):
    """At the course's frequency up to `until`. For prescribers."""
    course = course_of(request, course_id, May.DECIDE)
    done = decisions.extend_course(course=course, by=request.user, now=clock.now(), **payload.dict())
    return {**course_out(_fresh(course)), **_replanned(done)}


@router.post("/courses/{course_id}/mend", response=dict, summary="Make up what an induction has lost")
def mend(request, course_id: str, payload: MendIn):
    """Books the lost sessions; the next two may move for them. With `dry_run` it is shown and not done.
    409 `nothing_lost`."""
    course = course_of(request, course_id, May.BOOK)

    def deed() -> Replanned:
        return mending.mend_course(course=course, by=request.user, now=clock.now())

    if not payload.dry_run:
        done = deed()
        return {**course_out(_fresh(course)), **_replanned(done)}
    return _effect_out(effects.try_out(course, deed, now=clock.now()), course.site)


@router.post("/sessions/{session_id}/effect", response=dict, summary="What a deed would do; does nothing")
def effect(request, session_id: str, payload: EffectIn):
    """`what`: move (with `starts_at`, `scope`), cancel or no_show. The eighth session's date before and after,
    every session that would change, and places for a make-up."""
    session = session_of(request, session_id, May.BOOK)
    found = effects.try_out(session.course, _deed(session, payload, request.user), now=clock.now())
    slots = []
    if payload.what != "move":
        slots = courses.make_up_slots(course=session.course, number=session.number, now=clock.now())
    return {**_effect_out(found, session.site), "make_up": [local(moment, session.site) for moment in slots]}


def _effect_out(found: effects.Effect, site: Site) -> dict[str, Any]:
    return {
        "eighth_before": found.eighth_before,
        "eighth_after": found.eighth_after,
        "days_lost": found.days_lost,
        "changes": [
            {
                "number": c.number,
                "before": local(c.before, site) if c.before else None,
                "after": local(c.after, site) if c.after else None,
            }
            for c in found.changes
        ],
    }


@router.get("/sites/{site_id}/replan", response=dict, summary="Where a closed day's sessions would go")
def propose(request, site_id: str):
    """`date` is the site's. Changes nothing."""
    site = site_of(request, site_id, May.BOOK)
    return _proposal_out(replanning.propose(site=site, day=_date(request), now=clock.now()), site)


@router.post("/sites/{site_id}/replan", response=dict, summary="Plan a closed day again, in one transaction")
def replan(request, site_id: str):
    """Moves every session that has a place; `unplaced` stay and want a person. For the desk."""
    site = site_of(request, site_id, May.BOOK)
    done = replanning.replan_day(site=site, day=_date(request), by=request.user, now=clock.now())
    return _proposal_out(done, site)


@router.get("/sites/{site_id}/slippage", response=dict, summary="Who will miss day 28, and why")
def slippage(request, site_id: str):
    """An induction on hold, or stopped in the last four weeks, has `halted` and no projection."""
    site = site_of(request, site_id, May.SEE)
    now = clock.now()
    return {
        "items": [_at_risk_out(item) for item in at_risk.inductions(site, now=now)],
        "undecided": [undecided_out(item) for item in at_risk.undecided(site, now=now)],
        "next": None,
    }


@router.post("/courses/{course_id}/waitlist", response={201: dict}, summary="Would come sooner")
def add_to_waitlist(request, course_id: str, payload: WaitlistIn):
    """For the desk. 409 `on_waitlist`, `course_not_open`."""
    course = course_of(request, course_id, May.BOOK)
    entry = waitlist.add_to_waitlist(course=course, by=request.user, now=clock.now(), **payload.dict())
    return Status(201, _entry_out(entry))


@router.get(
    "/sites/{site_id}/waitlist", response=dict, summary="Who would come sooner, and which places are free"
)
def get_waitlist(request, site_id: str):
    """`freed`: the places that were given up in the next two weeks, each with its candidates, best first."""
    site = site_of(request, site_id, May.BOOK)
    now = clock.now()
    entries = WaitlistEntry.objects.filter(site=site, removed_at__isnull=True).select_related("course")
    freed = [
        {
            "starts_at": local(place.starts_at, site),
            "chairs": place.chairs,
            "candidates": [_candidate_out(c) for c in waitlist.candidates(site, place.starts_at, now=now)],
        }
        for place in waitlist.freed_places(site, now=now)
    ]
    return {"items": [_entry_out(entry) for entry in entries], "freed": freed, "next": None}


@router.post("/waitlist/{entry_id}/remove", response=dict, summary="Off the list")
def remove_from_waitlist(request, entry_id: str):
    rows = WaitlistEntry.objects.select_related("course")
    entry = access.get_or_404(rows, request.user, parse(entry_id))
    access.require(request.user, May.BOOK, entry.site_id)
    waitlist.remove_from_waitlist(entry=entry, by=request.user, now=clock.now())
    return _entry_out(entry)


@router.post("/offers", response={201: dict}, summary="Offer a freed place to a patient on the list")
def make_offer(request, payload: OfferIn):
    """409 `not_right`, `offered`."""
    course = course_of(request, payload.course, May.BOOK)
    offer = offers.make_offer(
        course=course, starts_at=payload.starts_at, minutes=payload.minutes, by=request.user, now=clock.now()
    )
    return Status(201, _offer_out(offer, course.site))


@router.post("/offers/{offer_id}/accept", response=dict, summary="The patient says yes")
def accept(request, offer_id: str):
    """The first yes has the place; for the others 409 `offer_gone`. 409 `offer_expired`, `offer_settled`."""
    offer = _offer(request, offer_id)
    session = offers.accept_offer(offer=offer, by=request.user, now=clock.now())
    return session_out(with_all(TreatmentSession.objects.all()).get(pk=session.pk))


@router.post("/offers/{offer_id}/decline", response=dict, summary="The patient says no")
def decline(request, offer_id: str):
    offer = _offer(request, offer_id)
    offers.decline_offer(offer=offer, by=request.user, now=clock.now())
    return _offer_out(offer, offer.site)


def _decide(request, course_id: str, verb, data: dict[str, Any]) -> dict[str, Any]:
    course = course_of(request, course_id, May.SEE)
    require_decider(request.user, course)
    done = verb(course=course, by=request.user, now=clock.now(), **data)
    return {**course_out(_fresh(course)), **_replanned(done)}


def require_decider(user, course: Course) -> None:
    """Pause, resume and stop are the desk's to write down and a prescriber's to decide."""
    if not (access.may(user, May.BOOK, course.site) or access.may(user, May.DECIDE, course.site)):
        raise NotAllowed.because("not_allowed", "Your role at this site does not allow this.", right="book")


def _deed(session: TreatmentSession, payload: EffectIn, user):
    now = clock.now()
    if payload.what == "move":
        if payload.starts_at is None:
            raise Invalid.because("required", "Where to.", "starts_at")
        return lambda: moving.move_session(
            session=session,
            starts_at=payload.starts_at,
            scope=payload.scope,
            by=user,
            now=now,
            override=payload.override,
        )
    if payload.what == "cancel":
        return lambda: answers.cancel_session(
            session=session, reason="-", cancelled_by="patient", by=user, now=now
        )
    if payload.what == "no_show":
        return lambda: answers.mark_no_show(session=session, by=user, now=now)
    raise Invalid.because("unknown", "One of move, cancel, no_show.", "what")


def _date(request) -> date:
    day = moments.read_day(request.GET.get("date"))
    if day is None:
        raise Invalid.because("required", "A date such as 2026-03-02.", "date")
    return day


def _fresh(course: Course) -> Course:
    return Course.objects.select_related("site", "patient").get(pk=course.pk)


def _replanned(done: Replanned) -> dict[str, Any]:
    return {
        "moved": [str(row.pk) for row in done.moved],
        "cancelled": [str(row.pk) for row in done.cancelled],
        "added": [str(row.pk) for row in done.added],
        "unplaced": [unplaced_out(item, done.course) for item in done.unplaced],
    }


def _proposal_out(proposal: Proposal, site: Site) -> dict[str, Any]:
    return {
        "date": proposal.day,
        "items": [_proposed_out(item, site) for item in proposal.placed],
        "unplaced": [_proposed_out(item, site) for item in proposal.unplaced],
        "next": None,
    }


def _proposed_out(item: Proposed, site: Site) -> dict[str, Any]:
    return {
        "session": str(item.session.pk),
        "patient": str(item.session.patient_id),
        "number": item.session.number,
        "reasons": findings_out(item.reasons),
        "starts_at": local(item.start, site) if item.start else None,
        "chair": str(item.chair) if item.chair else None,
        "eighth_before": item.eighth_before,
        "eighth_after": item.eighth_after,
    }


def _at_risk_out(item: at_risk.AtRisk) -> dict[str, Any]:
    return {
        "course": str(item.course.pk),
        "patient": str(item.course.patient_id),
        "done": item.done,
        "eighth_on": item.slip.eighth_on,
        "eighth_day": item.slip.eighth_day,
        "due_by": item.slip.due_by,
        "status": item.course.status,
        "halted": _halt_out(item.halt),
        "days_to_spare": None if item.halt else item.slip.days_to_spare,
        "pattern_on": item.slip.pattern_on,
        "days_lost": item.slip.days_lost,
        "lost": [
            {"days": lost.days, "reason": lost.reason, "session": lost.session} for lost in item.slip.reasons
        ],
    }


def _halt_out(halt: at_risk.Halt | None) -> dict[str, Any] | None:
    return {"since": halt.since, "reason": halt.reason} if halt else None


def _entry_out(entry: WaitlistEntry) -> dict[str, Any]:
    return {
        "id": str(entry.pk),
        "course": str(entry.course_id),
        "patient": str(entry.course.patient_id),
        "notice_minutes": entry.notice_minutes,
        "note": entry.note,
    }


def _candidate_out(item: waitlist.Candidate) -> dict[str, Any]:
    return {
        "course": str(item.entry.course_id),
        "patient": str(item.entry.course.patient_id),
        "number": item.number,
        "session": str(item.session.pk) if item.session else None,
        "eighth_gain": item.eighth_gain,
        "days_sooner": item.days_sooner,
    }


def _offer(request, offer_id: str) -> Offer:
    rows = Offer.objects.select_related("course__patient", "site")
    offer = access.get_or_404(rows, request.user, parse(offer_id))
    access.require(request.user, May.BOOK, offer.site)
    return offer


def _offer_out(offer: Offer, site: Site) -> dict[str, Any]:
    return {
        "id": str(offer.pk),
        "course": str(offer.course_id),
        "number": offer.number,
        "session": str(offer.session_id) if offer.session_id else None,
        "starts_at": local(offer.starts_at, site),
        "status": offer.status,
        "expires_at": local(offer.expires_at, site),
    }
