"""The course and the book."""

from .courses import Course, CourseEvent
from .sessions import SessionEvent, SiteDay, TreatmentSession

__all__ = ["Course", "CourseEvent", "SessionEvent", "SiteDay", "TreatmentSession"]
