"""A course of treatment: one patient, one indication, one pattern."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from clinic.models import Patient, Site
from scheduling.enums import OPEN_COURSE, CourseStatus, Frequency, Indication


class CourseQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def open(self):
        return self.filter(status__in=OPEN_COURSE)


class Course(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="courses")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="courses")
    indication = models.CharField(max_length=4, choices=Indication)
    status = models.CharField(max_length=10, choices=CourseStatus, default=CourseStatus.PLANNED)
    frequency = models.CharField(max_length=12, choices=Frequency, default=Frequency.TWICE_WEEKLY)
    # The wish: first day, days of the week (0 is Monday) and wall time at the site.
    starts_on = models.DateField()
    weekdays = models.JSONField()
    time = models.TimeField()
    dose_mg = models.PositiveSmallIntegerField()
    oral_antidepressant = models.BooleanField(default=False)
    # The payer wants to authorize it first: then a session that nothing covers is not ready.
    payer_authorizes = models.BooleanField(default=False)
    # What the patient cannot do: these weekdays, anything before or after these wall times.
    never_weekdays = models.JSONField(default=list, blank=True)
    not_before = models.TimeField(null=True, blank=True)
    not_after = models.TimeField(null=True, blank=True)
    # Reasons given for warnings that want one: {code: {reason, by, at}}.
    overrides = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = CourseQuerySet.as_manager()
    # Did a payer ever authorize something of it? Known of a course that was read by `locking.lock_course`.
    has_authorizations: bool

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["site", "status"], name="course_of_site")]
        constraints = [
            models.CheckConstraint(
                condition=Q(indication__in=Indication.values), name="course_indication_known"
            ),
            models.CheckConstraint(condition=Q(status__in=CourseStatus.values), name="course_status_known"),
            models.CheckConstraint(
                condition=Q(frequency__in=Frequency.values), name="course_frequency_known"
            ),
            models.CheckConstraint(condition=Q(dose_mg__in=[56, 84]), name="course_dose_is_56_or_84"),
            models.UniqueConstraint(
                fields=["patient"],
                condition=Q(status__in=OPEN_COURSE),
                name="course_one_open_per_patient",
                violation_error_message="This patient already has an open course.",
            ),
        ]

    def __str__(self):
        return f"course {self.pk}"


class FrequencyDecision(models.Model):
    """How often from a day on, who decided so and why. Any number, always individual [label]. Written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="decisions")
    frequency = models.CharField(max_length=12, choices=Frequency)
    starts_on = models.DateField()
    reason = models.CharField(max_length=500)
    decided_by = models.CharField(max_length=120)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="frequency_decision_written_once"),
            models.CheckConstraint(
                condition=Q(frequency__in=Frequency.values), name="frequency_decision_frequency_known"
            ),
        ]

    def __str__(self):
        return f"decision {self.pk}"


class CourseEvent(models.Model):
    """A change of a course: who, when, why. Written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20)
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [AppendOnly(name="course_event_written_once")]

    def __str__(self):
        return f"{self.kind} {self.pk}"

    def get_words(self):
        """What happened, for people."""
        return CourseStatus(self.to_status).label if self.to_status else _("Extended")
