"""What became of telephoning a patient whom a text did not reach."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.db import AppendOnly
from clinic.ids import new_id
from clinic.models import Site
from notifications.enums import CallAbout, CallOutcome
from scheduling.models import TreatmentSession

USER = settings.AUTH_USER_MODEL


class Call(models.Model):
    """Made when somebody first takes it or says what came of it: that somebody is to call is read from the facts
    (call_list.py). A moved session is another call."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="+")
    about = models.CharField(max_length=10, choices=CallAbout)
    about_at = models.DateTimeField()
    owner = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    owned_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=CallOutcome, blank=True)
    # Nobody answered: not before this.
    again_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "about", "about_at"], name="call_once_for_what_it_is_about"
            ),
            models.CheckConstraint(condition=Q(about__in=CallAbout.values), name="call_about_known"),
            models.CheckConstraint(
                condition=Q(outcome__in=["", *CallOutcome.values]), name="call_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(owner__isnull=True, owned_at__isnull=True)
                | Q(owner__isnull=False, owned_at__isnull=False),
                name="call_owned_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(outcome__in=["confirmed", "reached", "given_up"]),
                name="call_closed_with_an_outcome",
            ),
        ]

    def __str__(self):
        return f"call {self.pk}"


class CallEvent(models.Model):
    """One try, and what came of it. Written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="events")
    outcome = models.CharField(max_length=12, choices=CallOutcome)
    note = models.CharField(max_length=500, blank=True)
    again_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="call_event_written_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=CallOutcome.values), name="call_event_outcome_known"
            ),
        ]

    def __str__(self):
        return f"{self.outcome} {self.pk}"
