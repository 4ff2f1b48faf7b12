"""The call list, as JSON."""

from typing import Any

from django.http import Http404
from ninja import Router

from clinic import access, clock
from clinic.access import May
from clinic.api import site_of
from clinic.errors import Invalid
from clinic.ids import parse
from clinic.models import Site, User
from clinic.schemas import Body, Instant, Text, local
from clinic.templatetags.ui import masked
from notifications import call_list, calls
from notifications.call_list import Row
from scheduling.models import TreatmentSession

router = Router(tags=["Call list"])


class ToIn(Body):
    to: Text


class OutcomeIn(Body):
    outcome: Text
    note: Text = ""
    again_at: Instant | None = None
    phone: Text = ""


@router.get("/sites/{site_id}/calls", response=dict, summary="Whom no text reached, so that a person calls")
def list_calls(request, site_id: str):
    """`code`: undelivered, unknown, unconfirmed, no_texts, not_told or not_asked (how they are after a
    visit); those to call again later stand last."""
    site = site_of(request, site_id, May.TEXTS)
    rows = call_list.rows_of(site, now=clock.now())
    return {"items": [_out(row, site) for row in rows], "next": None}


@router.get(
    "/sites/{site_id}/calls/{session_id}", response=dict, summary="One of them, with the whole number"
)
def get_call(request, site_id: str, session_id: str):
    """Who looked is written down. 404 where nobody needs to call."""
    session = _session(request, site_id, session_id)
    out = _fresh(session)
    return {**out, "number": calls.number_shown(session=session, by=request.user, now=clock.now())}


@router.post("/sites/{site_id}/calls/{session_id}/take", response=dict, summary="I call")
def take(request, site_id: str, session_id: str):
    """409 `taken` by somebody else, `closed`, `not_wanted`."""
    session = _session(request, site_id, session_id)
    calls.take(session=session, by=request.user, now=clock.now())
    return _fresh(session)


@router.post("/sites/{site_id}/calls/{session_id}/hand-over", response=dict, summary="Somebody else calls")
def hand_over(request, site_id: str, session_id: str, payload: ToIn):
    """`to`: the username of somebody who deals with texts at the site. 409 `closed`, `not_wanted`."""
    session = _session(request, site_id, session_id)
    to = User.objects.filter(username=payload.to, is_active=True).first()
    if to is None:
        raise Invalid.because("unknown", "No such person.", "to")
    calls.hand_over(session=session, to=to, by=request.user, now=clock.now())
    return _fresh(session)


@router.post("/sites/{site_id}/calls/{session_id}/outcome", response=dict, summary="What came of a call")
def outcome(request, site_id: str, session_id: str, payload: OutcomeIn):
    """`outcome`: confirmed, reached, no_answer (with `again_at`), wrong_number (with the right `phone`, where it is
    known, for those who keep patients) or given_up. 409 `closed`, `not_wanted`."""
    session = _session(request, site_id, session_id)
    if payload.phone:
        access.require(request.user, May.KEEP_PATIENTS, session.site)
    call = calls.note(session=session, by=request.user, now=clock.now(), **payload.dict())
    site = session.site
    return {
        "session": str(session.pk),
        "outcome": call.outcome,
        "again_at": local(call.again_at, site) if call.again_at else None,
        "closed_at": local(call.closed_at, site) if call.closed_at else None,
    }


def _session(request, site_id: str, session_id: str) -> TreatmentSession:
    site, pk = site_of(request, site_id, May.TEXTS), parse(session_id)
    rows = TreatmentSession.objects.filter(site=site).select_related("site", "patient__site", "course")
    session = rows.filter(pk=pk).first() if pk else None
    if session is None:
        raise Http404
    return session


def _fresh(session: TreatmentSession) -> dict[str, Any]:
    row = call_list.row_of(session, now=clock.now())
    if row is None:
        raise Http404
    return _out(row, session.site)


def _out(row: Row, site: Site) -> dict[str, Any]:
    session, call = row.session, row.call
    return {
        "session": str(session.pk),
        "patient": str(session.patient_id),
        "starts_at": local(session.starts_at, site),
        "number": masked(session.patient.number),
        "about": row.about,
        "code": row.code,
        "why": row.why,
        "owner": call.owner.username if call and call.owner else None,
        "outcome": (call.outcome or None) if call else None,
        "again_at": local(call.again_at, site) if call and call.again_at else None,
        "closed_at": local(call.closed_at, site) if call and call.closed_at else None,
    }
