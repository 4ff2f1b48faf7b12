"""One booker at a time for a site's day, and a short patience with the database."""

import functools
from collections.abc import Iterable
from datetime import date

from django.db import OperationalError, connection
from django.db.models import Exists, OuterRef, UUIDField
from django.utils.translation import gettext as _

from clinic.errors import Refused
from clinic.models import Site
from clinic.outage import yielded
from clinic.prepared import Param, Prepared
from scheduling.models import Authorization, Course, SiteDay

TRIES = 4
# What is joined or asked beside a row that had to be waited for is as it was before the wait: here it says what warning
# is shown, as to somebody who booked a moment earlier.
_course = Prepared(
    Course.objects.select_for_update(of=("self",))
    .select_related("site", "patient")
    .annotate(payer_asked=Exists(Authorization.objects.filter(course=OuterRef("pk"))))
    .filter(pk=Param("pk", UUIDField()))
)


def lock_days(site: Site, days: Iterable[date]) -> None:
    """Hold the site's days until the transaction ends, always in date order, so that no two wait in a circle.

    Raises:
        RuntimeError: outside a transaction, where a lock would be gone at once.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a lock needs a transaction")
    # One statement makes those that are missing and, by writing the others anew as they are, holds them all.
    SiteDay.objects.bulk_create(
        [SiteDay(site=site, date=day) for day in sorted(set(days))],
        update_conflicts=True,
        unique_fields=["site", "date"],
        update_fields=["date"],
    )


def lock_course(course: Course) -> Course:
    """The course as it now stands, held until the transaction ends. Always before its days.

    Its `has_authorizations`: did a payer ever authorize something of it.
    """
    held = _course.one(pk=course.pk)
    if held is None:
        raise Course.DoesNotExist
    held.has_authorizations = held.payer_asked
    if held.patient.site_id == held.site_id:
        held.patient.site = held.site
    return held


def patiently(verb):
    """Try again when the database chose this transaction to yield; after that, say so in words.

    Inside somebody else's transaction nothing can be tried again: the error goes to its owner.
    """

    @functools.wraps(verb)
    def tried(*args, **kwargs):
        if connection.in_atomic_block:
            return verb(*args, **kwargs)
        for _try in range(TRIES):
            try:
                return verb(*args, **kwargs)
            except OperationalError as error:
                if not yielded(error):
                    raise
        raise Refused.because("busy", _("Many people are booking at this moment. Please try again."))

    return tried
