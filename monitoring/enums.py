"""Words of the chairside."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Dissociation(models.TextChoices):
    """At the chairside [practice]."""

    NONE = "none", _("None")
    MILD = "mild", _("Mild")
    MODERATE = "moderate", _("Moderate")
    SEVERE = "severe", _("Severe")


class Sedation(models.IntegerChoices):
    """MOAA/S: lower is more sedated."""

    NONE_TO_PAIN = 0, _("No answer to a painful squeeze")
    PAINFUL_SQUEEZE = 1, _("Answers only to a painful squeeze of the trapezius")
    PRODDING = 2, _("Answers only to mild prodding or shaking")
    LOUD = 3, _("Answers only when called loudly or repeatedly")
    LETHARGIC = 4, _("Lethargic answer to the name")
    READY = 5, _("Answers readily to the name")


class AlertLevel(models.TextChoices):
    AMBER = "amber", _("Amber")
    RED = "red", _("Red")


class NotTaken(models.TextChoices):
    """Why a reading could not be taken. Free words are welcome beside them."""

    ASLEEP = "asleep", _("Asleep")
    REFUSED = "refused", _("Refused")
    BATHROOM = "bathroom", _("In the bathroom")
    CUFF_FAULT = "cuff_fault", _("Cuff fault")
    OTHER = "other", _("Other")


class Symptom(models.TextChoices):
    """Hypertensive crisis or encephalopathy [label]: any of these is red at any value. Others are notes."""

    CHEST_PAIN = "chest_pain", _("Chest pain")
    BREATHLESS = "breathless", _("Short of breath")
    SEVERE_HEADACHE = "severe_headache", _("Sudden severe headache")
    VISUAL_CHANGE = "visual_change", _("Change of vision")
    SEIZURE = "seizure", _("Seizure")
    REDUCED_CONSCIOUSNESS = "reduced_consciousness", _("Reduced consciousness")
    FOCAL_DEFICIT = "focal_deficit", _("Weakness or trouble with speech")
    NAUSEA = "nausea", _("Nausea")
    VOMITING = "vomiting", _("Vomiting")
    DIZZINESS = "dizziness", _("Dizziness")
    ANXIETY = "anxiety", _("Anxiety")
    RESPIRATORY_DEPRESSION = "respiratory_depression", _("Respiratory depression")
