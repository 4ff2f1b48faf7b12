"""What patients text back."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.ids import new_id
from clinic.models import Patient, Site
from notifications.enums import Reply
from scheduling.models import TreatmentSession

from .messages import Message


class InboundMessage(models.Model):
    """One text received, once, however often the provider tells of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider_sid = models.CharField(max_length=64, unique=True)
    from_number = models.CharField(max_length=20)
    to_number = models.CharField(max_length=20, blank=True)
    body = models.TextField(blank=True)
    received_at = models.DateTimeField()
    meaning = models.CharField(max_length=12, choices=Reply)
    # Whom and what it was matched to; empty where a person must decide.
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="inbound")
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, null=True, related_name="inbound")
    answer = models.OneToOneField(Message, on_delete=models.PROTECT, null=True, related_name="answers")
    needs_person = models.BooleanField(default=False)
    urgent = models.BooleanField(default=False)
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-received_at", "-pk"]
        indexes = [
            models.Index(
                fields=["site", "received_at"],
                condition=Q(needs_person=True, handled_at__isnull=True),
                name="inbound_waiting",
            ),
            models.Index(fields=["from_number", "received_at"], name="inbound_from"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(meaning__in=Reply.values), name="inbound_meaning_known"),
            models.CheckConstraint(
                condition=Q(handled_at__isnull=True, handled_by__isnull=True)
                | Q(handled_at__isnull=False, handled_by__isnull=False),
                name="inbound_handled_with_who_and_when",
            ),
        ]

    def __str__(self):
        return f"inbound {self.pk}"
