"""Something or somebody is out: whom it hits, where each would go, and then it is done."""

from datetime import datetime, time, timedelta

from django.contrib import messages as flash
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clinic import access, clock, moments
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from clinic.models import Shift
from scheduling import closing
from scheduling.forms.closing import ClosingForm


@require_http_methods(["GET", "HEAD", "POST"])
def close(request):
    """Step "look" shows whom it hits; "close" closes only; "move" closes and moves them in one transaction."""
    site = access.site_in_hand(request, May.MANAGE)
    form = ClosingForm(posted(request), site=site, initial=_tomorrow(request, site))
    found = None
    if request.method == "POST" and form.is_valid():
        step, wish = request.POST.get("step"), {"site": site, **form.wish()}
        who = {"by": request.user, "now": clock.now()}
        try:
            if step not in ("close", "move"):
                found = closing.preview(**wish, **who)
            else:
                return _closed(request, closing.close(**wish, **who, move=step == "move"), step)
        except Refused as refusal:
            add_faults(form, refusal.faults)
    context = {"site": site, "form": form, "found": found}
    return render(request, "scheduling/close.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def drop_shift(request, shift_id):
    """A shift that ends for good: the sessions that it covers and that nobody else can."""
    site = access.site_in_hand(request, May.MANAGE)
    shift = get_object_or_404(Shift.objects.select_related("staff", "site"), pk=shift_id, site=site)
    if request.method == "POST":
        broken = closing.drop_shift(shift=shift, by=request.user, now=clock.now())
        flash.success(request, _("The shift is removed."))
        return redirect("scheduling:conflicts" if broken else "clinic:settings")
    broken = closing.broken_without(shift, by=request.user, now=clock.now())
    context = {"site": site, "shift": shift, "broken": broken}
    return render(request, "scheduling/drop_shift.html", context)


def _closed(request, done: closing.Closing, step: str):
    """Where to go on: to what is left to do, or back to the settings."""
    flash.success(request, _("Written down."))
    if step == "move":
        count = len(done.placed)
        words = ngettext(
            "%s session moved, with its reminder.", "%s sessions moved, with their reminders.", count
        )
        flash.success(request, words % count)
    left = done.unplaced if step == "move" else done.hit
    if not left:
        return redirect("clinic:settings")
    return redirect("scheduling:conflicts")


def _tomorrow(request, site) -> dict:
    """The day in the address, or the next one, from midnight to midnight."""
    day = moments.read_day(request.GET.get("day"))
    day = day or clock.now().astimezone(site.tz).date() + timedelta(days=1)
    start = datetime.combine(day, time(), site.tz)
    return {"starts_at": start, "ends_at": datetime.combine(day + timedelta(days=1), time(), site.tz)}
