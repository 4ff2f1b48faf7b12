"""Ready, and gone: two different times, each with a name."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit, checks
from clinic.errors import Fault, Invalid, ReasonRequired, Refused
from clinic.ids import new_id
from monitoring import leaving_rules, rems, signals, state
from monitoring.checks import LONGEST_REASON, in_future, lock, reason_in, reasons_for
from monitoring.enums import DeviationKind
from monitoring.leaving_rules import Criterion, LeavingFacts
from monitoring.models import Deviation, Observation
from monitoring.state import ChairState, limits_of
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from scheduling.protocol import Finding
from scheduling.statuses import change_status

S = SessionStatus
LONGEST_NAME, LONGEST_TOLD = 120, 200
# When the escort was reached and the instructions were given.
NOTED = ("escort_reached_at", "instructions_given_at")
# Two hours are a floor [label], and nobody judges without a fresh reading or a name.
NEVER_OVERRIDDEN = frozenset({"minutes_120", "reading_now", "clinician"})


def criteria(
    known: ChairState, *, at: datetime, clinician: str, escort_reached=None, instructions_given=None
):
    """The criteria for leaving as they stand; None takes what the record already says."""
    observation = known.observation
    arranged = bool(known.pre_dose and known.pre_dose.answers.get("escort_confirmed"))
    reached = (
        bool(observation and observation.escort_reached_at) if escort_reached is None else escort_reached
    )
    told = bool(observation and observation.instructions_given_at)
    facts = LeavingFacts(
        earliest_leave_at=known.earliest_leave_at,
        before=known.before,
        readings=known.readings,
        escort_reached=reached or (escort_reached is None and arranged),
        instructions_given=told if instructions_given is None else instructions_given,
        clinician=clinician,
    )
    return leaving_rules.leaving(facts, at=at, limits=limits_of(known.session.site))


@transaction.atomic
def mark_ready(
    *,
    session: TreatmentSession,
    at: datetime,
    clinician: str,
    by,
    now: datetime,
    escort_reached: bool | None = None,
    instructions_given: bool | None = None,
    override: Mapping[str, str] | None = None,
) -> TreatmentSession:
    """A clinician judges the patient stable and ready to leave, `at` that time.

    `override` ({criterion: reason}) lets one go on where a criterion is not met, but never before the two
    hours, without a fresh reading, or without a name.

    Raises:
        Invalid: a time to come, words that cannot be kept whole.
        Refused: `wrong_state`, or one fault for each criterion that is not met.
    """
    said = {"clinician": clinician}
    faults = in_future(at, now, "at") + checks.text(said, "clinician", LONGEST_NAME, required=False)
    session, observation = lock(session, [S.OBSERVING])
    found = criteria(
        state.load(session),
        at=at,
        clinician=said["clinician"],
        escort_reached=escort_reached,
        instructions_given=instructions_given,
    )
    reasons, unkept = reasons_for([c.code for c in found if _may_be_overridden(c)], override)
    if faults or unkept:
        raise Invalid(faults + unkept)
    if unmet := [c for c in found if not c.met and c.code not in reasons]:
        raise Refused(_faults(unmet))
    _write_ready(observation, found, at, said["clinician"], by, reasons)
    # Here it stays when the patient is observed again and judged anew.
    detail = {"ready_at": at.isoformat(), "ready_name": said["clinician"], "ready_overrides": reasons}
    change_status(session=session, to=S.READY, by=by, now=now, detail=detail)
    signals.tell(signals.session_ready, session=session, now=now)
    return session


@transaction.atomic
def leave(
    *,
    session: TreatmentSession,
    at: datetime,
    with_escort: bool,
    by,
    now: datetime,
    early: str = "",
    told: str = "",
    clinician: str = "",
    override: Mapping[str, str] | None = None,
) -> TreatmentSession:
    """The patient has left, `at` that time. Before being ready it is a deviation, with `early` as its reason
    and `told` as who was told of it. `clinician`: who saw them out, where that is not whoever writes it down.

    Raises:
        Invalid: a time to come, or before the patient was ready or dosed; words that cannot be kept whole.
        Refused: `wrong_state`; not ready and no `early`: one fault for each criterion that is not met.
        ReasonRequired: `no_escort`: alone, without a reason in `override`.
    """
    session, observation = lock(session, [S.DOSING, S.OBSERVING, S.READY])
    said = {"early": early, "told": told, "clinician": clinician}
    reasons, faults = reasons_for(["no_escort"], override)
    _refuse_impossible(observation, at, now, faults + _word_faults(said))
    early = said["early"]
    if session.status != S.READY and not early:
        raise _not_ready(session, at)
    alone = reasons.get("no_escort") or early
    if not with_escort and not alone:
        warning = Finding(
            "no_escort", _("Leaves without an escort: somebody else drives home [label]."), True
        )
        raise ReasonRequired.for_warnings([warning])
    too_early = session.status != S.READY
    _write_left(observation, at, with_escort, early if too_early else "", by)
    if too_early:
        _deviate(observation, DeviationKind.LEFT_EARLY, at, early, said["told"], by, now)
    if not with_escort:
        _deviate(observation, DeviationKind.LEFT_ALONE, at, alone, said["told"], by, now)
    detail = {"left_at": at.isoformat(), "left_name": said["clinician"]}
    change_status(session=session, to=S.COMPLETED, by=by, now=now, reason=early, detail=detail)
    rems.open_form(session=session, by=by, now=now)
    signals.tell(signals.session_left, session=session, now=now)
    return session


@transaction.atomic
def reopen(*, session: TreatmentSession, reason: str, by, now: datetime) -> TreatmentSession:
    """Something changed after the patient was judged ready: observe again.

    The escort and the instructions are asked for again too: whoever was dizzy may remember nothing. When they were
    noted before stays in the record.

    Raises:
        Invalid: no reason.
        Refused: `wrong_state`.
    """
    reason = reason_in(reason)
    session, observation = lock(session, [S.READY])
    observation.ready_at, observation.ready_by, observation.ready_name = None, None, ""
    observation.ready_overrides = {}
    noted = {name: getattr(observation, name) for name in NOTED}
    observation.escort_reached_at = observation.instructions_given_at = None
    observation.save(update_fields=["ready_at", "ready_by", "ready_name", "ready_overrides", *NOTED])
    detail = {name: at.isoformat() for name, at in noted.items() if at}
    return change_status(session=session, to=S.OBSERVING, by=by, now=now, reason=reason, detail=detail)


def judge_again(known: ChairState, *, reason: str, by, now: datetime) -> None:
    """After a correction of the times: nobody stays ready, or gone, before the two hours without a word."""
    observation, earliest = known.observation, known.earliest_leave_at
    if observation is None or earliest is None:
        return
    if known.session.status == S.READY and observation.ready_at and observation.ready_at < earliest:
        reopen(session=known.session, reason=reason, by=by, now=now)
    elif known.session.status == S.COMPLETED and observation.left_at and observation.left_at < earliest:
        short = observation.deviations.filter(kind__in=(DeviationKind.LEFT_EARLY, DeviationKind.SHORT_STAY))
        if not short.exists():
            _deviate(observation, DeviationKind.SHORT_STAY, observation.left_at, reason, "", by, now)


@transaction.atomic
def note_escort(*, session: TreatmentSession, by, now: datetime) -> None:
    """The escort is here, or was reached: known before anybody is judged ready.

    Raises:
        Refused: `wrong_state`.
    """
    _note(session, "escort_reached_at", "escort.reached", by, now)


@transaction.atomic
def note_instructions(*, session: TreatmentSession, by, now: datetime) -> None:
    """The patient was told, and given on paper: no driving, no machines until the next day after sleep.

    Raises:
        Refused: `wrong_state`.
    """
    _note(session, "instructions_given_at", "instructions.given", by, now)


def _note(session: TreatmentSession, name: str, action: str, by, now: datetime) -> None:
    """The first time counts, until the patient is observed again."""
    session, observation = lock(session, [S.DOSING, S.OBSERVING, S.READY])
    if getattr(observation, name) is not None:
        return
    setattr(observation, name, now)
    observation.save(update_fields=[name])
    audit.record(action, by=by, now=now, site=session.site_id, patient=session.patient_id, on=observation)


def _may_be_overridden(criterion: Criterion) -> bool:
    return not criterion.met and criterion.code not in NEVER_OVERRIDDEN


def _faults(unmet: list[Criterion]) -> list[Fault]:
    return [Fault(c.code, c.detail, "", {"overridable": c.code not in NEVER_OVERRIDDEN}) for c in unmet]


def _write_ready(observation: Observation, found, at, clinician, by, reasons) -> None:
    met = {criterion.code for criterion in found if criterion.met}
    observation.ready_at, observation.ready_by, observation.ready_name = at, by, clinician
    observation.ready_overrides = reasons
    observation.escort_reached_at = observation.escort_reached_at or (at if "escort" in met else None)
    observation.instructions_given_at = observation.instructions_given_at or (
        at if "instructions" in met else None
    )
    observation.save()


def _word_faults(said: dict[str, str]) -> list[Fault]:
    """Trims them in place."""
    faults = checks.text(said, "early", LONGEST_REASON, required=False)
    faults += checks.text(said, "told", LONGEST_TOLD, required=False)
    return faults + checks.text(said, "clinician", LONGEST_NAME, required=False)


def _refuse_impossible(observation: Observation, at: datetime, now: datetime, more: list[Fault]) -> None:
    faults = [*in_future(at, now, "at"), *more]
    if observation.ready_at and at < observation.ready_at:
        faults.append(Fault("impossible", _("Before the patient was ready."), "at"))
    if observation.t0_at and at < observation.t0_at:
        faults.append(Fault("impossible", _("Before the first device."), "at"))
    if faults:
        raise Invalid(faults)


def _not_ready(session: TreatmentSession, at: datetime) -> Refused:
    """What is still missing; a patient who meets everything lacks only the clinician's word."""
    unmet = [c for c in criteria(state.load(session), at=at, clinician="") if not c.met]
    return Refused(_faults(unmet))


def _write_left(observation, at, with_escort, early, by) -> None:
    observation.left_at, observation.left_by, observation.left_with_escort = at, by, with_escort
    observation.left_early_reason = early
    observation.save(update_fields=["left_at", "left_by", "left_with_escort", "left_early_reason"])


def _deviate(observation: Observation, kind, at: datetime, reason: str, told: str, by, now) -> None:
    session = observation.session
    row = Deviation.objects.create(
        id=new_id(),
        observation=observation,
        kind=kind,
        at=at,
        recorded_at=now,
        by=by,
        reason=reason,
        told=told,
    )
    audit.record(
        "session.deviation",
        by=by,
        now=now,
        site=session.site_id,
        patient=session.patient_id,
        on=row,
        reason=reason,
        kind=str(kind),
        told=row.told,
    )
