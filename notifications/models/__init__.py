"""What patients are told, and what they answer."""

from .calls import Call, CallEvent
from .inbound import InboundMessage
from .links import VisitLink
from .messages import Attempt, Message, Suppression
from .offers import OfferRound, OfferText
from .rules import ReminderRule, TextPolicy, Wording
from .sender import Sender

__all__ = [
    "Attempt",
    "Call",
    "CallEvent",
    "InboundMessage",
    "Message",
    "OfferRound",
    "OfferText",
    "ReminderRule",
    "Sender",
    "Suppression",
    "TextPolicy",
    "VisitLink",
    "Wording",
]
