"""Who did or saw what, when. Written in the transaction of the deed; never changed."""

from django.conf import settings
from django.db import models

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id


class AuditEvent(models.Model):
    """One deed. Foreign keys are plain ids where a row may outlive what it speaks of."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(default=clock.now)
    action = models.CharField(max_length=60)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, null=True, related_name="+")
    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, null=True, related_name="+")
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=8, default="system")
    reason = models.CharField(max_length=500, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["patient", "id"], name="audit_of_patient"),
            models.Index(fields=["site", "id"], name="audit_of_site"),
            models.Index(fields=["object_id", "id"], name="audit_of_object"),
        ]
        constraints = [AppendOnly(name="audit_written_once")]

    def __str__(self):
        return f"{self.action} {self.pk}"


class AuditBlock(models.Model):
    """A run of events sealed by a hash that holds the hash before it: a changed past shows.

    A task writes blocks some minutes later, so that no writer ever waits for the chain.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    last_event = models.UUIDField()
    events = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["number"]
        constraints = [AppendOnly(name="audit_block_written_once")]

    def __str__(self):
        return f"block {self.number}"
