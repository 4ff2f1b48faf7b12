"""The course and the book."""

from .authorizations import Authorization, AuthorizationEvent
from .courses import Course, CourseEvent, FrequencyDecision
from .feeds import CalendarFeed
from .sessions import SessionEvent, SiteDay, TreatmentSession
from .waitlist import Offer, OfferEvent, WaitlistEntry

__all__ = [
    "Authorization",
    "AuthorizationEvent",
    "CalendarFeed",
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
