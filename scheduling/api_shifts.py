"""What a shift that ends leaves uncovered, as JSON."""

from ninja import Router

from clinic import access, clock
from clinic.access import May
from clinic.api import shift_out
from clinic.ids import parse
from clinic.models import Shift
from clinic.schemas import Body
from scheduling import closing
from scheduling.api import findings_out, sessions_out

router = Router(tags=["When life happens"])


class DropIn(Body):
    dry_run: bool = False


@router.post("/shifts/{shift_id}/drop", response=dict, summary="End a shift for good")
def drop(request, shift_id: str, payload: DropIn):
    """For managers. `broken` are the booked sessions that it covered and that now break a rule; they stay booked, and
    `GET /sites/{id}/conflicts` lists them until they are moved. With `dry_run` nothing is done."""
    shift = access.get_or_404(Shift.objects.select_related("site", "staff"), request.user, parse(shift_id))
    access.require(request.user, May.MANAGE, shift.site)
    answer = shift_out(shift, shift.site)
    if payload.dry_run:
        broken = closing.broken_without(shift, by=request.user, now=clock.now())
    else:
        broken = closing.drop_shift(shift=shift, by=request.user, now=clock.now())
    rows = sessions_out(session for session, _reasons in broken)
    told = [
        {"session": row, "reasons": findings_out(reasons)}
        for row, (_session, reasons) in zip(rows, broken, strict=True)
    ]
    return {**answer, "broken": told}
