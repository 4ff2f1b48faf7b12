"""The chairside, as JSON."""

from typing import Annotated, Any
from uuid import UUID

from django.http import Http404
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from clinic import access, audit, clock, paging
from clinic.access import May
from clinic.ids import parse
from clinic.models import Site
from clinic.schemas import Body, Day, Instant, Override, Small, Text, local
from monitoring import alerts as alert_verbs
from monitoring import chairside, dosing, leaving, readings, state
from monitoring.api_drug_shapes import device_named, person
from monitoring.models import Alert, Checkpoint
from monitoring.predose import Answers
from monitoring.record import record_of
from monitoring.state import VALUES
from monitoring.uses import Extra
from scheduling.api import session_of, session_out
from scheduling.models import TreatmentSession

router = Router(tags=["The chair"])
Name = Annotated[Text, Field(max_length=120)]


class PreDoseIn(Body):
    systolic: Small
    diastolic: Small
    heart_rate: Small
    spo2: Small
    ate_within_2h: bool
    drank_within_30min: bool
    nasal_spray_within_1h: bool
    suicidal_thoughts: bool | None = None
    escort_confirmed: bool
    medicines: list[Text] = []
    conditions: list[Text] = []
    prescriber_on_site: bool
    oximeter_on_site: bool
    measured_at: Instant | None = None
    override: Override = {}
    # The id of who decided it; only a prescriber's own decision needs none.
    decided_by: Text | None = None


class ExtraIn(Body):
    reason: Text
    witness: Text


class DeviceIn(Body):
    number: Small
    started_at: Instant
    device: Text | None = None
    lot: Annotated[Text, Field(max_length=40)] = ""
    expires_on: Day | None = None
    extra: ExtraIn | None = None


class ReadingIn(Body):
    systolic: Small | None = None
    diastolic: Small | None = None
    heart_rate: Small | None = None
    spo2: Small | None = None
    respiratory_rate: Small | None = None
    sedation: Small | None = None
    dissociation: Text | None = None
    symptoms: list[Text] | None = None
    note: Text | None = None
    not_taken: Text | None = None


class CheckpointIn(ReadingIn):
    client_id: UUID
    measured_at: Instant
    minute: Small | None = None


class CheckpointPatch(ReadingIn):
    measured_at: Instant | None = None
    minute: Small | None = None
    reason: Text
    # The version that is corrected; another one in the meantime is 409 `superseded`.
    version: Small | None = None


class ReadyIn(Body):
    at: Instant
    by: Name = ""
    escort_reached: bool | None = None
    # Whoever posts this states that the patient was told; say false where that is not so.
    instructions_given: bool = True
    override: Override = {}


class EarlyIn(Body):
    reason: Text
    told: Text = ""


class LeaveIn(Body):
    at: Instant
    by: Name = ""
    with_escort: bool
    # The reason; or {"reason", "told"}, with who was told of it.
    early: Text | EarlyIn | None = None
    told: Text = ""
    override: Override = {}


class AcknowledgeIn(Body):
    action: Text


class StopIn(Body):
    reason: Text


@router.post("/sessions/{session_id}/arrive", response=dict, summary="The patient is here")
def arrive(request, session_id: str):
    """For the desk and clinicians. 409 `wrong_state`."""
    session = session_of(request, session_id, May.ARRIVE)
    chairside.arrive(session=session, by=request.user, now=clock.now())
    return session_out(session)


@router.post("/sessions/{session_id}/pre-dose", response=dict, summary="The questions before the dose")
def pre_dose(request, session_id: str, payload: PreDoseIn):
    """Always kept; `may_dose` says whether the first device may start. `override`: {gate: reason}. A decision
    says who made it: `decided_by`, a prescriber of the site; a prescriber who sends it may leave it out, anybody
    else gets 422 `required`."""
    session = session_of(request, session_id, May.TREAT)
    data = payload.dict(exclude={"override", "measured_at", "decided_by"})
    data |= {"medicines": tuple(data["medicines"]), "conditions": tuple(data["conditions"])}
    cleared = chairside.record_pre_dose(
        session=session,
        answers=Answers(**data),
        override=payload.override,
        decided_by=payload.decided_by,
        measured_at=payload.measured_at,
        by=request.user,
        now=clock.now(),
    )
    gates = [gate.as_dict() for gate in cleared.gates]
    return {
        "id": str(cleared.pre_dose.pk),
        "version": cleared.pre_dose.version,
        "gates": gates,
        "may_dose": cleared.may_dose,
        "overrides": cleared.pre_dose.overrides,
    }


@router.post("/sessions/{session_id}/devices", response={201: dict}, summary="A device was started")
def start_device(request, session_id: str, payload: DeviceIn):
    """The first sets T0. `device`: the id of one on the shelf; or `lot` and `expires_on` from a label.
    `extra.witness`: the user name of somebody else of the site.
    409 `not_cleared`, `too_soon`, `expired`, `other_patient`, `not_on_shelf`, `not_in_stock`, `over_dose`,
    `out_of_order`, `wrong_state`."""
    session = session_of(request, session_id, May.TREAT)
    data = payload.dict(exclude={"extra", "device"})
    data["device"] = device_named(payload.device, session.site)
    extra = Extra(payload.extra.reason, person(payload.extra.witness)) if payload.extra else None
    done = dosing.start_device(session=session, extra=extra, by=request.user, now=clock.now(), **data)
    site = session.site
    return Status(
        201,
        {
            "id": str(done.device.pk),
            "number": done.device.number,
            "device": str(done.device.device_id) if done.device.device_id else None,
            "started_at": local(done.device.started_at, site),
            "next_device_at": local(done.next_device_at, site) if done.next_device_at else None,
            "checkpoints": [
                {"minute": due.minute, "due_at": local(due.due_at, site), "required": due.required}
                for due in done.checkpoints
            ],
            "earliest_leave_at": local(done.earliest_leave_at, site) if done.earliest_leave_at else None,
        },
    )


@router.post("/sessions/{session_id}/stop-dosing", response=dict, summary="No further device is given")
def stop_dosing(request, session_id: str, payload: StopIn):
    session = session_of(request, session_id, May.TREAT)
    dosing.stop_dosing(session=session, reason=payload.reason, by=request.user, now=clock.now())
    session.refresh_from_db()
    return session_out(session)


@router.post(
    "/sessions/{session_id}/checkpoints", response={201: dict}, summary="A reading, or why there is none"
)
def record_checkpoint(request, session_id: str, payload: CheckpointIn):
    """A replay of the same `client_id` and content changes nothing; other content is 409 `conflict`."""
    which = parse(session_id)
    if which is None:
        raise Http404
    values = payload.dict(exclude={"client_id", "measured_at", "minute"})
    try:
        done = readings.record_checkpoint(
            session=which,
            client_id=payload.client_id,
            measured_at=payload.measured_at,
            minute=payload.minute,
            values=values,
            by=request.user,
            now=clock.now(),
            allow=lambda session: access.require(request.user, May.TREAT, session.site),
        )
    except TreatmentSession.DoesNotExist as error:
        raise Http404 from error
    site = done.checkpoint.observation.session.site
    return Status(201, {**_checkpoint_out(done.checkpoint, site), "alerts": _brief(done.alerts)})


@router.patch(
    "/checkpoints/{entry_id}", response=dict, summary="Correct a reading: a new version, with a reason"
)
def correct_checkpoint(request, entry_id: str, payload: CheckpointPatch):
    current, site = _entry(request, entry_id, May.TREAT)
    changes = payload.dict(exclude_unset=True, exclude={"reason", "version"})
    done = readings.correct_checkpoint(
        checkpoint=current,
        changes=changes,
        reason=payload.reason,
        version=payload.version,
        by=request.user,
        now=clock.now(),
    )
    return {**_checkpoint_out(done.checkpoint, site), "alerts": _brief(done.alerts)}


@router.get("/checkpoints/{entry_id}/history", response=dict, summary="Every version of a reading")
def checkpoint_history(request, entry_id: str):
    current, site = _entry(request, entry_id, May.SEE)
    versions = Checkpoint.objects.filter(entry=current.entry).select_related("by").order_by("version")
    return {"items": [_checkpoint_out(row, site) for row in versions], "next": None}


@router.post("/sessions/{session_id}/ready", response=dict, summary="Judged ready to leave")
def ready(request, session_id: str, payload: ReadyIn):
    """409 lists every criterion that is not met. `by`: the clinician's name, yours where it is left out."""
    session = session_of(request, session_id, May.TREAT)
    leaving.mark_ready(
        session=session,
        at=payload.at,
        clinician=payload.by or request.user.display_name,
        escort_reached=payload.escort_reached,
        instructions_given=payload.instructions_given,
        override=payload.override,
        by=request.user,
        now=clock.now(),
    )
    session.refresh_from_db()
    return {**session_out(session), "ready_at": local(payload.at, session.site)}


@router.post("/sessions/{session_id}/leave", response=dict, summary="The patient has left")
def leave(request, session_id: str, payload: LeaveIn):
    """Before being ready it is a deviation, and `early` says why. 409 lists every criterion that is not met. `by`: who
    saw the patient out, where that is somebody else than you."""
    session = session_of(request, session_id, May.TREAT)
    early = payload.early
    whole = early if isinstance(early, EarlyIn) else EarlyIn(reason=early or "", told=payload.told)
    leaving.leave(
        session=session,
        at=payload.at,
        with_escort=payload.with_escort,
        early=whole.reason,
        told=whole.told,
        clinician=payload.by,
        override=payload.override,
        by=request.user,
        now=clock.now(),
    )
    session.refresh_from_db()
    return {**session_out(session), "left_at": local(payload.at, session.site)}


@router.get("/sessions/{session_id}/observation", response=dict, summary="The whole record in order of time")
def observation(request, session_id: str):
    session = session_of(request, session_id, May.SEE)
    audit.opened(session.patient, by=request.user, now=clock.now(), page="api record")
    known, site, now = state.load(session), session.site, clock.now()
    return {
        "session": session_out(session),
        "t0": local(known.t0, site) if known.t0 else None,
        "next_device_at": local(known.next_device_at, site) if known.next_device_at else None,
        "earliest_leave_at": local(known.earliest_leave_at, site) if known.earliest_leave_at else None,
        "checkpoints": [
            {
                "minute": step.due.minute,
                "due_at": local(step.due.due_at, site),
                "required": step.due.required,
                "state": step.state,
            }
            for step in known.steps(now)
        ],
        "items": [
            {
                "at": local(line.at, site),
                "recorded_at": local(line.recorded_at, site),
                "by": line.who,
                "kind": line.kind,
                "title": line.title,
                "text": line.text,
                "replaced": line.replaced,
                "data": line.data,
            }
            for line in record_of(session)
        ],
    }


@router.get("/alerts", response=dict, summary="Alerts of a site, the newest first")
def list_alerts(request, site: str | None = None, open: bool | None = None, cursor: str | None = None):
    sites = Site.objects.visible_to(request.user)
    rows = Alert.objects.filter(site__in=sites).select_related(
        "site", "observation", "owner", "acknowledged_by"
    )
    if site is not None:
        rows = rows.filter(site=parse(site))
    if open is not None:
        rows = rows.filter(acknowledged_at__isnull=open)
    return paging.page(rows.order_by("-raised_at", "-pk"), cursor, _alert_out)


@router.post("/alerts/{alert_id}/acknowledge", response=dict, summary="Seen, and what was done")
def acknowledge(request, alert_id: str, payload: AcknowledgeIn):
    """409 `acknowledged`, by whom."""
    rows = Alert.objects.select_related("site", "observation__session", "owner")
    alert = access.get_or_404(rows, request.user, parse(alert_id))
    access.require(request.user, May.TREAT, alert.site)
    alert_verbs.acknowledge_alert(alert=alert, action=payload.action, by=request.user, now=clock.now())
    return _alert_out(alert)


def _entry(request, entry_id: str, right: May) -> tuple[Checkpoint, Site]:
    """The newest version of an entry, if its session is one of the caller's sites'."""
    entry = parse(entry_id)
    rows = Checkpoint.objects.select_related("observation__session__site").order_by("-version")
    current = rows.filter(entry=entry).first() if entry else None
    if current is None:
        raise Http404
    site = current.observation.session.site
    access.get_or_404(Site.objects.all(), request.user, site.pk)
    access.require(request.user, right, site)
    return current, site


def _checkpoint_out(row: Checkpoint, site: Site) -> dict[str, Any]:
    return {
        "id": str(row.entry),
        "version": row.version,
        "client_id": str(row.client_id),
        "minute": row.minute,
        "measured_at": local(row.measured_at, site),
        "recorded_at": local(row.recorded_at, site),
        "late": row.late,
        "by": row.by.username,
        **{name: getattr(row, name) for name in VALUES},
        "symptoms": row.symptoms,
        "note": row.note,
        "not_taken": row.not_taken,
        "reason": row.correction_reason,
    }


def _brief(alerts: list[Alert]) -> list[dict[str, str]]:
    return [
        {"id": str(alert.pk), "level": alert.level, "code": alert.code, "detail": alert.detail}
        for alert in alerts
    ]


def _alert_out(alert: Alert) -> dict[str, Any]:
    done = alert.acknowledged_at
    return {
        "id": str(alert.pk),
        "session": str(alert.observation.session_id),
        "level": alert.level,
        "code": alert.code,
        "detail": alert.detail,
        "raised_at": local(alert.raised_at, alert.site),
        "owner": alert.owner.username if alert.owner else None,
        "acknowledged_at": local(done, alert.site) if done else None,
        "acknowledged_by": alert.acknowledged_by.username if alert.acknowledged_by else None,
        "action": alert.action,
    }
