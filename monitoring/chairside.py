"""Arriving, and the questions before the dose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.access import May, may
from clinic.errors import Fault, Invalid
from clinic.ids import new_id
from clinic.models import Site
from monitoring import alerts, assigning, deciding, predose, safety, state
from monitoring.checks import before_arrival, in_future, lock, reasons_for
from monitoring.models import Observation, PreDose
from monitoring.predose import Answers, Gate
from monitoring.safety import Reading
from monitoring.state import limits_of
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from scheduling.statuses import change_status


@dataclass(frozen=True, slots=True)
class Cleared:
    """The gates as they stand with the newest answers."""

    pre_dose: PreDose
    gates: list[Gate]
    may_dose: bool


@transaction.atomic
def arrive(*, session: TreatmentSession, by, now: datetime) -> TreatmentSession:
    """The patient is here: the observation begins.

    Raises:
        Refused: `wrong_state`.
    """
    change_status(session=session, to=SessionStatus.ARRIVED, by=by, now=now)
    observation, _made = Observation.objects.get_or_create(session=session, defaults={"created_at": now})
    if by is not None and observation.nurse_id is None and may(by, May.TREAT, session.site_id):
        assigning.watch(observation, session, by, by=by, now=now)
    return session


@transaction.atomic
def record_pre_dose(
    *,
    session: TreatmentSession,
    answers: Answers,
    by,
    now: datetime,
    override: Mapping[str, str] | None = None,
    decided_by: str | None = None,
    afterwards: bool = False,
    measured_at: datetime | None = None,
) -> Cleared:
    """Write the answers down as a new version, with every gate and who decided what.

    Not being cleared is an answer too: it is kept, and the first device is refused until it changes.
    `decided_by`: the id of who decided what is overridden, empty where nobody was chosen. `afterwards`: a tablet kept
    the entry, so that a decision with nobody named is kept as well, and marked (`deciding.decider`).

    Raises:
        Invalid: values that cannot be, all of them; nobody named who decided, by somebody who may not.
        Refused: `wrong_state` unless the patient has arrived and has not been dosed.
    """
    measured_at = measured_at or now
    session, observation = lock(session, [SessionStatus.ARRIVED])
    limits = limits_of(session.site)
    clinician = observation.nurse or by
    found = predose.gates(answers, state.patient_facts(session, clinician.display_name), limits)
    given, faults = _overridden(
        found, override, decided_by, site=session.site, by=by, now=now, afterwards=afterwards
    )
    faults += before_arrival(measured_at, observation, "measured_at")
    _refuse_impossible(answers, measured_at, now, faults)
    row = _write(observation, answers, found, given, by, now, measured_at)
    findings = [*safety.judge_before(_reading(row), limits), *deciding.nobody_named(row)]
    alerts.raise_for(
        session=session,
        observation=observation,
        findings={(row.pk, measured_at): findings},
        by=by,
        now=now,
    )
    if row.version > 1:
        deciding.settle(observation, row, by=by, now=now)
    _tell(session, row, {code: kept["reason"] for code, kept in given.items()}, by, now)
    return Cleared(row, found, row.may_dose)


def _overridden(
    found: Sequence[Gate],
    override: Mapping[str, str] | None,
    decided_by: str | None,
    *,
    site: Site,
    by,
    now: datetime,
    afterwards: bool,
) -> tuple[dict[str, dict[str, str]], list[Fault]]:
    """The gates that are gone past all the same, each with its reason, who typed it and who decided it; and what is
    wrong with that."""
    reasons, faults = reasons_for([g.code for g in found if not g.ok and g.overridable], override)
    decisions = {g.code for g in found if g.code in reasons and g.kind in predose.DECIDED}
    decider, more = deciding.decider(site, decided_by, wanted=bool(decisions), by=by, afterwards=afterwards)
    whose = deciding.kept(decider)
    given = {
        code: {**_given(reason, by, now), **(whose if code in decisions else {})}
        for code, reason in reasons.items()
    }
    return given, [*more, *faults]


def _refuse_impossible(answers: Answers, measured_at: datetime, now: datetime, more: list[Fault]) -> None:
    vitals = {name: getattr(answers, name) for name in ("systolic", "diastolic", "heart_rate", "spo2")}
    faults = [Fault(f.code, f.detail, f.field) for f in safety.faults_in(vitals)]
    faults += [*in_future(measured_at, now, "measured_at"), *more]
    unknown = set(answers.medicines) - set(predose.MEDICINES)
    if unknown:
        faults.append(Fault("unknown", _("Known: %s.") % ", ".join(predose.MEDICINES), "medicines"))
    if set(answers.conditions) - {*predose.CONDITIONS, *predose.HISTORIES}:
        known = ", ".join([*predose.CONDITIONS, *predose.HISTORIES])
        faults.append(Fault("unknown", _("Known: %s.") % known, "conditions"))
    if faults:
        raise Invalid(faults)


def _given(reason: str, by, now: datetime) -> dict[str, str]:
    """A reason as it is kept, with who typed it."""
    return {"reason": reason, "by": str(by.pk), "name": by.display_name, "at": now.isoformat()}


def _write(observation, answers: Answers, found, given, by, now, measured_at) -> PreDose:
    if observation.nurse_id is None:
        assigning.watch(observation, observation.session, by, by=by, now=now)
    return PreDose.objects.create(
        id=new_id(),
        observation=observation,
        version=observation.pre_doses.count() + 1,
        measured_at=measured_at,
        recorded_at=now,
        by=by,
        systolic=answers.systolic,
        diastolic=answers.diastolic,
        heart_rate=answers.heart_rate,
        spo2=answers.spo2,
        answers=_plain(answers),
        gates=[gate.as_dict() for gate in found],
        overrides=given,
        may_dose=predose.may_dose(found, {code: kept["reason"] for code, kept in given.items()}),
    )


def _plain(answers: Answers) -> dict[str, Any]:
    return {
        "ate_within_2h": answers.ate_within_2h,
        "drank_within_30min": answers.drank_within_30min,
        "nasal_spray_within_1h": answers.nasal_spray_within_1h,
        "suicidal_thoughts": answers.suicidal_thoughts,
        "escort_confirmed": answers.escort_confirmed,
        "prescriber_on_site": answers.prescriber_on_site,
        "oximeter_on_site": answers.oximeter_on_site,
        "medicines": list(answers.medicines),
        "conditions": list(answers.conditions),
    }


def _reading(row: PreDose) -> Reading:
    return Reading(row.measured_at, row.systolic, row.diastolic, row.heart_rate, row.spo2)


def _tell(session: TreatmentSession, row: PreDose, reasons: Mapping[str, str], by, now: datetime) -> None:
    audit.record(
        "predose.recorded",
        by=by,
        now=now,
        site=session.site_id,
        patient=session.patient_id,
        on=row,
        version=row.version,
        may_dose=row.may_dose,
        overridden=sorted(reasons),
    )
