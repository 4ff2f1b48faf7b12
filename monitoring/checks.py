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
    .select_related("site", "patient", "observation")
    # Nobody is telephoned at the chair, and numbers take long to parse.
    .defer("site__phone", "patient__phone", "patient__escort_phone")
    .filter(pk=Param("pk", UUIDField()))
)


def in_future(moment: datetime, now: datetime, field: str) -> list[Fault]:
    if moment <= now + CLOCK_ALLOWANCE:
        return []
    return [Fault("in_future", _("This time has not come yet."), field)]


def lock(
    session: TreatmentSession | UUID,
    statuses: Iterable[SessionStatus],
    allow: Callable[[TreatmentSession], None] = lambda session: None,
) -> tuple[TreatmentSession, Observation]:
    """The session (or the one with this id) and its observation as they now stand, held until the transaction ends.

    Only the session's row is locked: every verb of the chairside begins with it. `allow` is asked of it first.

    Raises:
        Refused: `wrong_state` when the session is in none of `statuses`.
        TreatmentSession.DoesNotExist: no such session.
    """
    locked = _locked.one(pk=getattr(session, "pk", session))
    if locked is None:
        raise TreatmentSession.DoesNotExist
    allow(locked)
    if locked.status not in list(statuses):
        raise wrong_state(locked)
    observation = getattr(locked, "observation", None)
    if observation is None:
        raise Refused.because("wrong_state", _("This patient has not arrived."), present=locked.status)
    return locked, observation
