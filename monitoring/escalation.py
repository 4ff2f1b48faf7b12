"""Red alerts that nobody has acknowledged in the site's minutes go to further people.

Level-triggered: every tick looks at what stands. A tick that is lost, late or doubled changes nothing.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from clinic import audit
from clinic.models import Membership, Site, User
from monitoring import alerts, ladder, signals
from monitoring.enums import AlertEventKind
from monitoring.models import Alert
from scheduling import presence

_SHORTEST = timedelta(minutes=1)


def escalate(*, now: datetime) -> int:
    """Take every waiting red alert as far up the ladder as its age wants; how many steps were made."""
    waiting = Alert.objects.waiting_red().filter(
        escalated__lt=len(ladder.LADDER), recorded_at__lte=now - _SHORTEST
    )
    made = 0
    for alert in waiting.select_related("site", "owner").order_by("recorded_at"):
        due = ladder.step_due(alert.recorded_at, now, alert.site.alert_minutes)
        made += sum(_take(alert, step, now) for step in range(alert.escalated + 1, due + 1))
    return made


@transaction.atomic
def _take(alert: Alert, step: int, now: datetime) -> bool:
    """One step, if nobody has made it or acknowledged the alert in the meantime."""
    rows = Alert.objects.waiting_red().filter(pk=alert.pk, escalated=step - 1)
    if not rows.update(escalated=step):
        return False
    people = people_at(alert.site, step, now=now, leaving_out=alert.owner_id)
    alerts.note([(alert, people)], kind=AlertEventKind.ESCALATED, by=None, now=now, step=step)
    session = alert.observation.session
    audit.record(
        "alert.escalated",
        by=None,
        now=now,
        site=alert.site_id,
        patient=session.patient_id,
        on=alert,
        step=step,
        people=[str(person.pk) for person in people],
    )
    signals.tell(signals.alert_escalated, session=session, alert=alert, people=people, step=step, now=now)
    return True


def people_at(site: Site, step: int, *, now: datetime, leaving_out: UUID | None) -> list[User]:
    """Whose task something is at that step of the ladder, but for one person who knows it already."""
    members = Membership.objects.filter(site=site, user__is_active=True)
    pairs = [(role, str(user)) for role, user in members.values_list("role", "user_id")]
    chosen = ladder.people_of(step, str(leaving_out), pairs, _on_shift(site, now))
    return list(User.objects.filter(pk__in=map(UUID, chosen)).order_by("username"))


def _on_shift(site: Site, now: datetime) -> dict[str, list[str]]:
    return {role: [str(user) for user in users] for role, users in presence.on_shift(site, now=now).items()}
