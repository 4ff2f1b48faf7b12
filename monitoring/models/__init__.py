"""What happens in the chair, what the REMS wants to know of it, and the drug."""

from .alerts import Alert, AlertEvent
from .care import Assignment, Deviation
from .checkpoints import Checkpoint
from .counts import CountLine, StockCount
from .enrolment import Certification, Enrolment
from .losses import LossReport
from .observations import DeviceUse, Observation, PreDose
from .rems import FormAnswer, FormEvent, FormSending, MonitoringForm
from .serious import SeriousEvent, SeriousEventStep, SiteContact
from .stock import Delivery, Device, DrugSettings, Kit, LedgerEntry
from .tablet import TabletEntry

__all__ = [
    "Alert",
    "AlertEvent",
    "Assignment",
    "Certification",
    "Checkpoint",
    "CountLine",
    "Delivery",
    "Deviation",
    "Device",
    "DeviceUse",
    "DrugSettings",
    "Enrolment",
    "FormAnswer",
    "FormEvent",
    "FormSending",
    "Kit",
    "LedgerEntry",
    "LossReport",
    "MonitoringForm",
    "Observation",
    "PreDose",
    "SeriousEvent",
    "SeriousEventStep",
    "SiteContact",
    "StockCount",
    "TabletEntry",
]
