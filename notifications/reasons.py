"""Why a text did, or did not, go: one sentence for each."""

from django.utils.translation import gettext as _

from notifications.enums import MessageStatus
from notifications.models import Message

S = MessageStatus


def why(message: Message) -> str:
    """A sentence for the person who was asked "why did she not get the text?"."""
    if message.status == S.CANCELLED:
        return _withdrawn().get(message.cause, _("Withdrawn."))
    if message.status == S.FAILED:
        return _("The provider refused it for good (code %s).") % (message.cause or "-")
    if message.status == S.UNKNOWN:
        return _("It was handed over, and nobody knows whether it went: ask before sending it again.")
    if message.status == S.PENDING and message.cause:
        return _("It did not go yet (code %s) and is tried again when it is due.") % message.cause
    return _plain()[message.status]


def _withdrawn() -> dict[str, str]:
    return {
        "moved": _("The session was moved; another text speaks of the new time."),
        "not_booked": _("The session is no longer waiting: it was cancelled, missed, or has begun."),
        "no_consent": _("The patient does not want texts, or has no number."),
        "expired": _("It would have come too late, so it was not sent."),
        "limit": _("The patient has had as many reminders as a day or a week may bring."),
        "by_hand": _("Somebody withdrew it."),
    }


def _plain() -> dict[str, str]:
    return {
        S.PENDING: _("It waits for its time."),
        S.CLAIMED: _("It is about to be sent."),
        S.SENDING: _("It is being sent at this moment."),
        S.SENT: _("The provider has it and has not told yet whether it arrived."),
        S.DELIVERED: _("It arrived."),
        S.SUPPRESSED: _("It may not go: the patient or the number has said no to texts."),
    }
