"""What happens in the chair."""

from .alerts import Alert
from .checkpoints import Checkpoint
from .observations import DeviceUse, Observation, PreDose

__all__ = ["Alert", "Checkpoint", "DeviceUse", "Observation", "PreDose"]
