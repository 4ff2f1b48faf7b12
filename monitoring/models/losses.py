"""What went missing, and what the DEA was told."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.ids import new_id
from clinic.models import Site
from monitoring.enums import LossNature

USER = settings.AUTH_USER_MODEL


def _person(**options):
    return models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", **options)


class LossReport(models.Model):
    """One discovery of a theft or loss. Its two clocks start then [21 CFR 1301.76(b)]."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="losses")
    nature = models.CharField(max_length=11, choices=LossNature)
    discovered_at = models.DateTimeField()
    circumstances = models.CharField(max_length=1000)
    recorded_at = models.DateTimeField(default=clock.now)
    recorded_by = _person()
    # The written notice to the field division office.
    notice_at = models.DateTimeField(null=True, blank=True)
    notice_by = _person(null=True, blank=True)
    notice_how = models.CharField(max_length=200, blank=True)
    form_at = models.DateTimeField(null=True, blank=True)
    form_by = _person(null=True, blank=True)
    form_number = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-discovered_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(nature__in=LossNature.values), name="loss_nature_known"),
            models.CheckConstraint(condition=~Q(circumstances=""), name="loss_has_circumstances"),
            models.CheckConstraint(
                condition=Q(notice_at__isnull=True, notice_by__isnull=True, notice_how="")
                | (Q(notice_at__isnull=False, notice_by__isnull=False) & ~Q(notice_how="")),
                name="loss_notice_with_who_when_and_how",
            ),
            models.CheckConstraint(
                condition=Q(form_at__isnull=True, form_by__isnull=True, form_number="")
                | (Q(form_at__isnull=False, form_by__isnull=False) & ~Q(form_number="")),
                name="loss_form_with_who_when_and_number",
            ),
        ]

    def __str__(self):
        return f"loss {self.pk}"
