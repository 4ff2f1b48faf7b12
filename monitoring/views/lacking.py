"""For Today: the sessions of a day whose devices will not be there."""

import hashlib

from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from clinic import access, clock, moments, unchanged
from clinic.access import May
from monitoring import drug_ready


@require_safe
def lacking(request):
    """A notice that asks for itself every minute and is drawn again only when it says something else."""
    site, now = access.site_in_hand(request, May.SEE), clock.now()
    day = moments.read_day(request.GET.get("day")) or now.astimezone(site.tz).date()
    rows, may_open = drug_ready.lacking(site, day, now=now), access.may(request.user, May.COUNT_DRUG, site)
    etag = _tag(site, day, rows, may_open)
    if unchanged.is_known(request, etag):
        return unchanged.not_modified(etag)
    context = {"site": site, "day": day, "rows": rows, "may_open": may_open, "etag": etag}
    part = "#part" if request.htmx else ""
    return unchanged.marked(render(request, f"monitoring/lacking.html{part}", context), etag)


def _tag(site, day, rows, may_open) -> str:
    """Of what is shown: the minutes that pass change nothing here, and nobody is told the same thing twice."""
    said = [(row.session.pk, row.session.starts_at, row.session.chair.name, row.words) for row in rows]
    shown = repr((site.pk, day, get_language(), may_open, said))
    return '"' + hashlib.sha256(shown.encode()).hexdigest()[:32] + '"'
