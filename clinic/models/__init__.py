"""People and places, who may do what, and the audit trail."""

from .audit import AuditBlock, AuditEvent
from .documents import Document
from .patients import Consent, Patient
from .people import ApiToken, Membership, User
from .places import Chair, Closure, House, OpeningHours, Shift, Site
from .running import Heartbeat, IdempotencyRecord, Tries

__all__ = [
    "ApiToken",
    "AuditBlock",
    "AuditEvent",
    "Chair",
    "Closure",
    "Consent",
    "Document",
    "Heartbeat",
    "House",
    "IdempotencyRecord",
    "Membership",
    "OpeningHours",
    "Patient",
    "Shift",
    "Site",
    "Tries",
    "User",
]
