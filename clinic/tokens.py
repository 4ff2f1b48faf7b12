"""API tokens: shown once, kept as a digest, acting as their user."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, F

from clinic import access, audit
from clinic.models import ApiToken, User
from clinic.prepared import Param, Prepared

_USED_RESOLUTION = timedelta(minutes=5)
# A row for each of the user's roles, so that who they are and what they may is one question.
_by_digest = Prepared(
    User.objects.filter(
        api_tokens__digest=Param("digest", CharField()), api_tokens__revoked_at__isnull=True, is_active=True
    )
    .annotate(
        token=F("api_tokens__pk"),
        token_used_at=F("api_tokens__last_used_at"),
        role_at=F("memberships__site_id"),
        role=F("memberships__role"),
    )
    # No request by token asks for these.
    .defer("password", "last_login", "date_joined", "is_staff", "is_superuser")
    .order_by()
)


@transaction.atomic
def make(*, user: User, name: str, by, now: datetime) -> str:
    """Make a token for `user` and return it: the only time that it can be seen."""
    raw = f"spr_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(user=user, name=name, digest=digest(raw), created_at=now)
    audit.record("token.made", by=by, now=now, on=token, name=name)
    return raw


@transaction.atomic
def revoke(*, token: ApiToken, by, now: datetime) -> None:
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
        audit.record("token.revoked", by=by, now=now, on=token)


def user_for(raw: str, *, now: datetime) -> User | None:
    """The user whose token this is, or None for an unknown, revoked or inactive one."""
    rows = _by_digest(digest=digest(raw))
    if not rows:
        return None
    user = rows[0]
    access.remember_roles(user, [(row.role_at, row.role) for row in rows if row.role])
    if user.token_used_at is None or now - user.token_used_at > _USED_RESOLUTION:
        ApiToken.objects.filter(pk=user.token).update(last_used_at=now)
    return user


def digest(raw: str) -> str:
    # A token has 256 random bits, so a plain hash cannot be guessed back.
    return hashlib.sha256(raw.encode()).hexdigest()
