"""Week: where is room; and what would be if."""

from datetime import timedelta

from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from clinic import access, clock, moments
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults
from clinic.sites import current_site
from scheduling import capacity, diary, what_if
from scheduling.forms.boards import CapacityForm


@require_safe
def week(request):
    site = current_site(request)
    if site is None:
        return redirect("clinic:no-site")
    access.require(request.user, May.SEE, site)
    today = clock.now().astimezone(site.tz).date()
    day = moments.read_day(request.GET.get("day")) or today
    day = day if abs((day - today).days) <= 3660 else today
    monday = day - timedelta(days=day.weekday())
    book = diary.load(site=site, first=monday, last=monday + timedelta(days=6), now=clock.now())
    context = {
        "site": site,
        "days": _days(book, monday, today),
        "closed": [closed for closed in book.closed if closed.reason],
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
        "monday": monday,
        "form": CapacityForm(),
        "may_close": access.may(request.user, May.MANAGE, site),
    }
    return render(request, "scheduling/week.html", context)


@require_safe
def ask(request):
    """The answer to a question about chairs, nurses and new patients. Changes nothing."""
    site = access.site_in_hand(request, May.SEE)
    form = CapacityForm(request.GET or None)
    found = None
    if form.is_valid():
        try:
            found = what_if.ask(site=site, now=clock.now(), **form.question())
        except Refused as refusal:
            add_faults(form, refusal.faults)
    context = {"site": site, "form": form, "answer": found}
    return render(request, "scheduling/what_if.html", context, status=422 if form.errors else 200)


def _days(book, monday, today) -> list[dict]:
    """Each day with its hours, and over all of them the chairs and the fewest and most patients nurses may have."""
    found = []
    for index, cells in enumerate(capacity.week(book, monday)):
        opened = [cell for cell in cells if cell.open]
        found.append(
            {
                "day": monday + timedelta(days=index),
                "is_today": monday + timedelta(days=index) == today,
                "cells": cells,
                "chairs": max((cell.chairs for cell in opened), default=0),
                "nurses": _range([cell.nurses_may // book.patients_per_nurse for cell in opened]),
                "is_open": bool(opened),
            }
        )
    return found


def _range(counts: list[int]) -> str:
    low, high = min(counts, default=0), max(counts, default=0)
    return f"{low}" if low == high else f"{low}\N{EN DASH}{high}"
