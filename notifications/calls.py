"""Telephoning a patient whom a text did not reach: whose task it is, each try, and how it ended."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit, checks, patients
from clinic.access import May, may
from clinic.errors import Fault, Invalid, Refused
from clinic.models import User
from notifications import call_list
from notifications.call_rules import LOOK_BACK
from notifications.enums import CallAbout, CallOutcome
from notifications.models import Call, CallEvent
from scheduling.answers import confirm_session
from scheduling.models import TreatmentSession

Out = CallOutcome
# Nothing is left to do.
CLOSING = (Out.CONFIRMED, Out.REACHED, Out.GIVEN_UP)
LONGEST = 500


@transaction.atomic
def take(*, session: TreatmentSession, by, now: datetime) -> Call:
    """It is mine. Twice is the same as once.

    Raises:
        Refused: `not_wanted`, `closed`, or `taken` by somebody else, who can hand it over.
    """
    call = _held(session, now)
    if call.owner is not None and call.owner != by:
        raise Refused.because("taken", _("%s has it. They can hand it over.") % call.owner.display_name)
    if call.owner is None:
        _give(call, by, now)
        _tell("call.taken", call, by, now)
    return call


@transaction.atomic
def hand_over(*, session: TreatmentSession, to: User, by, now: datetime) -> Call:
    """It is `to`'s from now on, whoever had it.

    Raises:
        Invalid: `to` may not deal with texts at the site.
        Refused: `not_wanted`, `closed`.
    """
    if not may(to, May.TEXTS, session.site):
        raise Invalid.because("not_allowed", _("Not somebody who deals with texts at this site."), "to")
    call = _held(session, now)
    _give(call, to, now)
    _tell("call.handed_over", call, by, now, to=str(to.pk))
    return call


@transaction.atomic
def note(
    *,
    session: TreatmentSession,
    outcome: str,
    by,
    now: datetime,
    note: str = "",
    again_at: datetime | None = None,
    phone: str = "",
) -> Call:
    """What came of a try. Confirmed confirms the session; no answer names when to try again; a wrong number may bring
    the right one, to which the texts then go.

    Raises:
        Invalid: an outcome that cannot be, or what it needs is missing; all faults.
        Refused: `not_wanted`, `closed`.
    """
    call = _held(session, now)
    values = {"outcome": outcome, "note": note, "phone": phone}
    if faults := _faults(call, values, again_at, now):
        raise Invalid(faults)
    call.outcome = outcome
    call.again_at = again_at if outcome == Out.NO_ANSWER else None
    call.closed_at = now if outcome in CLOSING else None
    if call.owner is None:
        _give(call, by, now)
    call.save()
    CallEvent.objects.create(
        call=call, outcome=outcome, note=values["note"], again_at=call.again_at, at=now, by=by
    )
    _tell("call.noted", call, by, now, outcome=str(outcome))
    if outcome == Out.CONFIRMED:
        confirm_session(session=session, by=by, now=now)
    if outcome == Out.WRONG_NUMBER and values["phone"]:
        patients.update_patient(patient=session.patient, changes={"phone": values["phone"]}, by=by, now=now)
    return call


def number_shown(*, session: TreatmentSession, by, now: datetime) -> str:
    """The whole number, for whoever opened the row to call; who looked is written down."""
    audit.record(
        "call.number_shown", by=by, now=now, site=session.site_id, patient=session.patient_id, on=session
    )
    return session.patient.number


def _held(session: TreatmentSession, now: datetime) -> Call:
    """The session's call, made where there is none, held until the transaction ends."""
    row = call_list.row_of(session, now=now)
    if row is None:
        raise Refused.because("not_wanted", _("Nobody needs to call about this visit any more."))
    key = {"session": session, "about": row.about, "about_at": session.starts_at}
    made, _new = Call.objects.get_or_create(**key, defaults={"site_id": session.site_id})
    call = Call.objects.select_for_update(of=("self",)).select_related("owner").get(pk=made.pk)
    if call.closed_at:
        raise Refused.because("closed", _("This call is done: %s.") % call.get_outcome_display().lower())
    return call


def _faults(call: Call, values: dict[str, Any], again_at: datetime | None, now: datetime) -> list[Fault]:
    outcome = values["outcome"]
    faults = checks.choice(values, "outcome", Out.values) + checks.text(
        values, "note", LONGEST, required=False
    )
    faults += checks.phone(values, "phone")
    if outcome == Out.CONFIRMED and call.about != CallAbout.VISIT:
        detail = _("A visit that is cancelled, or over, is not confirmed.")
        faults.append(Fault("impossible", detail, "outcome"))
    over = call.about == CallAbout.CHECK
    latest = now + LOOK_BACK if over else call.about_at
    if outcome == Out.NO_ANSWER and (again_at is None or not now < again_at < latest):
        detail = (
            _("When to try again, in the next days.") if over else _("When to try again, before the visit.")
        )
        faults.append(Fault("impossible", detail, "again_at"))
    return faults


def _give(call: Call, owner, now: datetime) -> None:
    call.owner, call.owned_at = owner, now if owner else None
    call.save(update_fields=["owner", "owned_at"])


def _tell(action: str, call: Call, by, now: datetime, **detail: str) -> None:
    site, patient = call.site_id, call.session.patient_id
    audit.record(action, by=by, now=now, site=site, patient=patient, on=call, **detail)
