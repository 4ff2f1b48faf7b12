"""The observation of one session: before the dose, the devices, ready and leaving."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from scheduling.models import TreatmentSession

USER = settings.AUTH_USER_MODEL


def _person(**options):
    return models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", **options)


class Observation(models.Model):
    """One for a session, made when the patient arrives."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.OneToOneField(TreatmentSession, on_delete=models.PROTECT, related_name="observation")
    # The clinician whose task a red reading becomes.
    nurse = _person(null=True, blank=True)
    # The start of the first device [REMS form]; copied from the newest version of device 1 by the verb
    # that writes that, because every list of running sessions sorts by it.
    t0_at = models.DateTimeField(null=True, blank=True)
    last_device_at = models.DateTimeField(null=True, blank=True)
    # The checkpoints and the span as they stood when the first device was started: a setting that changes later
    # rewrites nothing. Empty before that.
    rules = models.JSONField(default=dict, blank=True)
    # Dosing ended with fewer devices than planned, and why.
    dosing_stopped_reason = models.CharField(max_length=500, blank=True)

    escort_reached_at = models.DateTimeField(null=True, blank=True)
    instructions_given_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    ready_by = _person(null=True, blank=True)
    # The clinician's name as they signed, who need not be the one at the keyboard.
    ready_name = models.CharField(max_length=120, blank=True)
    ready_overrides = models.JSONField(default=dict, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    left_by = _person(null=True, blank=True)
    left_with_escort = models.BooleanField(null=True, blank=True)
    # Left before being ready: a deviation, recorded and never made impossible.
    left_early_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ready_at__isnull=True, ready_by__isnull=True)
                | Q(ready_at__isnull=False, ready_by__isnull=False),
                name="observation_ready_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True, left_by__isnull=True, left_with_escort__isnull=True)
                | Q(left_at__isnull=False, left_by__isnull=False, left_with_escort__isnull=False),
                name="observation_left_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(ready_at__isnull=False) | ~Q(left_early_reason=""),
                name="observation_early_leave_has_a_reason",
            ),
        ]

    def __str__(self):
        return f"observation {self.pk}"


class PreDose(models.Model):
    """The questions before the dose, as answered once; asked again, a new version."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="pre_doses")
    version = models.PositiveSmallIntegerField()
    measured_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    by = _person()
    systolic = models.PositiveSmallIntegerField()
    diastolic = models.PositiveSmallIntegerField()
    heart_rate = models.PositiveSmallIntegerField()
    spo2 = models.PositiveSmallIntegerField()
    answers = models.JSONField()
    # The gates as they stood with these answers, and what went on all the same: {code: {reason, by, name, at}}, with
    # decided_by and decided_by_name for a decision: both empty where nobody is named yet.
    gates = models.JSONField()
    overrides = models.JSONField(default=dict)
    may_dose = models.BooleanField()

    class Meta:
        ordering = ["version"]
        constraints = [
            AppendOnly(name="pre_dose_written_once"),
            models.UniqueConstraint(fields=["observation", "version"], name="pre_dose_version_once"),
            models.CheckConstraint(
                condition=Q(
                    systolic__range=(40, 300), diastolic__range=(20, 200), systolic__gt=models.F("diastolic")
                ),
                name="pre_dose_pressure_possible",
            ),
            models.CheckConstraint(
                condition=Q(heart_rate__range=(20, 250), spo2__range=(50, 100)),
                name="pre_dose_vitals_possible",
            ),
        ]

    def __str__(self):
        return f"pre-dose {self.pk}"


class DeviceUse(models.Model):
    """One 28 mg device given. A correction is a new version with its reason; the newest counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="devices")
    number = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    by = _person()
    # The device of our stock; empty where its lot was typed by hand.
    device = models.ForeignKey(
        "monitoring.Device", on_delete=models.PROTECT, null=True, blank=True, related_name="uses"
    )
    lot = models.CharField(max_length=40)
    expires_on = models.DateField()
    # A failed or dropped device was replaced: why, and who saw it.
    extra_reason = models.CharField(max_length=500, blank=True)
    witness = models.CharField(max_length=120, blank=True)
    correction_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["number", "version"]
        constraints = [
            AppendOnly(name="device_use_written_once"),
            models.UniqueConstraint(
                fields=["observation", "number", "version"], name="device_use_version_once"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, version__gte=1), name="device_use_counts_from_one"
            ),
            models.CheckConstraint(
                condition=Q(extra_reason="", witness="") | (~Q(extra_reason="") & ~Q(witness="")),
                name="device_use_extra_has_witness",
            ),
            models.CheckConstraint(
                condition=Q(version=1) | ~Q(correction_reason=""), name="device_use_correction_has_a_reason"
            ),
        ]

    def __str__(self):
        return f"device use {self.pk}"
