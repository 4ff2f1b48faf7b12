"""A freed place offered to one patient at a time or to several, until it expires: the first yes has it."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.errors import Fault, Invalid, Refused
from clinic.models import Site
from scheduling.booking import Placement, book_course
from scheduling.conditions import check
from scheduling.enums import OfferStatus
from scheduling.locking import patiently
from scheduling.models import Course, Offer, OfferEvent, TreatmentSession
from scheduling.moving import move_session
from scheduling.waitlist import candidates, diary_of, trace

OFFER_MINUTES = 30
MOST_MINUTES = 24 * 60


@transaction.atomic
def make_offer(
    *,
    course: Course,
    starts_at: datetime,
    by,
    now: datetime,
    minutes: int = OFFER_MINUTES,
    until: datetime | None = None,
) -> Offer:
    """Offer a place to a patient on the list until it expires, at its start at the latest.

    `until`, where it is known, goes before `minutes`.

    Raises:
        Invalid: minutes that cannot be.
        Refused: `not_right` where the place is not, or no longer, right for this patient; `offered` already.
    """
    if not 1 <= minutes <= MOST_MINUTES:
        raise Invalid.because("impossible", _("From a minute to a day."), "minutes")
    fitting = [c for c in candidates(course.site, starts_at, now=now) if c.entry.course_id == course.pk]
    if not fitting:
        detail = _("This place is not right for this patient, or it is gone.")
        raise Refused.because("not_right", detail, "starts_at")
    expire_offers(course.site, now=now)
    try:
        with transaction.atomic():
            offer = Offer.objects.create(
                site=course.site,
                course=course,
                session=fitting[0].session,
                number=fitting[0].number,
                starts_at=starts_at,
                offered_at=now,
                expires_at=min(until or now + timedelta(minutes=minutes), starts_at),
                by=by,
            )
    except IntegrityError as error:
        raise Refused.because("offered", _("This place has been offered to them already.")) from error
    _tell(offer, OfferStatus.OPEN, by, now)
    return offer


def accept_offer(*, offer: Offer, by, now: datetime) -> TreatmentSession:
    """The patient says yes: the session is booked or comes sooner, and the other offers of the place end.

    Raises:
        Refused: `offer_gone` where somebody else was first, `offer_expired`, `offer_settled`.
    """
    try:
        return _accept(offer, by, now)
    except Refused as refusal:
        if "offer_expired" in refusal.codes:
            _settle(offer, OfferStatus.EXPIRED, by, now)
        elif not {"offer_settled", "reason_required", "busy"} & set(refusal.codes):
            _settle(offer, OfferStatus.GONE, by, now)
            detail = _("Somebody else was first, or the place is no longer right.")
            raise Refused([Fault("offer_gone", detail), *refusal.faults]) from refusal
        raise


@transaction.atomic
def decline_offer(*, offer: Offer, by, now: datetime) -> None:
    """The patient says no.

    Raises:
        Refused: `offer_settled`.
    """
    if not _settle(offer, OfferStatus.DECLINED, by, now):
        raise _settled(offer)


@transaction.atomic
def withdraw_offer(*, offer: Offer, by, now: datetime) -> bool:
    """The desk takes it back. False where it is settled already."""
    return _settle(offer, OfferStatus.WITHDRAWN, by, now)


@transaction.atomic
def expire_offer(*, offer: Offer, now: datetime) -> bool:
    """Nobody answered in time. False where it is settled already, or still open for an answer."""
    return offer.expires_at <= now and _settle(offer, OfferStatus.EXPIRED, None, now)


@transaction.atomic
def expire_offers(site: Site, *, now: datetime) -> int:
    """End what nobody answered in time."""
    late = list(Offer.objects.filter(site=site, status=OfferStatus.OPEN, expires_at__lte=now))
    return sum(_settle(offer, OfferStatus.EXPIRED, None, now) for offer in late)


def open_offers(site: Site, *, now: datetime) -> list[Offer]:
    rows = Offer.objects.filter(site=site, status=OfferStatus.OPEN, expires_at__gt=now)
    return list(rows.select_related("course__patient", "session").order_by("starts_at", "offered_at"))


@patiently
@transaction.atomic
def _accept(offer: Offer, by, now: datetime) -> TreatmentSession:
    # All offers of the place, in one order: two who say yes wait for each other here, before they hold anything else.
    same = Offer.objects.filter(site=offer.site_id, starts_at=offer.starts_at).order_by("pk")
    list(same.select_for_update().values_list("pk"))
    row = Offer.objects.select_related("course__site", "session").get(pk=offer.pk)
    if row.status != OfferStatus.OPEN:
        raise _settled(row)
    if row.expires_at <= now:
        raise Refused.because("offer_expired", _("This offer has expired."))
    if row.session is not None and row.session.starts_at <= row.starts_at:
        raise Refused.because("not_right", _("Their session has come sooner than this place meanwhile."))
    if row.session is not None:
        [session] = move_session(session=row.session, starts_at=row.starts_at, by=by, now=now)
    else:
        placement = Placement(row.number, row.starts_at)
        [session] = book_course(course=row.course, sessions=[placement], by=by, now=now)
    _settle(row, OfferStatus.ACCEPTED, by, now)
    _end_others(row, by, now)
    return session


def _end_others(offer: Offer, by, now: datetime) -> None:
    """Who was offered the same place is told that it is gone, once its last chair is."""
    others = Offer.objects.filter(site=offer.site, starts_at=offer.starts_at, status=OfferStatus.OPEN)
    rows = list(others.exclude(pk=offer.pk))
    if rows and check(diary_of(offer.site, [offer.starts_at], now), offer.starts_at):
        for row in rows:
            _settle(row, OfferStatus.GONE, by, now)


@transaction.atomic
def _settle(offer: Offer, status: OfferStatus, by, now: datetime) -> bool:
    rows = Offer.objects.filter(pk=offer.pk, status=OfferStatus.OPEN)
    if not rows.update(status=status, settled_at=now):
        return False
    offer.status = status
    _tell(offer, status, by, now)
    return True


def _settled(offer: Offer) -> Refused:
    offer.refresh_from_db(fields=["status"])
    detail = _("This offer is settled: %s.") % offer.get_status_display().lower()
    return Refused.because("offer_settled", detail, present=offer.status)


def _tell(offer: Offer, status: OfferStatus, by, now: datetime) -> None:
    OfferEvent.objects.create(offer=offer, status=status, at=now, by=by)
    trace(f"offer.{status}", offer.course, by, now, starts_at=offer.starts_at.isoformat())
