"""Writing down what a payer has authorized, changing it, ending it: from the page of the course."""

from django.contrib import messages as flash
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults
from scheduling import authorizations
from scheduling.forms.authorizations import AuthorizationForm, ChangeForm, EndForm
from scheduling.models import Authorization, Course
from scheduling.views.courses import course_page


@require_POST
def add(request, course_id):
    course = access.get_or_404(Course.objects.select_related("site", "patient"), request.user, course_id)
    access.require(request.user, May.KEEP_PATIENTS, course.site)
    form = AuthorizationForm(request.POST, site=course.site, prefix="new")

    def verb(**data):
        return authorizations.add_authorization(course=course, **data)

    return _do(request, course, "new", form, verb, _("Written down."))


@require_POST
def expect(request, course_id):
    """The payer wants to authorize the course, or does not after all."""
    course = access.get_or_404(Course.objects.select_related("site"), request.user, course_id)
    access.require(request.user, May.KEEP_PATIENTS, course.site)
    wanted = request.POST.get("wanted") == "yes"
    authorizations.expect_authorization(course=course, wanted=wanted, by=request.user, now=clock.now())
    flash.success(request, _("Noted."))
    return redirect("scheduling:course", course_id=course.pk)


@require_POST
def change(request, authorization_id):
    row = _row(request, authorization_id)
    key = f"change-{row.pk}"
    form = ChangeForm(request.POST, site=row.course.site, prefix=key)

    def verb(**data):
        return authorizations.change_authorization(authorization=row, **data)

    return _do(request, row.course, key, form, verb, _("Changed; what stood there before is kept."))


@require_POST
def end(request, authorization_id):
    row = _row(request, authorization_id)
    key = f"end-{row.pk}"

    def verb(**data):
        return authorizations.end_authorization(authorization=row, **data)

    return _do(request, row.course, key, EndForm(request.POST, prefix=key), verb, _("Ended."))


def _row(request, authorization_id) -> Authorization:
    row = authorizations.visible_or_404(request.user, authorization_id)
    access.require(request.user, May.KEEP_PATIENTS, row.course.site)
    return row


def _do(request, course: Course, key: str, form, verb, done: str):
    status = 422
    if form.is_valid():
        try:
            verb(by=request.user, now=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            add_faults(form, refusal.faults)
            status = refusal.status
        else:
            flash.success(request, done)
            return redirect("scheduling:course", course_id=course.pk)
    return course_page(request, course, authorization={key: form}, status=status)
