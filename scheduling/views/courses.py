"""Where is this patient: the course and its story."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic import access, audit, clock
from clinic.access import May
from clinic.models import Patient
from scheduling.courses import projected_eighth_on
from scheduling.enums import COUNTED
from scheduling.models import Course


@require_safe
def course(request, course_id):
    courses = Course.objects.select_related("site", "patient")
    found = access.get_or_404(courses, request.user, course_id)
    now = clock.now()
    audit.opened(found.patient, by=request.user, now=now, page="course")
    return render(
        request,
        "scheduling/course.html",
        {**_story(found, now), "site": found.site, **_rights(request, found)},
    )


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


def _rights(request, found):
    return {"may_book": access.may(request.user, May.BOOK, found.site)}


def _story(found: Course, now) -> dict:
    sessions = list(found.sessions.select_related("chair").order_by("starts_at"))
    held = [s for s in sessions if s.status in COUNTED]
    return {
        "course": found,
        "sessions": sessions,
        "done": sum(s.status == "completed" for s in sessions),
        "held": len(held),
        "eighth": projected_eighth_on(found),
        "now": now,
    }
