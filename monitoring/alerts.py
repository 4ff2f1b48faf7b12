"""Alerts: raised with the reading that causes them, acknowledged with what was done."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Invalid, Refused
from clinic.ids import new_id
from monitoring import signals
from monitoring.models import Alert, Observation
from monitoring.safety import AlertFinding
from scheduling.models import TreatmentSession


def raise_for(
    *,
    session: TreatmentSession,
    observation: Observation,
    source,
    findings: Iterable[AlertFinding],
    at: datetime,
    by,
    now: datetime,
) -> list[Alert]:
    """Write down what is new among `findings` of one reading; the same reading raises a code once."""
    known = set(Alert.objects.filter(source=source).values_list("code", flat=True))
    new = [
        Alert(
            id=new_id(),
            observation=observation,
            site_id=session.site_id,
            source=source,
            level=finding.level,
            code=finding.code,
            detail=finding.detail,
            raised_at=at,
            owner=observation.nurse or by,
        )
        for finding in findings
        if finding.code not in known
    ]
    Alert.objects.bulk_create(new)
    for alert in new:
        signals.tell(signals.alert_raised, session=session, alert=alert, now=now)
    return new


@transaction.atomic
def acknowledge_alert(*, alert: Alert, action: str, by, now: datetime) -> Alert:
    """Somebody has seen it and says what was done.

    Raises:
        Invalid: nothing said.
        Refused: `acknowledged`, by whom.
    """
    if not action.strip():
        raise Invalid.because("required", _("Say what was done."), "action")
    open_alert = Alert.objects.filter(pk=alert.pk, acknowledged_at__isnull=True)
    if not open_alert.update(acknowledged_at=now, acknowledged_by=by, action=action.strip()[:500]):
        alert = Alert.objects.select_related("acknowledged_by").get(pk=alert.pk)
        who = alert.acknowledged_by.display_name if alert.acknowledged_by else ""
        raise Refused.because("acknowledged", _("%s has acknowledged this already.") % who)
    alert.refresh_from_db()
    session = alert.observation.session
    audit.record(
        "alert.acknowledged",
        by=by,
        now=now,
        site=alert.site_id,
        patient=session.patient_id,
        on=alert,
        reason=action.strip(),
        code=alert.code,
    )
    return alert
