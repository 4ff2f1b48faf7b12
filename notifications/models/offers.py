"""A freed place offered by text, to one patient after another."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from clinic.ids import new_id
from clinic.models import Site
from notifications.enums import MessageStatus, RoundEnd
from scheduling.enums import COUNTED, GOING_COURSE, OfferStatus, SessionStatus
from scheduling.models import Offer, TreatmentSession

from .messages import Message, Suppression

USER = settings.AUTH_USER_MODEL
# A text that ended so was never read.
NOT_READ = (MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.SUPPRESSED)


class OfferRoundQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def running(self):
        return self.filter(ended_at__isnull=True)


class OfferRound(models.Model):
    """One place that goes from patient to patient until somebody has it, nobody is left, or the desk takes it back."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    # How long each patient has for an answer.
    minutes = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, choices=RoundEnd, blank=True)

    objects = OfferRoundQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [
            models.Index(fields=["site"], condition=Q(ended_at__isnull=True), name="round_running"),
            models.Index(fields=["site", "starts_at"], name="round_of_place"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "starts_at"],
                condition=Q(ended_at__isnull=True),
                name="round_once_for_a_place",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end="")
                | Q(ended_at__isnull=False, end__in=RoundEnd.values),
                name="round_ends_with_when_and_how",
            ),
        ]

    def __str__(self):
        return f"round {self.pk}"


class OfferTextQuerySet(models.QuerySet):
    def open(self):
        return self.filter(offer__status=OfferStatus.OPEN)

    def answerable(self):
        """Whose patients may still say yes by text: not stopped, nor of another number now, their course goes on, and
        the place is still sooner than what they have."""
        stopped = Suppression.objects.filter(number=OuterRef("message__to"))
        same = TreatmentSession.objects.filter(
            course=OuterRef("offer__course"), number=OuterRef("offer__number")
        )
        sooner = Q(
            offer__session__status=SessionStatus.BOOKED, offer__session__starts_at__gt=F("offer__starts_at")
        )
        lost = Q(offer__session__isnull=True) & ~Exists(same.filter(status__in=COUNTED))
        return self.exclude(message__status__in=NOT_READ).filter(
            sooner | lost,
            ~Exists(stopped),
            offer__course__status__in=GOING_COURSE,
            offer__course__patient__active=True,
            offer__course__patient__texts_allowed=True,
            offer__course__patient__phone=F("message__to"),
        )


class OfferText(models.Model):
    """One patient's turn: the offer and the text that told of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    round = models.ForeignKey(OfferRound, on_delete=models.PROTECT, related_name="turns")
    offer = models.OneToOneField(Offer, on_delete=models.PROTECT, related_name="+")
    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="offered")

    objects = OfferTextQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"turn {self.pk}"
