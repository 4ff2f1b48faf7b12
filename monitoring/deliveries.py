"""What was ordered and is on its way."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import checks
from clinic.errors import Fault, Invalid, Refused
from clinic.models import Patient, Site
from monitoring.ledger import tell
from monitoring.models import Delivery

MOST_DEVICES = 600


@transaction.atomic
def expect_delivery(
    *,
    site: Site,
    expected_on: date,
    devices: int,
    source: str,
    by,
    now: datetime,
    patient: Patient | None = None,
) -> Delivery:
    """Raises Invalid: a day long past or far away, no devices, not said from whom, a patient of another site."""
    facts = {"source": source}
    today = now.astimezone(site.tz).date()
    faults = checks.text(facts, "source", 120)
    if not today - timedelta(days=30) <= expected_on <= today + timedelta(days=366):
        faults.append(Fault("impossible", _("From a month ago to a year ahead."), "expected_on"))
    if not 1 <= devices <= MOST_DEVICES:
        faults.append(Fault("out_of_range", _("From 1 to %s.") % MOST_DEVICES, "devices"))
    if patient and patient.site_id != site.pk:
        faults.append(Fault("unknown", _("No such patient at this site."), "patient"))
    if faults:
        raise Invalid(faults)
    row = Delivery.objects.create(
        site=site,
        patient=patient,
        expected_on=expected_on,
        devices=devices,
        added_at=now,
        added_by=by,
        **facts,
    )
    detail = {"expected_on": expected_on.isoformat(), "devices": devices}
    tell("drug.delivery_expected", site, by, now, on=row, patient=patient, **detail)
    return row


@transaction.atomic
def cancel_delivery(*, delivery: Delivery, by, now: datetime) -> None:
    """It will not come. Raises Refused: `delivery_closed`."""
    open_ = Delivery.objects.filter(pk=delivery.pk, arrived_at__isnull=True, cancelled_at__isnull=True)
    if not open_.update(cancelled_at=now):
        detail = _("This delivery has arrived or was cancelled.")
        raise Refused.because("delivery_closed", detail, "delivery")
    tell("drug.delivery_cancelled", delivery.site, by, now, on=delivery)


def awaited(site: Site):
    """The open ones, the soonest first."""
    rows = Delivery.objects.filter(site=site, arrived_at__isnull=True, cancelled_at__isnull=True)
    return rows.select_related("patient")
