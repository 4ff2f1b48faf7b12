"""Closing a site, a chair or somebody's shifts for a while, as JSON."""

from typing import Any

from django.db.models import Q
from ninja import Router
from ninja.responses import Status

from clinic import clock
from clinic.access import May
from clinic.api import site_of
from clinic.errors import Fault, Invalid
from clinic.ids import parse
from clinic.models import Chair, User
from clinic.schemas import Body, Instant, Text, local
from scheduling import closing
from scheduling.api import findings_out, sessions_out

router = Router(tags=["When life happens"])


class ClosureIn(Body):
    starts_at: Instant
    ends_at: Instant
    reason: Text
    chair: Text | None = None
    staff: Text | None = None
    replan: bool = False
    dry_run: bool = False


@router.post(
    "/sites/{site_id}/closures",
    response={200: dict, 201: dict},
    summary="A site, a chair or a person is out for a while",
)
def close(request, site_id: str, payload: ClosureIn):
    """For managers. `chair`: an id; `staff`: a user name or an id, whose shifts do not count then. `affected` are the
    booked sessions that now need a new time; with `replan` they are moved in the same transaction, and `replanned`
    says where to. With `dry_run` nothing is done (200, no `id`)."""
    site = site_of(request, site_id, May.MANAGE)
    chair, staff = _named(payload, site)
    wish = {
        "site": site,
        "chair": chair,
        "staff": staff,
        "by": request.user,
        "now": clock.now(),
        **payload.dict(include={"starts_at", "ends_at", "reason"}),
    }
    done = closing.preview(**wish) if payload.dry_run else closing.close(**wish, move=payload.replan)
    answer = {
        "id": None if payload.dry_run else str(done.closure.pk),
        "reason": done.closure.reason,
        "chair": payload.chair,
        "staff": staff.username if staff else None,
        "starts_at": local(payload.starts_at, site),
        "ends_at": local(payload.ends_at, site),
        "affected": sessions_out(done.affected),
        "replanned": [_hit_out(item, site) for item in done.hit] if payload.replan or payload.dry_run else [],
    }
    return Status(200 if payload.dry_run else 201, answer)


def _hit_out(item: closing.Hit, site) -> dict[str, Any]:
    return {
        "session": str(item.session.pk),
        "reasons": findings_out(item.reasons),
        "starts_at": local(item.start, site) if item.start else None,
        "days_lost": item.days_lost,
    }


def _named(payload: ClosureIn, site) -> tuple[Chair | None, User | None]:
    """The chair and the person of the site that the body names; all that it names wrongly at once."""
    chair_id = parse(payload.chair)
    chair = Chair.objects.filter(pk=chair_id, site=site).first() if chair_id else None
    staff = _person(payload.staff, site) if payload.staff else None
    faults = []
    if payload.chair and chair is None:
        faults.append(Fault("unknown", "No such chair at this site.", "chair"))
    if payload.staff and staff is None:
        faults.append(Fault("unknown", "Nobody with this user name or id works at this site.", "staff"))
    if faults:
        raise Invalid(faults)
    return chair, staff


def _person(name: str, site) -> User | None:
    by_name, user_id = Q(username=name), parse(name)
    rows = User.objects.filter(by_name | Q(pk=user_id) if user_id else by_name, memberships__site=site)
    return rows.distinct().first()
