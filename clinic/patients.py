"""Patients: added, changed, and what they agreed to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit, checks, signals
from clinic.enums import ConsentKind, Contraindication, Language, Sex
from clinic.errors import Fault, Invalid, Refused
from clinic.models import Consent, Patient, Site

FIELDS = (
    "mrn",
    "given_name",
    "middle_initial",
    "family_name",
    "birth_date",
    "sex",
    "phone",
    "language",
    "timezone",
    "rems_enrolled_on",
    "contraindications",
    "escort_name",
    "escort_phone",
    "active",
)
_DEFAULTS = {"sex": Sex.UNKNOWN, "language": Language.ENGLISH, "contraindications": [], "active": True}


@transaction.atomic
def add_patient(*, site: Site, by, now: datetime, **fields: Any) -> Patient:
    """Add a patient with the fields in `FIELDS`.

    Raises:
        Invalid: values that cannot be, all of them.
        Refused: `mrn_taken`.
    """
    values = {**_DEFAULTS, **fields}
    if faults := faults_in(values, site, now):
        raise Invalid(faults)
    patient = Patient(
        site=site, created_at=now, **{name: values.get(name) for name in FIELDS if name in values}
    )
    _save(patient)
    audit.record("patient.added", by=by, now=now, site=site, patient=patient, on=patient)
    return patient


@transaction.atomic
def update_patient(*, patient: Patient, changes: Mapping[str, Any], by, now: datetime) -> Patient:
    """Change some fields; the audit trail keeps what was and what is.

    Raises:
        Invalid: unknown names, values that cannot be.
        Refused: `mrn_taken`.
    """
    patient = Patient.objects.select_for_update(of=("self",)).select_related("site").get(pk=patient.pk)
    if unknown := set(changes) - set(FIELDS):
        raise Invalid(Fault("unknown", _("No such field."), name) for name in sorted(unknown))
    values = {**{name: getattr(patient, name) for name in FIELDS}, **changes}
    if faults := faults_in(values, patient.site, now):
        raise Invalid(faults)
    changed = {
        n: [_plain(getattr(patient, n)), _plain(values[n])] for n in FIELDS if _differs(patient, values, n)
    }
    for name in changed:
        setattr(patient, name, values[name])
    if changed:
        _save(patient)
        audit.record(
            "patient.changed", by=by, now=now, site=patient.site, patient=patient, on=patient, changed=changed
        )
        signals.patient_changed.send(sender=Patient, patient=patient, by=by, now=now)
    return patient


@transaction.atomic
def record_consent(
    *, patient: Patient, kind: str, given: bool, method: str, by, now: datetime, wording: str = ""
) -> Consent:
    """Write down an answer to "may we text you": who, when, how, in which words.

    Detail rests on texts: agreeing to it agrees to both, and no texts means no detail.

    Raises:
        Invalid: an unknown kind, or no method.
    """
    values = {"kind": kind, "method": method, "wording": wording}
    faults = checks.choice(values, "kind", ConsentKind.values) + checks.text(values, "method", 40)
    faults += checks.text(values, "wording", 2000, required=False)
    if faults:
        raise Invalid(faults)
    patient = Patient.objects.select_for_update(of=("self",)).select_related("site").get(pk=patient.pk)
    kinds = (
        {kind, ConsentKind.TEXTS} if given else ({kind} if kind == ConsentKind.DETAILED else set(ConsentKind))
    )
    rows = [
        Consent.objects.create(patient=patient, given=given, at=now, by=by, **{**values, "kind": one})
        for one in sorted(kinds)
        if one == kind or _stands(patient, one) != given
    ]
    if ConsentKind.TEXTS in kinds:
        patient.texts_allowed = given
    if ConsentKind.DETAILED in kinds:
        patient.detailed_texts = given
    patient.save(update_fields=["texts_allowed", "detailed_texts"])
    audit.record(
        "consent.given" if given else "consent.withdrawn",
        by=by,
        now=now,
        site=patient.site_id,
        patient=patient,
        on=patient,
        kinds=sorted(str(k) for k in kinds),
        method=values["method"],
    )
    signals.patient_changed.send(sender=Patient, patient=patient, by=by, now=now)
    return next(row for row in rows if row.kind == kind)


def faults_in(values: dict[str, Any], site: Site, now: datetime) -> list[Fault]:
    """Every fault of a patient's fields. Trims texts and turns numbers into E.164 in `values` itself."""
    today = now.astimezone(site.tz).date()
    faults = checks.text(values, "mrn", 40) + checks.text(values, "given_name", 80)
    faults += checks.text(values, "family_name", 80)
    faults += checks.text(values, "middle_initial", 1, required=False)
    faults += checks.text(values, "escort_name", 120, required=False)
    if values.get("birth_date") is None:
        faults.append(Fault("required", _("This is needed."), "birth_date"))
    faults += checks.past_date(values, "birth_date", today)
    faults += checks.past_date(values, "rems_enrolled_on", today)
    faults += checks.choice(values, "sex", Sex.values) + checks.choice(values, "language", Language.values)
    faults += checks.phone(values, "phone") + checks.phone(values, "escort_phone")
    faults += checks.timezone(values, "timezone", required=False)
    if set(values.get("contraindications") or []) - set(Contraindication.values):
        known = ", ".join(Contraindication.values)
        faults.append(Fault("unknown", _("Known: %s.") % known, "contraindications"))
    return faults


def _stands(patient: Patient, kind: str) -> bool:
    return patient.texts_allowed if kind == ConsentKind.TEXTS else patient.detailed_texts


def _differs(patient: Patient, values: Mapping[str, Any], name: str) -> bool:
    return _plain(getattr(patient, name)) != _plain(values[name])


def _plain(value: Any) -> Any:
    """As JSON can hold it: a number as E.164, a date as ISO."""
    if hasattr(value, "as_e164"):
        return value.as_e164 if value else ""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _save(patient: Patient) -> None:
    try:
        with transaction.atomic():
            patient.save()
    except IntegrityError as error:
        detail = _("Another patient of this site has this record number.")
        raise Refused.because("mrn_taken", detail, "mrn") from error
