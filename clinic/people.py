"""Staff: who they are and what they may do where."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit, checks
from clinic.enums import Language, Role
from clinic.errors import Fault, Invalid, Refused
from clinic.models import Membership, Site, User

# What somebody agrees to; kept in the audit trail with their answer.
TEXTS_WORDING = (
    "Texts from the clinic to my mobile when I am wanted at a chair or a form of mine is due, at any hour. "
    "STOP ends them, START brings them back."
)


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
def set_reach(
    *,
    user: User,
    email: str,
    phone: str,
    by,
    now: datetime,
    mobile: str = "",
    texts: bool = False,
    language: str = Language.ENGLISH,
) -> User:
    """How colleagues and the REMS reach somebody: `email` and `phone` stand on the forms of the sessions that they
    watch; to `mobile` go texts about work, where they agree (`texts`, to TEXTS_WORDING), in their `language`.

    Raises:
        Invalid: an address, a number or a language that cannot be, or texts without a mobile, all faults at once.
    """
    values = {"email": email, "phone": phone, "mobile": mobile, "language": language}
    faults = checks.text(values, "email", 254, required=False)
    faults += checks.phone(values, "phone") + checks.phone(values, "mobile")
    faults += checks.choice(values, "language", Language.values)
    if values["email"]:
        faults += _email_faults(values["email"])
    if texts and not str(mobile).strip():
        faults.append(Fault("required", _("Texts need a mobile number."), "mobile"))
    if faults:
        raise Invalid(faults)
    user.language = values["language"]
    had = (user.mobile, user.texts_agreed_at is not None)
    user.email, user.phone, user.mobile = values["email"], values["phone"], values["mobile"]
    if had != (user.mobile, texts):
        # Another number is another answer.
        user.texts_agreed_at = now if texts else None
        audit.record("person.texts_answered", by=by, now=now, on=user, given=texts, wording=TEXTS_WORDING)
    user.save(update_fields=["email", "phone", "mobile", "texts_agreed_at", "language"])
    audit.record("person.reach_set", by=by, now=now, on=user)
    return user


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


def _email_faults(address: str) -> list[Fault]:
    try:
        validate_email(address)
    except ValidationError:
        return [Fault("unreadable", _("Not an e-mail address."), "email")]
    return []


def _username_faults(user: User) -> list[Fault]:
    try:
        User.username_validator(user.username)
    except ValidationError as error:
        return (
            [Fault("unreadable", message, "username") for message in error.messages] if user.username else []
        )
    return []
