"""Chair: what do I do now. One page; each step is a form that posts to an address of its own."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic import access, audit, clock
from clinic.access import May
from clinic.errors import Refused
from monitoring import chairside, dosing, leaving, readings, state
from monitoring.dosing import Extra
from monitoring.forms import (
    CheckpointForm,
    CorrectionForm,
    DeviceCorrectionForm,
    DeviceForm,
    LeaveForm,
    PreDoseForm,
    ReadyForm,
    ReasonForm,
    instant,
)
from monitoring.models import PreDose
from monitoring.next_step import next_step
from monitoring.record import record_of
from monitoring.safety import CRISIS_SYMPTOMS
from scheduling.models import TreatmentSession
from scheduling.overrides import reasons_in, wanted_reasons
from scheduling.views.today import act


def _session(request, session_id, right):
    sessions = TreatmentSession.objects.select_related("site", "patient", "course", "chair")
    session = access.get_or_404(sessions, request.user, session_id)
    access.require(request.user, right, session.site)
    return session


@require_safe
def chair(request, session_id):
    session = _session(request, session_id, May.SEE)
    audit.opened(session.patient, by=request.user, now=clock.now(), page="chair")
    return _page(request, session)


@require_safe
def record(request, session_id):
    session = _session(request, session_id, May.SEE)
    audit.opened(session.patient, by=request.user, now=clock.now(), page="record")
    context = {"session": session, "site": session.site, "lines": record_of(session)}
    return render(request, "monitoring/record.html", context)


@require_POST
def arrive(request, session_id):
    """From Today and from the Floor: the desk and the nurses may."""
    return act(request, session_id, May.ARRIVE, lambda **k: chairside.arrive(**k), _("Arrived."))


@require_POST
def pre_dose(request, session_id):
    def save(session, form, now):
        done = chairside.record_pre_dose(
            session=session,
            answers=form.answers(),
            override=reasons_in(request.POST),
            by=request.user,
            now=now,
        )
        if done.may_dose:
            return _("Cleared for the dose.")
        raise _NotCleared

    return _post(request, session_id, "pre_dose", PreDoseForm(request.POST), save)


@require_POST
def device(request, session_id):
    is_extra = "extra_reason" in request.POST

    def save(session, form, now):
        data = form.cleaned_data
        dosing.start_device(
            session=session,
            number=data["number"],
            started_at=instant(data["started"], session.site, now),
            lot=data["lot"],
            expires_on=data["expires_on"],
            extra=Extra(data["extra_reason"], data["witness"]) if is_extra else None,
            by=request.user,
            now=now,
        )
        return _("Device %s is running.") % data["number"]

    return _post(request, session_id, "device", DeviceForm(request.POST, is_extra=is_extra), save)


@require_POST
def correct_device(request, session_id, number):
    def save(session, form, now):
        dosing.correct_device(
            session=session,
            number=number,
            started_at=instant(form.cleaned_data["started"], session.site, now),
            reason=form.cleaned_data["reason"],
            by=request.user,
            now=now,
        )
        return _("Corrected; every due time follows.")

    return _post(request, session_id, "correct_device", DeviceCorrectionForm(request.POST), save)


@require_POST
def stop_dosing(request, session_id):
    def save(session, form, now):
        dosing.stop_dosing(session=session, reason=form.cleaned_data["reason"], by=request.user, now=now)
        return _("No further device.")

    return _post(request, session_id, "stop", ReasonForm(request.POST), save)


@require_POST
def checkpoint(request, session_id):
    def save(session, form, now):
        data = form.cleaned_data
        found = readings.record_checkpoint(
            session=session,
            client_id=data["client_id"],
            measured_at=instant(data["measured"], session.site, now),
            values=form.values(),
            minute=data["minute"],
            by=request.user,
            now=now,
        )
        for alert in found.alerts:
            flash.warning(request, alert.detail)
        return _("Saved.")

    return _post(request, session_id, "checkpoint", CheckpointForm(request.POST), save)


@require_POST
def correct_checkpoint(request, session_id, entry):
    def save(session, form, now):
        known = state.load(session)
        row = next((row for row in known.checkpoints if row.entry == entry), None)
        if row is None:
            raise Refused.because("unknown", _("No such entry."))
        data = form.cleaned_data
        changes = {**form.values(), "minute": row.minute}
        changes.pop("reason")
        if data["measured"] is not None:
            changes["measured_at"] = instant(data["measured"], session.site, now)
        readings.correct_checkpoint(
            checkpoint=row, changes=changes, reason=data["reason"], by=request.user, now=now
        )
        return _("Corrected; the old entry stays readable.")

    return _post(request, session_id, "correction", CorrectionForm(request.POST), save, entry=entry)


@require_POST
def ready(request, session_id):
    def save(session, form, now):
        data = form.cleaned_data
        leaving.mark_ready(
            session=session,
            at=instant(data["at"], session.site, now),
            clinician=data["clinician"],
            escort_reached=data["escort_reached"],
            instructions_given=data["instructions_given"],
            override=reasons_in(request.POST),
            by=request.user,
            now=now,
        )
        return _("Ready to leave.")

    return _post(request, session_id, "ready", ReadyForm(request.POST), save)


@require_POST
def leave(request, session_id):
    def save(session, form, now):
        data = form.cleaned_data
        early = data["early"] if session.status != "ready" else ""
        leaving.leave(
            session=session,
            at=instant(data["at"], session.site, now),
            with_escort=data["with_escort"] == "yes",
            early=early,
            override={"no_escort": data["early"]},
            by=request.user,
            now=now,
        )
        return _("Left. The record is complete.")

    return _post(request, session_id, "leave", LeaveForm(request.POST), save)


@require_POST
def reopen(request, session_id):
    def save(session, form, now):
        leaving.reopen(session=session, reason=form.cleaned_data["reason"], by=request.user, now=now)
        return _("Observed again.")

    return _post(request, session_id, "reopen", ReasonForm(request.POST), save)


class _NotCleared(Exception):
    """Saved, but gates still stand: the page shows them instead of going on."""


def _post(request, session_id, kind, form, save, **extra):
    """Save one form, or show the page again with everything typed and every fault where it belongs."""
    session = _session(request, session_id, May.TREAT)
    if not form.is_valid():
        return _page(request, session, bound={kind: form}, status=422, **extra)
    try:
        done = save(session, form, clock.now())
    except _NotCleared:
        return _page(request, session, bound={kind: form}, status=409, **extra)
    except Refused as refusal:
        faults = _beside_fields(form, refusal)
        return _page(request, session, bound={kind: form}, faults=faults, status=refusal.status, **extra)
    flash.success(request, done)
    return redirect("monitoring:chair", session_id=session.pk)


def _beside_fields(form, refusal: Refused):
    """Faults of a field go to it; the others are returned."""
    names = {
        "started_at": "started",
        "measured_at": "measured",
        "extra.reason": "extra_reason",
        "extra.witness": "witness",
    }
    left = []
    for fault in refusal.faults:
        name = names.get(fault.field, fault.field)
        if name in form.fields and not form.fields[name].widget.is_hidden:
            form.add_error(name, fault.detail)
        else:
            left.append(fault)
    return left


def _page(request, session, *, bound=None, faults=(), status=200, entry=None):
    session.refresh_from_db()
    now, known = clock.now(), state.load(session)
    step = next_step(known, now)
    bound = bound or {}
    gates = known.pre_dose.gates if known.pre_dose else []
    context = {
        "session": session,
        "site": session.site,
        "known": known,
        "now": now,
        "step": step,
        "open": next(iter(bound), step.kind),
        "faults": [f for f in faults if f.code != "reason_required"],
        "asked": wanted_reasons(faults, request.POST),
        "gates": gates,
        "gate_reasons": _gate_reasons(gates, request.POST),
        "steps": known.steps(now),
        "last": next((row for row in reversed(known.checkpoints) if not row.not_taken), None),
        "last_visit": _last_visit(session),
        "criteria": leaving.criteria(known, at=now, clinician=request.user.display_name) if known.t0 else [],
        "forms": _forms(bound, known, step, request.user),
        "entry": entry,
        "crisis": CRISIS_SYMPTOMS,
        "may_treat": access.may(request.user, May.TREAT, session.site),
    }
    return render(request, "monitoring/chair.html", context, status=status)


def _forms(bound, known, step, user):
    number = len(known.devices) + 1
    is_extra = number > known.devices_planned
    last = known.devices[-1] if known.devices else None
    minute = next((s.due.minute for s in known.steps(clock.now()) if s.state != "done"), None)
    device_initial = {"number": number}
    if last:
        # The same kit mostly; the nurse still reads each device's label.
        device_initial |= {"lot": last.lot, "expires_on": last.expires_on}
    fresh = {
        "pre_dose": lambda: PreDoseForm(),
        "device": lambda: DeviceForm(initial=device_initial, is_extra=is_extra),
        "correct_device": lambda: DeviceCorrectionForm(),
        "checkpoint": lambda: CheckpointForm(minute=minute if step.kind == "checkpoint" else None),
        "correction": lambda: CorrectionForm(),
        "ready": lambda: ReadyForm(initial={"clinician": user.display_name}),
        "leave": lambda: LeaveForm(),
        "stop": lambda: ReasonForm(),
        "reopen": lambda: ReasonForm(),
    }
    return {name: bound.get(name) or make() for name, make in fresh.items()}


def _gate_reasons(gates, posted):
    """Where a decision or an override is wanted: the field for its reason."""
    return [
        {"name": f"reason-{g['code']}", "detail": g["detail"], "value": posted.get(f"reason-{g['code']}", "")}
        for g in gates
        if not g["ok"] and g["overridable"]
    ]


def _last_visit(session):
    """The newest answers of the visit before this one: shown beside, never copied in."""
    rows = PreDose.objects.filter(
        observation__session__patient=session.patient, observation__session__starts_at__lt=session.starts_at
    )
    return rows.order_by("-observation__session__starts_at", "-version").first()
