"""From rows to what the form's rules know of sessions, many at a time in a fixed number of queries."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Min

from clinic.models import User
from monitoring.form_derived import Asked, Facts, Given, Signed
from monitoring.form_rules import Known
from monitoring.models import SeriousEvent
from monitoring.state import ChairState, limits_of, reading_of, states_of
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession


def facts_of(sessions: list[TreatmentSession]) -> dict[object, Facts]:
    """By the session's id. The sessions come with their site and patient."""
    states = states_of(sessions)
    users = _users(states)
    first, serious = _first_treatments(sessions), _serious(sessions)
    return {
        known.session.pk: _facts(
            known, users, first.get(known.session.patient_id), serious.get(known.session.pk)
        )
        for known in states
    }


def _facts(known: ChairState, users: dict, first: datetime | None, serious: Known | None) -> Facts:
    session, observation = known.session, known.observation
    names = {pk: user.display_name for pk, user in users.items()}
    clinician = _clinician(known, users)
    patient = session.patient
    enrolled_on = patient.rems_enrolled_on
    return Facts(
        session_on=session.local_date,
        words={
            **_patient_words(patient),
            **_setting_words(session.site),
            **_clinician_words(known, clinician),
        },
        written_at=observation.created_at if observation else session.created_at,
        limits=limits_of(session.site),
        first_treatment=first is None or session.starts_at <= first,
        enrolled=enrolled_on is not None and enrolled_on <= session.local_date,
        clinician=clinician.display_name if clinician else "",
        before=_asked(known, names),
        devices=tuple(
            Given(row.started_at, row.lot, names.get(row.by_id, ""), bool(row.extra_reason))
            for row in known.devices
        ),
        readings=tuple(
            Signed(reading_of(row), names.get(row.by_id, ""), row.minute)
            for row in known.checkpoints
            if not row.not_taken
        ),
        ended_at=(observation.ready_at or observation.left_at) if observation else None,
        escort=observation.left_with_escort if observation else None,
        serious=serious,
    )


def _patient_words(patient) -> dict[str, str]:
    return {
        "first_name": patient.given_name,
        "middle_initial": patient.middle_initial,
        "last_name": patient.family_name,
        "birth_date": patient.birth_date.isoformat(),
        "sex": "" if patient.sex == "unknown" else patient.sex,
    }


def _setting_words(site) -> dict[str, str]:
    return {"setting_name": site.name, "setting_address": site.address, "clinician_phone": site.phone}


def _clinician_words(known: ChairState, clinician: User | None) -> dict[str, str]:
    """The name as they signed; the number and address of the account, or else the site's number."""
    observation = known.observation
    found = {"clinician_name": observation.ready_name if observation else ""}
    if clinician:
        found["clinician_name"] = found["clinician_name"] or clinician.display_name
        found["clinician_email"] = clinician.email
        if clinician.phone:
            found["clinician_phone"] = clinician.phone
    return found


def _clinician(known: ChairState, users: dict) -> User | None:
    observation = known.observation
    if observation is None:
        return None
    return users.get(observation.ready_by_id or observation.nurse_id or observation.left_by_id)


def _asked(known: ChairState, names: dict) -> Asked | None:
    row, reading = known.pre_dose, known.before
    if row is None or reading is None:
        return None
    return Asked(reading, names.get(row.by_id, ""), tuple(row.answers.get("medicines", ())))


def _users(states: Iterable[ChairState]) -> dict[object, User]:
    ids: set = set()
    for known in states:
        ids |= {row.by_id for row in known.pre_doses} | {row.by_id for row in known.all_devices}
        ids |= {row.by_id for row in known.all_checkpoints}
        if known.observation:
            ids |= {known.observation.ready_by_id, known.observation.nurse_id, known.observation.left_by_id}
    return User.objects.in_bulk(ids - {None})


def _first_treatments(sessions: list[TreatmentSession]) -> dict[object, datetime]:
    patients = {session.patient_id for session in sessions}
    rows = TreatmentSession.objects.filter(patient__in=patients, status=SessionStatus.COMPLETED)
    return dict(rows.order_by().values_list("patient").annotate(Min("starts_at")))


def _serious(sessions: list[TreatmentSession]) -> dict[object, Known]:
    rows = (
        SeriousEvent.objects.filter(session__in=sessions).select_related("flagged_by").order_by("-flagged_at")
    )
    return {
        row.session_id: Known(
            "yes", row.flagged_by.display_name, row.flagged_at, "a serious event was flagged"
        )
        for row in rows
    }
