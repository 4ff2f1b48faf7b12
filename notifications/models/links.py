"""Links to the page of a visit."""

from django.db import models
from django.db.models import F, Q

from clinic.ids import new_id
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

# Where a visit will not be, its link has ended.
GONE = (SessionStatus.CANCELLED, SessionStatus.NO_SHOW)


class VisitLinkQuerySet(models.QuerySet):
    def live(self, digest, now):
        """The link of this digest, if its visit still is as it was told, to the number that it was told to.

        One question, so that a link that has ended costs and says the same as one that never was.
        """
        return self.filter(
            digest=digest,
            expires_at__gt=now,
            session__starts_at=F("about_at"),
            session__patient__phone=F("number"),
            session__patient__active=True,
        ).exclude(session__status__in=GONE)


class VisitLink(models.Model):
    """That a text with this link went out: a visit, its time, a number. The key itself is kept nowhere."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.CharField(max_length=64)
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="links")
    number = models.CharField(max_length=20)
    # The time that the text spoke of: once the visit is moved, the link has ended.
    about_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    objects = VisitLinkQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [models.Index(fields=["expires_at"], name="visit_link_ends")]
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="visit_link_once"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("about_at")), name="visit_link_outlives_the_visit"
            ),
        ]

    def __str__(self):
        return f"visit link {self.pk}"
