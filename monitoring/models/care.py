"""Who watches a patient, and what went otherwise than it should. Written once each."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from monitoring.enums import DeviationKind

from .observations import Observation

USER = settings.AUTH_USER_MODEL


class Assignment(models.Model):
    """From `at` on this nurse watches the patient; the newest counts, and stands on the observation too."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="assignments")
    nurse = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [AppendOnly(name="assignment_written_once")]

    def __str__(self):
        return f"assignment {self.pk}"


class Deviation(models.Model):
    """Left early, left alone: when, why, and who was told."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="deviations")
    kind = models.CharField(max_length=12, choices=DeviationKind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500)
    told = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="deviation_written_once"),
            models.CheckConstraint(condition=Q(kind__in=DeviationKind.values), name="deviation_kind_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="deviation_has_a_reason"),
        ]

    def __str__(self):
        return f"deviation {self.pk}"
