"""One booker at a time for a site's day, and a short patience with the database."""

import functools
from collections.abc import Iterable
from datetime import date

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from clinic.errors import Refused
from clinic.models import Site
from scheduling.models import Course, SiteDay

TRIES = 4


def lock_days(site: Site, days: Iterable[date]) -> None:
    """Hold the site's days until the transaction ends, always in date order, so that no two wait in a circle.

    Raises:
        RuntimeError: outside a transaction, where a lock would be gone at once.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a lock needs a transaction")
    wanted = sorted(set(days))
    SiteDay.objects.bulk_create([SiteDay(site=site, date=day) for day in wanted], ignore_conflicts=True)
    list(SiteDay.objects.select_for_update().filter(site=site, date__in=wanted).order_by("date"))


def lock_course(course: Course) -> Course:
    """The course as it now stands, held until the transaction ends. Always before its days."""
    return Course.objects.select_for_update(of=("self",)).select_related("site", "patient").get(pk=course.pk)


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
                if not _yielded(error):
                    raise
        raise Refused.because("busy", _("Many people are booking at this moment. Please try again."))

    return tried


def _yielded(error: OperationalError) -> bool:
    """A deadlock or a failed serialisation on PostgreSQL, a lock that was held too long on SQLite."""
    code = getattr(error.__cause__, "sqlstate", "")
    return code in ("40P01", "40001", "55P03") or "database is locked" in str(error)
