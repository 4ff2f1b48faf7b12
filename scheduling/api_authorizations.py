"""What the payers have authorized, as JSON."""

from typing import Any

from ninja import Router
from ninja.responses import Status

from clinic import access, clock
from clinic.access import May
from clinic.errors import Invalid
from clinic.ids import parse
from clinic.models import User
from clinic.schemas import Body, Day, Small, Text
from scheduling import authorizations
from scheduling.api import course_of
from scheduling.authorizations import Shown
from scheduling.models import Authorization

router = Router(tags=["Authorizations"])


class AuthorizationIn(Body):
    payer: Text
    number: Text
    valid_from: Day
    valid_until: Day
    sessions_allowed: Small | None = None
    devices_allowed: Small | None = None
    code: Text = ""
    renewal_score: Text = ""
    owner: Text = ""


class ChangeIn(Body):
    reason: Text
    payer: Text | None = None
    number: Text | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    sessions_allowed: Small | None = None
    devices_allowed: Small | None = None
    code: Text | None = None
    renewal_score: Text | None = None
    owner: Text | None = None


class ExpectIn(Body):
    wanted: bool


class EndIn(Body):
    reason: Text
    ended_on: Day | None = None


@router.get(
    "/courses/{course_id}/authorizations",
    response=dict,
    summary="What the payers have authorized, and its use",
)
def list_authorizations(request, course_id: str):
    course = course_of(request, course_id, May.SEE)
    return {"items": [_out(item) for item in authorizations.shown(course, now=clock.now())], "next": None}


@router.post(
    "/courses/{course_id}/authorizations", response={201: dict}, summary="Write down an authorization"
)
def add(request, course_id: str, payload: AuthorizationIn):
    """For the desk and managers. `sessions_allowed` or `devices_allowed`; `owner`: a user's name, else whoever asks.
    Without `code`, S0013 before 2026-01-01 and J0013 from then on. 409 `authorization_known`."""
    course = course_of(request, course_id, May.KEEP_PATIENTS)
    data = payload.dict(exclude={"owner"})
    owner = _owner(payload.owner) if payload.owner else request.user
    row = authorizations.add_authorization(
        course=course, owner=owner, by=request.user, now=clock.now(), **data
    )
    return Status(201, _fresh(row))


@router.post(
    "/courses/{course_id}/payer-authorizes", response=dict, summary="Does the payer authorize it first"
)
def expect(request, course_id: str, payload: ExpectIn):
    """Where it does, each session that nothing covers says so in its readiness."""
    course = course_of(request, course_id, May.KEEP_PATIENTS)
    authorizations.expect_authorization(
        course=course, wanted=payload.wanted, by=request.user, now=clock.now()
    )
    return {"course": str(course.pk), "payer_authorizes": payload.wanted}


@router.patch("/authorizations/{authorization_id}", response=dict, summary="Change an authorization")
def change(request, authorization_id: str, payload: ChangeIn):
    """Changed fields and `reason`; what stood there before is kept. 409 `wrong_state`, `authorization_known`."""
    row = _row(request, authorization_id)
    changes = payload.dict(exclude_unset=True, exclude={"reason", "owner"})
    # One of the two amounts takes the other's place; a null in any other field leaves it as it is.
    amounts = {name for name in ("sessions_allowed", "devices_allowed") if changes.get(name) is not None}
    changes = {name: value for name, value in changes.items() if value is not None}
    if len(amounts) == 1:
        changes = {"sessions_allowed": None, "devices_allowed": None, **changes}
    if payload.owner:
        changes["owner"] = _owner(payload.owner)
    done = authorizations.change_authorization(
        authorization=row, reason=payload.reason, by=request.user, now=clock.now(), **changes
    )
    return _fresh(done)


@router.post("/authorizations/{authorization_id}/end", response=dict, summary="End an authorization early")
def end(request, authorization_id: str, payload: EndIn):
    """It holds to `ended_on`, or today. 409 `wrong_state`."""
    row = _row(request, authorization_id)
    done = authorizations.end_authorization(
        authorization=row,
        reason=payload.reason,
        ended_on=payload.ended_on,
        by=request.user,
        now=clock.now(),
    )
    return _fresh(done)


def _row(request, authorization_id: str) -> Authorization:
    row = authorizations.visible_or_404(request.user, parse(authorization_id))
    access.require(request.user, May.KEEP_PATIENTS, row.course.site_id)
    return row


def _owner(username: str) -> User:
    owner = User.objects.filter(username=username).first()
    if owner is None:
        raise Invalid.because("unknown", "Nobody of that name works at this site.", "owner")
    return owner


def _fresh(row: Authorization) -> dict[str, Any]:
    found = authorizations.shown(row.course, now=clock.now())
    return next(_out(item) for item in found if item.row.pk == row.pk)


def _out(item: Shown) -> dict[str, Any]:
    row = item.row
    return {
        "id": str(row.pk),
        "course": str(row.course_id),
        "payer": row.payer,
        "number": row.number,
        "code": row.code,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "sessions_allowed": row.sessions_allowed,
        "devices_allowed": row.devices_allowed,
        "used": item.used,
        "remaining": item.remaining,
        "renewal_score": row.renewal_score,
        "owner": row.owner.username,
        "ended_on": row.ended_on,
        "status": item.status,
        "history": [
            {
                "kind": e.kind,
                "at": e.at,
                "by": e.by.username if e.by else None,
                "reason": e.reason,
                "changed": e.detail,
            }
            for e in row.events.all()
        ],
    }
