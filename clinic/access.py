"""Who may do what, where. One table; pages and API ask the same questions.

A site where somebody does not work does not exist for them (404); at their own site, what their role does
not hold is forbidden (403).
"""

from enum import StrEnum

from django.http import Http404
from django.utils.translation import gettext as _

from clinic.enums import Role
from clinic.errors import NotAllowed
from clinic.models import Membership, Site
from clinic.sites import current_site


class May(StrEnum):
    """Rights, named by the work."""

    SEE = "see"
    MANAGE = "manage"  # sites, people, shifts, settings
    KEEP_PATIENTS = "keep_patients"
    BOOK = "book"  # courses and the book
    ARRIVE = "arrive"
    TREAT = "treat"  # the chair
    DECIDE = "decide"  # what belongs to a clinician who prescribes
    TEXTS = "texts"


RIGHTS: dict[May, frozenset[str]] = {
    May.SEE: frozenset(Role.values),
    May.MANAGE: frozenset({Role.MANAGER}),
    May.KEEP_PATIENTS: frozenset({Role.DESK, Role.MANAGER}),
    May.BOOK: frozenset({Role.DESK}),
    May.ARRIVE: frozenset({Role.DESK, Role.NURSE, Role.PRESCRIBER}),
    May.TREAT: frozenset({Role.NURSE, Role.PRESCRIBER}),
    May.DECIDE: frozenset({Role.PRESCRIBER}),
    May.TEXTS: frozenset({Role.DESK, Role.NURSE, Role.MANAGER}),
}


def roles_at(user, site) -> frozenset[str]:
    """The roles of `user` at `site`; empty for a stranger. Asked once for a user and request."""
    cache = user.__dict__.setdefault("_roles", {})
    site_id = getattr(site, "pk", site)
    if site_id not in cache:
        rows = Membership.objects.filter(user=user).values_list("site_id", "role")
        cache.clear()
        for known_id, role in rows:
            cache.setdefault(known_id, set()).add(role)
        cache.setdefault(site_id, set())
    return frozenset(cache[site_id])


def may(user, right: May, site) -> bool:
    return bool(RIGHTS[right] & roles_at(user, site))


def require(user, right: May, site) -> None:
    """Raises Http404 for a site that is not theirs, NotAllowed for a right that is not theirs."""
    if not roles_at(user, site):
        raise Http404
    if not may(user, right, site):
        raise NotAllowed.because(
            "not_allowed", _("Your role at this site does not allow this."), right=str(right)
        )


def site_in_hand(request, right: May) -> Site:
    """The site that the person is looking at, if `right` is theirs there; 404 for somebody without a site."""
    site = current_site(request)
    if site is None:
        raise Http404
    require(request.user, right, site)
    return site


def get_or_404(queryset, user, pk):
    """The row with `pk` if it belongs to a site of `user`; otherwise it does not exist."""
    row = queryset.filter(pk=pk).first() if pk is not None else None
    if row is None or not roles_at(user, row.pk if isinstance(row, Site) else row.site_id):
        raise Http404
    return row
