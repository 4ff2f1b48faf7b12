"""What several chairside verbs refuse alike."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import UUIDField
from django.utils.translation import gettext as _

from clinic import checks
from clinic.errors import Fault, Invalid, Refused
from clinic.prepared import Param, Prepared, ask_together
from monitoring.models import Observation
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession
from scheduling.statuses import wrong_state

# How far a tablet's clock may be ahead of ours.
CLOCK_ALLOWANCE = timedelta(minutes=2)
LONGEST_REASON = 500
locked = Prepared(
    TreatmentSession.objects.select_for_update(of=("self",))
    .select_related("site")
    .filter(pk=Param("pk", UUIDField()))
)
_observation = Prepared(Observation.objects.filter(session_id=Param("session", UUIDField())))


def in_future(moment: datetime, now: datetime, field: str) -> list[Fault]:
    if moment <= now + CLOCK_ALLOWANCE:
        return []
    return [Fault("in_future", _("This time has not come yet."), field)]


def before_arrival(moment: datetime, observation: Observation, field: str) -> list[Fault]:
    """Nothing is measured or given before the day on which the patient came: a wrong date would let a patient go
    before the two hours, and let an expired device pass."""
    tz = observation.session.site.tz
    if moment.astimezone(tz).date() >= observation.created_at.astimezone(tz).date():
        return []
    return [Fault("before_arrival", _("Before the day on which the patient arrived."), field)]


def reason_in(text: str, *, field: str = "reason", more: Iterable[Fault] = ()) -> str:
    """A reason, trimmed.

    Raises:
        Invalid: none, too long to be kept whole, or unreadable; `more` comes along.
    """
    values = {field: text}
    faults = [*more, *checks.text(values, field, LONGEST_REASON)]
    if faults:
        raise Invalid(faults)
    return values[field]


def reasons_for(
    codes: Iterable[str], override: Mapping[str, str] | None
) -> tuple[dict[str, str], list[Fault]]:
    """The reasons that `override` gives for these codes, trimmed; and what is wrong with those that cannot be kept."""
    reasons, faults = {}, []
    for code in codes:
        said = {code: (override or {}).get(code, "")}
        found = checks.text(said, code, LONGEST_REASON, required=False)
        faults += [Fault(fault.code, fault.detail, f"override.{code}") for fault in found]
        if said[code]:
            reasons[code] = said[code]
    return reasons, faults


def lock(
    session: TreatmentSession, statuses: Iterable[SessionStatus]
) -> tuple[TreatmentSession, Observation]:
    """The session and its observation as they now stand, held until the transaction ends.

    Only the session's row is locked: every verb of the chairside begins with it. The observation is another question:
    a row that is joined to one that had to be waited for comes as it was before the wait.

    Raises:
        Refused: `wrong_state` when the session is in none of `statuses`, or the patient has not arrived.
        TreatmentSession.DoesNotExist: no such session.
    """
    sessions, observations = ask_together(
        (locked, {"pk": session.pk}), (_observation, {"session": session.pk})
    )
    held = in_one_of(statuses, sessions)
    return held, observed(observations, held)


def in_one_of(
    statuses: Iterable[SessionStatus],
    sessions: list[TreatmentSession],
    allow: Callable[[TreatmentSession], None] = lambda session: None,
) -> TreatmentSession:
    """The one of `sessions`, if its status is among these. `allow` is asked of it first.

    Raises:
        Refused: `wrong_state`.
        TreatmentSession.DoesNotExist: there is none.
    """
    if not sessions:
        raise TreatmentSession.DoesNotExist
    (held,) = sessions
    allow(held)
    if held.status not in list(statuses):
        raise wrong_state(held)
    return held


def observed(rows: list[Observation], held: TreatmentSession) -> Observation:
    """The last of `rows`.

    Raises:
        Refused: `wrong_state` where there is none.
    """
    if not rows:
        raise Refused.because("wrong_state", _("This patient has not arrived."), present=held.status)
    rows[-1].session = held
    return rows[-1]
