"""What patients answer, and who deals with it, as JSON."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404
from ninja import Router
from ninja.responses import Status

from clinic import clock, paging
from clinic.access import May
from clinic.api import site_of
from clinic.errors import Invalid
from clinic.ids import parse
from clinic.models import Site, User
from clinic.schemas import Body, Instant, Small, Text, local
from clinic.templatetags.ui import masked
from notifications import inbox, listing, offering
from notifications.models import InboundMessage, OfferRound, OfferText
from notifications.telephones import owners_of

router = Router(tags=["What patients answer"])


class ToIn(Body):
    to: Text


class DoneIn(Body):
    done: Text


class PlaceIn(Body):
    starts_at: Instant
    minutes: Small | None = None


@router.get("/sites/{site_id}/replies", response=dict, summary="Replies that need, or needed, a person")
def list_replies(request, site_id: str, open: bool = True, cursor: str | None = None):
    """Open ones: words of crisis first, then the longest wait. With `open=false` those dealt with, newest first. What
    came from a number that nobody has, and that no site's people would read, is shown to managers."""
    site = site_of(request, site_id, May.TEXTS)
    rows = listing.waiting_replies(site, reader=request.user)
    if not open:
        rows = listing.replies_to(site, reader=request.user).filter(handled_at__isnull=False)
        rows = rows.order_by("-handled_at", "pk")
    return paging.page(rows, cursor, lambda row: _out(row, site))


@router.get(
    "/sites/{site_id}/replies/{reply_id}", response=dict, summary="One of them, with the whole number"
)
def get_reply(request, site_id: str, reply_id: str):
    """Who looked is written down. `escort_of`: the patients of the site whom its owner takes home; `staff`: the
    usernames of those of the site whose telephone it is."""
    site, row = _reply(request, site_id, reply_id)
    number = inbox.number_shown(inbound=row, site=site, by=request.user, now=clock.now())
    owners = owners_of(number, site=site)
    whose = {"escort_of": [str(p.pk) for p in owners.escorted], "staff": [u.username for u in owners.staff]}
    return {**_out(row, site), "number": number, **whose}


@router.post("/sites/{site_id}/replies/{reply_id}/take", response=dict, summary="It is mine")
def take(request, site_id: str, reply_id: str):
    """409 `taken` by somebody else, `handled`."""
    site, row = _reply(request, site_id, reply_id)
    return _out(inbox.take(inbound=row, by=request.user, now=clock.now()), site)


@router.post("/sites/{site_id}/replies/{reply_id}/hand-over", response=dict, summary="It is somebody else's")
def hand_over(request, site_id: str, reply_id: str, payload: ToIn):
    """`to`: the username of somebody who deals with texts at the site. 409 `handled`."""
    site, row = _reply(request, site_id, reply_id)
    to = User.objects.filter(username=payload.to, is_active=True).first()
    if to is None:
        raise Invalid.because("unknown", "No such person.", "to")
    return _out(inbox.hand_over(inbound=row, to=to, site=site, by=request.user, now=clock.now()), site)


@router.post("/sites/{site_id}/replies/{reply_id}/done", response=dict, summary="Dealt with, and how")
def done(request, site_id: str, reply_id: str, payload: DoneIn):
    """The first one to say so is kept."""
    site, row = _reply(request, site_id, reply_id)
    return _out(inbox.finish(inbound=row, done=payload.done, by=request.user, now=clock.now()), site)


@router.post("/sites/{site_id}/replies/{reply_id}/stop", response=dict, summary="They want no more texts")
def stop(request, site_id: str, reply_id: str):
    """Said in words of their own, and read by a person: as good as STOP, for the number, confirmed to them once. The
    reply is dealt with by it. Only START from that telephone takes it back."""
    site, row = _reply(request, site_id, reply_id)
    return _out(inbox.stop_texts(inbound=row, site=site, by=request.user, now=clock.now()), site)


@router.get("/sites/{site_id}/text-offers", response=dict, summary="Freed places offered by text")
def list_offers(request, site_id: str):
    """Those that run, with who is asked until when, and those of places still ahead that ended: `end` is taken,
    nobody, gone or back. For the desk."""
    site = site_of(request, site_id, May.BOOK)
    found = offering.standings(site, now=clock.now())
    return {"items": [_round_out(item.round, item.turns, site) for item in found], "next": None}


@router.post("/sites/{site_id}/text-offers", response={201: dict}, summary="Offer a freed place by text")
def offer_by_text(request, site_id: str, payload: PlaceIn):
    """To one patient of the waitlist after another. `minutes` for an answer, the site's without it. For the desk.
    409 `running`, `nobody`."""
    site = site_of(request, site_id, May.BOOK)
    round_ = offering.start(site=site, by=request.user, now=clock.now(), **payload.dict())
    return Status(201, _round_out(round_, offering.turns_of([round_]), site))


@router.post(
    "/sites/{site_id}/text-offers/{round_id}/take-back", response=dict, summary="Offer it to nobody else"
)
def take_back(request, site_id: str, round_id: str):
    """Who was asked is told when they answer. Twice is the same as once."""
    site, pk = site_of(request, site_id, May.BOOK), parse(round_id)
    round_ = OfferRound.objects.filter(pk=pk, site=site).first() if pk else None
    if round_ is None:
        raise Http404
    round_ = offering.take_back(round_=round_, by=request.user, now=clock.now())
    return _round_out(round_, offering.turns_of([round_]), site)


def _round_out(round_: OfferRound, turns: Iterable[OfferText], site: Site) -> dict[str, Any]:
    return {
        "id": str(round_.pk),
        "starts_at": local(round_.starts_at, site),
        "minutes": round_.minutes,
        "ended_at": local(round_.ended_at, site) if round_.ended_at else None,
        "end": round_.end or None,
        "turns": [
            {
                "patient": str(turn.offer.course.patient_id),
                "offer": str(turn.offer_id),
                "message": str(turn.message_id),
                "status": turn.offer.status,
                "due_at": local(turn.message.due_at, site),
                "until": local(turn.offer.expires_at, site),
            }
            for turn in turns
        ],
    }


def _reply(request, site_id: str, reply_id: str) -> tuple[Site, InboundMessage]:
    site = site_of(request, site_id, May.TEXTS)
    pk = parse(reply_id)
    row = listing.replies_to(site, reader=request.user).filter(pk=pk).first() if pk else None
    if row is None:
        raise Http404
    return site, row


def _out(row: InboundMessage, site: Site) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "patient": str(row.patient_id) if row.patient_id else None,
        "session": str(row.session_id) if row.session_id else None,
        "from": masked(row.from_number),
        "body": row.body,
        "words_removed_at": local(row.words_removed_at, site) if row.words_removed_at else None,
        "meaning": row.meaning,
        "urgent": row.urgent,
        "received_at": local(row.received_at, site),
        "owner": row.owner.username if row.owner else None,
        "owned_at": local(row.owned_at, site) if row.owned_at else None,
        "done": row.done or None,
        "done_at": local(row.handled_at, site) if row.handled_at else None,
        "done_by": row.handled_by.username if row.handled_by else None,
    }
