"""The call list: whom no text reached, and what came of telephoning."""

from django.contrib import messages as flash
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from notifications import call_list, inbox
from notifications import calls as verbs
from notifications.forms import CallForm, ToForm
from notifications.models import CallEvent
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession


@require_safe
def calls(request):
    site = access.site_in_hand(request, May.TEXTS)
    now = clock.now()
    context = {"site": site, "now": now, "rows": call_list.rows_of(site, now=now)}
    return render(request, "notifications/calls.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def call(request, session_id):
    """One patient, with the whole number; posted, what came of the try."""
    session = _session(request, session_id)
    form = _form(session, request, posted(request))
    if request.method != "POST" or not form.is_valid():
        return _page(request, session, form, status=422 if form.errors else 200)
    now, data = clock.now(), form.cleaned_data
    again_at = form.again_at(now) if data["outcome"] == "no_answer" else None
    given = {"note": data["note"], "phone": data.get("phone", ""), "again_at": again_at}
    try:
        verbs.note(session=session, outcome=data["outcome"], by=request.user, now=now, **given)
    except Refused as refusal:
        add_faults(form, refusal.faults, {"again_at": "again"})
        return _page(request, session, form, status=refusal.status)
    flash.success(request, _("Written down."))
    return redirect("notifications:calls")


@require_POST
def take(request, session_id):
    session = _session(request, session_id)
    try:
        verbs.take(session=session, by=request.user, now=clock.now())
    except Refused as refusal:
        return _page(request, session, faults=refusal.faults, status=refusal.status)
    return redirect("notifications:call", session_id=session.pk)


@require_POST
def hand_over(request, session_id):
    session = _session(request, session_id)
    form = ToForm(request.POST, people=inbox.team(session.site))
    if not form.is_valid():
        return _page(request, session, to_form=form, status=422)
    to = form.cleaned_data["to"]
    try:
        verbs.hand_over(session=session, to=to, by=request.user, now=clock.now())
    except Refused as refusal:
        return _page(request, session, faults=refusal.faults, status=refusal.status)
    flash.success(request, _("%s has it now.") % to.display_name)
    return redirect("notifications:calls")


def _session(request, session_id) -> TreatmentSession:
    site = access.site_in_hand(request, May.TEXTS)
    rows = TreatmentSession.objects.filter(site=site).select_related(
        "site", "patient__site", "chair", "course"
    )
    session = rows.filter(pk=session_id).first()
    if session is None:
        raise Http404
    return session


def _form(session, request, data=None) -> CallForm:
    return CallForm(
        data,
        site=session.site,
        may_keep_patients=access.may(request.user, May.KEEP_PATIENTS, session.site),
        may_confirm=session.status == SessionStatus.BOOKED,
    )


def _page(request, session, form=None, *, status=200, **more):
    now = clock.now()
    row = call_list.row_of(session, now=now)
    events = CallEvent.objects.filter(call__session=session, call__about_at=session.starts_at)
    context = {
        "site": session.site,
        "session": session,
        "row": row,
        "open": row is not None and not (row.call and row.call.closed_at),
        "number": verbs.number_shown(session=session, by=request.user, now=now) if row else "",
        "events": events.select_related("by"),
        "form": form or _form(session, request),
        "to_form": ToForm(people=inbox.team(session.site)),
        **more,
    }
    return render(request, "notifications/call.html", context, status=status)
