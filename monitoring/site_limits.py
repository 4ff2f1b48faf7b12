"""What a site decides about readings: its limits, its checkpoints, and when a red alert goes on."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import places
from clinic.errors import Fault, Invalid
from clinic.models import Site
from monitoring import limits
from monitoring.limits import CHECKPOINT_MINUTES, FLAGGED_MINUTES, LimitFault, Limits
from monitoring.state import limits_of

SETTINGS = (
    "checkpoint_minutes",
    "flagged_minutes",
    "alert_minutes",
    "observation_minutes",
    "observe_from_last_device",
)
LABELS = {
    "systolic_before_amber": gettext_lazy("Before: systolic above, amber [label]"),
    "diastolic_before_amber": gettext_lazy("Before: diastolic above, amber [label]"),
    "systolic_before_red": gettext_lazy("Before: systolic from, red [practice]"),
    "diastolic_before_red": gettext_lazy("Before: diastolic from, red [practice]"),
    "systolic_rise_amber": gettext_lazy("After: systolic rise from, amber [label]"),
    "diastolic_rise_amber": gettext_lazy("After: diastolic rise from, amber [label]"),
    "systolic_red_twice": gettext_lazy("After: systolic above, twice, red [practice]"),
    "diastolic_red_twice": gettext_lazy("After: diastolic above, twice, red [practice]"),
    "systolic_red_once": gettext_lazy("After: systolic above, once, red [practice]"),
    "diastolic_red_once": gettext_lazy("After: diastolic above, once, red [practice]"),
    "spo2_amber": gettext_lazy("SpO2 below, amber [practice]"),
    "spo2_red_twice": gettext_lazy("SpO2 below, twice in a row, red [practice]"),
    "spo2_red_once": gettext_lazy("SpO2 below, once, red [practice]"),
    "sedation_amber": gettext_lazy("MOAA/S at or below, amber"),
    "sedation_red": gettext_lazy("MOAA/S at or below, red"),
    "heart_rate_red": gettext_lazy("Pulse above for five minutes, red [practice]"),
    "repeat_minutes": gettext_lazy("Minutes between two readings of a pair [practice]"),
    "reading_now_minutes": gettext_lazy("How fresh the last reading must be, minutes [practice]"),
    "late_minutes": gettext_lazy("A checkpoint is late after, minutes [practice]"),
}


def in_force(site: Site) -> dict[str, Any]:
    """Every limit and setting by name, the defaults among them."""
    flagged = FLAGGED_MINUTES if site.flagged_minutes is None else site.flagged_minutes
    return {
        "checkpoint_minutes": list(site.checkpoint_minutes or CHECKPOINT_MINUTES),
        "flagged_minutes": list(flagged),
        "alert_minutes": site.alert_minutes,
        "observation_minutes": site.observation_minutes,
        "observe_from_last_device": site.observe_from_last_device,
        **asdict(limits_of(site)),
    }


@transaction.atomic
def change_limits(*, site: Site, changes: Mapping[str, Any], by, now: datetime) -> Site:
    """Change some of a site's limits and settings, for readings from now on; None is the default again.

    Units as in `limits.Limits`; checkpoints are lists of minutes after the first device.

    Raises:
        Invalid: unknown names, values that cannot be, alone or beside each other; all of them.
    """
    site = Site.objects.select_for_update().get(pk=site.pk)
    of_site = {name: _setting(name, changes[name]) for name in SETTINGS if name in changes}
    own = {**site.limits, **{name: value for name, value in changes.items() if name not in SETTINGS}}
    own = {name: value for name, value in own.items() if value is not None}
    defaults = asdict(Limits())
    found = faults({**defaults, **own})
    kept = {name: value for name, value in own.items() if defaults.get(name) != value}
    try:
        site = places.update_site(site=site, changes={**of_site, "limits": kept}, by=by, now=now)
    except Invalid as refusal:
        raise Invalid([*refusal.faults, *found]) from None
    if found:
        # What was written just now goes back with the transaction.
        raise Invalid(found)
    return site


def _setting(name: str, value: Any) -> Any:
    if value is None:
        return getattr(Site(), name)
    if name not in ("checkpoint_minutes", "flagged_minutes"):
        return value
    minutes = sorted(set(value))
    return None if name == "flagged_minutes" and minutes == list(FLAGGED_MINUTES) else minutes


def faults(values: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with these limits, alone and beside each other, in words."""
    return [Fault(f.code, _words(f), f.name) for f in limits.faults_in(values)]


def _words(fault: LimitFault) -> str:
    if fault.code == "unknown":
        return _("No such limit.")
    if fault.code == "out_of_range":
        return _("A whole number from %(low)s to %(high)s.") % {"low": fault.low, "high": fault.high}
    other = LABELS[fault.other]
    if fault.code == "not_below":
        return _("Must be below “%s”.") % other
    return _("At most “%s”.") % other
