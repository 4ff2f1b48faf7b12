"""The outbox: one row for each text that should exist."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.enums import Language
from clinic.ids import new_id
from clinic.models import Patient, Site
from notifications.enums import MessageKind, MessageStatus
from scheduling.models import TreatmentSession

from .words import Words, WordsQuerySet


class MessageQuerySet(WordsQuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def due(self, now):
        return self.filter(status=MessageStatus.PENDING, due_at__lte=now)

    def in_flight(self):
        """Held by the process that sends; or left behind, where that is gone."""
        return self.filter(status__in=[MessageStatus.CLAIMED, MessageStatus.SENDING])

    def with_old_words(self, sites, before, now):
        """Long over, and still with their words. Oldest first."""
        over = self.of_site(sites).filter(
            words_removed_at__isnull=True, due_at__lt=before, expires_at__lt=now
        )
        waits = [MessageStatus.PENDING, MessageStatus.CLAIMED, MessageStatus.SENDING]
        return over.filter(look_at__isnull=True).exclude(status__in=waits).order_by("due_at")

    def to_look_up(self, now):
        return self.filter(look_at__lte=now)


class Message(Words):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # A text is written anew four times on its way, each time into every index: none stands here that another holds.
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="messages", db_index=False)
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, related_name="messages", db_index=False
    )
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, related_name="messages"
    )
    kind = models.CharField(max_length=12, choices=MessageKind)
    # Of the staff, whom it is for; then it has no patient, for it may tell of none.
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="messages", db_index=False
    )
    # Which of a site's rules made it ("1d-10:00", "3h"); empty where a kind has only one.
    rule = models.CharField(max_length=20, blank=True)
    # The instant it speaks of: a moved session wants a new text.
    about_at = models.DateTimeField()
    language = models.CharField(max_length=2, choices=Language)
    to = models.CharField(max_length=20)
    due_at = models.DateTimeField()
    # After this it is worse than nothing, and dies.
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=MessageStatus, default=MessageStatus.PENDING)
    claimed_at = models.DateTimeField(null=True, blank=True)
    # Names the process that holds it, so that a slow one cannot send what another took over.
    claim = models.UUIDField(null=True, blank=True)
    # When the provider is to be asked what became of it, and how often it was.
    look_at = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveSmallIntegerField(default=0)
    provider_sid = models.CharField(max_length=64, blank=True)
    # Why it stands where it stands: a code of ours or of the provider.
    cause = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta(Words.Meta):
        ordering = ["-due_at", "-pk"]
        indexes = [
            *Words.Meta.indexes,
            models.Index(
                fields=["site", "due_at"],
                condition=Q(words_removed_at__isnull=True),
                name="message_with_words",
            ),
            # With the key: thousands may be due at the same instant, and are taken a hundred at a time.
            models.Index(
                fields=["due_at", "id"], condition=Q(status=MessageStatus.PENDING), name="message_due"
            ),
            models.Index(
                fields=["claimed_at"],
                condition=Q(status__in=[MessageStatus.CLAIMED, MessageStatus.SENDING]),
                name="message_in_flight",
            ),
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="message_to_look_up"),
            models.Index(fields=["patient", "due_at"], name="message_of_patient"),
            models.Index(fields=["staff"], condition=Q(staff__isnull=False), name="message_of_staff"),
            # What a number was asked, when it answers.
            models.Index(
                fields=["to", "sent_at"], condition=Q(sent_at__isnull=False), name="message_to_number"
            ),
            models.Index(fields=["site", "due_at"], name="message_of_site"),
            models.Index(fields=["provider_sid"], condition=~Q(provider_sid=""), name="message_at_provider"),
        ]
        constraints = [
            *Words.Meta.constraints,
            models.UniqueConstraint(
                fields=["session", "kind", "rule", "about_at"],
                condition=Q(session__isnull=False, staff__isnull=True),
                name="message_once_for_what_it_speaks_of",
            ),
            models.UniqueConstraint(
                fields=["staff", "session", "rule", "about_at"],
                condition=Q(staff__isnull=False, session__isnull=False),
                name="message_once_to_a_person_about_a_session",
            ),
            models.UniqueConstraint(
                fields=["staff", "site", "rule", "about_at"],
                condition=Q(staff__isnull=False, session__isnull=True),
                name="message_once_to_a_person",
            ),
            models.CheckConstraint(
                condition=Q(staff__isnull=True) | Q(patient__isnull=True), name="message_to_staff_or_patient"
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
