"""Who would come sooner, and the freed chairs that were offered to them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic.db import AppendOnly
from clinic.ids import new_id
from clinic.models import Site
from scheduling.enums import OfferStatus

from .courses import Course
from .sessions import TreatmentSession


class WaitlistEntry(models.Model):
    """A patient who would take a sooner place. At most one open entry for a course."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="waitlist")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    # How long before a place the patient must know: who comes from afar cannot be here in an hour.
    notice_minutes = models.PositiveSmallIntegerField(default=120)
    note = models.CharField(max_length=200, blank=True)
    added_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["added_at", "pk"]
        indexes = [models.Index(fields=["site"], condition=Q(removed_at__isnull=True), name="waitlist_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["course"], condition=Q(removed_at__isnull=True), name="waitlist_once_a_course"
            ),
            models.CheckConstraint(
                condition=Q(notice_minutes__lte=10080), name="waitlist_notice_within_a_week"
            ),
        ]

    def __str__(self):
        return f"waitlist {self.pk}"


class Offer(models.Model):
    """One freed place offered to one patient, until it expires. The first yes has it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="offers")
    # The session that would come sooner; empty where a lost one would be made up.
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, null=True, related_name="offers")
    number = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=OfferStatus, default=OfferStatus.OPEN)
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["offered_at", "pk"]
        indexes = [models.Index(fields=["site", "starts_at"], name="offer_of_place")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OfferStatus.values), name="offer_status_known"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("offered_at")), name="offer_expires_after_it_is_made"
            ),
            models.UniqueConstraint(
                fields=["course", "starts_at"],
                condition=Q(status=OfferStatus.OPEN),
                name="offer_once_for_a_place",
            ),
        ]

    def __str__(self):
        return f"offer {self.pk}"


class OfferEvent(models.Model):
    """What became of an offer, and who said so. Written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="events")
    status = models.CharField(max_length=10, choices=OfferStatus)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [AppendOnly(name="offer_event_written_once")]

    def __str__(self):
        return f"{self.status} {self.pk}"
