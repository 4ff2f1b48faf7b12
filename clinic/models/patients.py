"""Patients and what they agreed to."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from phonenumber_field.modelfields import PhoneNumberField

from clinic import clock
from clinic.db import AppendOnly
from clinic.enums import ConsentKind, Language, Sex
from clinic.ids import new_id

from .places import Site, valid_timezone


class PatientQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(site__memberships__user=user).distinct()

    def active(self):
        return self.filter(active=True)


class Patient(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="patients")
    mrn = models.CharField(max_length=40)
    given_name = models.CharField(max_length=80)
    middle_initial = models.CharField(max_length=1, blank=True)
    family_name = models.CharField(max_length=80)
    birth_date = models.DateField()
    sex = models.CharField(max_length=8, choices=Sex, default=Sex.UNKNOWN)
    phone = PhoneNumberField(blank=True)
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    # Where the patient lives, if not in the site's zone: quiet hours are theirs.
    timezone = models.CharField(max_length=64, blank=True, validators=[valid_timezone])
    rems_enrolled_on = models.DateField(null=True, blank=True)
    contraindications = models.JSONField(default=list, blank=True)
    escort_name = models.CharField(max_length=120, blank=True)
    escort_phone = PhoneNumberField(blank=True)
    active = models.BooleanField(default=True)

    # What the newest Consent rows say; written by the verb that writes those.
    texts_allowed = models.BooleanField(default=False)
    detailed_texts = models.BooleanField(default=False)

    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ["family_name", "given_name", "pk"]
        indexes = [
            models.Index(fields=["site", "family_name", "given_name"], name="patient_by_name"),
            models.Index(fields=["phone"], name="patient_by_phone"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "mrn"],
                name="patient_mrn_unique_at_site",
                violation_error_message="Another patient of this site has this record number.",
            ),
            models.CheckConstraint(condition=Q(sex__in=Sex.values), name="patient_sex_known"),
            models.CheckConstraint(condition=Q(language__in=Language.values), name="patient_language_known"),
            models.CheckConstraint(
                condition=Q(detailed_texts=False) | Q(texts_allowed=True), name="patient_detail_needs_texts"
            ),
        ]

    def __str__(self):
        # Never the name: this text reaches logs and error reports.
        return f"patient {self.pk}"

    @property
    def number(self) -> str:
        """The mobile number in E.164, as carriers want it; empty where none is known."""
        return str(getattr(self.phone, "as_e164", ""))

    @property
    def full_name(self) -> str:
        middle = f" {self.middle_initial}." if self.middle_initial else ""
        return f"{self.given_name}{middle} {self.family_name}"

    @property
    def list_name(self) -> str:
        return f"{self.family_name}, {self.given_name}"

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.timezone) if self.timezone else self.site.tz


class Consent(models.Model):
    """One answer to "may we text you": who, when, how, in which words. Never rewritten."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=8, choices=ConsentKind)
    given = models.BooleanField()
    method = models.CharField(max_length=40)
    wording = models.TextField(blank=True)
    at = models.DateTimeField(default=clock.now)
    # Empty when the patient did it themselves, by texting STOP or START.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            AppendOnly(name="consent_written_once"),
            models.CheckConstraint(condition=Q(kind__in=ConsentKind.values), name="consent_kind_known"),
        ]

    def __str__(self):
        return f"consent {self.pk}"
