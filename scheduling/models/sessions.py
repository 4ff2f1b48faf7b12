"""Sessions: when, in which chair, and what became of them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic import clock
from clinic.db import AppendOnly, NoOverlap
from clinic.ids import new_id
from clinic.models import Chair, Patient, Site
from scheduling.enums import (
    COUNTED,
    IN_HOUSE,
    OCCUPYING,
    Confirmation,
    Phase,
    SessionEventKind,
    SessionStatus,
)

from .courses import Course


class SessionQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def on(self, site, day):
        """All sessions of the site's calendar day."""
        return self.filter(site=site, local_date=day)

    def occupying(self):
        return self.filter(status__in=OCCUPYING)

    def counted(self):
        return self.filter(status__in=COUNTED)

    def in_house(self):
        return self.filter(status__in=IN_HOUSE)

    def overlapping(self, starts_at, ends_at):
        return self.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)


class TreatmentSession(models.Model):
    """One visit: arrival, dose, observation, leaving. Site and patient are copied from the course, so that
    the database itself can keep a chair and a patient from being in two places."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sessions")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="sessions")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="sessions")
    chair = models.ForeignKey(Chair, on_delete=models.PROTECT, related_name="sessions")
    # Its place in the plan, from 1; a make-up takes the number of the session that was lost.
    number = models.PositiveSmallIntegerField()
    week = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=12, choices=Phase)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # The calendar day at the site, because every rule counts in local days.
    local_date = models.DateField()
    dose_mg = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=SessionStatus, default=SessionStatus.BOOKED)
    confirmation = models.CharField(max_length=12, choices=Confirmation, default=Confirmation.UNCONFIRMED)
    # Said to be running late: when they now hope to be here.
    expected_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [
            models.Index(fields=["site", "local_date", "starts_at"], name="session_of_day"),
            models.Index(fields=["patient", "starts_at"], name="session_of_patient"),
            models.Index(fields=["course", "number"], name="session_of_course"),
            models.Index(fields=["site"], condition=Q(status__in=IN_HOUSE), name="session_in_house"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="session_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(status__in=SessionStatus.values), name="session_status_known"),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="session_phase_known"),
            models.CheckConstraint(
                condition=Q(confirmation__in=Confirmation.values), name="session_confirmation_known"
            ),
            models.CheckConstraint(condition=Q(number__gte=1, week__gte=1), name="session_counts_from_one"),
            # 84 mg is the most in one session [label].
            models.CheckConstraint(condition=Q(dose_mg__in=[56, 84]), name="session_dose_is_56_or_84"),
            models.UniqueConstraint(
                fields=["course", "number"],
                condition=Q(status__in=COUNTED),
                name="session_number_once_in_course",
                violation_error_message="This course already has a session of this number.",
            ),
            models.UniqueConstraint(
                fields=["patient", "local_date"],
                condition=Q(status__in=COUNTED),
                name="session_one_a_day",
                violation_error_message="This patient already has a session on that day.",
            ),
            NoOverlap(
                name="session_chair_never_double_booked",
                group="chair",
                statuses=OCCUPYING,
                violation_error_message="That chair is taken at that time.",
            ),
            NoOverlap(
                name="session_patient_in_one_place",
                group="patient",
                statuses=OCCUPYING,
                violation_error_message="This patient already has a session at that time.",
            ),
        ]

    def __str__(self):
        return f"session {self.pk}"


class SessionEvent(models.Model):
    """What happened to a booking: a status, a move, a confirmation. Written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=SessionEventKind)
    from_status = models.CharField(max_length=10, choices=SessionStatus, blank=True)
    to_status = models.CharField(max_length=10, choices=SessionStatus)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    # For a move: {"from": {starts_at, chair}, "to": {...}}; for a cancellation: {"by": patient or clinic}.
    detail = models.JSONField(default=dict)
    # The place that a move to another time gave up, so that it can be offered to somebody else.
    left_site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    left_starts_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [
            models.Index(
                fields=["left_site", "left_starts_at"],
                condition=Q(left_starts_at__isnull=False),
                name="session_event_place_left",
            )
        ]
        constraints = [
            AppendOnly(name="session_event_written_once"),
            models.CheckConstraint(
                condition=Q(left_site__isnull=True, left_starts_at__isnull=True)
                | Q(left_site__isnull=False, left_starts_at__isnull=False, kind=SessionEventKind.MOVED),
                name="session_event_leaves_a_place_by_moving",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=SessionEventKind.values), name="session_event_kind_known"
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"


class SiteDay(models.Model):
    """A row to lock: whoever books at a site on a day holds it until the transaction ends."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    date = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "date"], name="site_day_once")]

    def __str__(self):
        return f"{self.site_id} {self.date}"
