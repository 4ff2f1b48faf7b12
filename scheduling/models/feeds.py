"""Links under which a calendar program reads the book."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.ids import new_id
from clinic.models import Site
from scheduling.enums import FeedKind


class CalendarFeed(models.Model):
    """A secret address for one person: a site's sessions, or what they themselves work.

    Only a digest of the secret is kept, so a copy of the database opens nothing.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="feeds")
    kind = models.CharField(max_length=8, choices=FeedKind)
    # Of a site's feed; a person's own holds every site where they work.
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="feeds", null=True, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_read_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=FeedKind.SITE, site__isnull=False) | Q(kind=FeedKind.OWN, site__isnull=True),
                name="feed_of_a_site_or_of_a_person",
            )
        ]

    def __str__(self):
        return f"feed {self.pk}"
