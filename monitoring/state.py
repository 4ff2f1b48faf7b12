"""From rows to what the rules know of one session: its readings, devices and what is due."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, UUIDField

from clinic.models import Site
from clinic.prepared import Param, Prepared, ask_together
from monitoring import checks, predose, schedule
from monitoring.enums import AlertLevel
from monitoring.limits import CHECKPOINT_MINUTES, FLAGGED_MINUTES, Limits, from_mapping
from monitoring.models import Alert, Checkpoint, DeviceUse, Observation, PreDose
from monitoring.safety import Reading
from scheduling.enums import SessionStatus
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


# Judging a reading wants little of these wide rows; whatever else is asked of one is read then.
_locked = Prepared(
    TreatmentSession.objects.select_for_update(of=("self",))
    .select_related("site")
    .filter(pk=Param("pk", UUIDField()))
    .only(
        *("status", "patient", "site__timezone", "site__limits", "site__observation_minutes"),
        *("site__observe_from_last_device", "site__checkpoint_minutes", "site__flagged_minutes"),
    )
    .order_by()
)
_ANSWERED = ("id", "version", "measured_at", "systolic", "diastolic", "heart_rate", "spo2", "gates")
# A row for each time that they were answered.
_observed = Prepared(
    Observation.objects.filter(session_id=Param("session", UUIDField()))
    .only("session", "nurse", "t0_at", "last_device_at", "rules", "ready_at", "left_at")
    .annotate(**{f"answered_{name}": F(f"pre_doses__{name}") for name in _ANSWERED})
    .order_by("pre_doses__version")
)
_checkpoints = Prepared(Checkpoint.objects.filter(observation__session_id=Param("session", UUIDField())))


def limits_of(site: Site) -> Limits:
    return from_mapping(site.limits)


def rules_of(site: Site, *, flagged: bool = False) -> schedule.Rules:
    """As the site has them now; `flagged` adds the further checkpoints."""
    minutes = tuple(site.checkpoint_minutes) or CHECKPOINT_MINUTES
    if flagged:
        more = FLAGGED_MINUTES if site.flagged_minutes is None else site.flagged_minutes
        minutes = tuple(sorted({*minutes, *more}))
    return schedule.Rules(
        minutes=minutes,
        observation_minutes=site.observation_minutes,
        from_last_device=site.observe_from_last_device,
        late_minutes=limits_of(site).late_minutes,
        flagged=flagged,
    )


def patient_facts(session: TreatmentSession, clinician: str = "-") -> predose.PatientFacts:
    """What the record says of the patient now; `clinician`: the name of who monitors."""
    patient = session.patient
    enrolled_on, known = patient.rems_enrolled_on, tuple(patient.contraindications)
    return predose.PatientFacts(session.local_date, enrolled_on, known, clinician)


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
        """Those of the first device's moment; before it, and for older rows, the site's."""
        kept = self.observation.rules if self.observation else None
        if not kept:
            return rules_of(self.session.site, flagged=self.flagged)
        return schedule.rules_from(kept, limits_of(self.session.site).late_minutes)

    @property
    def flagged(self) -> bool:
        """Something was found before the dose that wants a closer watch."""
        return self.pre_dose is not None and predose.is_flagged(self.pre_dose.gates)

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
        """The start of the first device, as its newest version has it."""
        return self.observation.t0_at if self.observation else None

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
        if self.observation is None or self.t0 is None:
            return None
        return schedule.earliest_leave_at(self.t0, self.observation.last_device_at or self.t0, self.rules)

    def minutes_until(self, moment: datetime) -> list[schedule.Due]:
        """Every checkpoint that an entry may answer, those of a quarter of an hour included up to `moment`."""
        return schedule.checkpoints(self.t0, self.rules, until=moment) if self.t0 else []

    def dues(self, now: datetime | None = None) -> list[schedule.Due]:
        """The checkpoints; with `now`, continued past the last one until the patient is ready or has left."""
        if self.t0 is None:
            return []
        if (end := self.ended_at) is None:
            return schedule.checkpoints(self.t0, self.rules, until=now)
        answered = self.t0 + timedelta(minutes=max(self.taken, default=0))
        dues = schedule.checkpoints(self.t0, self.rules, until=max(end, answered))
        return schedule.wanted(dues, self.taken, self.rules)

    @property
    def ended_at(self) -> datetime | None:
        """When nothing further fell due: judged ready, or gone."""
        seen = self.observation
        return (seen.ready_at or seen.left_at) if seen else None

    @property
    def taken(self) -> set[int]:
        return {row.minute for row in self.checkpoints if row.minute is not None}

    def steps(self, now: datetime) -> list[schedule.Step]:
        left_at = self.observation.left_at if self.observation else None
        return schedule.steps(self.dues(now), self.taken, now=now, rules=self.rules, left_at=left_at)

    def with_checkpoint(self, row: Checkpoint) -> "ChairState":
        """As known after `row` was written."""
        return replace(self, all_checkpoints=[*self.all_checkpoints, row])

    @property
    def open_reds(self) -> list[Alert]:
        return [alert for alert in self.open_alerts if alert.level == AlertLevel.RED]

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


def lock_readings(
    session: TreatmentSession | UUID,
    statuses: Iterable[SessionStatus],
    allow: Callable[[TreatmentSession], None] = lambda session: None,
) -> ChairState:
    """What judging a reading wants, in three queries: the session, or the one with this id, held until the transaction
    ends; the observation with the newest answers before the dose; and the readings so far. `allow` is asked first.

    Raises:
        Refused: `wrong_state` when the session is in none of `statuses`, or the patient has not arrived.
        TreatmentSession.DoesNotExist: no such session.
    """
    pk = getattr(session, "pk", session)
    sessions, observations, checkpoints = ask_together(
        (_locked, {"pk": pk}), (_observed, {"session": pk}), (_checkpoints, {"session": pk})
    )
    held = checks.in_one_of(statuses, sessions, allow)
    observation = checks.observed(observations, held)
    answers = [getattr(observation, f"answered_{name}") for name in _ANSWERED]
    return ChairState(
        session=held,
        observation=observation,
        pre_doses=[PreDose.from_db(DEFAULT_DB_ALIAS, _ANSWERED, answers)] if answers[0] else [],
        all_devices=[],
        all_checkpoints=checkpoints,
        alerts=[],
    )


def states_of(sessions: list[TreatmentSession]) -> list[ChairState]:
    """Everything of many sessions, in five queries."""
    observations = {
        o.session_id: o for o in Observation.objects.filter(session__in=sessions).select_related("nurse")
    }
    ids = [o.pk for o in observations.values()]
    parts = {model: _by_observation(model, ids) for model in (PreDose, DeviceUse, Checkpoint, Alert)}
    found = []
    for session in sessions:
        observation = observations.get(session.pk)
        rows = {model: part[observation.pk] if observation else [] for model, part in parts.items()}
        found.append(
            ChairState(session, observation, rows[PreDose], rows[DeviceUse], rows[Checkpoint], rows[Alert])
        )
    return found


def _by_observation(model, ids):
    rows = defaultdict(list)
    for row in model.objects.filter(observation__in=ids):
        rows[row.observation_id].append(row)
    return rows
