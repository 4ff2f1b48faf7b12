"""What several chairside verbs refuse alike."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from clinic.errors import Fault, Refused
from monitoring.models import Observation
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from scheduling.statuses import wrong_state

# How far a tablet's clock may be ahead of ours.
CLOCK_ALLOWANCE = timedelta(minutes=2)


def in_future(moment: datetime, now: datetime, field: str) -> list[Fault]:
    if moment <= now + CLOCK_ALLOWANCE:
        return []
    return [Fault("in_future", _("This time has not come yet."), field)]


def lock(
    session: TreatmentSession, statuses: Iterable[SessionStatus]
) -> tuple[TreatmentSession, Observation]:
    """The session and its observation as they now stand, held until the transaction ends.

    Raises:
        Refused: `wrong_state` when the session is in none of `statuses`.
    """
    locked = (
        TreatmentSession.objects.select_for_update(of=("self",))
        .select_related("site", "patient")
        .get(pk=session.pk)
    )
    if locked.status not in list(statuses):
        raise wrong_state(locked)
    observation = Observation.objects.select_for_update(of=("self",)).filter(session=locked).first()
    if observation is None:
        raise Refused.because("wrong_state", _("This patient has not arrived."), present=locked.status)
    return locked, observation
