"""Calendar feeds: secret links that are made, read and revoked. Tokens are shown once and kept as digests."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from clinic import audit, ids
from clinic.enums import CalendarNames, Role
from clinic.errors import Fault, Invalid
from clinic.models import Closure, Membership, Patient, Shift, Site, User
from clinic.tokens import digest
from scheduling.enums import FeedKind, SessionStatus
from scheduling.hours import Interval, subtract
from scheduling.house import occurrences
from scheduling.ics import Entry
from scheduling.models import CalendarFeed, TreatmentSession

BACK, AHEAD = timedelta(days=14), timedelta(days=120)
READ_RESOLUTION = timedelta(minutes=30)
# Held no longer, but told as cancelled, so that a program that kept it takes it away.
GONE = (SessionStatus.CANCELLED, SessionStatus.NO_SHOW)


@transaction.atomic
def make_feed(
    *, user: User, kind: str, by, now: datetime, site: Site | None = None
) -> tuple[CalendarFeed, str]:
    """A new link and its secret: the only time that the secret can be seen.

    Raises:
        Invalid: an unknown kind, or a site's feed for somebody who does not work there.
    """
    faults = []
    if kind not in FeedKind.values:
        faults.append(Fault("unknown", _("One of %s.") % ", ".join(FeedKind.values), "kind"))
    of_site = site if kind == FeedKind.SITE else None
    if kind == FeedKind.SITE and (site is None or not _works_at(user, site)):
        faults.append(Fault("unknown", _("No such site."), "site"))
    if faults:
        raise Invalid(faults)
    raw = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(user=user, kind=kind, site=of_site, digest=digest(raw), created_at=now)
    audit.record("feed.made", by=by, now=now, site=of_site, on=feed, kind=str(kind), user=str(user.pk))
    return feed, raw


@transaction.atomic
def revoke_feed(*, feed: CalendarFeed, by, now: datetime) -> None:
    """The link opens nothing any more. Twice is the same as once."""
    if CalendarFeed.objects.filter(pk=feed.pk, revoked_at__isnull=True).update(revoked_at=now):
        audit.record("feed.revoked", by=by, now=now, site=feed.site_id, on=feed, kind=feed.kind)


def feed_for(raw: str, *, now: datetime) -> CalendarFeed | None:
    """The feed of this secret; None for an unknown or revoked one, and where its person works no more."""
    rows = CalendarFeed.objects.select_related("user", "site")
    feed = rows.filter(digest=digest(raw), revoked_at__isnull=True, user__is_active=True).first()
    if feed is None or (feed.site is not None and not _works_at(feed.user, feed.site)):
        return None
    if feed.last_read_at is None or now - feed.last_read_at > READ_RESOLUTION:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_read_at=now)
    return feed


def in_reach_of(user: User) -> QuerySet[CalendarFeed]:
    """The links that this person may see and revoke: their own, and those at the sites that they manage."""
    managed = Membership.objects.filter(user=user, role=Role.MANAGER).values("site")
    of_people = Q(kind=FeedKind.OWN, user__memberships__site__in=managed)
    mine = CalendarFeed.objects.filter(Q(user=user) | Q(site__in=managed) | of_people)
    return mine.filter(revoked_at__isnull=True).select_related("site", "user").distinct()


def name_of(feed: CalendarFeed) -> str:
    """What the calendar is called in somebody's program: nothing that tells the specialty."""
    return feed.site.alias if feed.site else _("My shifts")


def entries_of(feed: CalendarFeed, *, now: datetime) -> list[Entry]:
    """All that the feed shows, from two weeks ago to four months ahead."""
    around = Interval(now - BACK, now + AHEAD)
    if feed.site is not None:
        return [_visit(row, feed.site) for row in _sessions(feed.site, around)]
    found = []
    for site in Site.objects.visible_to(feed.user):
        worked = _shifts(feed.user, site, around)
        found += [_shift(key, span, site) for key, span in worked]
        stretches = [span for _key, span in worked]
        rows = _sessions(site, around) if worked else []
        found += [_visit(row, site) for row in rows if _in_any(row, stretches)]
    return found


def _works_at(user: User, site: Site) -> bool:
    return Membership.objects.filter(user=user, site=site).exists()


def _sessions(site: Site, around: Interval) -> list[TreatmentSession]:
    rows = TreatmentSession.objects.filter(site=site, starts_at__gte=around.start, starts_at__lt=around.end)
    return list(rows.select_related("patient", "chair").order_by("starts_at", "pk"))


def _in_any(row: TreatmentSession, stretches: list[Interval]) -> bool:
    span = Interval(row.starts_at, row.ends_at)
    return any(span.meets(stretch) for stretch in stretches)


def _visit(row: TreatmentSession, site: Site) -> Entry:
    return Entry(
        uid=f"visit-{row.pk}",
        start=row.starts_at,
        end=row.ends_at,
        zone=site.tz,
        title=" ".join(filter(None, [_("Visit"), told_of(row.patient, site)])),
        changed_at=row.updated_at,
        place=f"{row.chair.name}, {site.alias}",
        cancelled=row.status in GONE,
    )


def told_of(patient: Patient, site: Site) -> str:
    """What the site lets a calendar tell of a patient."""
    if site.calendar_names == CalendarNames.NAMES:
        return patient.list_name
    if site.calendar_names == CalendarNames.NUMBER:
        return patient.mrn
    if site.calendar_names == CalendarNames.INITIALS:
        return "".join(f"{name[:1].upper()}." for name in (patient.given_name, patient.family_name))
    return ""


def _shift(key: str, span: Interval, site: Site) -> Entry:
    made = ids.made_at(key.partition("_")[0])
    return Entry(f"shift-{key}", span.start, span.end, site.tz, _("Shift"), made, site.alias)


def _shifts(user: User, site: Site, around: Interval) -> list[tuple[str, Interval]]:
    """Each stretch that this person works, under a name that stays: the shift and its day."""
    first, last = (moment.astimezone(site.tz).date() for moment in (around.start, around.end))
    away = Closure.objects.filter(site=site, staff=user, starts_at__lt=around.end, ends_at__gt=around.start)
    gaps = [Interval(row.starts_at, row.ends_at) for row in away]
    found = []
    for shift in Shift.objects.filter(site=site, staff=user):
        for span in subtract(occurrences(shift, site.tz, first, last), gaps):
            if span.meets(around):
                found.append((f"{shift.pk}_{span.start:%Y%m%dT%H%M}", span))
    return found
