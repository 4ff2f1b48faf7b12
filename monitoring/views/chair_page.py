"""The Chair page as it is drawn: everything that one look at a session shows, and the forms that it offers."""

from datetime import timedelta

from django.shortcuts import render

from clinic import access, clock
from clinic.access import May
from monitoring import deciding, leaving, state
from monitoring.forms import (
    CheckpointForm,
    CorrectionForm,
    DeviceCorrectionForm,
    DeviceForm,
    LeaveForm,
    PreDoseForm,
    ReadyForm,
    ReasonForm,
    beside,
)
from monitoring.limits import DEVICE_REST_MINUTES
from monitoring.models import Alert, PreDose
from monitoring.next_step import next_step
from monitoring.predose import DECIDED
from monitoring.safety import CRISIS_SYMPTOMS
from monitoring.schedule import DONE, EARLY_MINUTES
from monitoring.views import device_step
from scheduling.overrides import wanted_reasons


def draw(request, session, *, bound=None, faults=(), status=200, entry=None):
    """The page as things stand. `bound`: forms that came back, with `faults` that no field of theirs has."""
    session.refresh_from_db()
    now, known = clock.now(), state.load(session)
    step = next_step(known, now)
    bound = bound or {}
    last_visit = _last_visit(session)
    last = next((row for row in reversed(known.checkpoints) if not row.not_taken), None)
    forms = _forms(bound, known, step, session.site, request.user)
    beside(forms["pre_dose"], last_visit)
    beside(forms["checkpoint"], last or known.pre_dose)
    gates = known.pre_dose.gates if known.pre_dose else []
    context = {
        "session": session,
        "site": session.site,
        "known": known,
        "now": now,
        "step": step,
        "open": next(iter(bound), "checkpoint" if step.kind == "again" else step.kind),
        "faults": [f for f in faults if f.code != "reason_required"],
        "asked": wanted_reasons(faults, request.POST),
        "gates": gates,
        "gate_reasons": _gate_reasons(gates, request.POST),
        "deciders": _deciders(request, session, gates, asked=deciding.FIELD in forms["pre_dose"].errors),
        "unnamed": _unnamed(request, session, known),
        "steps": known.steps(now),
        "last": last,
        "last_visit": last_visit,
        "elsewhere": _elsewhere(session),
        "seen_version": request.POST.get("version", "") if entry else "",
        "criteria": leaving.criteria(known, at=now, clinician=request.user.display_name) if known.t0 else [],
        "forms": forms,
        "device": _device_choice(session, known, bound.get("device")),
        "entry": entry,
        "crisis": CRISIS_SYMPTOMS,
        "limits": state.limits_of(session.site),
        "rest_minutes": DEVICE_REST_MINUTES,
        "may_treat": access.may(request.user, May.TREAT, session.site),
    }
    return render(request, "monitoring/chair.html", context, status=status)


def _device_choice(session, known, form):
    """The list to tap, while a device may still be given; what was tapped or scanned stays so."""
    if known.pre_dose is None or session.status not in ("arrived", "dosing", "observing"):
        return None
    tapped = form.data.get("device", "") if form else ""
    errors = [*form.errors.get("device", []), *form.errors.get("scan", [])] if form else []
    return {**device_step.choice(session, tapped), "errors": errors}


def _forms(bound, known, step, site, user):
    number = len(known.devices) + 1
    is_extra = number > known.devices_planned
    last = known.devices[-1] if known.devices else None
    device_initial = {"number": number}
    if last and last.device_id is None:
        # The same kit mostly; the nurse still reads each device's label.
        device_initial |= {"lot": last.lot, "expires_on": last.expires_on}
    fresh = {
        "pre_dose": lambda: PreDoseForm(),
        "device": lambda: DeviceForm(site=site, user=user, initial=device_initial, is_extra=is_extra),
        "correct_device": lambda: DeviceCorrectionForm(),
        "checkpoint": lambda: CheckpointForm(minute=_minute_asked(known, step)),
        "correction": lambda: CorrectionForm(),
        "ready": lambda: ReadyForm(initial={"clinician": user.display_name, **_noted(known.observation)}),
        "leave": lambda: LeaveForm(),
        "stop": lambda: ReasonForm(),
        "reopen": lambda: ReasonForm(),
    }
    return {name: bound.get(name) or make() for name, make in fresh.items()}


def _minute_asked(known, step):
    """The checkpoint that a reading entered now answers. One that is still some way off is none: a reading in between
    must not tick it off."""
    now = clock.now()
    if step.kind != "checkpoint":
        return None
    due = next((s.due for s in known.steps(now) if s.state != DONE), None)
    return due.minute if due and due.due_at - timedelta(minutes=EARLY_MINUTES) <= now else None


def _noted(observation):
    """What was noted with its time before anybody judges: said once, it is not asked for again."""
    if observation is None:
        return {}
    return {
        "escort_reached": observation.escort_reached_at is not None,
        "instructions_given": observation.instructions_given_at is not None,
    }


def _elsewhere(session):
    """Red alerts of the site's other chairs: a nurse at this one must hear of them."""
    rows = Alert.objects.waiting_red().filter(site=session.site).exclude(observation__session=session)
    return list(rows.select_related("owner", "observation__session__chair").order_by("raised_at"))


def _gate_reasons(gates, posted):
    """Where a decision or an override is wanted: the field for its reason."""
    return [
        {"name": f"reason-{g['code']}", "detail": g["detail"], "value": posted.get(f"reason-{g['code']}", "")}
        for g in gates
        if not g["ok"] and g["overridable"]
    ]


def _deciders(request, session, gates, *, asked):
    """Who may have decided, where a decision is wanted; the one who is chosen, or at first who is signed in."""
    wanted = any(g["overridable"] and not g["ok"] and g["kind"] in DECIDED for g in gates)
    if not (wanted or asked):
        return []
    chosen = request.POST.get(deciding.FIELD, str(request.user.pk))
    return [(person, str(person.pk) == chosen) for person in deciding.deciders(session.site)]


def _unnamed(request, session, known):
    """What was decided with nobody named, and who may have been: for whoever completes it."""
    codes = deciding.unnamed(known.pre_dose)
    if not codes:
        return {}
    details = [g["detail"] for g in known.pre_dose.gates if g["code"] in codes]
    chosen = request.POST.get(deciding.FIELD, "")
    people = [(person, str(person.pk) == chosen) for person in deciding.deciders(session.site)]
    return {"details": details, "people": people}


def _last_visit(session):
    """The newest answers of the visit before this one: shown beside, never copied in."""
    rows = PreDose.objects.filter(
        observation__session__patient=session.patient, observation__session__starts_at__lt=session.starts_at
    )
    return rows.order_by("-observation__session__starts_at", "-version").first()
