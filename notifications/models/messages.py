"""The outbox: one row for each text that should exist."""

from django.db import models
from django.db.models import F, Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.enums import Language
from clinic.ids import new_id
from clinic.models import Patient, Site
from notifications.enums import MessageKind, MessageStatus
from scheduling.models import TreatmentSession


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def due(self, now):
        return self.filter(status=MessageStatus.PENDING, due_at__lte=now)

    def unsettled(self, before):
        """Claimed or being sent since `before`: whoever held them is gone."""
        return self.filter(status__in=[MessageStatus.CLAIMED, MessageStatus.SENDING], claimed_at__lt=before)


class Message(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="messages")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="messages")
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, related_name="messages"
    )
    kind = models.CharField(max_length=12, choices=MessageKind)
    # Which of a site's reminders it is ("days-2", "hours-3"); empty where a kind has only one.
    rule = models.CharField(max_length=20, blank=True)
    # The instant it speaks of: a moved session wants a new text.
    about_at = models.DateTimeField()
    language = models.CharField(max_length=2, choices=Language)
    to = models.CharField(max_length=20)
    body = models.TextField()
    due_at = models.DateTimeField()
    # After this it is worse than nothing, and dies.
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=MessageStatus, default=MessageStatus.PENDING)
    claimed_at = models.DateTimeField(null=True, blank=True)
    # Names the process that holds it, so that a slow one cannot settle what another took over.
    claim = models.UUIDField(null=True, blank=True)
    provider_sid = models.CharField(max_length=64, blank=True)
    # Why it stands where it stands: a code of ours or of the provider.
    cause = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status=MessageStatus.PENDING), name="message_due"),
            models.Index(
                fields=["claimed_at"],
                condition=Q(status__in=[MessageStatus.CLAIMED, MessageStatus.SENDING]),
                name="message_in_flight",
            ),
            models.Index(fields=["patient", "due_at"], name="message_of_patient"),
            models.Index(fields=["site", "due_at"], name="message_of_site"),
            models.Index(fields=["provider_sid"], condition=~Q(provider_sid=""), name="message_at_provider"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "kind", "rule", "about_at"],
                condition=Q(session__isnull=False),
                name="message_once_for_what_it_speaks_of",
            ),
            models.CheckConstraint(condition=Q(status__in=MessageStatus.values), name="message_status_known"),
            models.CheckConstraint(condition=Q(kind__in=MessageKind.values), name="message_kind_known"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("due_at")), name="message_expires_after_due"),
        ]

    def __str__(self):
        return f"message {self.pk}"


class Attempt(models.Model):
    """One thing that happened on the way: a try, an answer of the provider, a status callback."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    event = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=MessageStatus)
    provider_sid = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [AppendOnly(name="attempt_written_once")]

    def __str__(self):
        return f"{self.event} {self.pk}"


class Suppression(models.Model):
    """A number that must get no text, whoever owns it. STOP is global."""

    number = models.CharField(max_length=20, primary_key=True)
    since = models.DateTimeField()
    source = models.CharField(max_length=20)

    def __str__(self):
        return "suppression"
