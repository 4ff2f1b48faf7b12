"""What several chairside verbs refuse alike."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import UUIDField
from django.utils.translation import gettext as _

from clinic.errors import Fault, Refused
from clinic.prepared import Param, Prepared
from monitoring.models import Observation
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from scheduling.statuses import wrong_state

# How far a tablet's clock may be ahead of ours.
CLOCK_ALLOWANCE = timedelta(minutes=2)
_locked = Prepared(
    TreatmentSession.objects.select_for_update(of=("self",))
    .select_related("site")
    .filter(pk=Param("pk", UUIDField()))
)
_observation = Prepared(Observation.objects.filter(session_id=Param("session", UUIDField())))


def in_future(moment: datetime, now: datetime, field: str) -> list[Fault]:
    if moment <= now + CLOCK_ALLOWANCE:
        return []
    return [Fault("in_future", _("This time has not come yet."), field)]


def hold(
    session: TreatmentSession | UUID,
    statuses: Iterable[SessionStatus],
    allow: Callable[[TreatmentSession], None] = lambda session: None,
) -> TreatmentSession:
    """The session (or the one with this id) as it now stands, held until the transaction ends.

    Only its row is locked: every verb of the chairside begins with it. `allow` is asked of it first.

    Raises:
        Refused: `wrong_state` when the session is in none of `statuses`.
        TreatmentSession.DoesNotExist: no such session.
    """
    held = _locked.one(pk=getattr(session, "pk", session))
    if held is None:
        raise TreatmentSession.DoesNotExist
    allow(held)
    if held.status not in list(statuses):
        raise wrong_state(held)
    return held


def lock(
    session: TreatmentSession, statuses: Iterable[SessionStatus]
) -> tuple[TreatmentSession, Observation]:
    """`hold`, and the session's observation.

    The observation is asked for after the lock: a row that is joined to one that had to be waited for comes as it
    was before the wait.
    """
    held = hold(session, statuses)
    return held, observed(_observation(session=held.pk), held)


def observed(rows: list[Observation], held: TreatmentSession) -> Observation:
    """The last of `rows`.

    Raises:
        Refused: `wrong_state` where there is none.
    """
    if not rows:
        raise Refused.because("wrong_state", _("This patient has not arrived."), present=held.status)
    rows[-1].session = held
    return rows[-1]
