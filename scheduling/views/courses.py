"""Where is this patient: the course, its story, and what may be decided about it."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic import access, audit, clock
from clinic.access import May
from clinic.models import Patient
from scheduling import at_risk, slippage, story
from scheduling.course_facts import facts_of, how_often
from scheduling.courses import projected_eighth_on
from scheduling.enums import COUNTED, OPEN_COURSE
from scheduling.forms.decisions import WaitlistForm
from scheduling.models import Course, WaitlistEntry
from scheduling.views import authorization_panel as panel
from scheduling.views.kinds import offered


@require_safe
def course(request, course_id):
    courses = Course.objects.select_related("site", "patient")
    found = access.get_or_404(courses, request.user, course_id)
    audit.opened(found.patient, by=request.user, now=clock.now(), page="course")
    return course_page(request, found)


def course_page(
    request, found: Course, *, bound=None, effect=None, wait_form=None, authorization=None, status=200
):
    """The page of a course; `bound`: a decision's (kind, form) as it was typed, `effect`: what it would do.

    `authorization`: a form of one as it was typed, by the id of its row or "new".
    """
    offers = offered(found, request.user)
    for item in offers:
        item["open"] = item["kind"] == request.GET.get("decide")
        if bound and item["kind"] == bound[0]:
            item |= {"form": bound[1], "open": True, "effect": effect}
    may_book = access.may(request.user, May.BOOK, found.site)
    context = {
        **_story(found, clock.now()),
        "site": found.site,
        "may_book": may_book,
        "move_dialog": True,
        "is_open": found.status in OPEN_COURSE,
        "decisions": offers,
        "events": _decided(found),
        "waits": WaitlistEntry.objects.filter(course=found, removed_at__isnull=True).first(),
        "wait_form": wait_form or WaitlistForm(),
        **panel.of(request.user, found, authorization or {}),
    }
    return render(request, "scheduling/course.html", context, status=status)


@require_safe
def patient_courses(request, patient_id):
    """The part of the patient's page that tells of courses and sessions."""
    patient = access.get_or_404(Patient.objects.select_related("site"), request.user, patient_id)
    now = clock.now()
    courses = patient.courses.select_related("site", "patient")
    stories = [_story(one, now) for one in courses]
    may_book = access.may(request.user, May.BOOK, patient.site)
    context = {"stories": stories, "patient": patient, "may_book": may_book, "site": patient.site}
    return render(request, "scheduling/patient_courses.html", context)


def _story(found: Course, now) -> dict:
    sessions = list(found.sessions.select_related("chair").order_by("starts_at"))
    held = {s.number: s.local_date for s in sessions if s.status in COUNTED}
    lost = at_risk.lost_of([found], found.site)[found.pk]
    today = now.astimezone(found.site.tz).date()
    slip = slippage.slippage(facts_of(found), held, lost, today=today)
    return {
        "course": found,
        "sessions": sessions,
        "done": sum(s.status == "completed" for s in sessions),
        "held": len(held),
        "eighth": projected_eighth_on(found, now=now),
        "often": how_often(found, today=today),
        "slip": at_risk.AtRisk(found, 0, slip),
        "told": story.told(sessions, slip),
        "asks": at_risk.asks(found, sessions, now=now),
        "now": now,
    }


def _decided(found: Course) -> list[dict]:
    """Every decision about the course, the newest first."""
    rows = [
        {"at": event.at, "by": event.by, "what": event.get_words(), "reason": event.reason}
        for event in found.events.select_related("by")
        if event.reason
    ]
    rows += [
        {
            "at": d.at,
            "by": d.by,
            "what": d.get_frequency_display(),
            "first": d.starts_on,
            "reason": d.reason,
            "who": d.decided_by,
        }
        for d in found.decisions.select_related("by")
    ]
    return sorted(rows, key=lambda row: row["at"], reverse=True)
