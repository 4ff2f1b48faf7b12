"""Numbers that get no text. STOP is for the number: for every patient who has it, at every site."""

from datetime import datetime

from django.db import transaction

from clinic import patients
from clinic.enums import ConsentKind
from clinic.models import Patient
from notifications.models import Suppression

# How an answer that came by text is told from one that somebody wrote down.
BY_TEXT = "text, "
STOP, PROVIDER, AS_READ = "STOP", "provider", "read by a person"


def of(number: str) -> Suppression | None:
    return Suppression.objects.filter(number=number).first()


def is_stopped(number: str) -> bool:
    return Suppression.objects.filter(number=number).exists()


@transaction.atomic
def suppress(number: str, *, source: str, now: datetime, by=None) -> bool:
    """No text to this number any more, and its patients' consent is withdrawn in their own words; `by`: who read them,
    where they were not plain. False where the number was stopped already."""
    _row, new = Suppression.objects.get_or_create(number=number, defaults={"since": now, "source": source})
    for patient in Patient.objects.filter(phone=number, texts_allowed=True):
        patients.record_consent(
            patient=patient,
            kind=ConsentKind.TEXTS,
            given=False,
            method=f"{BY_TEXT}{source}",
            by=by,
            now=now,
        )
    return new


@transaction.atomic
def release(number: str, *, source: str, wording: str, now: datetime) -> None:
    """The number takes it back: texts go again to those who had agreed before it was stopped, and to no one else."""
    if not Suppression.objects.filter(number=number).delete()[0]:
        return
    for patient in Patient.objects.filter(phone=number, texts_allowed=False):
        last = patient.consents.filter(kind=ConsentKind.TEXTS).order_by("at", "pk").last()
        if last is None or not last.method.startswith(BY_TEXT):
            continue
        patients.record_consent(
            patient=patient,
            kind=ConsentKind.TEXTS,
            given=True,
            method=f"{BY_TEXT}{source}",
            wording=wording,
            by=None,
            now=now,
        )
