"""Staff: who they are and what they may do where."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit, checks
from clinic.enums import Role
from clinic.errors import Fault, Invalid, Refused
from clinic.models import Membership, Site, User


@transaction.atomic
def create_user(
    *, username: str, password: str, given_name: str, family_name: str, by, now: datetime
) -> User:
    """Add a person who can sign in.

    Raises:
        Invalid: names or a password that cannot be, all faults at once.
        Refused: `username_taken`.
    """
    values = {"username": username, "given_name": given_name, "family_name": family_name}
    faults = checks.text(values, "username", 150) + checks.text(values, "given_name", 150)
    faults += checks.text(values, "family_name", 150)
    user = User(username=values["username"], first_name=values["given_name"], last_name=values["family_name"])
    faults += _username_faults(user) + password_faults(password, user)
    if faults:
        raise Invalid(faults)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise Refused.because("username_taken", _("This user name is taken."), "username") from error
    audit.record("person.added", by=by, now=now, on=user)
    return user


def password_faults(password: str, user: User | None = None) -> list[Fault]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [Fault("weak", message, "password") for message in error.messages]
    return []


@transaction.atomic
def set_password(*, user: User, password: str, by, now: datetime) -> None:
    """A new password, given by a manager to somebody who forgot theirs.

    Raises:
        Invalid: a weak one.
    """
    if faults := password_faults(password, user):
        raise Invalid(faults)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record("person.password_set", by=by, now=now, on=user)


@transaction.atomic
def add_member(*, site: Site, user: User, role: str, by, now: datetime) -> Membership:
    """Give `user` a role at the site. Twice is the same as once.

    Raises:
        Invalid: an unknown role.
    """
    if role not in Role.values:
        raise Invalid.because("unknown", _("One of %s.") % ", ".join(Role.values), "role")
    membership, made = Membership.objects.get_or_create(site=site, user=user, role=role)
    if made:
        audit.record("member.added", by=by, now=now, site=site, on=user, role=str(role))
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, by, now: datetime) -> None:
    """Take a role away.

    Raises:
        Refused: `last_manager`: somebody must be able to run the site.
    """
    site = Site.objects.select_for_update().get(pk=membership.site_id)
    managers = Membership.objects.filter(site=site, role=Role.MANAGER, user__is_active=True)
    if membership.role == Role.MANAGER and not managers.exclude(pk=membership.pk).exists():
        raise Refused.because("last_manager", _("This is the site's last manager."))
    user, role = membership.user, membership.role
    membership.delete()
    audit.record("member.removed", by=by, now=now, site=site, on=user, role=role)


def _username_faults(user: User) -> list[Fault]:
    try:
        User.username_validator(user.username)
    except ValidationError as error:
        return (
            [Fault("unreadable", message, "username") for message in error.messages] if user.username else []
        )
    return []
