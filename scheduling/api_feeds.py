"""Calendar feeds as JSON: which there are, and revoking one. A link is made on its page, which shows it once."""

from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Router

from clinic import clock, paging
from clinic.ids import parse
from scheduling import feeds
from scheduling.models import CalendarFeed

router = Router(tags=["Calendar feeds"])


@router.get(
    "/calendars", response=dict, summary="Your calendar links, and those of the sites that you manage"
)
def list_feeds(request, cursor: str | None = None):
    """Without their secrets: a link is seen once, when it is made on the page."""
    rows = feeds.in_reach_of(request.user).order_by("created_at", "pk")
    return paging.page(rows, cursor, feed_out)


@router.post("/calendars/{feed_id}/revoke", response=dict, summary="The link opens nothing any more")
def revoke(request, feed_id: str):
    feed = get_object_or_404(feeds.in_reach_of(request.user), pk=parse(feed_id))
    feeds.revoke_feed(feed=feed, by=request.user, now=clock.now())
    return feed_out(feed)


def feed_out(feed: CalendarFeed) -> dict[str, Any]:
    return {
        "id": str(feed.pk),
        "kind": feed.kind,
        "site": str(feed.site_id) if feed.site_id else None,
        "username": feed.user.username,
        "created_at": feed.created_at,
        "last_read_at": feed.last_read_at,
    }
