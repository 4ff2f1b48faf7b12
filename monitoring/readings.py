"""Checkpoints: written once each, corrected by new versions, judged as they are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from monitoring import alerts, safety, schedule, state
from monitoring.checks import in_future, lock
from monitoring.models import Alert, Checkpoint, Observation
from monitoring.state import VALUES, ChairState, limits_of, reading_of
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

S = SessionStatus
OPEN = (S.DOSING, S.OBSERVING, S.READY, S.COMPLETED)
# Written down this long after it was measured, an entry is late too [practice].
ENTERED_LATE = timedelta(minutes=15)
FIELDS = (*VALUES, "symptoms", "note", "not_taken")
LONGEST = {"note": 1000, "not_taken": 200}
MOST_SYMPTOMS, LONGEST_SYMPTOM = 20, 40


@dataclass(frozen=True, slots=True)
class Recorded:
    checkpoint: Checkpoint
    alerts: list[Alert]


@transaction.atomic
def record_checkpoint(
    *,
    session: TreatmentSession,
    client_id: UUID,
    measured_at: datetime,
    values: Mapping[str, Any],
    by,
    now: datetime,
    minute: int | None = None,
) -> Recorded:
    """Write a reading down, or the reason why there is none. A replay of the same entry changes nothing.

    `values` may hold the names in `FIELDS`; units as in the model. `minute` names the checkpoint it answers;
    without it the entry answers the latest one that was due.

    Raises:
        Invalid: values that no patient can have, a time to come or before T0, nothing entered; all of it.
        Refused: `wrong_state`, or `conflict` where this client_id holds another entry.
    """
    if same := _replay(session, client_id, measured_at, values, minute):
        return same
    session, observation = lock(session, OPEN)
    known = state.load(session)
    clean = _clean(values)
    _refuse_impossible(known, measured_at, minute, clean, now)
    if minute is None and known.t0:
        minute = schedule.answers(known.t0, measured_at, known.dues(now), known.taken)
    row = Checkpoint.objects.create(
        id=new_id(),
        observation=observation,
        client_id=client_id,
        minute=minute,
        measured_at=measured_at,
        recorded_at=now,
        late=_is_late(known, minute, measured_at, now),
        by=by,
        **clean,
    )
    raised = _judge_from(session, observation, row, by, now)
    _tell("checkpoint.recorded", session, row, by, now)
    return Recorded(row, raised)


@transaction.atomic
def correct_checkpoint(
    *, checkpoint: Checkpoint, changes: Mapping[str, Any], reason: str, by, now: datetime
) -> Recorded:
    """Another version of an entry; the old one stays readable, and so does what it caused.

    Raises:
        Invalid: no reason, nothing changed, values that cannot be.
        Refused: `superseded` where somebody corrected it in between.
    """
    session, observation = lock(checkpoint.observation.session, OPEN)
    known = state.load(session)
    current = next((row for row in known.checkpoints if row.entry == checkpoint.entry), None)
    if current is None or current.pk != checkpoint.pk:
        raise Refused.because("superseded", _("Somebody has corrected this entry in the meantime."))
    old = {name: getattr(current, name) for name in FIELDS}
    clean = _clean({**old, **changes})
    measured_at = changes.get("measured_at", current.measured_at)
    minute = changes.get("minute", current.minute)
    if not reason.strip():
        raise Invalid.because("required", _("Say why."), "reason")
    _refuse_impossible(known, measured_at, minute, clean, now)
    row = Checkpoint.objects.create(
        id=new_id(),
        observation=observation,
        entry=current.entry,
        version=current.version + 1,
        client_id=current.client_id,
        minute=minute,
        measured_at=measured_at,
        recorded_at=now,
        late=current.late,
        by=by,
        correction_reason=reason.strip()[:500],
        **clean,
    )
    raised = _judge_from(session, observation, row, by, now)
    _tell("checkpoint.corrected", session, row, by, now, reason)
    return Recorded(row, raised)


def _replay(session, client_id, measured_at, values, minute) -> Recorded | None:
    row = (
        Checkpoint.objects.filter(client_id=client_id, version=1).select_related("observation", "by").first()
    )
    if row is None:
        return None
    same = row.observation.session_id == session.pk and row.measured_at == measured_at
    same = same and all(getattr(row, name) == value for name, value in _clean(values).items())
    if not same or (minute is not None and minute != row.minute):
        raise Refused.because("conflict", _("Another entry has this client_id."), "client_id")
    return Recorded(row, list(Alert.objects.filter(source=row.entry)))


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """Every field with a value of its kind; absent text is empty, absent numbers are None."""
    clean = {name: values.get(name) for name in VALUES}
    clean["dissociation"] = values.get("dissociation") or ""
    clean["symptoms"] = list(values.get("symptoms") or [])
    return {
        **clean,
        "note": (values.get("note") or "").strip(),
        "not_taken": (values.get("not_taken") or "").strip(),
    }


def _refuse_impossible(known: ChairState, measured_at, minute, clean, now) -> None:
    faults = [Fault(f.code, f.detail, f.field) for f in safety.faults_in(clean)]
    faults += in_future(measured_at, now, "measured_at")
    if known.t0 and measured_at < known.t0:
        faults.append(Fault("before_t0", _("Before the first device was started."), "measured_at"))
    if minute is not None and minute not in {due.minute for due in known.dues(max(now, measured_at))}:
        faults.append(Fault("unknown", _("No checkpoint of this minute is scheduled."), "minute"))
    faults += _content_faults(clean)
    if faults:
        raise Invalid(faults)


def _content_faults(clean: Mapping[str, Any]) -> list[Fault]:
    measured = any(clean[name] not in (None, "") for name in VALUES) or bool(clean["symptoms"])
    faults = []
    if not measured and not clean["not_taken"] and not clean["note"]:
        faults.append(Fault("required", _("A reading, or the reason why there is none."), "not_taken"))
    if measured and clean["not_taken"]:
        faults.append(Fault("impossible", _("A reading was entered as well."), "not_taken"))
    for name, length in LONGEST.items():
        if len(clean[name]) > length:
            faults.append(Fault("too_long", _("At most %s characters.") % length, name))
    if len(clean["symptoms"]) > MOST_SYMPTOMS or any(len(s) > LONGEST_SYMPTOM for s in clean["symptoms"]):
        faults.append(Fault("too_long", _("At most 20 symptoms of 40 characters."), "symptoms"))
    return faults


def _is_late(known: ChairState, minute: int | None, measured_at: datetime, now: datetime) -> bool:
    due = next((due for due in known.dues(now) if due.minute == minute), None)
    after_due = due is not None and schedule.is_late(due.due_at, measured_at, known.rules)
    return after_due or now - measured_at > ENTERED_LATE


def _judge_from(session, observation: Observation, row: Checkpoint, by, now) -> list[Alert]:
    """Judge this reading, and those after it: an entry that comes late may be the first of two."""
    known, limits = state.load(session), limits_of(session.site)
    rows, raised = known.checkpoints, []
    position = next(i for i, other in enumerate(rows) if other.pk == row.pk)
    for index in range(position, len(rows)):
        earlier = [reading_of(other) for other in rows[:index]]
        findings = safety.judge(reading_of(rows[index]), earlier, known.before, limits)
        new = alerts.raise_for(
            session=session,
            observation=observation,
            source=rows[index].entry,
            findings=findings,
            at=rows[index].measured_at,
            by=by,
            now=now,
        )
        raised += new if index == position else []
    return raised


def _tell(action: str, session, row: Checkpoint, by, now: datetime, reason: str = "") -> None:
    audit.record(
        action,
        by=by,
        now=now,
        site=session.site_id,
        patient=session.patient_id,
        on=row,
        reason=reason,
        entry=str(row.entry),
        version=row.version,
        minute=row.minute,
    )
