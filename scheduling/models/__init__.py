"""The course and the book."""

from .courses import Course, CourseEvent, FrequencyDecision
from .sessions import SessionEvent, SiteDay, TreatmentSession
from .waitlist import Offer, OfferEvent, WaitlistEntry

__all__ = [
    "Course",
    "CourseEvent",
    "FrequencyDecision",
    "Offer",
    "OfferEvent",
    "SessionEvent",
    "SiteDay",
    "TreatmentSession",
    "WaitlistEntry",
]
