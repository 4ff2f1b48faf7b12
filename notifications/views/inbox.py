"""Replies that need a person: whose they are, and what was done."""

from datetime import timedelta

from django.contrib import messages as flash
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import posted
from notifications import inbox, listing
from notifications.enums import Reply
from notifications.forms import DoneForm, ToForm
from notifications.telephones import owners_of
from scheduling import courses
from scheduling.models import TreatmentSession

LATELY = timedelta(days=2)
MOST_HANDLED = 20


@require_safe
def replies(request):
    site = access.site_in_hand(request, May.TEXTS)
    lately = listing.replies_to(site, reader=request.user).filter(handled_at__gt=clock.now() - LATELY)
    context = {
        "site": site,
        "waiting": listing.waiting_replies(site, reader=request.user),
        "handled": lately.order_by("-handled_at")[:MOST_HANDLED],
    }
    return render(request, "notifications/replies.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def reply(request, inbound_id):
    """One reply; posted, it is dealt with."""
    site, row = _reply(request, inbound_id)
    form = DoneForm(posted(request))
    if request.method == "POST" and form.is_valid():
        inbox.finish(inbound=row, done=form.cleaned_data["done"], by=request.user, now=clock.now())
        flash.success(request, _("Dealt with."))
        return redirect("notifications:replies")
    return _page(request, site, row, done_form=form, status=422 if form.errors else 200)


@require_POST
def take(request, inbound_id):
    site, row = _reply(request, inbound_id)
    try:
        inbox.take(inbound=row, by=request.user, now=clock.now())
    except Refused as refusal:
        return _page(request, site, row, faults=refusal.faults, status=refusal.status)
    return redirect("notifications:reply", inbound_id=row.pk)


@require_POST
def hand_over(request, inbound_id):
    site, row = _reply(request, inbound_id)
    form = ToForm(request.POST, people=inbox.team(site))
    if not form.is_valid():
        return _page(request, site, row, to_form=form, status=422)
    to = form.cleaned_data["to"]
    try:
        inbox.hand_over(inbound=row, to=to, site=site, by=request.user, now=clock.now())
    except Refused as refusal:
        return _page(request, site, row, faults=refusal.faults, status=refusal.status)
    flash.success(request, _("%s has it now.") % to.display_name)
    return redirect("notifications:replies")


@require_POST
def stop_texts(request, inbound_id):
    site, row = _reply(request, inbound_id)
    inbox.stop_texts(inbound=row, site=site, by=request.user, now=clock.now())
    flash.success(request, _("No more texts go to this number."))
    return redirect("notifications:reply", inbound_id=row.pk)


def _reply(request, inbound_id):
    site = access.site_in_hand(request, May.TEXTS)
    row = listing.replies_to(site, reader=request.user).select_related("answer").filter(pk=inbound_id).first()
    if row is None:
        raise Http404
    return site, row


def _page(request, site, row, *, status=200, **bound):
    now, may_book = clock.now(), access.may(request.user, May.BOOK, site)
    owners = owners_of(row.from_number, site=site)
    session, times = None, []
    if row.session_id and row.meaning == Reply.CHANGE and not row.handled_at:
        sessions = TreatmentSession.objects.select_related("site", "patient", "course__patient", "chair")
        session = sessions.select_related("course__site").get(pk=row.session_id)
        times = courses.other_times(session=session, now=now) if may_book else []
    context = {
        "site": site,
        "reply": row,
        "session": session,
        "times": times,
        "may_book": may_book,
        "back": "replies",
        # Where we know who wrote, their number stands with them.
        "number": ""
        if row.patient_id
        else inbox.number_shown(inbound=row, site=site, by=request.user, now=now),
        "people": [] if row.patient_id else owners.patients,
        "owners": owners,
        "done_form": DoneForm(),
        "to_form": ToForm(people=inbox.team(site)),
        **bound,
    }
    return render(request, "notifications/reply.html", context, status=status)
