"""Serious adverse events: what happened, what was done, and whom the site calls."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from clinic.models import Document, Site
from monitoring.enums import ContactKind, SeriousStep
from scheduling.models import TreatmentSession

USER = settings.AUTH_USER_MODEL


class SeriousQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def open(self):
        return self.filter(closed_at__isnull=True)


class SeriousEvent(models.Model):
    """Flagged at once. Its story is its steps; `closed_at` is copied from the newest by the verb that writes it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="serious_events")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    what = models.TextField()
    began_at = models.DateTimeField()
    flagged_at = models.DateTimeField(default=clock.now)
    flagged_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = SeriousQuerySet.as_manager()

    class Meta:
        ordering = ["-flagged_at", "-pk"]
        indexes = [
            models.Index(
                fields=["site", "flagged_at"],
                condition=Q(closed_at__isnull=True),
                name="serious_open_at_site",
            )
        ]
        constraints = [models.CheckConstraint(condition=~Q(what=""), name="serious_event_says_what")]

    def __str__(self):
        return f"serious event {self.pk}"


class SeriousEventStep(models.Model):
    """One thing that was done, by whom and when; written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.ForeignKey(SeriousEvent, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=10, choices=SeriousStep)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="serious_step_written_once"),
            models.CheckConstraint(condition=Q(step__in=SeriousStep.values), name="serious_step_known"),
            models.CheckConstraint(condition=~Q(text=""), name="serious_step_says_what"),
        ]

    def __str__(self):
        return f"step {self.pk}"


class SiteContact(models.Model):
    """A number that the site has entered, and where it has it from. We know none by ourselves."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="contacts")
    kind = models.CharField(max_length=12, choices=ContactKind)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=30)
    source = models.CharField(max_length=200)
    entered_at = models.DateTimeField(default=clock.now)
    entered_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["entered_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ContactKind.values), name="site_contact_kind_known"),
            models.CheckConstraint(condition=~Q(source=""), name="site_contact_has_a_source"),
        ]

    def __str__(self):
        return f"contact {self.pk}"
