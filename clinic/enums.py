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


class Contraindication(models.TextChoices):
    """Where the drug must not be given [label]."""

    ANEURYSMAL_VASCULAR_DISEASE = "aneurysmal_vascular_disease", _("Aneurysmal vascular disease")
    ARTERIOVENOUS_MALFORMATION = "arteriovenous_malformation", _("Arteriovenous malformation")
    INTRACEREBRAL_HAEMORRHAGE = "intracerebral_haemorrhage", _("History of intracerebral haemorrhage")
    ALLERGY = "allergy", _("Allergy to esketamine or ketamine")
