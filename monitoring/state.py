"""From rows to what the rules know of one session: its readings, devices and what is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from clinic.models import Site
from monitoring import schedule
from monitoring.enums import AlertLevel
from monitoring.limits import Limits, from_mapping
from monitoring.models import Alert, Checkpoint, DeviceUse, Observation, PreDose
from monitoring.safety import Reading
from scheduling.models import TreatmentSession

T = TypeVar("T")
VALUES = (
    "systolic",
    "diastolic",
    "heart_rate",
    "spo2",
    "respiratory_rate",
    "sedation",
    "dissociation",
)


def limits_of(site: Site) -> Limits:
    return from_mapping(site.limits)


def rules_of(site: Site) -> schedule.Rules:
    return schedule.Rules(
        minutes=tuple(site.checkpoint_minutes) or schedule.Rules().minutes,
        observation_minutes=site.observation_minutes,
        from_last_device=site.observe_from_last_device,
        late_minutes=limits_of(site).late_minutes,
    )


def newest(rows: Iterable[T], key: str) -> list[T]:
    """Of each entry the newest version, in the order of the rows."""
    return list(_by_key(rows, key).values())


def _by_key(rows, key):
    latest: dict[Any, Any] = {}
    for row in rows:
        known = latest.get(getattr(row, key))
        if known is None or row.version > known.version:
            latest[getattr(row, key)] = row
    return latest


def reading_of(row: Checkpoint) -> Reading:
    return Reading(
        measured_at=row.measured_at,
        symptoms=tuple(row.symptoms),
        not_taken=row.not_taken,
        **{name: getattr(row, name) for name in VALUES},
    )


@dataclass
class ChairState:
    """One session as the chairside knows it. Rows are read once, by `load` or by the Floor for many."""

    session: TreatmentSession
    observation: Observation | None
    pre_doses: list[PreDose]
    all_devices: list[DeviceUse]
    all_checkpoints: list[Checkpoint]
    alerts: list[Alert]

    @cached_property
    def rules(self) -> schedule.Rules:
        return rules_of(self.session.site)

    @property
    def pre_dose(self) -> PreDose | None:
        return self.pre_doses[-1] if self.pre_doses else None

    @cached_property
    def devices(self) -> list[DeviceUse]:
        return sorted(newest(self.all_devices, "number"), key=lambda device: device.number)

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        return sorted(newest(self.all_checkpoints, "entry"), key=lambda c: (c.measured_at, c.pk))

    @property
    def readings(self) -> list[Reading]:
        return [reading_of(row) for row in self.checkpoints]

    @property
    def t0(self) -> datetime | None:
        return self.devices[0].started_at if self.devices else None

    @property
    def before(self) -> Reading | None:
        """The reading before the dose."""
        row = self.pre_dose
        if row is None:
            return None
        return Reading(row.measured_at, row.systolic, row.diastolic, row.heart_rate, row.spo2)

    @property
    def devices_planned(self) -> int:
        return schedule.devices_for(self.session.dose_mg)

    @property
    def next_device_at(self) -> datetime | None:
        """When the next device may start; None before the first and after the last."""
        if not self.devices or len(self.devices) >= self.devices_planned:
            return None
        stopped = self.observation is not None and self.observation.dosing_stopped_reason
        return None if stopped else schedule.next_device_at(self.devices[-1].started_at)

    @property
    def earliest_leave_at(self) -> datetime | None:
        if self.t0 is None:
            return None
        return schedule.earliest_leave_at(self.t0, self.devices[-1].started_at, self.rules)

    def dues(self, now: datetime | None = None) -> list[schedule.Due]:
        """The checkpoints; with `now`, continued past the last one while the patient is not ready."""
        if self.t0 is None:
            return []
        waiting = self.observation is not None and self.observation.ready_at is None
        return schedule.checkpoints(self.t0, self.rules, until=now if waiting else None)

    @property
    def taken(self) -> set[int]:
        return {row.minute for row in self.checkpoints if row.minute is not None}

    def steps(self, now: datetime) -> list[schedule.Step]:
        return schedule.steps(self.dues(now), self.taken, now=now, rules=self.rules)

    @property
    def open_alerts(self) -> list[Alert]:
        """Red before amber, each in order of time."""
        found = [alert for alert in self.alerts if alert.acknowledged_at is None]
        return sorted(found, key=lambda alert: alert.level != AlertLevel.RED)


def load(session: TreatmentSession) -> ChairState:
    """Everything of one session, in five queries."""
    observation = (
        Observation.objects.select_related("nurse", "ready_by", "left_by").filter(session=session).first()
    )
    if observation is None:
        return ChairState(session, None, [], [], [], [])
    return ChairState(
        session=session,
        observation=observation,
        pre_doses=list(observation.pre_doses.select_related("by").order_by("version")),
        all_devices=list(observation.devices.select_related("by")),
        all_checkpoints=list(observation.checkpoints.select_related("by")),
        alerts=list(observation.alerts.select_related("owner", "acknowledged_by")),
    )
