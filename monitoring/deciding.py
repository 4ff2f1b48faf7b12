"""Who decided that a dose is given all the same: a person of the site who may, beside whoever typed it.

A nurse writes down what a prescriber decided on the telephone; a prescriber at the chair decides and types. What a
tablet kept while it was offline is never refused for want of a name: it is marked, and somebody names them later.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.access import RIGHTS, May, may
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id, parse
from clinic.models import Site, User
from monitoring import alerts
from monitoring.checks import lock
from monitoring.enums import AlertLevel
from monitoring.models import Alert, Observation, PreDose
from monitoring.safety import AlertFinding
from scheduling.enums import IN_HOUSE, SessionStatus
from scheduling.models import TreatmentSession

FIELD, NAME = "decided_by", "decided_by_name"
# The code of the alert that asks somebody to name them.
NOBODY_NAMED = "nobody_named"


def deciders(site: Site):
    """Everybody of the site to whom decisions belong."""
    members = User.objects.filter(memberships__site=site, memberships__role__in=RIGHTS[May.DECIDE])
    return members.filter(is_active=True).distinct().order_by("last_name", "first_name")


def decider(
    site: Site, said: str | None, *, wanted: bool, by, afterwards: bool = False
) -> tuple[User | None, list[Fault]]:
    """The person meant by `said`, an id, and what is wrong with it.

    `wanted`: something was decided. Then saying nothing means whoever types, if they may decide, and is a fault
    otherwise; but `afterwards`, of an entry that a tablet kept, it means nobody: there is nobody left to ask.
    """
    if said:
        person = deciders(site).filter(pk=parse(said)).first()
        return person, [] if person else [Fault("unknown", _("Nobody of this site who may decide."), FIELD)]
    if not wanted:
        return None, []
    if may(by, May.DECIDE, site):
        return by, []
    if afterwards:
        return None, []
    return None, [Fault("required", _("Say who decided it: you write it down for them."), FIELD)]


def kept(person: User | None) -> dict[str, str]:
    """What stands with a decision: who made it, or plainly that nobody is named."""
    return {FIELD: str(person.pk) if person else "", NAME: person.display_name if person else ""}


def unnamed(row: PreDose | None) -> list[str]:
    """The codes of what was decided by nobody who is named."""
    return [code for code, given in row.overrides.items() if given.get(FIELD) == ""] if row else []


def nobody_named(row: PreDose) -> list[AlertFinding]:
    """What somebody must complete, as an amber alert: it stands on the Floor and the chair until it is done."""
    codes = ", ".join(code.replace("_", " ") for code in unnamed(row))
    detail = _("Nobody is named who decided to go on: %s.") % codes
    return [AlertFinding(AlertLevel.AMBER, NOBODY_NAMED, detail)] if codes else []


@transaction.atomic
def name_decider(*, session: TreatmentSession, decided_by: str, by, now: datetime) -> PreDose:
    """Say afterwards whose decision it was: another version of the answers, which differs in nothing else.

    Raises:
        Invalid: nobody said, or nobody who may decide here.
        Refused: `nobody_missing` where everybody is named; `wrong_state` before the patient has arrived.
    """
    session, observation = lock(session, [*IN_HOUSE, SessionStatus.COMPLETED])
    row = observation.pre_doses.order_by("version").last()
    codes = unnamed(row)
    if row is None or not codes:
        raise Refused.because("nobody_missing", _("Whoever decided is named already."))
    person, faults = decider(session.site, decided_by, wanted=True, by=by)
    if faults:
        raise Invalid(faults)
    overrides = {
        code: {**given, **(kept(person) if code in codes else {})} for code, given in row.overrides.items()
    }
    row.pk, row.version, row.overrides, row.by, row.recorded_at = (
        new_id(),
        row.version + 1,
        overrides,
        by,
        now,
    )
    row.save(force_insert=True)
    settle(observation, row, by=by, now=now)
    audit.record(
        "predose.decider_named",
        by=by,
        now=now,
        site=session.site_id,
        patient=session.patient_id,
        on=row,
        version=row.version,
        overridden=sorted(codes),
    )
    return row


def settle(observation: Observation, row: PreDose, *, by, now: datetime) -> None:
    """Whoever was asked for is named in the newest answers, or nothing is decided any more: nobody is asked again."""
    if unnamed(row):
        return
    names = sorted({given[NAME] for given in row.overrides.values() if given.get(NAME)})
    action = _("Named: %s.") % ", ".join(names) if names else _("Answered again.")
    for alert in Alert.objects.unacknowledged().filter(observation=observation, code=NOBODY_NAMED):
        alerts.acknowledge_alert(alert=alert, action=action, by=by, now=now)


def who_decided(given: Mapping[str, Any]) -> str:
    """Of a kept override: who decided it and, where that was somebody else, who typed it."""
    if FIELD not in given or given[FIELD] == given["by"]:
        return given["name"]
    if not given[FIELD]:
        return _("nobody named who decided, entered by %s") % given["name"]
    return _("%(who)s, entered by %(by)s") % {"who": given[NAME], "by": given["name"]}
