"""Moving and cancelling a session."""

from copy import copy
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from django.contrib import messages as flash
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock, moments
from clinic.access import May
from clinic.errors import Fault, Refused
from clinic.forms import DayField, posted
from scheduling import answers, booking, courses, diary, effects, moving, moving_back, planner
from scheduling.booking import Placement
from scheduling.enums import SessionStatus
from scheduling.forms.sessions import CancelForm, MoveForm
from scheduling.models import TreatmentSession
from scheduling.overrides import reasons_in, wanted_reasons
from scheduling.views.today import act, back_to, show_board

# Warnings about when sessions are, apart from those about the course as a whole.
_OF_DAYS = {"gap_short", "gap_long", "week_full", "late_for_week"}


def _session(request, session_id):
    sessions = TreatmentSession.objects.select_related("site", "patient", "course", "chair")
    session = access.get_or_404(sessions, request.user, session_id)
    access.require(request.user, May.BOOK, session.site)
    return session


@require_http_methods(["GET", "HEAD", "POST"])
def move(request, session_id):
    """As a page, and as the content of a dialogue; step "preview" shows before and after, and does nothing.

    `?at=` has a time chosen already, and shows what it would change.
    """
    session = _session(request, session_id)
    # Who looks at another day still means the same sessions.
    form = MoveForm(posted(request), initial={"scope": request.GET.get("scope", moving.THIS)})
    faults, effect, warnings = [], None, []
    at = moments.read_instant(request.GET.get("at"))
    if at and request.method != "POST":
        try:
            effect = effects.try_out(session.course, _move_to(session, at, request), now=clock.now())
            warnings = _warnings_of(session.course, effect.result)
        except Refused as refusal:
            faults = refusal.faults
    if request.method == "POST" and form.is_valid():
        deed = _move_of(session, form, request)
        try:
            if request.POST.get("step") == "preview":
                effect = effects.try_out(session.course, deed, now=clock.now())
                warnings = _warnings_of(session.course, effect.result)
            else:
                return _moved(request, session, deed())
        except Refused as refusal:
            faults = refusal.faults
    context = {
        **_choices(request, session, at),
        "form": form,
        "clashes": [_clash(f) for f in faults if f.code != "reason_required"],
        "effect": effect,
        "warnings": warnings,
        "reasons": wanted_reasons(faults, request.POST),
        "in_dialog": bool(request.htmx),
    }
    part = "#panel" if request.htmx else ""
    status = 409 if faults else 422 if form.is_bound and form.errors else 200
    return render(request, f"scheduling/move.html{part}", context, status=status)


def _move_of(session, form, request):
    return _move_to(session, form.cleaned_data["starts_at"], request, scope=form.cleaned_data["scope"])


def _move_to(session, starts_at, request, scope=moving.THIS):
    return lambda: moving.move_session(
        session=session,
        starts_at=starts_at,
        scope=scope,
        by=request.user,
        now=clock.now(),
        override=reasons_in(request.POST),
    )


@require_safe
def other_times(request, session_id):
    """The patient wants another time: the nearest that would do, found now, each one tap from the move. As a page,
    and as a part of others."""
    session = _session(request, session_id)
    context = {
        "session": session,
        "site": session.site,
        "times": courses.other_times(session=session, now=clock.now()),
        "back": _back(request),
    }
    part = "#part" if request.htmx else ""
    return render(request, f"scheduling/other_times.html{part}", context)


@require_POST
def move_back(request, session_id):
    """Undo a move, of a series as well: all of it, or every reason against it."""
    session = _session(request, session_id)
    faults, done = [], ""
    try:
        moved = moving_back.move_back(session=session, by=request.user, now=clock.now())
    except Refused as refusal:
        faults = [_of_session(fault) for fault in refusal.faults]
    else:
        text = ngettext(
            "%s session is back where it was, with its reminder.",
            "%s sessions are back where they were, with their reminders.",
            len(moved),
        )
        done = text % len(moved)
    if request.htmx:
        return show_board(request, session.site, session.local_date, faults=faults, done=done)
    for fault in faults:
        flash.error(request, fault.detail)
    if done:
        flash.success(request, done)
    session.refresh_from_db(fields=["local_date"])
    return _to_where_they_came_from(request, session)


def _of_session(fault: Fault) -> Fault:
    """With the number of the session of a series that it is about."""
    number = fault.extra.get("number")
    if not number:
        return fault
    return replace(fault, detail=_("Session %(n)s: %(why)s") % {"n": number, "why": fault.detail})


def _moved(request, session, moved):
    if not moved:
        flash.info(request, _("It stands there already: nothing was moved."))
        return _to_where_they_came_from(request, session)
    text = ngettext(
        "%s session moved, with its reminder.", "%s sessions moved, with their reminders.", len(moved)
    )
    undo = f"{reverse('scheduling:move-back', args=[moved[0].pk])}?back={_back(request)}"
    flash.success(request, text % len(moved), extra_tags=undo)
    return _to_where_they_came_from(request, moved[0])


def _to_where_they_came_from(request, session):
    if _back(request):
        return redirect(_back_url(_back(request), session))
    return back_to(request, session)


def _warnings_of(course, moved):
    """What would stand out afterwards and needs no reason; each sentence once."""
    days = {row.number: row.local_date for row in moved}
    found = booking.warnings_of(course, days, leave_out=[row.pk for row in moved])
    return list({w.detail: w for w in found if not w.wants_reason and w.code in _OF_DAYS}.values())


def _clash(fault) -> dict:
    """Which session of a series cannot go where."""
    at = moments.read_instant(fault.extra.get("starts_at"))
    return {"number": fault.extra.get("number"), "at": at, "detail": fault.detail}


def _choices(request, session, at=None) -> dict:
    """The day that is looked at, and what is free on it; `at` is the time that is chosen already."""
    day = at.astimezone(session.site.tz).date() if at else _day_of(request, session)
    back, openings = _back(request), _openings(session, day)
    others = courses.other_times(session=session, now=clock.now())
    nearest = sorted(moment for moment in others if moment.astimezone(session.site.tz).date() != day)
    chosen = next((moment.isoformat() for moment in [*nearest, *openings] if moment == at), "")
    return {
        "session": session,
        "site": session.site,
        "day": day,
        "day_field": DayField().widget.render("day", day, {"id": "id_day", "class": "form-control"}),
        "openings": openings,
        "nearest": nearest,
        "chosen": request.POST.get("starts_at", chosen),
        "following": session.course.sessions.filter(status="booked", starts_at__gt=session.starts_at).count(),
        "back": back,
        "back_url": _back_url(back, session),
    }


def _back(request) -> str:
    """Where the person came from: a word of ours, never an address."""
    back = request.GET.get("back", "")
    return back if back in ("course", "replies") else ""


def _back_url(back: str, session) -> str:
    if back == "course":
        return reverse("scheduling:course", args=[session.course_id])
    if back == "replies":
        return reverse("notifications:replies")
    return f"{reverse('scheduling:today')}?day={session.local_date.isoformat()}"


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request, session_id):
    session = _session(request, session_id)
    now = clock.now()
    form, slots = CancelForm(posted(request)), _make_ups(session, now)
    faults = []
    make_up = moments.read_instant(request.POST.get("make_up"))
    if request.method == "POST" and form.is_valid():
        try:
            _cancel(session, form.cleaned_data, make_up, request, now)
        except Refused as refusal:
            faults = refusal.faults
        else:
            told = _("Cancelled. Its reminder is withdrawn, and the patient is told by text.")
            flash.success(request, _("Cancelled, and the make-up is booked.") if make_up else told)
            return back_to(request, session)
    context = {
        "session": session,
        "site": session.site,
        "form": form,
        "faults": faults,
        "effect": _effect_of_cancelling(session, request.user, now),
        "slots": slots,
        "chosen": make_up,
    }
    status = 409 if faults else 422 if form.is_bound and form.errors else 200
    return render(request, "scheduling/cancel.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def no_show(request, session_id):
    """What it does to the eighth session is seen first; a make-up may be booked in the same breath."""
    if request.method == "POST":
        make_up = moments.read_instant(request.POST.get("make_up"))
        done = _("Marked as a no-show, and the make-up is booked.") if make_up else _("Marked as a no-show.")
        return act(request, session_id, May.BOOK, _missed(make_up), done)
    session = _session(request, session_id)
    now = clock.now()
    context = {
        "session": session,
        "site": session.site,
        "effect": _effect_of_losing(session, answers.mark_no_show, by=request.user, now=now),
        "gone": _("missed"),
        "slots": _make_ups(session, now),
        "in_dialog": bool(request.htmx),
    }
    part = "#panel" if request.htmx else ""
    return render(request, f"scheduling/no_show.html{part}", context)


def _missed(make_up):
    """The verb: missed, and made up where a time was chosen; both or neither."""

    @transaction.atomic
    def verb(session, by, now):
        answers.mark_no_show(session=session, by=by, now=now)
        if make_up:
            placement = Placement(session.number, make_up)
            booking.book_course(course=session.course, sessions=[placement], by=by, now=now)

    return verb


@transaction.atomic
def _cancel(session, data, make_up, request, now) -> None:
    """Cancel, and book the make-up in the same breath where one was chosen: both or neither."""
    answers.cancel_session(session=session, by=request.user, now=now, **data)
    if make_up:
        placement = Placement(session.number, make_up)
        booking.book_course(course=session.course, sessions=[placement], by=request.user, now=now)


def _effect_of_losing(session, verb, **said):
    """What the eighth session's date would be without this one; None where it can no longer be lost."""
    # A copy, because a verb tells its session how it stands afterwards.
    lost = copy(session)
    try:
        return effects.try_out(session.course, lambda: verb(session=lost, **said), now=said["now"])
    except Refused:
        return None


def _effect_of_cancelling(session, user, now):
    said = {"reason": "-", "cancelled_by": "patient"}
    return _effect_of_losing(session, answers.cancel_session, by=user, now=now, **said)


def _make_ups(session, now):
    if session.status != SessionStatus.BOOKED:
        return []
    return courses.make_up_slots(course=session.course, number=session.number, now=now)


def _day_of(request, session) -> date:
    day = moments.read_day(request.GET.get("day") or request.POST.get("day"))
    return day if day and abs((day - session.local_date).days) <= 366 else session.local_date


def _openings(session, day: date):
    """The legal starts of a day for this patient, with the session itself out of the way."""
    site = session.site
    book = diary.load(
        site=site, first=day, last=day, now=clock.now(), patient=session.patient, exclude=[session.pk]
    )
    midnight = datetime.combine(day, time(), site.tz)
    return [span.start for span, _chairs in planner.openings(book, midnight, midnight + timedelta(days=1))]
