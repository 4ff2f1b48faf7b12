"""Calendar feeds: the page where links are made and revoked, and what a calendar program reads."""

import hashlib

from django.contrib import messages as flash
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import clock
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from clinic.sites import current_site, sites_of
from scheduling import feeds, ics
from scheduling.forms.feeds import FeedForm


@require_http_methods(["GET", "HEAD", "POST"])
def calendars(request):
    """A new link is shown in the answer to its form, once; it is kept nowhere."""
    if current_site(request) is None:
        return redirect("clinic:no-site")
    form = FeedForm(posted(request), sites=sites_of(request))
    link, status = "", 200
    if request.method == "POST":
        link, status = _make(request, form)
    links = list(feeds.in_reach_of(request.user))
    context = {
        "form": form,
        "link": link,
        "own": [feed for feed in links if feed.user == request.user],
        "others": [feed for feed in links if feed.user != request.user],
    }
    return render(request, "scheduling/calendars.html", context, status=status)


@require_POST
def revoke(request, feed_id):
    feed = get_object_or_404(feeds.in_reach_of(request.user), pk=feed_id)
    feeds.revoke_feed(feed=feed, by=request.user, now=clock.now())
    flash.success(request, _("Revoked: the link opens nothing any more."))
    return redirect("scheduling:calendars")


@require_safe
def read(request, token):
    """For calendar programs: no sign-in but the secret in the address."""
    now = clock.now()
    feed = feeds.feed_for(token, now=now)
    if feed is None:
        raise Http404
    body = ics.calendar(feeds.name_of(feed), feeds.entries_of(feed, now=now))
    etag = '"' + hashlib.sha256(body).hexdigest()[:32] + '"'
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    return get_conditional_response(request, etag=etag, response=response)


def _make(request, form) -> tuple[str, int]:
    """The address of a new link, and the status of the answer."""
    if not form.is_valid():
        return "", 422
    kind, site = form.chosen()
    try:
        _feed, raw = feeds.make_feed(
            user=request.user, kind=kind, site=site, by=request.user, now=clock.now()
        )
    except Refused as refusal:
        add_faults(form, refusal.faults)
        return "", refusal.status
    return request.build_absolute_uri(reverse("scheduling:calendar-feed", args=[raw])), 200
