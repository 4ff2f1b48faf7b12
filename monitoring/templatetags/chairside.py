"""Readings in words."""

from django import template
from django.utils.translation import gettext as _

from monitoring import record

register = template.Library()


@register.filter
def vitals(row) -> str:
    return record.vitals(row)


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
