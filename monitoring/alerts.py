"""Alerts: raised with the reading that causes them, acknowledged with what was done."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Refused
from clinic.ids import new_id
from monitoring import signals
from monitoring.checks import reason_in
from monitoring.enums import AlertEventKind
from monitoring.models import Alert, AlertEvent, Observation
from monitoring.safety import AlertFinding
from scheduling.models import TreatmentSession

# An entry (or the questions before the dose) and when it was measured.
Source = tuple[UUID, datetime]


def raise_for(
    *,
    session: TreatmentSession,
    observation: Observation,
    findings: Mapping[Source, Sequence[AlertFinding]],
    by,
    now: datetime,
) -> list[Alert]:
    """Write down what is new among the findings of some readings; the same reading raises a code once."""
    sources = [source for (source, _at), found in findings.items() if found]
    if not sources:
        return []
    known = set(Alert.objects.filter(source__in=sources).values_list("source", "code"))
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
            recorded_at=now,
            owner=observation.nurse or by,
        )
        for (source, at), found in findings.items()
        for finding in found
        if (source, finding.code) not in known
    ]
    Alert.objects.bulk_create(new)
    note([(alert, [alert.owner]) for alert in new], kind=AlertEventKind.RAISED, by=by, now=now)
    for alert in new:
        signals.tell(signals.alert_raised, session=session, alert=alert, now=now)
    return new


def note(
    alerts: Iterable[tuple[Alert, list]], *, kind, by, now: datetime, step: int = 0, words: str = ""
) -> None:
    """One event for each alert, with the people whose task it is from now on."""
    AlertEvent.objects.bulk_create(
        AlertEvent(
            id=new_id(),
            alert=alert,
            kind=kind,
            at=now,
            by=by,
            step=step,
            people=[{"id": str(person.pk), "name": person.display_name} for person in people if person],
            note=words[:500],
        )
        for alert, people in alerts
    )


@transaction.atomic
def acknowledge_alert(*, alert: Alert, action: str, by, now: datetime) -> Alert:
    """Somebody has seen it and says what was done.

    Raises:
        Invalid: nothing said, or more than can be kept.
        Refused: `acknowledged`, by whom.
    """
    action = reason_in(action, field="action")
    open_alert = Alert.objects.filter(pk=alert.pk, acknowledged_at__isnull=True)
    if not open_alert.update(acknowledged_at=now, acknowledged_by=by, action=action):
        alert = Alert.objects.select_related("acknowledged_by").get(pk=alert.pk)
        who = alert.acknowledged_by.display_name if alert.acknowledged_by else ""
        raise Refused.because("acknowledged", _("%s has acknowledged this already.") % who)
    alert.refresh_from_db()
    note([(alert, [])], kind=AlertEventKind.ACKNOWLEDGED, by=by, now=now, words=action)
    session = alert.observation.session
    audit.record(
        "alert.acknowledged",
        by=by,
        now=now,
        site=alert.site_id,
        patient=session.patient_id,
        on=alert,
        reason=action,
        code=alert.code,
    )
    return alert
