"""What a payer has authorized for a course."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic.db import AppendOnly
from clinic.ids import new_id
from scheduling.enums import AuthorizationCode, AuthorizationEventKind

from .courses import Course


class Authorization(models.Model):
    """So many sessions, or so many devices, from a day to a day. What is used of it is counted, and stored nowhere."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="authorizations")
    payer = models.CharField(max_length=120)
    number = models.CharField(max_length=60)
    # Billed in units of 1 mg.
    code = models.CharField(max_length=5, choices=AuthorizationCode)
    valid_from = models.DateField()
    valid_until = models.DateField()
    sessions_allowed = models.PositiveSmallIntegerField(null=True, blank=True)
    devices_allowed = models.PositiveSmallIntegerField(null=True, blank=True)
    # The score that the payer wants to see before it renews, in its own words.
    renewal_score = models.CharField(max_length=200, blank=True)
    # Who sees to it that it is renewed in time.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    # Its last day where it was ended early; before `valid_from`, it never held.
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["valid_from", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")), name="authorization_until_after_from"
            ),
            models.CheckConstraint(
                # "at least 1" of nothing is neither true nor false, and a check lets it through.
                condition=Q(
                    sessions_allowed__isnull=False, sessions_allowed__gte=1, devices_allowed__isnull=True
                )
                | Q(devices_allowed__isnull=False, devices_allowed__gte=1, sessions_allowed__isnull=True),
                name="authorization_allows_sessions_or_devices",
            ),
            models.CheckConstraint(
                condition=Q(code__in=AuthorizationCode.values), name="authorization_code_known"
            ),
            models.UniqueConstraint(
                fields=["course", "payer", "number"],
                condition=Q(ended_on__isnull=True),
                name="authorization_once_for_a_number",
            ),
        ]

    def __str__(self):
        return f"authorization {self.pk}"


class AuthorizationEvent(models.Model):
    """What became of an authorization: who, when, why, what was before. Written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    authorization = models.ForeignKey(Authorization, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=8, choices=AuthorizationEventKind)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    # {field: [before, after]}
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="authorization_event_written_once"),
            models.CheckConstraint(
                condition=Q(kind__in=AuthorizationEventKind.values), name="authorization_event_kind_known"
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"
