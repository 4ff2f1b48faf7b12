"""Readings in words."""

from django import template
from django.utils.translation import gettext as _

from monitoring import deciding, record

register = template.Library()


@register.filter
def who_decided(given) -> str:
    return deciding.who_decided(given)


@register.filter
def vitals(row) -> str:
    return record.vitals(row)


@register.filter
def not_taken(row) -> str:
    return record.not_taken(row).lower()


@register.filter
def symptoms(row) -> str:
    return record.symptoms(row)


@register.filter
def correctable(row) -> list[tuple[str, str, object]]:
    """Name, label and value of what a short correction may change."""
    labels = {
        "systolic": _("Systolic"),
        "diastolic": _("Diastolic"),
        "heart_rate": _("Pulse"),
        "spo2": _("SpO2 %"),
        "respiratory_rate": _("Breaths"),
        "sedation": _("Sedation, MOAA/S"),
        "dissociation": _("Dissociation"),
    }
    values = ((name, label, getattr(row, name)) for name, label in labels.items())
    return [(name, label, "" if value is None else value) for name, label, value in values]


@register.filter
def source_words(code) -> str:
    """Where a fact stands, in words."""
    words = {
        "label": _("US prescribing information [label]"),
        "REMS": _("FDA REMS programme and its forms [REMS]"),
        "practice": _("what clinics do; a setting of this site [practice]"),
    }
    return words.get(code, code)


@register.filter
def device_versions(known, row):
    """Every version of a device's start, the oldest first."""
    return sorted((d for d in known.all_devices if d.number == row.number), key=lambda d: d.version)


@register.filter
def entry_versions(known, row):
    """Every version of a reading, the oldest first."""
    return sorted((c for c in known.all_checkpoints if c.entry == row.entry), key=lambda c: c.version)


@register.filter
def lateness(known, row) -> str:
    """How late a reading was measured, and how late it was written down; empty when neither."""
    return record.lateness(known, row)
