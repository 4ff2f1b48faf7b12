"""People and places, who may do what, and the audit trail."""

from .audit import AuditBlock, AuditEvent
from .patients import Consent, Patient
from .people import ApiToken, Membership, User
from .places import Chair, Closure, OpeningHours, Shift, Site
from .running import Heartbeat, IdempotencyRecord

__all__ = [
    "ApiToken",
    "AuditBlock",
    "AuditEvent",
    "Chair",
    "Closure",
    "Consent",
    "Heartbeat",
    "IdempotencyRecord",
    "Membership",
    "OpeningHours",
    "Patient",
    "Shift",
    "Site",
    "User",
]
