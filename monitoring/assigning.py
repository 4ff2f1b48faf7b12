"""Which nurse watches which patient, and handing over in one step."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.access import May, may
from clinic.errors import Invalid, Refused
from clinic.ids import new_id
from clinic.models import Site, User
from monitoring import alerts
from monitoring.checks import lock
from monitoring.enums import AlertEventKind
from monitoring.models import Alert, Assignment, Observation
from scheduling.enums import IN_HOUSE
from scheduling.models import TreatmentSession


@transaction.atomic
def assign_nurse(*, session: TreatmentSession, nurse: User, by, now: datetime) -> Observation:
    """From now on `nurse` watches this patient; the open alerts become their task. The same again changes nothing.

    Raises:
        Invalid: somebody who may not treat at this site.
        Refused: `wrong_state` for a patient who is not in the building.
    """
    _refuse_stranger(nurse, session.site_id)
    session, observation = lock(session, IN_HOUSE)
    watch(observation, session, nurse, by=by, now=now)
    return observation


@transaction.atomic
def hand_over(*, site: Site, nurse: User, to: User, by, now: datetime) -> int:
    """All of one nurse's patients at the site go to another, in one step; how many.

    Raises:
        Invalid: `to` may not treat here, or is the same person.
        Refused: `nobody` where there is no patient to hand over.
    """
    _refuse_stranger(to, site.pk)
    if nurse.pk == to.pk:
        raise Invalid.because("impossible", _("To somebody else."), "to")
    mine = TreatmentSession.objects.filter(site=site, observation__nurse=nurse).in_house()
    sessions = list(mine.order_by("pk"))
    if not sessions:
        raise Refused.because("nobody", _("%s watches nobody here now.") % nurse.display_name)
    for session in sessions:
        assign_nurse(session=session, nurse=to, by=by, now=now)
    return len(sessions)


def watch(observation: Observation, session: TreatmentSession, nurse: User, *, by, now: datetime) -> None:
    """Within a verb that holds the session: write down who watches, if that changes."""
    before = observation.nurse_id
    if before == nurse.pk:
        return
    observation.nurse = nurse
    observation.save(update_fields=["nurse"])
    Assignment.objects.create(id=new_id(), observation=observation, nurse=nurse, at=now, by=by)
    open_alerts = list(Alert.objects.unacknowledged().filter(observation=observation))
    Alert.objects.filter(pk__in=[alert.pk for alert in open_alerts]).update(owner=nurse)
    alerts.note([(a, [nurse]) for a in open_alerts], kind=AlertEventKind.HANDED_ON, by=by, now=now)
    audit.record(
        "nurse.assigned",
        by=by,
        now=now,
        site=session.site_id,
        patient=session.patient_id,
        on=observation,
        old=str(before) if before else None,
        new=str(nurse.pk),
    )


def _refuse_stranger(nurse: User, site) -> None:
    if not may(nurse, May.TREAT, site):
        raise Invalid.because("not_allowed", _("Not a nurse or prescriber of this site."), "nurse")
