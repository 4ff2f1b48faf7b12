"""Moving and cancelling a session."""

from datetime import date, datetime, time, timedelta

from django.contrib import messages as flash
from django.db import transaction
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clinic import access, clock, moments
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import DayField, posted
from scheduling import answers, booking, courses, diary, effects, moving, planner
from scheduling.booking import Placement
from scheduling.enums import SessionStatus
from scheduling.forms import CancelForm, MoveForm
from scheduling.models import TreatmentSession
from scheduling.overrides import reasons_in, wanted_reasons
from scheduling.views.today import back_to


def _session(request, session_id):
    sessions = TreatmentSession.objects.select_related("site", "patient", "course", "chair")
    session = access.get_or_404(sessions, request.user, session_id)
    access.require(request.user, May.BOOK, session.site)
    return session


@require_http_methods(["GET", "HEAD", "POST"])
def move(request, session_id):
    session = _session(request, session_id)
    form = MoveForm(posted(request))
    faults = []
    effect = None
    if request.method == "POST" and form.is_valid():

        def deed():
            return moving.move_session(
                session=session,
                starts_at=form.cleaned_data["starts_at"],
                scope=form.cleaned_data["scope"],
                by=request.user,
                now=clock.now(),
                override=reasons_in(request.POST),
            )

        try:
            if request.POST.get("step") == "preview":
                effect, moved = effects.try_out(session.course, deed), None
            else:
                moved = deed()
        except Refused as refusal:
            faults, moved = refusal.faults, None
        if moved:
            text = ngettext(
                "%s session moved, with its reminder.", "%s sessions moved, with their reminders.", len(moved)
            )
            flash.success(request, text % len(moved))
            return back_to(request, moved[0])
    day = _day_of(request, session)
    context = {
        "session": session,
        "site": session.site,
        "form": form,
        "faults": [f for f in faults if f.code != "reason_required"],
        "effect": effect,
        "reasons": wanted_reasons(faults, request.POST),
        "day": day,
        "day_field": DayField().widget.render("day", day, {"id": "id_day", "class": "form-control"}),
        "openings": _openings(session, day),
        "chosen": request.POST.get("starts_at", ""),
        "following": session.course.sessions.filter(status="booked", starts_at__gt=session.starts_at).count(),
    }
    part = "#openings" if request.htmx and request.method == "GET" else ""
    status = 409 if faults else 422 if form.is_bound and form.errors else 200
    return render(request, f"scheduling/move.html{part}", context, status=status)


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
        "effect": _effect_of_losing(session, request.user, now),
        "slots": slots,
        "chosen": make_up,
    }
    status = 409 if faults else 422 if form.is_bound and form.errors else 200
    return render(request, "scheduling/cancel.html", context, status=status)


@transaction.atomic
def _cancel(session, data, make_up, request, now) -> None:
    """Cancel, and book the make-up in the same breath where one was chosen: both or neither."""
    answers.cancel_session(session=session, by=request.user, now=now, **data)
    if make_up:
        placement = Placement(session.number, make_up)
        booking.book_course(course=session.course, sessions=[placement], by=request.user, now=now)


def _effect_of_losing(session, user, now):
    """What the eighth session's date would be without this one; None where it can no longer be cancelled."""

    def deed():
        return answers.cancel_session(session=session, reason="-", cancelled_by="patient", by=user, now=now)

    try:
        return effects.try_out(session.course, deed)
    except Refused:
        return None


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
