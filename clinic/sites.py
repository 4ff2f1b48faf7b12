"""Which site a person is looking at. Kept in their session; always one where they work."""

from clinic.models import Site

KEY = "site"


def sites_of(request) -> list[Site]:
    """The sites of the signed-in person, by name. Read once for a request."""
    if not hasattr(request, "_sites"):
        request._sites = list(Site.objects.visible_to(request.user))
    return request._sites


def current_site(request) -> Site | None:
    """The site in hand: the one chosen, or the first of theirs; None for somebody without a site."""
    sites = sites_of(request)
    chosen = request.session.get(KEY)
    return next((s for s in sites if str(s.pk) == chosen), sites[0] if sites else None)


def choose_site(request, site: Site) -> None:
    request.session[KEY] = str(site.pk)
