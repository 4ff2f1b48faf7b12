"""Pages that fetch themselves again and again: answered with 304 while nothing has changed.

Every write leaves an event in the audit trail with its site, so the newest of these are the version of all that a
site's pages show. The minute stands beside them, because "late" comes with time alone. The browser keeps nothing: the
page itself holds the tag and sends it (static/js/app.js).
"""

import hashlib
from datetime import datetime

from django.db.models import UUIDField
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.translation import get_language

from clinic.models import AuditEvent, Site
from clinic.prepared import Param, Prepared

NEWEST = 16
_of_site = AuditEvent.objects.filter(site_id=Param("site", UUIDField())).order_by("-id")
_newest = Prepared(_of_site.values_list("id", flat=True)[:NEWEST])


def tag(request, site: Site, now: datetime, *more: object) -> str:
    """An ETag of the site's state for this person, this language and this minute."""
    # Several, because ids are given before they are committed: a lower one may appear after a higher one.
    newest = _newest(site=site.pk)
    minute = now.replace(second=0, microsecond=0)
    parts = [newest, request.user.pk, get_language(), minute, request.get_full_path(), *more]
    return '"' + hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32] + '"'


def is_known(request, etag: str) -> bool:
    return bool(request.htmx) and request.headers.get("If-None-Match") == etag


def not_modified(etag: str) -> HttpResponseNotModified:
    return HttpResponseNotModified(headers={"ETag": etag})


def marked(response: HttpResponse, etag: str) -> HttpResponse:
    response["ETag"] = etag
    return response
