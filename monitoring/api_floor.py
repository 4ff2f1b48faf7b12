"""The floor, its nurses and its alerts, as JSON."""

from typing import Any

from django.db.models import Q
from ninja import Router
from pydantic import Field

from clinic import access, clock
from clinic.access import May
from clinic.api import site_of
from clinic.errors import Invalid
from clinic.ids import parse
from clinic.models import User
from clinic.schemas import Body, Text, local
from monitoring import assigning
from monitoring.floor import Card, floor_of
from monitoring.models import Alert
from monitoring.record import vitals
from scheduling.api import session_of

router = Router(tags=["The chair"])


class NurseIn(Body):
    nurse: Text


class HandOverIn(Body):
    nurse: Text = Field(alias="from")
    to: Text


@router.get("/sites/{site_id}/floor", response=dict, summary="Which chair needs somebody next")
def floor(request, site_id: str):
    """The patients in the building, red first, then by what is due; who watches how many."""
    site = site_of(request, site_id, May.SEE)
    seen = floor_of(site, now=clock.now())
    loads = [
        {"nurse": load.nurse.username, "patients": load.patients, "most": load.most} for load in seen.loads
    ]
    return {"items": [_card_out(card, site) for card in seen.cards], "next": None, "loads": loads}


@router.post("/sessions/{session_id}/nurse", response=dict, summary="Who watches this patient")
def assign(request, session_id: str, payload: NurseIn):
    """`nurse`: a user name. The open alerts go along. 422 for somebody who may not treat here."""
    session = session_of(request, session_id, May.TREAT)
    nurse = _user(payload.nurse, "nurse")
    assigning.assign_nurse(session=session, nurse=nurse, by=request.user, now=clock.now())
    return {"session": str(session.pk), "nurse": nurse.username}


@router.post("/sites/{site_id}/hand-over", response=dict, summary="All of one nurse's patients to another")
def hand_over(request, site_id: str, payload: HandOverIn):
    """409 `nobody` where there is no patient to hand over."""
    site = site_of(request, site_id, May.TREAT)
    nurse, to = _user(payload.nurse, "from"), _user(payload.to, "to")
    number = assigning.hand_over(site=site, nurse=nurse, to=to, by=request.user, now=clock.now())
    return {"patients": number, "nurse": to.username}


@router.get("/alerts/{alert_id}", response=dict, summary="An alert, and what became of it")
def alert_story(request, alert_id: str):
    rows = Alert.objects.select_related("site", "observation", "owner")
    alert = access.get_or_404(rows, request.user, parse(alert_id))
    events = alert.events.select_related("by")
    return {
        "id": str(alert.pk),
        "session": str(alert.observation.session_id),
        "level": alert.level,
        "code": alert.code,
        "detail": alert.detail,
        "escalated": alert.escalated,
        "owner": alert.owner.username if alert.owner else None,
        "timeline": [
            {
                "kind": event.kind,
                "at": local(event.at, alert.site),
                "by": event.by.username if event.by else None,
                "step": event.step,
                "people": [person["name"] for person in event.people],
                "note": event.note,
            }
            for event in events
        ],
    }


def _card_out(card: Card, site) -> dict[str, Any]:
    step, session = card.step, card.session
    return {
        "session": str(session.pk),
        "chair": {"id": str(session.chair_id), "name": session.chair.name},
        "patient": str(session.patient_id),
        "status": session.status,
        "nurse": card.nurse.username if card.nurse else None,
        "step": {
            "kind": step.kind,
            "label": step.label,
            "due_at": local(step.due_at, site) if step.due_at else None,
            "late": card.late,
        },
        "last": vitals(card.last) if card.last else "",
        "alerts": [
            {"id": str(a.pk), "level": a.level, "code": a.code, "escalated": a.escalated}
            for a in (*card.red, *card.amber)
        ],
    }


def _user(name: str, field: str) -> User:
    user_id = parse(name)
    wanted = Q(username=name) | Q(pk=user_id) if user_id else Q(username=name)
    user = User.objects.filter(wanted, is_active=True).first()
    if user is None:
        raise Invalid.because("unknown", "Nobody has this user name.", field)
    return user
