"""Who takes the patient home, as the patient says it: by text, or on the page of the visit."""

from datetime import datetime

from django.db import transaction

from clinic import audit
from clinic.models import Patient
from clinic.patients import update_patient
from notifications.enums import Reply
from notifications.models import InboundMessage

NAMED = "Somebody takes them home"


@transaction.atomic
def name_ride(*, patient: Patient, name: str, phone: str, now: datetime) -> Patient:
    """Keep who it is. Without a number the one we have stays, if it is the same person's.

    Raises:
        Invalid: a name or number that cannot be, with the fields `escort_name` and `escort_phone`.
    """
    known = Patient.objects.select_for_update(of=("self",)).get(pk=patient.pk)
    same = _plain(name) == _plain(known.escort_name)
    kept = known.escort_phone.as_e164 if same and known.escort_phone else ""
    changes = {"escort_name": name, "escort_phone": phone.strip() or kept}
    return update_patient(patient=patient, changes=changes, by=None, now=now)


@transaction.atomic
def no_ride(*, patient: Patient, now: datetime) -> Patient:
    """Nobody does: whoever stood there is not called. The audit trail has their name and number."""
    return update_patient(patient=patient, changes={"escort_name": "", "escort_phone": ""}, by=None, now=now)


def settle(patient: Patient, *, by, now: datetime) -> None:
    """A ride has been found: the tasks to find one end with it."""
    if not patient.escort_name:
        return
    waiting = InboundMessage.objects.filter(
        patient=patient, meaning=Reply.NO_RIDE, needs_person=True, handled_at__isnull=True
    )
    for row in waiting.select_for_update(of=("self",)):
        row.handled_at, row.handled_by, row.done = now, by, NAMED
        row.save(update_fields=["handled_at", "handled_by", "done"])
        audit.record("reply.handled", by=by, now=now, site=row.site_id, patient=patient, on=row)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
