"""What texts and replies have in common: words that are not kept for ever."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q


class WordsQuerySet(models.QuerySet):
    def of_site(self, sites: Sequence[Any] | None) -> "WordsQuerySet":
        """Of some sites, or of none (None)."""
        return self.filter(site__isnull=True) if sites is None else self.filter(site__in=sites)

    def to_redact(self, now: datetime) -> "WordsQuerySet":
        return self.filter(redact_at__lte=now).order_by("redact_at")


class Words(models.Model):
    body = models.TextField(blank=True)
    # The words are gone from here since; the row stays.
    words_removed_at = models.DateTimeField(null=True, blank=True)
    # When the provider is to be asked to remove them too, how often it did not, and since when they are gone there.
    redact_at = models.DateTimeField(null=True, blank=True)
    redact_tries = models.PositiveSmallIntegerField(default=0)
    redacted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                fields=["redact_at"], condition=Q(redact_at__isnull=False), name="%(class)s_to_redact"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(words_removed_at__isnull=True) | Q(body=""), name="%(class)s_removed_is_empty"
            ),
            models.CheckConstraint(
                condition=Q(redact_at__isnull=True, redacted_at__isnull=True)
                | Q(words_removed_at__isnull=False),
                name="%(class)s_redacted_after_removal",
            ),
        ]
