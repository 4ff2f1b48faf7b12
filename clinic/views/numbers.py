"""Numbers: how are we doing. For the manager and the clinicians."""

import csv
from datetime import date, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic import access, clock, moments, numbers
from clinic.access import May

USUAL = timedelta(days=27)
LONGEST = timedelta(days=366)


@require_safe
def index(request):
    site = access.site_in_hand(request, May.NUMBERS)
    first, last, fault = _span(request, site)
    shown = [(code, numbers.make(code, site, first, last)) for code in numbers.codes()]
    context = {
        "site": site,
        "first": first,
        "last": last,
        "fault": fault,
        "sections": [(code, section, _bars(section)) for code, section in shown],
    }
    return render(request, "clinic/numbers.html", context, status=422 if fault else 200)


@require_safe
def as_csv(request, code):
    """The rows of one section, as they are on the page."""
    site = access.site_in_hand(request, May.NUMBERS)
    if code not in numbers.codes():
        raise Http404
    first, last, _fault = _span(request, site)
    section = numbers.make(code, site, first, last)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{code}-{first}-{last}.csv"'
    writer = csv.writer(answer)
    writer.writerow(section.columns)
    writer.writerows(["" if value is None else value for value in row] for row in section.rows)
    return answer


def _span(request, site) -> tuple[date, date, str]:
    """The days asked for; four weeks up to today where that cannot be."""
    today = clock.now().astimezone(site.tz).date()
    usual = (today - USUAL, today)
    words = [request.GET.get("from", ""), request.GET.get("to", "")]
    if not any(words):
        return (*usual, "")
    first, last = (moments.read_day(word) for word in words)
    if first is None or last is None or not timedelta() <= last - first <= LONGEST:
        return (*usual, _("From a day to a later one, at most a year: the last four weeks are shown."))
    return first, last, ""


def _bars(section: numbers.Section) -> list[dict]:
    """Places of a chart, in its own units: 100 wide, 14 for a line."""
    most = section.scale or max((bar.value for bar in section.bars), default=0) or 1
    return [
        {
            "label": bar.label,
            "words": bar.words,
            # A number in words: a language's own comma would be no length.
            "width": f"{100 * min(1.0, max(0.0, bar.value / most)):.1f}",
        }
        for bar in section.bars
    ]
