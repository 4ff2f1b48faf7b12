"""What patients text back."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.ids import new_id
from clinic.models import Patient, Site
from notifications.enums import Reply
from scheduling.models import TreatmentSession

from .messages import Message
from .words import Words, WordsQuerySet


class InboundQuerySet(WordsQuerySet):
    def with_old_words(self, sites, before, now):
        """Old, still with their words, and nobody has to deal with them any more. Oldest first."""
        old = self.of_site(sites).filter(words_removed_at__isnull=True, received_at__lt=before)
        return old.exclude(needs_person=True, handled_at__isnull=True).order_by("received_at")


class InboundMessage(Words):
    """One text received, once, however often the provider tells of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider_sid = models.CharField(max_length=64, unique=True)
    from_number = models.CharField(max_length=20)
    to_number = models.CharField(max_length=20, blank=True)
    received_at = models.DateTimeField()
    meaning = models.CharField(max_length=12, choices=Reply)
    # Whom and what it was matched to; empty where a person must decide.
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="inbound")
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, null=True, related_name="inbound")
    answer = models.OneToOneField(Message, on_delete=models.PROTECT, null=True, related_name="answers")
    needs_person = models.BooleanField(default=False)
    urgent = models.BooleanField(default=False)
    # Whose task it is, since when; and, once it is done, what was done. Done by itself where `handled_by` is empty.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    owned_at = models.DateTimeField(null=True, blank=True)
    done = models.CharField(max_length=500, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = InboundQuerySet.as_manager()

    class Meta(Words.Meta):
        ordering = ["-received_at", "-pk"]
        indexes = [
            *Words.Meta.indexes,
            models.Index(
                fields=["site", "received_at"],
                condition=Q(words_removed_at__isnull=True),
                name="inbound_with_words",
            ),
            models.Index(
                fields=["site", "received_at"],
                condition=Q(needs_person=True, handled_at__isnull=True),
                name="inbound_waiting",
            ),
            models.Index(fields=["from_number", "received_at"], name="inbound_from"),
            models.Index(
                fields=["session"],
                condition=Q(needs_person=True, handled_at__isnull=True),
                name="inbound_waiting_for_session",
            ),
        ]
        constraints = [
            *Words.Meta.constraints,
            models.CheckConstraint(condition=Q(meaning__in=Reply.values), name="inbound_meaning_known"),
            models.CheckConstraint(
                condition=Q(handled_at__isnull=True, handled_by__isnull=True, done="")
                | (Q(handled_at__isnull=False) & ~Q(done="")),
                name="inbound_handled_with_when_and_what",
            ),
            models.CheckConstraint(
                condition=Q(owner__isnull=True, owned_at__isnull=True)
                | Q(owner__isnull=False, owned_at__isnull=False),
                name="inbound_owned_with_who_and_when",
            ),
        ]

    def __str__(self):
        return f"inbound {self.pk}"
