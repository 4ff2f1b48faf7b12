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
    STOP_OK = "stop_ok", _("Stopped")
    START_OK = "start_ok", _("Started again")
    HELP = "help", _("Help")
    CRISIS = "crisis", _("Crisis answer")
    UNCLEAR = "unclear", _("A person will answer")


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
    STOP = "stop", _("Stop")
    START = "start", _("Start")
    HELP = "help", _("Help")
    CRISIS = "crisis", _("Words of crisis")
    UNEXPECTED = "unexpected", _("For a person")
