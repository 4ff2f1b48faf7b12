"""What patients are told, and what they answer."""

from .inbound import InboundMessage
from .messages import Attempt, Message, Suppression

__all__ = ["Attempt", "InboundMessage", "Message", "Suppression"]
