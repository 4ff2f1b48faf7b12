"""Staff, their roles at sites, and the tokens that act for them."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models

from clinic import clock
from clinic.enums import Language, Role
from clinic.ids import new_id
from clinic.marks import MarksHouse

from .places import Site


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    phone = models.CharField(max_length=20, blank=True)
    # Where texts about work go, and since when they may; the words agreed to stand in the audit trail.
    mobile = models.CharField(max_length=20, blank=True)
    texts_agreed_at = models.DateTimeField(null=True, blank=True)
    # Of those texts; pages follow the browser.
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)

    class Meta(AbstractUser.Meta):
        constraints = [
            # The shifts of somebody who left do not count.
            MarksHouse(name="user_marks_every_house", when="is_active"),
            models.CheckConstraint(
                condition=models.Q(texts_agreed_at__isnull=True) | ~models.Q(mobile=""),
                name="user_texts_need_a_mobile",
            ),
            models.CheckConstraint(
                condition=models.Q(language__in=Language.values), name="user_language_known"
            ),
        ]

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class Membership(models.Model):
    """`user` has `role` at `site`; one person may have several."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "site", "role"], name="membership_role_once_at_site"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self):
        return f"{self.role} {self.user_id} at {self.site_id}"


class ApiToken(models.Model):
    """Acts as its user. Only a digest is kept, so a copy of the database opens nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=80, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self):
        return f"token {self.pk}"
