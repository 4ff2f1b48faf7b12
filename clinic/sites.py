"""Which site a person is looking at. Kept in their session; always one where they work."""

from django.db.models import UUIDField

from clinic.models import Membership, Site
from clinic.prepared import Param, Prepared

KEY = "site"


_memberships = Prepared(
    Membership.objects.filter(user_id=Param("user", UUIDField()))
    .select_related("site", "user")
    .order_by("site__name", "role")
)


def memberships(user_id) -> list[Membership]:
    """Where somebody works, by the site's name, with the sites and the person."""
    return _memberships(user=user_id)


def sites_of(request) -> list[Site]:
    """The sites of the signed-in person, by name. Read once for a request, mostly with the person."""
    if not hasattr(request, "_sites"):
        rows = getattr(request.user, "known_memberships", None)
        rows = memberships(request.user.pk) if rows is None else rows
        request._sites = list({row.site_id: row.site for row in rows}.values())
        roles: dict = {}
        for row in rows:
            roles.setdefault(row.site_id, set()).add(row.role)
        # What `clinic.access.roles_at` would ask for.
        request.user.__dict__["_roles"] = roles
    return request._sites


def current_site(request) -> Site | None:
    """The site in hand: the one chosen, or the first of theirs; None for somebody without a site."""
    sites = sites_of(request)
    chosen = request.session.get(KEY)
    return next((s for s in sites if str(s.pk) == chosen), sites[0] if sites else None)


def choose_site(request, site: Site) -> None:
    request.session[KEY] = str(site.pk)
