"""Words of the outbox."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageKind(models.TextChoices):
    BOOKED = "booked", _("Booked")
    REMINDER = "reminder", _("Reminder")
    MOVED = "moved", _("Moved")
    CANCELLED = "cancelled", _("Cancelled")
    CONFIRM_OK = "confirm_ok", _("Thanks for confirming")
    CHANGE_OK = "change_ok", _("We will call about another time")
    RIDE_OK = "ride_ok", _("Who takes them home is noted")
    RIDE_NONE = "ride_none", _("We will call about a ride home")
    STOP_OK = "stop_ok", _("Stopped")
    START_OK = "start_ok", _("Started again")
    HELP = "help", _("Help")
    CRISIS = "crisis", _("Crisis answer")
    UNCLEAR = "unclear", _("A person will answer")
    CHECK = "check", _("How are you today?")
    ESCORT = "escort", _("To the escort: ready soon")
    OFFER = "offer", _("An earlier time")
    OFFER_OK = "offer_ok", _("The earlier time is theirs")
    OFFER_GONE = "offer_gone", _("The earlier time is gone")
    OFFER_NO = "offer_no", _("They keep what they have")
    STAFF = "staff", _("To staff")
    TEST = "test", _("Test")


# Made from the book by a site's rules, and made again when the book or the rules change.
PROJECTED = (MessageKind.REMINDER, MessageKind.CHECK)


class Told(models.TextChoices):
    """What a rule tells."""

    REMINDER = "reminder", _("Reminder before the visit")
    CHECK = "check", _("Question on a day after the visit")


class RoundEnd(models.TextChoices):
    """How a round of offers by text ended."""

    TAKEN = "taken", _("Somebody took it")
    NOBODY = "nobody", _("Nobody could take it")
    GONE = "gone", _("The place was taken otherwise")
    BACK = "back", _("Taken back by the desk")


class CallAbout(models.TextChoices):
    VISIT = "visit", _("The visit")
    CANCELLED = "cancelled", _("That the visit is cancelled")
    CHECK = "check", _("How they are after the visit")


class CallOutcome(models.TextChoices):
    """What came of telephoning."""

    CONFIRMED = "confirmed", _("Reached, and confirms")
    REACHED = "reached", _("Reached, nothing else to do")
    NO_ANSWER = "no_answer", _("No answer")
    WRONG_NUMBER = "wrong_number", _("Wrong number")
    GIVEN_UP = "given_up", _("Given up")


class MessageStatus(models.TextChoices):
    PENDING = "pending", _("Waiting")
    CLAIMED = "claimed", _("Taken up")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Outcome unknown")
    CANCELLED = "cancelled", _("Withdrawn")
    SUPPRESSED = "suppressed", _("Not allowed")


class Reply(models.TextChoices):
    """What an inbound text was taken to mean."""

    CONFIRM = "confirm", _("Confirms")
    CHANGE = "change", _("Wants another time")
    RIDE = "ride", _("Says who takes them home")
    NO_RIDE = "no_ride", _("Has no ride home")
    STOP = "stop", _("Stop")
    START = "start", _("Start")
    HELP = "help", _("Help")
    CRISIS = "crisis", _("Words of crisis")
    UNEXPECTED = "unexpected", _("For a person")
