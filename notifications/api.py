"""Texts, as JSON."""

from typing import Any

from ninja import Router

from clinic import access, clock, paging
from clinic.access import May
from clinic.ids import parse
from clinic.models import Site
from clinic.schemas import local
from clinic.templatetags.ui import masked
from notifications import listing, outbox
from notifications.models import Message
from notifications.reasons import why

router = Router(tags=["Texts"])


@router.get("/messages", response=dict, summary="Texts and why each did, or did not, go")
def list_messages(
    request,
    patient: str | None = None,
    session: str | None = None,
    status: str | None = None,
    cursor: str | None = None,
):
    rows = Message.objects.filter(site__in=Site.objects.visible_to(request.user))
    for name, value in (("patient", patient), ("session", session)):
        if value is not None:
            rows = rows.filter(**{name: parse(value)})
    if status is not None:
        rows = rows.filter(status=status.replace("\x00", "")[:10])
    return paging.page(listing.with_story(rows).order_by("-due_at", "-pk"), cursor, message_out)


@router.post("/messages/{message_id}/cancel", response=dict, summary="Withdraw a text that is still waiting")
def cancel(request, message_id: str):
    """409 `wrong_state`."""
    message = _message(request, message_id)
    outbox.cancel_message(message=message, by=request.user, now=clock.now())
    return _fresh(message)


@router.post("/messages/{message_id}/retry", response=dict, summary="Send a failed or unknown text again")
def retry(request, message_id: str):
    """409 `wrong_state`, `too_late`."""
    message = _message(request, message_id)
    outbox.retry_message(message=message, by=request.user, now=clock.now())
    return _fresh(message)


def message_out(message: Message) -> dict[str, Any]:
    site = message.site
    return {
        "id": str(message.pk),
        "kind": message.kind,
        "patient": str(message.patient_id) if message.patient_id else None,
        "session": str(message.session_id) if message.session_id else None,
        "to": masked(message.to),
        "body": message.body,
        "due_at": local(message.due_at, site),
        "expires_at": local(message.expires_at, site),
        "status": message.status,
        "why": why(message),
        "attempts": [
            {"at": local(step.at, site), "event": step.event, "status": step.status, "code": step.code}
            for step in getattr(message, "story", [])
        ],
    }


def _message(request, message_id: str) -> Message:
    message = access.get_or_404(Message.objects.select_related("site"), request.user, parse(message_id))
    access.require(request.user, May.TEXTS, message.site)
    return message


def _fresh(message: Message) -> dict[str, Any]:
    return message_out(listing.with_story(Message.objects.filter(pk=message.pk)).get())
