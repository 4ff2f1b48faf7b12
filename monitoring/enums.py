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


class AlertEventKind(models.TextChoices):
    RAISED = "raised", _("Raised")
    HANDED_ON = "handed_on", _("Handed on")
    ESCALATED = "escalated", _("Escalated")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")


class DeviationKind(models.TextChoices):
    """What was not as the label has it. Recorded, never made impossible."""

    LEFT_EARLY = "left_early", _("Left before being judged ready")
    LEFT_ALONE = "left_alone", _("Left without the escort")
    SHORT_STAY = "short_stay", _("Left before the two hours, as a corrected time shows")


class NotTaken(models.TextChoices):
    """Why a reading could not be taken. Free words are welcome beside them."""

    ASLEEP = "asleep", _("Asleep")
    REFUSED = "refused", _("Refused")
    BATHROOM = "bathroom", _("In the bathroom")
    CUFF_FAULT = "cuff_fault", _("Cuff fault")
    OTHER = "other", _("Other")


class TabletOutcome(models.TextChoices):
    """What became of an entry of a tablet's queue."""

    SAVED = "saved", _("Saved")
    DISCARDED = "discarded", _("Discarded")


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


class Channel(models.TextChoices):
    """How a monitoring form goes to the REMS; no public interface exists."""

    PORTAL = "portal", _("Portal")
    FAX = "fax", _("Fax")


class FormStatus(models.TextChoices):
    """As lists ask for them; `late` is open past its seventh day."""

    OPEN = "open", _("Open")
    LATE = "late", _("Late")
    SENT = "sent", _("Sent")


class FormEventKind(models.TextChoices):
    MADE = "made", _("Made")
    OWNER = "owner", _("Owner")
    REMINDED = "reminded", _("Reminded")


class SeriousStep(models.TextChoices):
    """What was done about a serious adverse event."""

    FLAGGED = "flagged", _("Flagged")
    DONE = "done", _("Done")
    CALLED = "called", _("Called")
    REPORTED = "reported", _("Reported")
    OUTCOME = "outcome", _("Outcome")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Open again")


class ContactKind(models.TextChoices):
    """Whom to call. Only numbers that the site has entered itself are shown."""

    PRESCRIBER = "prescriber", _("Prescriber on call")
    EMERGENCY = "emergency", _("Emergency services")
    REMS = "rems", _("The REMS")
    MANUFACTURER = "manufacturer", _("Manufacturer, for safety reports")
    AUTHORITY = "authority", _("Authority, for safety reports")
    OTHER = "other", _("Other")


class EnrolmentKind(models.TextChoices):
    ENROLLED = "enrolled", _("Enrolled")
    TRANSFER_TOLD = "transfer_told", _("The REMS was told of a transfer")
    ENDED = "ended", _("Enrolment ended")


class CertificationKind(models.TextChoices):
    CERTIFIED = "certified", _("Certified")
    REPRESENTATIVE_LEFT = "representative_left", _("The authorized representative left")


class Ndc(models.TextChoices):
    """Kits of 28 mg devices, by their National Drug Code [label]."""

    OF_TWO = "50458-028-02", _("56 mg kit, 2 devices (50458-028-02)")
    OF_THREE = "50458-028-03", _("84 mg kit, 3 devices (50458-028-03)")


class Owner(models.TextChoices):
    CLINIC = "clinic", _("The clinic's stock")
    PATIENT = "patient", _("A patient's, from a specialty pharmacy")


class Place(models.TextChoices):
    """Where a device is. Outside: not yet, or never, ours."""

    OUTSIDE = "outside", _("Not received")
    SHELF = "shelf", _("On the shelf")
    GIVEN = "given", _("Given")
    WASTED = "wasted", _("Wasted")
    RETURNED = "returned", _("Returned")
    LOST = "lost", _("Lost")


class EntryKind(models.TextChoices):
    RECEIVED = "received", _("Received")
    GIVEN = "given", _("Given")
    WASTED = "wasted", _("Wasted")
    RETURNED = "returned", _("Returned")
    LOST = "lost", _("Lost")
    CORRECTED = "corrected", _("Corrected")


class CountKind(models.TextChoices):
    SHIFT = "shift", _("Count of a shift")
    INVENTORY = "inventory", _("Inventory by law, every two years")


class Business(models.TextChoices):
    """An inventory says which [21 CFR 1304.11(a)]."""

    OPENING = "opening", _("Opening of business")
    CLOSING = "closing", _("Close of business")


class LossNature(models.TextChoices):
    THEFT = "theft", _("Theft")
    SIGNIFICANT = "significant", _("Significant loss")
    OTHER = "other", _("Not judged significant")
