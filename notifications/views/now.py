"""What about texts cannot wait until somebody opens their page: shown wherever people stand all day."""

import hashlib

from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic import access, clock, unchanged
from clinic.access import May
from notifications import escorts, listing, watch
from notifications.reasons import why


@require_safe
def needs_now(request):
    """Words of crisis that nobody has dealt with, escorts whom no text reached (for who treats), and texts that do not
    go at all. Nothing where all is well."""
    site = access.site_in_hand(request, May.TEXTS)
    crises = list(listing.waiting_replies(site, reader=request.user).filter(urgent=True))
    troubles = watch.grave(now=clock.now())
    treats = access.may(request.user, May.TREAT, site)
    lost = [(message, why(message)) for message in escorts.unreached(site)] if treats else []
    parts = [site.pk, *((reply.pk, reply.owner_id) for reply in crises)]
    parts += [*((message.pk, said) for message, said in lost), *(trouble.detail for trouble in troubles)]
    etag = f'"{hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]}"'
    if unchanged.is_known(request, etag):
        # Not said once more to whoever listens to the page.
        return unchanged.not_modified(etag)
    context = {"crises": crises, "lost": lost, "troubles": troubles, "etag": etag}
    return unchanged.marked(render(request, "notifications/now.html", context), etag)
