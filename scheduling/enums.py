"""Words for courses and sessions, and the moves allowed between a session's statuses."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Indication(models.TextChoices):
    TRD = "trd", _("Treatment-resistant depression")
    MDSI = "mdsi", _("Major depression with acute suicidal ideation or behavior")


class CourseStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    COMPLETED = "completed", _("Completed")
    STOPPED = "stopped", _("Stopped")


OPEN_COURSE = (CourseStatus.PLANNED, CourseStatus.ACTIVE, CourseStatus.PAUSED)
# Sessions may be booked and moved.
GOING_COURSE = (CourseStatus.PLANNED, CourseStatus.ACTIVE)


COURSE_MOVES: dict[CourseStatus, tuple[CourseStatus, ...]] = {
    CourseStatus.PLANNED: (CourseStatus.ACTIVE, CourseStatus.PAUSED, CourseStatus.STOPPED),
    CourseStatus.ACTIVE: (CourseStatus.PAUSED, CourseStatus.COMPLETED, CourseStatus.STOPPED),
    CourseStatus.PAUSED: (CourseStatus.ACTIVE, CourseStatus.PLANNED, CourseStatus.STOPPED),
    CourseStatus.COMPLETED: (),
    CourseStatus.STOPPED: (),
}


class Phase(models.TextChoices):
    INDUCTION = "induction", _("Induction")
    WEEKLY = "weekly", _("Weekly")
    MAINTENANCE = "maintenance", _("Maintenance")


class Frequency(models.TextChoices):
    TWICE_WEEKLY = "twice_weekly", _("Twice a week")
    WEEKLY = "weekly", _("Once a week")
    BIWEEKLY = "biweekly", _("Every two weeks")


class SessionStatus(models.TextChoices):
    BOOKED = "booked", _("Booked")
    ARRIVED = "arrived", _("Arrived")
    DOSING = "dosing", _("Dosing")
    OBSERVING = "observing", _("Observing")
    READY = "ready", _("Ready to leave")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("No-show")


S = SessionStatus

# Holds its chair.
OCCUPYING = (S.BOOKED, S.ARRIVED, S.DOSING, S.OBSERVING, S.READY)
# In the building, under a nurse's eyes.
IN_HOUSE = (S.ARRIVED, S.DOSING, S.OBSERVING, S.READY)
# A dose was given.
DOSED = (S.DOSING, S.OBSERVING, S.READY, S.COMPLETED)
# Counts as one of the course's sessions; the others were lost and want a make-up.
COUNTED = (*OCCUPYING, S.COMPLETED)

MOVES: dict[SessionStatus, tuple[SessionStatus, ...]] = {
    S.BOOKED: (S.ARRIVED, S.CANCELLED, S.NO_SHOW),
    # Back to booked: the desk tapped the wrong line. Cancelled: came, was not dosed.
    S.ARRIVED: (S.DOSING, S.BOOKED, S.CANCELLED),
    # Straight to completed: walked out early, which is recorded and never made impossible.
    S.DOSING: (S.OBSERVING, S.COMPLETED),
    S.OBSERVING: (S.READY, S.COMPLETED),
    # Back to observing: something changed after the patient was judged ready.
    S.READY: (S.COMPLETED, S.OBSERVING),
    S.COMPLETED: (),
    S.CANCELLED: (),
    # Undo of a mistaken no-show; the chair must still be free.
    S.NO_SHOW: (S.BOOKED,),
}


def sources_of(target: SessionStatus) -> list[SessionStatus]:
    """Every status from which `target` may be reached."""
    return [source for source, targets in MOVES.items() if target in targets]


class Confirmation(models.TextChoices):
    UNCONFIRMED = "unconfirmed", _("Not confirmed")
    CONFIRMED = "confirmed", _("Confirmed")
    WANTS_CHANGE = "wants_change", _("Wants another time")


class SessionEventKind(models.TextChoices):
    STATUS = "status", _("Status")
    MOVED = "moved", _("Moved")
    CONFIRMATION = "confirmation", _("Confirmation")
    LATE = "late", _("Running late")


class OfferStatus(models.TextChoices):
    OPEN = "open", _("Waiting for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")
    GONE = "gone", _("Somebody else was first")
    WITHDRAWN = "withdrawn", _("Taken back")


class CancelledBy(models.TextChoices):
    PATIENT = "patient", _("Patient")
    CLINIC = "clinic", _("Clinic")


class FeedKind(models.TextChoices):
    SITE = "site", _("Sessions of a site")
    OWN = "own", _("My shifts and the sessions in them")


class AuthorizationCode(models.TextChoices):
    J0013 = "J0013", _("J0013, from 2026-01-01 on, units of 1 mg")
    S0013 = "S0013", _("S0013, before 2026-01-01, units of 1 mg")


class AuthorizationEventKind(models.TextChoices):
    ADDED = "added", _("Added")
    CHANGED = "changed", _("Changed")
    ENDED = "ended", _("Ended")
