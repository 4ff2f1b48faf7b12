"""Readings beyond a limit, and what was done."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from clinic.models import Site
from monitoring.enums import AlertEventKind, AlertLevel

from .observations import Observation

USER = settings.AUTH_USER_MODEL


class AlertQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def unacknowledged(self):
        return self.filter(acknowledged_at__isnull=True)

    def waiting_red(self):
        """Red, and nobody has said what was done."""
        return self.unacknowledged().filter(level=AlertLevel.RED)


class Alert(models.Model):
    """A red one is a task of a named clinician until it is acknowledged with what was done."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="alerts")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    # The entry whose reading raised it (a Checkpoint's `entry`, or a PreDose id); where a correction is worse than
    # what was seen, that version's own id.
    source = models.UUIDField()
    level = models.CharField(max_length=5, choices=AlertLevel)
    code = models.CharField(max_length=40)
    detail = models.CharField(max_length=300)
    # When it was measured, and when the clinic learnt of it: a tablet may have been offline.
    raised_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    # How many times it went to further people because nobody had acknowledged it.
    escalated = models.PositiveSmallIntegerField(default=0)
    owner = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=500, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-raised_at", "-pk"]
        indexes = [
            models.Index(
                fields=["site", "raised_at"],
                condition=Q(acknowledged_at__isnull=True),
                name="alert_open_at_site",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "code"], name="alert_once_for_a_reading"),
            models.CheckConstraint(condition=Q(level__in=AlertLevel.values), name="alert_level_known"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True, action="")
                | (Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False) & ~Q(action="")),
                name="alert_acknowledged_with_who_when_and_what",
            ),
        ]

    def __str__(self):
        return f"alert {self.pk}"


class AlertEvent(models.Model):
    """What became of an alert: raised, handed on, escalated, acknowledged. Written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=AlertEventKind)
    at = models.DateTimeField()
    # Nobody: the system.
    by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    step = models.PositiveSmallIntegerField(default=0)
    # Whose task it is from now on, as their names were: [{"id", "name"}].
    people = models.JSONField(default=list)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="alert_event_written_once"),
            models.CheckConstraint(
                condition=Q(kind__in=AlertEventKind.values), name="alert_event_kind_known"
            ),
            models.UniqueConstraint(
                fields=["alert", "step"],
                condition=Q(kind=AlertEventKind.ESCALATED),
                name="alert_escalates_once_a_step",
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"
