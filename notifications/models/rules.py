"""What a site wants told, and when, and in which words."""

from django.db import models
from django.db.models import Q

from clinic.enums import Language
from clinic.ids import new_id
from clinic.marks import MarksHouse
from clinic.models import Site
from notifications.enums import Told
from scheduling.enums import Phase


class ReminderRule(models.Model):
    """One text for each session of some phases: days before or after it at a time of day, or hours before it.

    A site without rules has the default one (timing.DEFAULT_RULES). Retired rather than deleted: texts name them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="reminder_rules")
    # What messages call it; derived from when it is due, so that the same rule made again finds its texts.
    name = models.CharField(max_length=20)
    told = models.CharField(max_length=8, choices=Told)
    # Days before the visit (a check: after it), at a time of day where the patient is; or hours before the visit.
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.TimeField(null=True, blank=True)
    hours = models.PositiveSmallIntegerField(null=True, blank=True)
    # Empty is every phase; empty is the patient's own language.
    phase = models.CharField(max_length=12, choices=Phase, blank=True)
    language = models.CharField(max_length=2, choices=Language, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["told", "-days", "-hours", "at"]
        constraints = [
            MarksHouse(name="rule_marks_house"),
            models.UniqueConstraint(
                fields=["site", "told", "name"], condition=Q(active=True), name="rule_once_at_a_site"
            ),
            models.CheckConstraint(condition=Q(told__in=Told.values), name="rule_told_known"),
            models.CheckConstraint(condition=Q(phase__in=["", *Phase.values]), name="rule_phase_known"),
            models.CheckConstraint(
                condition=Q(language__in=["", *Language.values]), name="rule_language_known"
            ),
            models.CheckConstraint(
                condition=Q(days__isnull=False, days__lte=14, at__isnull=False, hours__isnull=True)
                | Q(days__isnull=True, at__isnull=True, hours__isnull=False, hours__gte=1, hours__lte=72),
                name="rule_by_days_at_a_time_or_by_hours",
            ),
            models.CheckConstraint(
                condition=~Q(told=Told.CHECK) | Q(days__isnull=False, days__gte=1),
                name="rule_check_comes_on_a_later_day",
            ),
        ]

    def __str__(self):
        return f"rule {self.pk}"


class Wording(models.Model):
    """A site's own words for a text, in place of ours."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="wordings")
    kind = models.CharField(max_length=20)
    language = models.CharField(max_length=2, choices=Language)
    text = models.TextField()

    class Meta:
        ordering = ["kind", "language"]
        constraints = [
            MarksHouse(name="wording_marks_house"),
            models.UniqueConstraint(fields=["site", "kind", "language"], name="wording_once_at_a_site"),
            models.CheckConstraint(condition=Q(language__in=Language.values), name="wording_language_known"),
            models.CheckConstraint(condition=~Q(text=""), name="wording_says_something"),
        ]

    def __str__(self):
        return f"wording {self.pk}"


class TextPolicy(models.Model):
    """How many reminders a patient may get, and how long the words of texts are kept."""

    site = models.OneToOneField(Site, on_delete=models.PROTECT, primary_key=True, related_name="text_policy")
    most_a_day = models.PositiveSmallIntegerField(default=1)
    most_a_week = models.PositiveSmallIntegerField(default=3)
    # The words of a text leave our rows after so many days; empty keeps them.
    keep_words_days = models.PositiveSmallIntegerField(null=True, blank=True, default=90)
    redact_at_provider = models.BooleanField(default=False)
    # How long a patient has for an answer to a freed place that is offered by text.
    offer_minutes = models.PositiveSmallIntegerField(default=30)
    # Who has not confirmed so many hours before the visit is telephoned.
    call_hours = models.PositiveSmallIntegerField(default=24)
    # Texts about a visit carry a link to its page, which lives for so many hours after the visit's end.
    page_links = models.BooleanField(default=True)
    page_hours = models.PositiveSmallIntegerField(default=24)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(most_a_day__gte=1, most_a_day__lte=5, most_a_week__gte=1, most_a_week__lte=20),
                name="policy_limits_make_sense",
            ),
            models.CheckConstraint(
                condition=Q(offer_minutes__gte=5, offer_minutes__lte=600), name="policy_offers_wait_a_while"
            ),
            models.CheckConstraint(
                condition=Q(call_hours__gte=1, call_hours__lte=72), name="policy_calls_within_three_days"
            ),
            models.CheckConstraint(
                condition=Q(keep_words_days__isnull=True)
                | Q(keep_words_days__gte=7, keep_words_days__lte=3650),
                name="policy_keeps_words_a_week_at_least",
            ),
            models.CheckConstraint(
                condition=Q(page_hours__gte=1, page_hours__lte=336), name="policy_ends_pages_in_two_weeks"
            ),
            MarksHouse(name="policy_marks_house"),
        ]

    def __str__(self):
        return f"text policy {self.pk}"
