"""Readings at the chair: versions, never overwritten."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from monitoring.enums import Dissociation

from .observations import Observation


def _absent_or_between(field, low, high):
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__range": (low, high)})


class Checkpoint(models.Model):
    """One version of one entry. `entry` names the entry over all its versions; the newest counts.

    Units: mmHg, beats and breaths a minute, per cent of saturation, MOAA/S 0-5.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="checkpoints")
    entry = models.UUIDField(default=new_id)
    version = models.PositiveSmallIntegerField(default=1)
    # Made on the tablet, so that a replay of a queue changes nothing.
    client_id = models.UUIDField()
    # The scheduled minute after T0 that it answers; empty for an extra reading.
    minute = models.PositiveSmallIntegerField(null=True, blank=True)
    measured_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    late = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    systolic = models.PositiveSmallIntegerField(null=True, blank=True)
    diastolic = models.PositiveSmallIntegerField(null=True, blank=True)
    heart_rate = models.PositiveSmallIntegerField(null=True, blank=True)
    spo2 = models.PositiveSmallIntegerField(null=True, blank=True)
    respiratory_rate = models.PositiveSmallIntegerField(null=True, blank=True)
    sedation = models.PositiveSmallIntegerField(null=True, blank=True)
    dissociation = models.CharField(max_length=8, choices=Dissociation, blank=True)
    symptoms = models.JSONField(default=list, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    # A reading that could not be taken has its reason; it is never left blank.
    not_taken = models.CharField(max_length=200, blank=True)
    correction_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["measured_at", "entry", "version"]
        indexes = [models.Index(fields=["entry", "version"], name="checkpoint_entry")]
        constraints = [
            AppendOnly(name="checkpoint_written_once"),
            models.UniqueConstraint(fields=["entry", "version"], name="checkpoint_version_once"),
            models.UniqueConstraint(
                fields=["client_id"], condition=Q(version=1), name="checkpoint_client_id_once"
            ),
            models.CheckConstraint(
                condition=Q(systolic__isnull=True, diastolic__isnull=True)
                # Not null is said aloud: a comparison with NULL is unknown, and a CHECK lets the unknown pass.
                | Q(
                    systolic__isnull=False,
                    diastolic__isnull=False,
                    systolic__range=(40, 300),
                    diastolic__range=(20, 200),
                    systolic__gt=F("diastolic"),
                ),
                name="checkpoint_pressure_possible",
            ),
            models.CheckConstraint(
                condition=_absent_or_between("heart_rate", 20, 250), name="checkpoint_pulse"
            ),
            models.CheckConstraint(condition=_absent_or_between("spo2", 50, 100), name="checkpoint_spo2"),
            models.CheckConstraint(
                condition=_absent_or_between("respiratory_rate", 2, 60), name="checkpoint_breathing"
            ),
            models.CheckConstraint(
                condition=_absent_or_between("sedation", 0, 5), name="checkpoint_sedation"
            ),
            models.CheckConstraint(
                condition=Q(dissociation__in=["", *Dissociation.values]), name="checkpoint_dissociation"
            ),
            models.CheckConstraint(
                condition=Q(version=1) | ~Q(correction_reason=""), name="checkpoint_correction_has_a_reason"
            ),
        ]

    def __str__(self):
        return f"checkpoint {self.pk}"
