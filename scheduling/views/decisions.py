"""Deciding about a course: each decision shows what it would do before it is done."""

from django.contrib import messages as flash
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults
from scheduling import effects, waitlist
from scheduling.forms.decisions import WaitlistForm
from scheduling.models import Course
from scheduling.views.courses import course_page
from scheduling.views.kinds import KINDS


@require_POST
def decide(request, course_id, kind):
    """Step "preview" shows what would change; without it, it is done."""
    course = _course(request, course_id)
    if kind not in KINDS:
        return redirect("scheduling:course", course_id=course.pk)
    form_class, verb, rights, _title, _states = KINDS[kind]
    if not any(access.may(request.user, right, course.site) for right in rights):
        access.require(request.user, rights[0], course.site)
    form = form_class(request.POST, prefix=kind)
    if not form.is_valid():
        return course_page(request, course, bound=(kind, form), status=422)

    def deed():
        return verb(course=course, by=request.user, now=clock.now(), **form.cleaned_data)

    try:
        if request.POST.get("step") == "preview":
            effect = effects.try_out(course, deed, now=clock.now())
            return course_page(request, course, bound=(kind, form), effect=effect)
        done = deed()
    except Refused as refusal:
        add_faults(form, refusal.faults, {"from": "starts_on"})
        return course_page(request, course, bound=(kind, form), status=refusal.status)
    text = _("Done: %(moved)s moved, %(cancelled)s cancelled, %(added)s added.")
    numbers = {"moved": len(done.moved), "cancelled": len(done.cancelled), "added": len(done.added)}
    flash.success(request, text % numbers)
    for item in done.unplaced:
        flash.warning(request, _("Session %s found no place: look at what is still wanted.") % item.number)
    return redirect("scheduling:course", course_id=course.pk)


@require_POST
def wait(request, course_id):
    course = _course(request, course_id)
    access.require(request.user, May.BOOK, course.site)
    form = WaitlistForm(request.POST)
    if form.is_valid():
        try:
            waitlist.add_to_waitlist(course=course, by=request.user, now=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("On the list of those who would come sooner."))
            return redirect("scheduling:course", course_id=course.pk)
    return course_page(request, course, wait_form=form, status=422)


def _course(request, course_id) -> Course:
    courses = Course.objects.select_related("site", "patient")
    return access.get_or_404(courses, request.user, course_id)
