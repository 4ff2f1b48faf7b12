"""The monitoring form of a session: its answers by people, its story, and each time that it was sent."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from clinic.models import Document, Site
from monitoring.enums import Channel, FormEventKind
from scheduling.models import TreatmentSession

USER = settings.AUTH_USER_MODEL


class FormQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def open(self):
        return self.filter(sent_at__isnull=True)

    def sent(self):
        return self.filter(sent_at__isnull=False)

    def owned_by(self, user):
        return self.filter(owner=user)


class MonitoringForm(models.Model):
    """One for a session, made when the patient leaves. What the record answers is read from the record."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.OneToOneField(TreatmentSession, on_delete=models.PROTECT, related_name="monitoring_form")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    # The version of the form's definition that holds on the session's day.
    definition = models.CharField(max_length=20)
    # Day 0, the session's date at the site, and the last day in time [REMS].
    session_on = models.DateField()
    due_on = models.DateField()
    owner = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The first sending; every one has its row in FormSending.
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = FormQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(
                fields=["site", "due_on"], condition=Q(sent_at__isnull=True), name="form_open_at_site"
            ),
            models.Index(fields=["site", "session_on"], name="form_by_day"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gt=F("session_on")), name="form_due_after_session"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, sent_on__isnull=True)
                | Q(sent_at__isnull=False, sent_on__isnull=False, sent_on__gte=F("session_on")),
                name="form_sent_after_session",
            ),
        ]

    def __str__(self):
        return f"monitoring form {self.pk}"

    @property
    def is_late(self) -> bool:
        """Whether it went out after its last day."""
        return self.sent_on is not None and self.sent_on > self.due_on


class FormAnswer(models.Model):
    """What a person answered. A null value takes their answer back; the newest version counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    form = models.ForeignKey(MonitoringForm, on_delete=models.PROTECT, related_name="answers")
    field = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField(default=1)
    value = models.JSONField(null=True)
    # Why it differs from what the record says.
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="form_answer_written_once"),
            models.UniqueConstraint(fields=["form", "field", "version"], name="form_answer_version_once"),
        ]

    def __str__(self):
        return f"answer {self.pk}"


class FormEvent(models.Model):
    """What else happened to a form: made, given to an owner, the owner reminded."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    form = models.ForeignKey(MonitoringForm, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=FormEventKind)
    at = models.DateTimeField(default=clock.now)
    # The day of a reminder: one a day.
    on = models.DateField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="form_event_written_once"),
            models.CheckConstraint(condition=Q(kind__in=FormEventKind.values), name="form_event_kind_known"),
            models.UniqueConstraint(
                fields=["form", "on"],
                condition=Q(kind=FormEventKind.REMINDED),
                name="form_reminded_once_a_day",
            ),
        ]

    def __str__(self):
        return f"form event {self.pk}"


class FormSending(models.Model):
    """One sending: how, when, by whom, with which values and what proof. Sent again, another row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    form = models.ForeignKey(MonitoringForm, on_delete=models.PROTECT, related_name="sendings")
    number = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=8, choices=Channel)
    sent_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    # The values as they went out, which later corrections do not touch.
    values = models.JSONField()
    proof = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The portal's confirmation or the fax report's number.
    reference = models.CharField(max_length=80, blank=True)
    no_proof_reason = models.CharField(max_length=500, blank=True)
    late_reason = models.CharField(max_length=500, blank=True)
    missing_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            AppendOnly(name="form_sending_written_once"),
            models.UniqueConstraint(fields=["form", "number"], name="form_sending_number_once"),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="form_sending_channel_known"
            ),
            models.CheckConstraint(
                condition=Q(proof__isnull=False) | ~Q(reference="") | ~Q(no_proof_reason=""),
                name="form_sending_has_proof_or_reason",
            ),
        ]

    def __str__(self):
        return f"sending {self.pk}"
