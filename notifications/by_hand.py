"""What a person decides about one text: that it is not to go, or to go again."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Refused
from notifications import projection
from notifications.enums import MessageStatus
from notifications.models import Message
from notifications.projection import note
from notifications.settling import RETRIED, change

S = MessageStatus
FIRST_LOOKS = timedelta(minutes=1)


@transaction.atomic
def cancel_message(*, message: Message, by, now: datetime) -> Message:
    """A person withdraws a text that is still waiting.

    Raises:
        Refused: `wrong_state`.
    """
    if not projection.withdraw(message, cause="by_hand", now=now):
        raise _wrong_state(message)
    _audit("message.cancelled", message, by, now)
    return message


@transaction.atomic
def retry_message(*, message: Message, by, now: datetime) -> Message:
    """A person decides that a failed or unknown text goes again: the same row, a new try.

    Raises:
        Refused: `wrong_state`, `too_late`, or `being_asked`: the provider's answer is seconds away, and a second text
            may be one too many.
    """
    if message.expires_at <= now:
        raise Refused.because("too_late", _("It would come too late now."))
    if _is_being_asked(message, now):
        raise Refused.because(
            "being_asked", _("The provider is being asked whether it went. Try again in a minute.")
        )
    changes: dict[str, Any] = {
        "status": S.PENDING,
        "due_at": now,
        "cause": "",
        "settled_at": None,
        "claim": None,
        "provider_sid": "",
        "look_at": None,
        "looks": 0,
    }
    if not change(message, [S.FAILED, S.UNKNOWN], **changes):
        raise _wrong_state(message)
    note(message, RETRIED, now)
    _audit("message.retried", message, by, now)
    return message


def _is_being_asked(message: Message, now: datetime) -> bool:
    """The first looks settle nearly every outcome; only then is it a person's to weigh."""
    asked = message.status == S.UNKNOWN and message.look_at is not None
    return asked and message.claimed_at is not None and now - message.claimed_at < FIRST_LOOKS


def _wrong_state(message: Message) -> Refused:
    message.refresh_from_db(fields=["status"])
    detail = _("This text is %s.") % message.get_status_display().lower()
    return Refused.because("wrong_state", detail, present=message.status)


def _audit(action: str, message: Message, by, now: datetime) -> None:
    audit.record(action, by=by, now=now, site=message.site_id, patient=message.patient_id, on=message)
