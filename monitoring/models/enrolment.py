"""Papers with the REMS: the patient's enrolment and the site's certification, as they were each time."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.ids import new_id
from clinic.models import Document, Patient, Site
from monitoring.enums import CertificationKind, EnrolmentKind

USER = settings.AUTH_USER_MODEL


class Enrolment(models.Model):
    """One step of a patient's enrolment; the newest says how it stands. `Patient.rems_enrolled_on` is its date."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="enrolments")
    kind = models.CharField(max_length=14, choices=EnrolmentKind)
    on = models.DateField()
    # Who signed the form beside the patient.
    prescriber = models.CharField(max_length=120, blank=True)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="enrolment_written_once"),
            models.CheckConstraint(condition=Q(kind__in=EnrolmentKind.values), name="enrolment_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind=EnrolmentKind.ENROLLED) | ~Q(prescriber=""),
                name="enrolment_names_prescriber",
            ),
            models.CheckConstraint(
                condition=Q(kind=EnrolmentKind.ENROLLED) | ~Q(note=""), name="enrolment_end_says_why"
            ),
        ]

    def __str__(self):
        return f"enrolment {self.pk}"


class Certification(models.Model):
    """One step of a site's certification; the newest says how it stands."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="certifications")
    kind = models.CharField(max_length=20, choices=CertificationKind)
    on = models.DateField()
    representative = models.CharField(max_length=120)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="certification_written_once"),
            models.CheckConstraint(
                condition=Q(kind__in=CertificationKind.values), name="certification_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(representative=""), name="certification_names_representative"
            ),
        ]

    def __str__(self):
        return f"certification {self.pk}"
