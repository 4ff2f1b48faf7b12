"""When life happens: a closed day, inductions that slip, freed chairs."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock, moments
from clinic.access import May
from clinic.errors import Refused
from clinic.ids import parse
from scheduling import at_risk, closures, offers, replanning, waitlist
from scheduling.models import Course, Offer, WaitlistEntry


@require_safe
def conflicts(request):
    """Whom a closure or a dropped shift hits, day by day."""
    site = access.site_in_hand(request, May.SEE)
    by_day: dict = {}
    for session, reasons in closures.conflicts(site, now=clock.now()):
        by_day.setdefault(session.local_date, []).append((session, reasons))
    context = {"site": site, "days": by_day.items(), "may_book": access.may(request.user, May.BOOK, site)}
    return render(request, "scheduling/conflicts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def replan(request):
    """The proposal for a day; posted, it is done."""
    site = access.site_in_hand(request, May.BOOK)
    now = clock.now()
    day = moments.read_day(request.GET.get("day")) or now.astimezone(site.tz).date()
    faults = []
    if request.method == "POST":
        try:
            done = replanning.replan_day(site=site, day=day, by=request.user, now=now)
        except Refused as refusal:
            faults = refusal.faults
        else:
            text = ngettext(
                "%s session moved, with its reminder.",
                "%s sessions moved, with their reminders.",
                len(done.placed),
            )
            flash.success(request, text % len(done.placed))
            if not done.unplaced:
                return redirect("scheduling:conflicts")
            return redirect(f"{reverse('scheduling:replan')}?day={day.isoformat()}")
    proposal = replanning.propose(site=site, day=day, now=now)
    context = {"site": site, "day": day, "proposal": proposal, "faults": faults}
    return render(request, "scheduling/replan.html", context, status=409 if faults else 200)


@require_safe
def inductions(request):
    """Who will miss day 28, and why; who waits for a decision."""
    site = access.site_in_hand(request, May.SEE)
    now = clock.now()
    context = {
        "site": site,
        "items": at_risk.inductions(site, now=now),
        "undecided": at_risk.undecided(site, now=now),
        "may_book": access.may(request.user, May.BOOK, site),
    }
    return render(request, "scheduling/inductions.html", context)


@require_safe
def undecided(request):
    """What waits for a prescriber: long gaps and missed maintenance, the longest wait first."""
    site = access.site_in_hand(request, May.SEE)
    context = {
        "site": site,
        "items": at_risk.undecided(site, now=clock.now()),
        "may_decide": access.may(request.user, May.DECIDE, site),
    }
    return render(request, "scheduling/undecided.html", context)


@require_safe
def freed(request):
    """Freed chairs with those for whom they are right; the list; the offers that wait for an answer."""
    site = access.site_in_hand(request, May.BOOK)
    now = clock.now()
    offers.expire_offers(site, now=now)
    entries = WaitlistEntry.objects.filter(site=site, removed_at__isnull=True).select_related(
        "course__patient"
    )
    waiting = offers.open_offers(site, now=now)
    places = _with_candidates(site, waitlist.freed_places(site, now=now), waiting, now)
    context = {"site": site, "places": places, "entries": entries, "offers": waiting}
    return render(request, "scheduling/freed.html", context)


@require_safe
def freed_today(request):
    """The part of Today that tells of a day's freed chairs, each with the best of those who may have it."""
    site = access.site_in_hand(request, May.BOOK)
    now = clock.now()
    day = moments.read_day(request.GET.get("day"))
    freed_ = [
        p for p in waitlist.freed_places(site, now=now) if p.starts_at.astimezone(site.tz).date() == day
    ]
    waiting = offers.open_offers(site, now=now)
    context = {"site": site, "places": _with_candidates(site, freed_, waiting, now)}
    return render(request, "scheduling/_freed_today.html", context)


def _with_candidates(site, places, waiting, now) -> list[dict]:
    """Each place with those for whom it is right, and whether it is offered to them already."""
    offered = {(offer.course_id, offer.starts_at) for offer in waiting}
    found = []
    for place in places:
        right = waitlist.candidates(site, place.starts_at, now=now)
        marked = [(item, (item.entry.course_id, place.starts_at) in offered) for item in right]
        found.append({"place": place, "candidates": marked})
    return found


@require_POST
def offer(request):
    site = access.site_in_hand(request, May.BOOK)
    here = Course.objects.filter(site=site).select_related("site", "patient")
    course = access.get_or_404(here, request.user, parse(request.POST.get("course")))
    starts_at = moments.read_instant(request.POST.get("starts_at"))
    if starts_at is None:
        flash.error(request, _("Choose one of the places."))
        return redirect("scheduling:freed")
    return _do(
        request,
        lambda **who: offers.make_offer(course=course, starts_at=starts_at, **who),
        _("Offered. Telephone the patient and write down the answer here."),
    )


@require_POST
def accept(request, offer_id):
    row = _offer(request, offer_id)
    return _do(
        request, lambda **who: offers.accept_offer(offer=row, **who), _("Booked: the chair is theirs.")
    )


@require_POST
def decline(request, offer_id):
    row = _offer(request, offer_id)
    return _do(request, lambda **who: offers.decline_offer(offer=row, **who), _("Written down."))


@require_POST
def unlist(request, entry_id):
    entry = access.get_or_404(WaitlistEntry.objects.select_related("course"), request.user, entry_id)
    access.require(request.user, May.BOOK, entry.site_id)
    return _do(request, lambda **who: waitlist.remove_from_waitlist(entry=entry, **who), _("Off the list."))


def _offer(request, offer_id) -> Offer:
    row = access.get_or_404(Offer.objects.select_related("site", "course"), request.user, offer_id)
    access.require(request.user, May.BOOK, row.site)
    return row


def _do(request, verb, done):
    try:
        verb(by=request.user, now=clock.now())
    except Refused as refusal:
        for fault in refusal.faults:
            flash.error(request, fault.detail)
    else:
        flash.success(request, done)
    return redirect("scheduling:freed")
