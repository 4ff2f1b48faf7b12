"""Texts, as JSON."""

from datetime import datetime
from typing import Any

from ninja import Router
from ninja.responses import Status

from clinic import access, clock, paging
from clinic.access import May
from clinic.ids import parse
from clinic.models import Site
from clinic.schemas import local
from clinic.templatetags.ui import masked
from notifications import by_hand, escorts, listing
from notifications.models import Message
from notifications.reasons import what_for, why
from scheduling.api import session_of

router = Router(tags=["Texts"])


@router.get("/messages", response=dict, summary="Texts and why each did, or did not, go")
def list_messages(
    request,
    patient: str | None = None,
    session: str | None = None,
    status: str | None = None,
    cursor: str | None = None,
):
    """Those of a patient or a session are for all who see them there; the others for who deals with texts."""
    sites = list(Site.objects.visible_to(request.user))
    if patient is None and session is None:
        sites = [site for site in sites if access.may(request.user, May.TEXTS, site)]
    rows = Message.objects.filter(site__in=sites)
    for name, value in (("patient", patient), ("session", session)):
        if value is not None:
            # An id that cannot be is nobody's: it is not "of no patient", which texts to staff are.
            pk = parse(value)
            rows = rows.filter(**{name: pk}) if pk else rows.none()
    if status is not None:
        rows = rows.filter(status=status.replace("\x00", "")[:10])
    return paging.page(listing.with_story(rows).order_by("-due_at", "-pk"), cursor, message_out)


@router.post("/messages/{message_id}/cancel", response=dict, summary="Withdraw a text that is still waiting")
def cancel(request, message_id: str):
    """409 `wrong_state`."""
    message = _message(request, message_id)
    by_hand.cancel_message(message=message, by=request.user, now=clock.now())
    return fresh(message)


@router.post("/messages/{message_id}/retry", response=dict, summary="Send a failed or unknown text again")
def retry(request, message_id: str):
    """409 `wrong_state`, `too_late`, `being_asked`."""
    message = _message(request, message_id)
    by_hand.retry_message(message=message, by=request.user, now=clock.now())
    return fresh(message)


@router.post(
    "/sessions/{session_id}/escort-text",
    response={201: dict},
    summary="Text the escort 15 minutes before the patient can be picked up",
)
def escort_text(request, session_id: str):
    """It goes 15 minutes before the two hours, or now where that has passed; and not at all where the readings then
    do not allow it. Wants the patient's consent to detailed texts. 409 `wrong_state`, `no_number`, `no_consent`,
    `stopped`, `already_told`."""
    session = session_of(request, session_id, May.TREAT)
    message = escorts.call(session=session, by=request.user, now=clock.now())
    return Status(201, fresh(message))


def message_out(message: Message) -> dict[str, Any]:
    site = message.site
    return {
        "id": str(message.pk),
        "kind": message.kind,
        "patient": str(message.patient_id) if message.patient_id else None,
        "session": str(message.session_id) if message.session_id else None,
        "staff": message.staff.username if message.staff else None,
        "what_for": what_for(message),
        "to": masked(message.to),
        "body": message.body,
        "words_removed_at": _local(message.words_removed_at, site),
        "redacted_at": _local(message.redacted_at, site),
        "due_at": local(message.due_at, site),
        "expires_at": local(message.expires_at, site),
        "status": message.status,
        "why": why(message),
        "attempts": [
            {"at": local(step.at, site), "event": step.event, "status": step.status, "code": step.code}
            for step in getattr(message, "story", [])
        ],
    }


def _local(moment: datetime | None, site: Site) -> datetime | None:
    return local(moment, site) if moment else None


def _message(request, message_id: str) -> Message:
    message = access.get_or_404(Message.objects.select_related("site"), request.user, parse(message_id))
    access.require(request.user, May.TEXTS, message.site)
    return message


def fresh(message: Message) -> dict[str, Any]:
    return message_out(listing.with_story(Message.objects.filter(pk=message.pk)).get())
