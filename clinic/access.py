"""Who may do what, where. One table; pages and API ask the same questions.

A site where somebody does not work does not exist for them (404); at their own site, what their role does
not hold is forbidden (403).
"""

from enum import StrEnum
from typing import Any

from django.db.models import UUIDField
from django.http import Http404
from django.utils.translation import gettext as _

from clinic.enums import Role
from clinic.errors import NotAllowed
from clinic.models import Membership, Site
from clinic.prepared import Param, Prepared
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
    NUMBERS = "numbers"  # how are we doing
    REPORT = "report"  # the monitoring form, serious adverse events
    ENROL = "enrol"  # the patient's papers with the REMS
    HANDLE_DRUG = "handle_drug"  # receive, waste, return, correct
    COUNT_DRUG = "count_drug"  # see the cabinet and its ledger, count it, order, report


RIGHTS: dict[May, frozenset[str]] = {
    May.SEE: frozenset(Role.values),
    May.MANAGE: frozenset({Role.MANAGER}),
    May.KEEP_PATIENTS: frozenset({Role.DESK, Role.MANAGER}),
    May.BOOK: frozenset({Role.DESK}),
    May.ARRIVE: frozenset({Role.DESK, Role.NURSE, Role.PRESCRIBER}),
    May.TREAT: frozenset({Role.NURSE, Role.PRESCRIBER}),
    May.DECIDE: frozenset({Role.PRESCRIBER}),
    May.NUMBERS: frozenset({Role.NURSE, Role.PRESCRIBER, Role.MANAGER}),
    May.TEXTS: frozenset({Role.DESK, Role.NURSE, Role.MANAGER}),
    May.REPORT: frozenset({Role.NURSE, Role.PRESCRIBER, Role.MANAGER}),
    May.ENROL: frozenset(Role.values),
    May.HANDLE_DRUG: frozenset({Role.NURSE, Role.PRESCRIBER}),
    May.COUNT_DRUG: frozenset({Role.NURSE, Role.PRESCRIBER, Role.MANAGER}),
}


_memberships = Prepared(
    Membership.objects.filter(user_id=Param("user", UUIDField())).values_list("site_id", "role")
)


def roles_at(user, site) -> frozenset[str]:
    """The roles of `user` at `site`; empty for a stranger. Asked once for a user and request."""
    cache = user.__dict__.setdefault("_roles", {})
    site_id = getattr(site, "pk", site)
    if site_id not in cache:
        remember_roles(user, _memberships(user=user.pk))
        cache = user.__dict__["_roles"]
        cache.setdefault(site_id, set())
    return frozenset(cache[site_id])


def remember_roles(user, rows) -> None:
    """`rows`: all of the user's sites, each with a role there."""
    cache: dict[Any, set[str]] = {}
    for site_id, role in rows:
        cache.setdefault(site_id, set()).add(role)
    user.__dict__["_roles"] = cache


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


def get_or_404(rows, user, pk):
    """The row with `pk` of a queryset, or of a prepared one that asks for `pk`, if it belongs to a site of `user`;
    otherwise it does not exist."""
    row = None
    if pk is not None:
        row = rows.one(pk=pk) if isinstance(rows, Prepared) else rows.filter(pk=pk).first()
    if row is None or not roles_at(user, row.pk if isinstance(row, Site) else row.site_id):
        raise Http404
    return row
