"""The one process that sends, and whether it may."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Sender(models.Model):
    """One row. The process that holds its lease sends; whoever finds the lease expired takes over.

    Its times are real ones, also in a demo whose clock was moved: they tell of processes, not of patients.
    """

    name = models.CharField(max_length=20, primary_key=True)
    holder = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # After a provider in trouble: not before this, and then one text alone.
    paused_until = models.DateTimeField(null=True, blank=True)
    pause_code = models.CharField(max_length=60, blank=True)
    # Our own settings are at fault: nothing goes until a person, or other settings, start it again.
    stopped_at = models.DateTimeField(null=True, blank=True)
    stop_code = models.CharField(max_length=60, blank=True)
    stopped_settings = models.CharField(max_length=64, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(holder__isnull=True, lease_until__isnull=True)
                | Q(holder__isnull=False, lease_until__isnull=False),
                name="sender_lease_has_a_holder",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True, stop_code="", stopped_settings="")
                | (Q(stopped_at__isnull=False) & ~Q(stop_code="") & ~Q(stopped_settings="")),
                name="sender_stopped_with_a_cause",
            ),
        ]

    def __str__(self):
        return f"sender {self.name}"
