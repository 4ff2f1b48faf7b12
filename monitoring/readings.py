"""Checkpoints: written once each, corrected by new versions, judged as they are written."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from clinic.models import AuditEvent
from clinic.prepared import InsertTogether
from monitoring import alerts, record, safety, schedule, state
from monitoring.checks import in_future, reason_in
from monitoring.enums import Symptom
from monitoring.models import Alert, Checkpoint
from monitoring.safety import AlertFinding, Reading
from monitoring.state import VALUES, ChairState, limits_of, reading_of
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

S = SessionStatus
OPEN = (S.DOSING, S.OBSERVING, S.READY, S.COMPLETED)
FIELDS = (*VALUES, "symptoms", "note", "not_taken")
LONGEST = {"note": 1000, "not_taken": 200}
_insert = InsertTogether(Checkpoint, AuditEvent)
MOST_SYMPTOMS, LONGEST_SYMPTOM = 20, 40


@dataclass(frozen=True, slots=True)
class Recorded:
    checkpoint: Checkpoint
    alerts: list[Alert]


def record_checkpoint(
    *,
    session: TreatmentSession | UUID,
    client_id: UUID,
    measured_at: datetime,
    values: Mapping[str, Any],
    by,
    now: datetime,
    minute: int | None = None,
    allow: Callable[[TreatmentSession], None] = lambda session: None,
) -> Recorded:
    """Write a reading down, or the reason why there is none. A replay of the same entry changes nothing.

    `values` may hold the names in `FIELDS`; units as in the model. `minute` names the checkpoint it answers;
    without it the entry answers the latest one that was due. `session` may be an id; `allow` is asked of the row as it
    was read under its lock.

    Raises:
        Invalid: values that no patient can have, a time to come or before T0, nothing entered; all of it.
        Refused: `wrong_state`, or `conflict` where this client_id holds another entry.
    """
    entry = _Entry(client_id, measured_at, minute, _clean(values))
    try:
        return _record(session, entry, by, now, allow)
    except IntegrityError:
        # The transaction is gone with the clash; only now may the database be asked who was first.
        if not Checkpoint.objects.filter(client_id=client_id).exists():
            raise
        raise _conflict() from None


@dataclass(frozen=True, slots=True)
class _Entry:
    client_id: UUID
    measured_at: datetime
    minute: int | None
    values: dict[str, Any]


@transaction.atomic
def _record(
    which: TreatmentSession | UUID,
    entry: _Entry,
    by,
    now: datetime,
    allow: Callable[[TreatmentSession], None],
) -> Recorded:
    known = state.lock_readings(which, OPEN, allow)
    if same := _replay(known, entry):
        return same
    minute = entry.minute
    _refuse_impossible(known, entry.measured_at, minute, entry.values, now)
    if minute is None and known.t0:
        dues = known.minutes_until(max(now, entry.measured_at))
        minute = schedule.answers(known.t0, entry.measured_at, dues, known.taken)
    row = Checkpoint(
        id=new_id(),
        observation=known.observation,
        client_id=entry.client_id,
        minute=minute,
        measured_at=entry.measured_at,
        recorded_at=now,
        late=_is_late(known, minute, entry.measured_at, now),
        by=by,
        **entry.values,
    )
    _insert(row, _event("checkpoint.recorded", known.session, row, by, now))
    raised = _judge_from(known, row, by, now)
    return Recorded(row, raised)


@transaction.atomic
def correct_checkpoint(
    *,
    checkpoint: Checkpoint,
    changes: Mapping[str, Any],
    reason: str,
    by,
    now: datetime,
    version: int | None = None,
) -> Recorded:
    """Another version of an entry; the old one stays readable, and so does what it caused.

    `version` is the one that the person saw: another is refused, so that nobody's correction is undone unseen.

    Raises:
        Invalid: no reason, nothing changed, values that cannot be.
        Refused: `superseded` where somebody corrected it in between.
    """
    known = state.lock_readings(checkpoint.observation.session, OPEN)
    current = _current(known, checkpoint.entry, checkpoint.version if version is None else version)
    old = {name: getattr(current, name) for name in FIELDS}
    clean = _clean({**old, **changes})
    measured_at = changes.get("measured_at", current.measured_at)
    minute = changes.get("minute", current.minute)
    reason = reason_in(reason)
    _refuse_impossible(known, measured_at, minute, clean, now)
    row = Checkpoint(
        id=new_id(),
        observation=known.observation,
        entry=current.entry,
        version=current.version + 1,
        client_id=current.client_id,
        minute=minute,
        measured_at=measured_at,
        recorded_at=now,
        late=_is_late(known, minute, measured_at, _first_recorded_at(known, current)),
        by=by,
        correction_reason=reason,
        **clean,
    )
    _insert(row, _event("checkpoint.corrected", known.session, row, by, now, reason))
    raised = _judge_from(known, row, by, now)
    return Recorded(row, raised)


def _current(known: ChairState, entry: UUID, version: int) -> Checkpoint:
    """The newest version of an entry, if it is the one that the person saw."""
    current = next(row for row in known.checkpoints if row.entry == entry)
    if current.version != version:
        what = record.vitals(current) or current.not_taken or current.note
        text = _("%(who)s has corrected this entry in the meantime: %(what)s.")
        detail = text % {"who": current.by.display_name, "what": what}
        raise Refused.because("superseded", detail, version=current.version)
    return current


def _first_recorded_at(known: ChairState, row: Checkpoint) -> datetime:
    """An entry that is corrected later was not entered later."""
    return min(other.recorded_at for other in known.all_checkpoints if other.entry == row.entry)


def _replay(known: ChairState, entry: _Entry) -> Recorded | None:
    first = (row for row in known.all_checkpoints if row.client_id == entry.client_id and row.version == 1)
    row = next(first, None)
    if row is None:
        return None
    same = row.measured_at == entry.measured_at and entry.minute in (None, row.minute)
    if not same or any(getattr(row, name) != value for name, value in entry.values.items()):
        raise _conflict()
    return Recorded(row, list(Alert.objects.filter(source=row.entry)))


def _conflict() -> Refused:
    return Refused.because("conflict", _("Another entry has this client_id."), "client_id")


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """Every field with a value of its kind; absent text is empty, absent numbers are None."""
    clean = {name: values.get(name) for name in VALUES}
    clean["dissociation"] = values.get("dissociation") or ""
    clean["symptoms"] = [_symptom(words) for words in values.get("symptoms") or []]
    return {
        **clean,
        "note": (values.get("note") or "").strip(),
        "not_taken": (values.get("not_taken") or "").strip(),
    }


def _symptom(words: str) -> str:
    """The code of one that is known; other words stay as they were written."""
    code = safety.known_symptom(words)
    return code if code in Symptom.values else words


def _refuse_impossible(known: ChairState, measured_at, minute, clean, now) -> None:
    faults = [Fault(f.code, f.detail, f.field) for f in safety.faults_in(clean)]
    faults += in_future(measured_at, now, "measured_at")
    if known.t0 and measured_at < known.t0:
        faults.append(Fault("before_t0", _("Before the first device was started."), "measured_at"))
    left_at = known.observation.left_at if known.observation else None
    # What is typed of leaving is a whole minute; a note or a reason may be written at any time.
    if left_at and _is_measured(clean) and measured_at >= left_at + timedelta(minutes=1):
        faults.append(Fault("after_leaving", _("The patient had left by then."), "measured_at"))
    if minute is not None and minute not in {d.minute for d in known.minutes_until(max(now, measured_at))}:
        faults.append(Fault("unknown", _("No checkpoint of this minute is scheduled."), "minute"))
    faults += _content_faults(clean)
    if faults:
        raise Invalid(faults)


def _is_measured(clean: Mapping[str, Any]) -> bool:
    return any(clean[name] not in (None, "") for name in VALUES) or bool(clean["symptoms"])


def _content_faults(clean: Mapping[str, Any]) -> list[Fault]:
    measured, faults = _is_measured(clean), []
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
    due = next((due for due in known.minutes_until(now) if due.minute == minute), None)
    after_due = due is not None and schedule.is_late(due.due_at, measured_at, known.rules)
    return after_due or now - measured_at > record.ENTERED_LATE


def _judge_from(known: ChairState, row: Checkpoint, by, now: datetime) -> list[Alert]:
    """Judge this reading, and those after it: an entry that comes late may be the first of two."""
    known, limits = known.with_checkpoint(row), limits_of(known.session.site)
    rows, found = known.checkpoints, {}
    position = next(i for i, other in enumerate(rows) if other.pk == row.pk)
    for index in range(position, len(rows)):
        earlier = [reading_of(other) for other in rows[:index]]
        found[rows[index]] = safety.judge(reading_of(rows[index]), earlier, known.before, limits)
    findings = {(other.entry, other.measured_at): judged for other, judged in found.items()}
    if row.version > 1:
        findings[row.pk, row.measured_at] = _worse(known, row, found[row])
    raised = alerts.raise_for(
        session=known.session, observation=row.observation, findings=findings, by=by, now=now
    )
    return [alert for alert in raised if alert.source in (row.entry, row.pk)]


def _worse(known: ChairState, row: Checkpoint, findings: list[AlertFinding]) -> list[AlertFinding]:
    """What an earlier version of this entry has raised already, but at a better value: whoever acknowledged that has
    not seen this. Such an alert has the version as its source."""
    if not findings:
        return []
    versions = [old for old in known.all_checkpoints if old.entry == row.entry and old.pk != row.pk]
    raised = Alert.objects.filter(source__in=[row.entry, *(old.pk for old in versions)])
    seen: dict[str, list[Reading]] = defaultdict(list)
    for code, at in raised.values_list("code", "recorded_at"):
        known_then = [old for old in versions if old.recorded_at <= at] or versions[:1]
        then = max(known_then, key=lambda old: old.version)
        seen[code].append(reading_of(then))
    new = reading_of(row)
    return [
        finding
        for finding in findings
        if seen[finding.code] and all(safety.is_worse(finding.code, new, old) for old in seen[finding.code])
    ]


def _event(action: str, session, row: Checkpoint, by, now: datetime, reason: str = "") -> AuditEvent:
    return audit.event(
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
