"""The whole record of a session in order of time, versions and all: what a nurse, the REMS or a court may read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from clinic.models import AuditEvent
from monitoring.deciding import who_decided
from monitoring.enums import AlertEventKind, NotTaken, Symptom, TabletOutcome
from monitoring.models import Alert, AlertEvent, Checkpoint, DeviceUse, Observation, PreDose, TabletEntry
from monitoring.state import VALUES, ChairState, load
from scheduling.enums import SessionEventKind
from scheduling.models import SessionEvent, TreatmentSession

_AFTERWARDS = timedelta(minutes=1)
# Written down this long after it was measured, an entry is late too [practice].
ENTERED_LATE = timedelta(minutes=15)
# A tablet's clock that is further off than this is told beside what it sent.
SKEW_TOLD_MS = 60_000


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: when, when written down, who, what."""

    at: datetime
    recorded_at: datetime
    who: str
    kind: str
    title: str
    text: str = ""
    replaced: bool = False
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def later(self) -> bool:
        """Whether it was written down afterwards, which a reader of the record must see."""
        return self.recorded_at - self.at >= _AFTERWARDS


def record_of(session: TreatmentSession) -> list[Line]:
    known = load(session)
    events = session.events.select_related("by").order_by("at", "pk")
    lines = [_event(event, session.site.tz) for event in events]
    lines += [_pre_dose(row) for row in known.pre_doses]
    lines += [_device(row, known) for row in known.all_devices]
    lines += [_checkpoint(row, known) for row in known.all_checkpoints]
    for alert in known.alerts:
        lines += _alert(alert)
    if known.observation is not None:
        lines += _care(known.observation)
    lines += [
        line
        for row in TabletEntry.objects.filter(session=session).select_related("by")
        if (line := _tablet(row))
    ]
    return sorted(lines, key=lambda line: (line.at, line.recorded_at))


def lateness(known: ChairState, row: Checkpoint) -> str:
    """8 min after it was due; entered 20 min later. By the T0 as it is known now."""
    parts = []
    if row.minute is not None and known.t0 is not None:
        after = row.measured_at - known.t0 - timedelta(minutes=row.minute)
        if after > timedelta(minutes=known.rules.late_minutes):
            parts.append(_("measured %s min after it was due") % (after // timedelta(minutes=1)))
    waited = row.recorded_at - row.measured_at
    if row.version == 1 and waited > ENTERED_LATE:
        parts.append(_("entered %s min later") % (waited // timedelta(minutes=1)))
    return "; ".join(parts)


def symptoms(row: Checkpoint) -> str:
    """Chest pain, short of breath."""
    labels = dict(Symptom.choices)
    return ", ".join(str(labels.get(code, code)) for code in row.symptoms)


def not_taken(row: Checkpoint) -> str:
    """Cuff fault: in the words of the form, or as somebody wrote it."""
    return str(dict(NotTaken.choices).get(row.not_taken, row.not_taken))


def vitals(row: Checkpoint | PreDose) -> str:
    """128/82, pulse 76, SpO2 97 %."""
    parts = []
    if row.systolic is not None:
        parts.append(f"{row.systolic}/{row.diastolic}")
    if row.heart_rate is not None:
        parts.append(_("pulse %s") % row.heart_rate)
    if row.spo2 is not None:
        parts.append(f"SpO2 {row.spo2} %")
    if isinstance(row, Checkpoint):
        parts += _signs(row)
    return ", ".join(parts)


def _signs(row: Checkpoint) -> list[str]:
    """What is only looked at after the dose."""
    parts = []
    if row.respiratory_rate is not None:
        parts.append(_("breathing %s") % row.respiratory_rate)
    if row.sedation is not None:
        parts.append(f"MOAA/S {row.sedation}")
    if row.dissociation:
        parts.append(_("dissociation %s") % row.get_dissociation_display().lower())
    return parts


def _name(user) -> str:
    return user.display_name if user else _("system")


def _event(event: SessionEvent, tz: ZoneInfo) -> Line:
    is_status = event.kind == SessionEventKind.STATUS
    title = event.get_to_status_display() if is_status else event.get_kind_display()
    text = "; ".join(filter(None, [event.reason, *_said_of(event.detail, tz)]))
    return Line(event.at, event.at, _name(event.by), event.kind, title, text, data=event.detail)


def _said_of(detail: dict[str, Any], tz: ZoneInfo) -> list[str]:
    """Who judged the patient ready and on which criteria that were not met; who saw them out. Of a patient who is
    observed again: what was noted before, and is asked for again."""
    said = [_("judged by %s") % name for name in [detail.get("ready_name")] if name]
    overridden = detail.get("ready_overrides") or {}
    said += [_("%(what)s not met: %(why)s") % {"what": c, "why": why} for c, why in overridden.items()]
    earlier = {
        "escort_reached_at": _("escort reached at %s, asked again"),
        "instructions_given_at": _("instructions given at %s, asked again"),
    }
    for name, words in earlier.items():
        if at := detail.get(name):
            said.append(words % f"{datetime.fromisoformat(at).astimezone(tz):%H:%M}")
    return said + [_("seen out by %s") % name for name in [detail.get("left_name")] if name]


def _pre_dose(row: PreDose) -> Line:
    unmet = [g["detail"] for g in row.gates if not g["ok"]]
    reasons = [f"{code}: {given['reason']} ({who_decided(given)})" for code, given in row.overrides.items()]
    cleared = _("cleared for the dose") if row.may_dose else _("not cleared for the dose")
    text = ". ".join([f"{vitals(row)}, {cleared}", *unmet, *reasons])
    title = _("Questions before the dose, version %s") % row.version
    data = {"answers": row.answers, "gates": row.gates, "overrides": row.overrides, "may_dose": row.may_dose}
    return Line(row.measured_at, row.recorded_at, _name(row.by), "pre_dose", title, text, data=data)


def _device(row: DeviceUse, known: ChairState) -> Line:
    text = _("28 mg, lot %(lot)s, expires %(on)s") % {"lot": row.lot, "on": row.expires_on.isoformat()}
    if row.extra_reason:
        text += "; " + _("extra: %(why)s, witness %(who)s") % {"why": row.extra_reason, "who": row.witness}
    if row.correction_reason:
        text += "; " + _("corrected: %s") % row.correction_reason
    newest = max(d.version for d in known.all_devices if d.number == row.number)
    data = {
        "number": row.number,
        "version": row.version,
        "lot": row.lot,
        "expires_on": row.expires_on.isoformat(),
    }
    title = _("Device %s") % row.number
    return Line(
        row.started_at, row.recorded_at, _name(row.by), "device", title, text, row.version < newest, data
    )


def _checkpoint(row: Checkpoint, known: ChairState) -> Line:
    newest = max(c.version for c in known.all_checkpoints if c.entry == row.entry)
    title = _("%s-minute reading") % row.minute if row.minute is not None else _("Extra reading")
    text = _("not taken: %s") % not_taken(row).lower() if row.not_taken else vitals(row)
    words = lateness(known, row)
    marks = [_("late: %s") % words] if words else []
    marks += [symptoms(row)] if row.symptoms else []
    marks += [row.note] if row.note else []
    marks += [_("corrected: %s") % row.correction_reason] if row.correction_reason else []
    values = {name: getattr(row, name) for name in VALUES}
    data = {**values, "entry": str(row.entry), "version": row.version, "minute": row.minute, "late": row.late}
    data |= {"symptoms": row.symptoms, "note": row.note, "not_taken": row.not_taken}
    return Line(
        row.measured_at,
        row.recorded_at,
        _name(row.by),
        "checkpoint",
        title,
        "; ".join([text, *marks]),
        row.version < newest,
        data,
    )


def _care(observation: Observation) -> list[Line]:
    """Who watched, what went on to whom, and what was not as it should be."""
    lines = _noted(observation)
    for row in observation.assignments.select_related("nurse", "by"):
        title, who = _("Watched by %s") % row.nurse.display_name, _name(row.by)
        lines.append(Line(row.at, row.at, who, "assigned", title))
    for deviation in observation.deviations.select_related("by"):
        told = [_("told: %s") % deviation.told] if deviation.told else []
        text, title = "; ".join([deviation.reason, *told]), deviation.get_kind_display()
        who = _name(deviation.by)
        lines.append(Line(deviation.at, deviation.recorded_at, who, "deviation", title, text))
    escalated = AlertEvent.objects.filter(alert__observation=observation, kind=AlertEventKind.ESCALATED)
    for event in escalated.select_related("by"):
        people = ", ".join(person["name"] for person in event.people)
        title, data = _("Escalated, step %s") % event.step, {"alert": str(event.alert_id), "step": event.step}
        lines.append(Line(event.at, event.at, _name(event.by), "escalated", title, people, data=data))
    return lines


def _noted(observation: Observation) -> list[Line]:
    """What was noted before the patient was judged ready; who did it stands in the audit trail."""
    titles = {"escort.reached": _("Escort here, or reached"), "instructions.given": _("Instructions given")}
    rows = AuditEvent.objects.filter(object_id=observation.pk, action__in=titles).select_related("actor")
    return [Line(row.at, row.at, _name(row.actor), "noted", titles[row.action]) for row in rows]


def _alert(alert: Alert) -> list[Line]:
    data = {"level": alert.level, "code": alert.code}
    level = alert.get_level_display()
    lines = [
        Line(alert.raised_at, alert.recorded_at, _name(alert.owner), "alert", level, alert.detail, data=data)
    ]
    if alert.acknowledged_at:
        who, title = _name(alert.acknowledged_by), _("%s acknowledged") % level
        at = alert.acknowledged_at
        lines.append(Line(at, at, who, "acknowledged", title, alert.action, data=data))
    return lines


def _tablet(row: TabletEntry) -> Line | None:
    """What a tablet adds to the story: an entry that was discarded, or a clock that was wrong."""
    told = [_("discarded: %s") % row.reason, *row.content] if row.outcome == TabletOutcome.DISCARDED else []
    if row.skew_ms is not None and abs(row.skew_ms) > SKEW_TOLD_MS:
        told.append(_clock_off(row.skew_ms))
    if not told:
        return None
    data = {"entry": str(row.pk), "kind": row.kind, "outcome": row.outcome, "skew_ms": row.skew_ms}
    title, text = _("Entry of a tablet"), "; ".join(told)
    return Line(row.tapped_at, row.received_at, _name(row.by), "tablet", title, text, data=data)


def _clock_off(skew_ms: int) -> str:
    minutes = round(abs(skew_ms) / 60_000, 1)
    if skew_ms > 0:
        return _("the tablet's clock was %s min ahead of the clinic's") % minutes
    return _("the tablet's clock was %s min behind the clinic's") % minutes
