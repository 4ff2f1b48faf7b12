"""Why a text did, or did not, go: one sentence for each."""

from django.utils.translation import gettext as _

from notifications.enums import MessageStatus
from notifications.models import Message
from notifications.settling import NEVER_ARRIVED

S = MessageStatus


def why(message: Message) -> str:
    """A sentence for the person who was asked "why did she not get the text?"."""
    if message.status == S.CANCELLED:
        return _withdrawn().get(message.cause, _("Withdrawn."))
    if message.status == S.FAILED:
        return _("The provider refused it for good (code %s).") % (message.cause or "-")
    if message.status == S.UNKNOWN and message.look_at:
        return _("It was handed over, and nobody knows whether it went: the provider is being asked.")
    if message.status == S.UNKNOWN and message.cause == NEVER_ARRIVED:
        return _("It was handed over several times, and the provider has never had it: a person decides.")
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
        "rule_gone": _("The site's rules ask for no such text any more."),
        "not_active": _("This is no patient of the clinic any more."),
        "number_changed": _("The patient has another number now; another text goes there."),
        "offer_ended": _("The place was no longer offered to them."),
        "told_already": _("The answer to their own text says it already."),
        "limit": _("The patient has had as many reminders as a day or a week may bring."),
        "by_hand": _("Somebody withdrew it."),
        "answered": _("It was dealt with before the text went."),
        "slipped": _("The patient was not on course to leave, so nobody was called."),
        "gone": _("The patient is not in the chair any more."),
        "escort_no_consent": _("The patient does not want detailed texts any more, or has another escort."),
        "staff_no_consent": _("This person does not want texts any more, or has another number."),
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


def what_for(message: Message) -> str:
    """For a text to staff: why it was made. Empty for any other."""
    what, _dash, step = message.rule.partition("-")
    if message.staff_id is None:
        return ""
    return {
        "alert": _("A red alert waited without an answer (step %s).") % step,
        "form": _("A monitoring form of theirs is due."),
        "serious": _("A serious adverse event was flagged."),
    }.get(what, "")
