"""Freed places offered by text: who is asked, since and until when, who is next; taken back."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic import access, clock, moments
from clinic.access import May
from clinic.errors import Refused
from notifications import offering
from notifications.models import OfferRound


@require_safe
def by_text(request):
    """As a page, and as a part of Freed chairs and of Today."""
    site = access.site_in_hand(request, May.BOOK)
    now = clock.now()
    part = "#part" if request.htmx else ""
    context = {"site": site, "now": now, "standings": offering.standings(site, now=now)}
    return render(request, f"notifications/offers.html{part}", context)


@require_POST
def start(request):
    site = access.site_in_hand(request, May.BOOK)
    starts_at = moments.read_instant(request.POST.get("starts_at"))
    if starts_at is None:
        flash.error(request, _("Choose one of the places."))
        return redirect("scheduling:freed")
    done = _("Offered by text. Whoever says no, or nothing, is followed by the next.")
    return _do(
        request, lambda **who: offering.start(site=site, starts_at=starts_at, **who), done, "scheduling:freed"
    )


@require_POST
def take_back(request, round_id):
    round_ = access.get_or_404(OfferRound.objects.select_related("site"), request.user, round_id)
    access.require(request.user, May.BOOK, round_.site)
    return _do(
        request,
        lambda **who: offering.take_back(round_=round_, **who),
        _("Taken back. Who was asked is told when they answer."),
        # Where it was asked for: beside the place, or on the page of rounds.
        "scheduling:freed" if request.POST.get("back") == "freed" else "notifications:offers",
    )


def _do(request, verb, done, where):
    try:
        verb(by=request.user, now=clock.now())
    except Refused as refusal:
        for fault in refusal.faults:
            flash.error(request, fault.detail)
    else:
        flash.success(request, done)
    return redirect(where)
