"""What is written of a device that was given: once, and again as another version where it was not so."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from clinic import checks
from clinic.errors import Fault, Refused
from clinic.ids import new_id
from clinic.models import Site
from monitoring.checks import LONGEST_REASON
from monitoring.ledger import second_person
from monitoring.models import Device, DeviceUse, Observation
from monitoring.taking import Chosen

MOST_DEVICES = 9
LONGEST_NAME = 120
_KEPT = (
    "observation_id",
    "number",
    "started_at",
    "device_id",
    "lot",
    "expires_on",
    "extra_reason",
    "witness",
)


@dataclass(frozen=True, slots=True)
class Extra:
    """Why a device was replaced, and who of the site saw it: a user, or None where nobody was found."""

    reason: str
    witness: Any


@dataclass(frozen=True, slots=True)
class Start:
    """What somebody says of a device that they start: one of the stock, or the label of one."""

    number: int
    started_at: datetime
    device: Device | None = None
    lot: str = ""
    expires_on: date | None = None
    extra: Extra | None = field(default=None)

    def faults(self, site: Site, by) -> list[Fault]:
        """A number that cannot be; an extra device without a reason that can be kept, or without a witness: somebody
        of `site` who may count the drug, and is not `by`."""
        faults = []
        if not 1 <= self.number <= MOST_DEVICES:
            faults.append(Fault("out_of_range", _("From 1 to %s.") % MOST_DEVICES, "number"))
        if self.extra:
            said = {"extra.reason": self.extra.reason}
            faults += checks.text(said, "extra.reason", LONGEST_REASON)
            faults += second_person(self.extra.witness, by, site, "extra.witness")
        return faults

    def is_of(self, use: DeviceUse) -> bool:
        """Whether `use` says the same."""
        label = (use.lot, use.expires_on) == (self.lot.strip(), self.expires_on)
        same = use.device_id == self.device.pk if self.device else label
        return same and use.started_at == self.started_at


def write_first(observation: Observation, start: Start, chosen: Chosen, *, by, now: datetime) -> DeviceUse:
    reason, witness = (start.extra.reason.strip(), start.extra.witness) if start.extra else ("", None)
    return DeviceUse.objects.create(
        id=new_id(),
        observation=observation,
        number=start.number,
        started_at=start.started_at,
        recorded_at=now,
        by=by,
        device=chosen.device,
        lot=chosen.lot,
        expires_on=chosen.expires_on,
        extra_reason=reason,
        witness=witness.display_name[:LONGEST_NAME] if witness else "",
    )


def write_next(old: DeviceUse, *, reason: str, by, now: datetime, **changes: Any) -> DeviceUse:
    """The next version, with what changed."""
    values = {name: getattr(old, name) for name in _KEPT}
    return DeviceUse.objects.create(
        id=new_id(),
        version=old.version + 1,
        recorded_at=now,
        by=by,
        correction_reason=reason,
        **{**values, **changes},
    )


def recorded(uses: list[DeviceUse], start: Start) -> DeviceUse | None:
    """The same device, sent again.

    Raises:
        Refused: `device_recorded` where another one has this number.
    """
    use = next((use for use in uses if use.number == start.number and use.version == 1), None)
    if use is None or start.is_of(use):
        return use
    detail = _("Device %s is recorded already.") % start.number
    raise Refused.because("device_recorded", detail, "number")
