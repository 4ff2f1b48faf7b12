"""Book a course: can I say yes on the telephone? The wish, eight dates at once, one button."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib import messages as flash
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clinic import access, clock, moments
from clinic.access import May
from clinic.errors import Fault, Refused
from clinic.forms import posted
from clinic.ids import parse
from clinic.models import Patient
from clinic.sites import current_site
from scheduling import booking, courses, diary, pattern, planner
from scheduling.booking import Placement
from scheduling.course_facts import facts_of
from scheduling.forms.courses import CourseForm
from scheduling.models import Course
from scheduling.overrides import reasons_in, wanted_reasons

CHOICES = 10
WISH = (
    "indication",
    "starts_on",
    "time",
    "dose_mg",
    "oral_antidepressant",
    "payer_authorizes",
    "never_weekdays",
    "not_before",
    "not_after",
)


@dataclass
class DateChoice:
    """One session on the page: its number, the times to choose from, what stands out, why it was refused."""

    number: int
    chosen: datetime | None
    choices: list[datetime]
    warnings: list = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    reasons: list = field(default_factory=list)
    differs: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def book(request):
    """For a patient without an open course; with one, the course's own page goes on."""
    site = current_site(request)
    if site is None:
        return redirect("clinic:no-site")
    access.require(request.user, May.BOOK, site)
    if not request.GET.get("patient"):
        return render(request, "scheduling/book.html", {"site": site})
    patients = Patient.objects.select_related("site")
    patient = access.get_or_404(patients, request.user, parse(request.GET["patient"]))
    access.require(request.user, May.BOOK, patient.site)
    if open_course := patient.courses.open().first():
        return redirect("scheduling:plan", course_id=open_course.pk)
    return _book_new(request, patient)


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request, course_id):
    """What an open course still wants: the rest of an induction, a make-up, the weekly sessions."""
    courses_ = Course.objects.select_related("site", "patient")
    course = access.get_or_404(courses_, request.user, course_id)
    access.require(request.user, May.BOOK, course.site)
    until = request.GET.get("until")
    until = until if until in pattern.HORIZONS else "induction"
    context = {"course": course, "patient": course.patient, "site": course.site, "until": until}
    if request.method == "GET":
        return render(request, "scheduling/plan.html", {**context, **_proposal(course, until=until)})
    chosen = _chosen(request.POST)
    try:
        rows = _book(course, chosen, request)
    except Refused as refusal:
        context |= _after_refusal(course, chosen, refusal, request, until=until)
        return render(request, "scheduling/plan.html", context, status=refusal.status)
    return _booked(request, course, rows)


def _book_new(request, patient):
    form = CourseForm(posted(request), initial=_initial(patient.site))
    context = {"patient": patient, "site": patient.site, "form": form}
    if request.method != "POST" or not form.is_valid():
        return render(request, "scheduling/book.html", context, status=422 if form.errors else 200)
    wish = _unsaved(patient, form)
    minutes = form.cleaned_data["flexible_minutes"]
    chosen = _chosen(request.POST)
    if request.POST.get("step") != "book":
        context |= _proposal(wish, flexible_minutes=minutes)
        return render(request, "scheduling/book.html", context)
    try:
        course, rows = _start_and_book(patient, form, chosen, request)
    except Refused as refusal:
        context |= _after_refusal(wish, chosen, refusal, request, flexible_minutes=minutes)
        return render(request, "scheduling/book.html", context, status=refusal.status)
    return _booked(request, course, rows)


@transaction.atomic
def _start_and_book(patient, form, chosen, request):
    """The course and all its sessions, or neither."""
    data = form.cleaned_data
    course = courses.start_course(
        patient=patient,
        site=patient.site,
        weekdays=form.weekdays,
        by=request.user,
        now=clock.now(),
        **{name: data[name] for name in WISH},
    )
    return course, _book(course, chosen, request)


def _book(course, chosen, request):
    placements = [Placement(number, start) for number, start in sorted(chosen.items())]
    now, override = clock.now(), reasons_in(request.POST)
    return booking.book_course(
        course=course, sessions=placements, by=request.user, now=now, override=override
    )


def _booked(request, course, rows):
    text = ngettext("%s session is booked.", "%s sessions are booked.", len(rows))
    flash.success(request, text % len(rows))
    return redirect("scheduling:course", course_id=course.pk)


def _unsaved(patient, form) -> Course:
    """The wish as a course that nobody has saved: the planner asks no more of it."""
    data = form.cleaned_data
    return Course(
        patient=patient,
        site=patient.site,
        weekdays=form.weekdays,
        **{name: data[name] for name in WISH},
    )


def _initial(site):
    return {"starts_on": clock.now().astimezone(site.tz).date(), "time": "09:00", "first_weekday": 0}


def _proposal(course: Course, *, until: str = "induction", flexible_minutes=None) -> dict:
    """The planner's dates, each with its alternatives."""
    now = clock.now()
    proposal = courses.plan_course(course=course, until=until, now=now, flexible_minutes=flexible_minutes)
    sessions, unplaced = proposal.plan.sessions, proposal.plan.unplaced
    book = _diary_around(course, [s.start for s in sessions] + [m for u in unplaced for m in u.nearest], now)
    wish = planner.Request(facts_of(course), [], course.time)
    dates = [
        DateChoice(s.number, s.start, _choices(book, s, wish), s.warnings, differs=_differs(course, s.start))
        for s in sorted(sessions, key=lambda s: s.number)
    ]
    missing = [DateChoice(u.number, None, u.nearest, reasons=u.reasons) for u in unplaced]
    return {
        "dates": sorted(dates + missing, key=lambda date: date.number),
        "course_warnings": [w for w in proposal.warnings if not w.wants_reason],
        "refusals": proposal.refusals,
        "reasons": wanted_reasons(_as_faults(proposal.warnings), {}),
        "eighth": next((s.start for s in sessions if s.number == 8), None),
    }


def _differs(course: Course, start: datetime) -> str:
    """How a proposed time is another than the one that was asked for; empty where it is the same."""
    local = start.astimezone(course.site.tz)
    away = (local.hour - course.time.hour) * 60 + local.minute - course.time.minute
    words = [] if local.weekday() in course.weekdays else [_("another day")]
    if away:
        length = moments.length_in_words(abs(away))
        words.append((_("%s later") if away > 0 else _("%s earlier")) % length)
    return ", ".join(words)


def _as_faults(warnings):
    return [Fault("reason_required", w.detail, "", {"warning": w.code}) for w in warnings if w.wants_reason]


def _after_refusal(
    course, chosen, refusal: Refused, request, *, until="induction", flexible_minutes=None
) -> dict:
    """Everything as it was chosen, each clash beside its date."""
    context = _proposal(course, until=until, flexible_minutes=flexible_minutes)
    numbers = sorted(chosen)
    by_number: dict[int, list[Fault]] = {}
    general = []
    for fault in refusal.faults:
        index = fault.field.removeprefix("sessions[").partition("]")[0]
        if fault.field.startswith("sessions[") and index.isdecimal():
            by_number.setdefault(numbers[int(index)], []).append(fault)
        elif fault.code != "reason_required":
            general.append(fault)
    for date in context["dates"]:
        if date.number in chosen:
            date.chosen = chosen[date.number]
            date.choices = sorted({*date.choices, date.chosen})
        date.faults = by_number.get(date.number, [])
    typed = wanted_reasons(refusal.faults, request.POST) or wanted_reasons([], {})
    known = {reason["name"]: reason for reason in [*context["reasons"], *typed]}
    for reason in known.values():
        reason["value"] = request.POST.get(reason["name"], "")
    return {**context, "reasons": list(known.values()), "faults": general, "refused": True}


def _chosen(form) -> dict[int, datetime]:
    """`start-NUMBER` fields; an empty one leaves the session out, an impossible one counts as empty."""
    chosen = {}
    for name in form:
        number = name.removeprefix("start-")
        if not name.startswith("start-") or not number.isdecimal() or len(number) > 3:
            continue
        if moment := moments.read_instant(form[name]):
            chosen[int(number)] = moment
    return chosen


def _diary_around(course, moments, now):
    zone = course.site.tz
    days = [moment.astimezone(zone).date() for moment in [*moments, now]]
    return diary.load(site=course.site, first=min(days), last=max(days), now=now, patient=course.patient)


def _choices(book, planned: planner.Planned, wish: planner.Request) -> list[datetime]:
    """Other times near by that the patient can, and the best of each other day that would do."""
    near = planner.alternatives(book, planned.start, days=1, limit=CHOICES, request=wish)
    return sorted({planned.start, *near, *planned.alternatives})
