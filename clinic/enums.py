"""Fixed lists of the clinic's own words."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    DESK = "desk", _("Front desk")
    NURSE = "nurse", _("Nurse")
    PRESCRIBER = "prescriber", _("Prescriber")
    MANAGER = "manager", _("Manager")


CLINICIANS = (Role.NURSE, Role.PRESCRIBER)


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Other")
    UNKNOWN = "unknown", _("Not stated")


class Language(models.TextChoices):
    ENGLISH = "en", "English"
    SPANISH = "es", "Español"


class ConsentKind(models.TextChoices):
    TEXTS = "texts", _("Text messages")
    # Preparation (fasting, the ride) hints at the treatment, so it is asked for by itself.
    DETAILED = "detailed", _("Detailed text messages")


class CalendarNames(models.TextChoices):
    """What a calendar feed may tell of a patient: it is read by programs and servers outside of the clinic."""

    NOTHING = "nothing", _("Nothing")
    INITIALS = "initials", _("Initials")
    NUMBER = "number", _("Record number")
    NAMES = "names", _("Names")


class Contraindication(models.TextChoices):
    """Where the drug must not be given [label]."""

    ANEURYSMAL_VASCULAR_DISEASE = "aneurysmal_vascular_disease", _("Aneurysmal vascular disease")
    ARTERIOVENOUS_MALFORMATION = "arteriovenous_malformation", _("Arteriovenous malformation")
    INTRACEREBRAL_HAEMORRHAGE = "intracerebral_haemorrhage", _("History of intracerebral haemorrhage")
    ALLERGY = "allergy", _("Allergy to esketamine or ketamine")


class DocumentKind(models.TextChoices):
    """What a scanned paper is; it decides who may read it."""

    PROOF = "proof", _("Proof of sending")
    ENROLMENT = "enrolment", _("Enrolment form")
    CERTIFICATION = "certification", _("Certification of the site")
    SERIOUS_EVENT = "serious_event", _("Serious adverse event")


class DocumentType(models.TextChoices):
    """What a scanner, a fax machine or a telephone makes."""

    PDF = "application/pdf", "PDF"
    PNG = "image/png", "PNG"
    JPEG = "image/jpeg", "JPEG"
    TIFF = "image/tiff", "TIFF"
