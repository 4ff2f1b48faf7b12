"""What tablets sent, as they sent it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.db import AppendOnly
from monitoring.enums import TabletOutcome
from scheduling.models import TreatmentSession


class TabletEntry(models.Model):
    """One entry of a tablet's queue, by the id that the tablet gave it: taken once, or discarded with a reason.

    `tapped_at` is the tablet's own clock and `skew_ms` how far the tablet measured itself to be ahead of ours.
    Both are kept as they came; no time is corrected by them.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="tablet_entries")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    outcome = models.CharField(max_length=9, choices=TabletOutcome)
    tapped_at = models.DateTimeField()
    skew_ms = models.BigIntegerField(null=True, blank=True)
    received_at = models.DateTimeField(default=clock.now)
    # Of everything that was entered: the same id with other content is another entry, and is refused.
    digest = models.CharField(max_length=64)
    # A discarded entry is written nowhere else.
    content = models.JSONField(default=list, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["tapped_at", "id"]
        constraints = [
            AppendOnly(name="tablet_entry_written_once"),
            models.CheckConstraint(
                condition=Q(outcome=TabletOutcome.SAVED, reason="")
                | (Q(outcome=TabletOutcome.DISCARDED) & ~Q(reason="")),
                name="tablet_entry_discarded_with_a_reason",
            ),
        ]

    def __str__(self):
        return f"tablet entry {self.pk}"
