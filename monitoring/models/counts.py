"""What two people found in the cabinet. Written once."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from clinic.models import Patient, Site
from monitoring.enums import Business, CountKind

USER = settings.AUTH_USER_MODEL


class StockCount(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="counts")
    kind = models.CharField(max_length=9, choices=CountKind)
    business = models.CharField(max_length=7, choices=Business, blank=True)
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["site", "at"], name="count_of_site")]
        constraints = [
            AppendOnly(name="count_written_once"),
            models.CheckConstraint(condition=Q(kind__in=CountKind.values), name="count_kind_known"),
            models.CheckConstraint(condition=~Q(second=F("by")), name="count_by_two_people"),
            models.CheckConstraint(
                condition=(~Q(kind=CountKind.INVENTORY) & Q(business=""))
                | Q(kind=CountKind.INVENTORY, business__in=Business.values),
                name="count_inventory_says_when",
            ),
        ]

    def __str__(self):
        return f"count {self.pk}"

    @property
    def differences(self):
        return [line for line in self.lines.all() if line.found != line.expected]


class CountLine(models.Model):
    """One pile: a lot with its expiry, the clinic's or one patient's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    count = models.ForeignKey(StockCount, on_delete=models.PROTECT, related_name="lines")
    lot = models.CharField(max_length=20)
    expires_on = models.DateField()
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="+")
    expected = models.PositiveSmallIntegerField()
    found = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["expires_on", "lot", "pk"]
        constraints = [
            AppendOnly(name="count_line_written_once"),
            models.UniqueConstraint(
                fields=["count", "lot", "expires_on"],
                condition=Q(patient__isnull=True),
                name="count_line_once_for_the_clinic",
            ),
            models.UniqueConstraint(
                fields=["count", "lot", "expires_on", "patient"],
                condition=Q(patient__isnull=False),
                name="count_line_once_for_a_patient",
            ),
        ]

    def __str__(self):
        return f"count line {self.pk}"

    @property
    def difference(self) -> int:
        return self.found - self.expected
