"""Today: who comes, who is missing, what is not ready."""

from datetime import date, timedelta

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic import access, clock, moments, unchanged
from clinic.access import May
from clinic.errors import Invalid, Refused
from clinic.ids import parse
from clinic.sites import choose_site, current_site
from scheduling import answers, moving
from scheduling.board import day_board
from scheduling.forms.sessions import LateForm
from scheduling.lines import Rights
from scheduling.models import TreatmentSession


@require_safe
def today(request):
    site = current_site(request)
    if site is None:
        return redirect("clinic:no-site")
    access.require(request.user, May.SEE, site)
    etag = unchanged.tag(request, site, clock.now())
    if unchanged.is_known(request, etag):
        return unchanged.not_modified(etag)
    return unchanged.marked(show_board(request, site, _day(request, site), etag=etag), etag)


@require_POST
def undo(request, session_id):
    return act(request, session_id, May.ARRIVE, lambda **k: answers.undo(**k), _("Taken back."))


@require_POST
def confirm(request, session_id):
    return act(request, session_id, May.BOOK, lambda **k: answers.confirm_session(**k), _("Confirmed."))


@require_POST
def late(request, session_id):
    form = LateForm(request.POST)
    delay = timedelta(minutes=form.cleaned_data["minutes"] if form.is_valid() else 0)

    def note(session, by, now):
        expected = max(session.starts_at, min(now, session.starts_at + timedelta(hours=4))) + delay
        return answers.mark_late(session=session, expected_at=expected, by=by, now=now)

    return act(request, session_id, May.BOOK, note, _("Noted: running late."))


@require_POST
def place(request, session_id):
    """Dropped somewhere else on the board: to that time and chair, or every reason against."""
    sessions = TreatmentSession.objects.select_related("site", "patient", "course", "chair")
    session = access.get_or_404(sessions, request.user, session_id)
    access.require(request.user, May.BOOK, session.site)
    starts_at, chair = moments.read_instant(request.POST.get("starts_at")), parse(request.POST.get("chair"))
    faults, done, undo_url = [], "", ""
    try:
        if starts_at is None or chair is None:
            raise Invalid.because("required", _("Choose a time and a chair."))
        moving.move_session(
            session=session, starts_at=starts_at, chair=chair, by=request.user, now=clock.now()
        )
    except Refused as refusal:
        faults = refusal.faults
    else:
        local = starts_at.astimezone(session.site.tz)
        done = _("%(who)s moved to %(time)s.") % {
            "who": session.patient.list_name,
            "time": date_format(local, "g:i A"),
        }
        undo_url = reverse("scheduling:move-back", args=[session.pk])
    if request.htmx:
        return show_board(request, session.site, session.local_date, faults=faults, done=done, undo=undo_url)
    for fault in faults:
        flash.error(request, fault.detail)
    if done:
        flash.success(request, done, extra_tags=undo_url)
    return back_to(request, session)


def act(request, session_id, right, verb, done):
    """Do one thing with a session and show its day again, with every reason where it was refused."""
    sessions = TreatmentSession.objects.select_related("site", "patient", "course")
    session = access.get_or_404(sessions, request.user, session_id)
    access.require(request.user, right, session.site)
    faults = []
    try:
        verb(session=session, by=request.user, now=clock.now())
    except Refused as refusal:
        faults = refusal.faults
    if request.htmx:
        return show_board(
            request, session.site, session.local_date, faults=faults, done="" if faults else done
        )
    for fault in faults:
        flash.error(request, fault.detail)
    if not faults:
        flash.success(request, done)
    return back_to(request, session)


def back_to(request, session):
    """The board of the session's day, at its site."""
    choose_site(request, session.site)
    return redirect(f"{reverse('scheduling:today')}?day={session.local_date.isoformat()}")


def show_board(request, site, day, *, faults=(), done="", etag="", undo=""):
    """The board of a day; `undo`: where a POST takes back what was `done`."""
    now = clock.now()
    may = Rights(
        book=access.may(request.user, May.BOOK, site),
        arrive=access.may(request.user, May.ARRIVE, site),
        is_today=day == now.astimezone(site.tz).date(),
    )
    context = {
        "site": site,
        "board": day_board(site, day, now=now, may=may),
        "now": now,
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "faults": faults,
        "done": done,
        "undo": undo,
        "etag": etag,
        "may": may,
    }
    part = "#part" if request.htmx else ""
    return render(request, f"scheduling/today.html{part}", context, status=409 if faults else 200)


def _day(request, site) -> date:
    today_there = clock.now().astimezone(site.tz).date()
    day = moments.read_day(request.GET.get("day"))
    # Ten years to either side is all that a clinic looks at.
    return day if day and abs((day - today_there).days) <= 3660 else today_there
