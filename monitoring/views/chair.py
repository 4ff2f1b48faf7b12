"""Chair: what do I do now. One page; each step is a form that posts to an address of its own."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic import access, audit, clock, unchanged
from clinic.access import May
from clinic.errors import Refused
from monitoring import chairside, deciding, dosing, leaving, readings, state, tablet
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
from monitoring.record import record_of
from monitoring.uses import Extra
from monitoring.views import chair_page, device_step
from monitoring.views import tablet as sent
from scheduling.models import TreatmentSession
from scheduling.overrides import reasons_in
from scheduling.views.today import act


def _session(request, session_id, right):
    sessions = TreatmentSession.objects.select_related("site", "patient", "course", "chair")
    session = access.get_or_404(sessions, request.user, session_id)
    access.require(request.user, right, session.site)
    return session


@require_safe
def chair(request, session_id):
    """The page asks for itself again now and then; that is no opening of the patient's page."""
    session = _session(request, session_id, May.SEE)
    if not request.htmx:
        audit.opened(session.patient, by=request.user, now=clock.now(), page="chair")
    etag = unchanged.tag(request, session.site, clock.now())
    if unchanged.is_known(request, etag):
        return unchanged.not_modified(etag)
    page = chair_page.draw(request, session)
    if access.may(request.user, May.TREAT, session.site):
        page["X-Keep"] = "yes"
    return unchanged.marked(page, etag)


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
    entry = sent.entry_in(request.POST, "pre_dose")

    def save(session, form, now, around):
        done = chairside.record_pre_dose(
            session=session,
            answers=form.answers(),
            override=reasons_in(request.POST),
            decided_by=request.POST.get(deciding.FIELD),
            afterwards=entry is not None and entry.waited(now),
            measured_at=around,
            by=request.user,
            now=now,
        )
        return _("Cleared for the dose.") if done.may_dose else ""

    return _post(request, session_id, "pre_dose", PreDoseForm(request.POST), save)


@require_POST
def decided_by(request, session_id):
    """Who decided, said afterwards: a tablet had kept the answers with nobody named."""
    session, said = _session(request, session_id, May.TREAT), request.POST.get(deciding.FIELD, "")
    try:
        deciding.name_decider(session=session, decided_by=said, by=request.user, now=clock.now())
    except Refused as refusal:
        return chair_page.draw(request, session, faults=refusal.faults, status=refusal.status)
    flash.success(request, _("Noted: who decided is named."))
    return redirect("monitoring:chair", session_id=session.pk)


@require_POST
def device(request, session_id):
    is_extra = "extra_reason" in request.POST
    site = _session(request, session_id, May.TREAT).site
    form = DeviceForm(request.POST, site=site, user=request.user, is_extra=is_extra)

    def save(session, form, now, around):
        data = form.cleaned_data
        dosing.start_device(
            session=session,
            number=data["number"],
            started_at=instant(data["started"], session.site, around),
            device=device_step.picked(session, data),
            lot=data["lot"],
            expires_on=data["expires_on"],
            extra=Extra(data["extra_reason"], data["witness"]) if is_extra else None,
            by=request.user,
            now=now,
        )
        return _("Device %s is running.") % data["number"]

    return _post(request, session_id, "device", form, save)


@require_POST
def correct_device(request, session_id, number):
    def save(session, form, now, around):
        dosing.correct_device(
            session=session,
            number=number,
            started_at=instant(form.cleaned_data["started"], session.site, around),
            reason=form.cleaned_data["reason"],
            version=_seen_version(request),
            by=request.user,
            now=now,
        )
        return _("Corrected; every due time follows.")

    return _post(request, session_id, "correct_device", DeviceCorrectionForm(request.POST), save)


@require_POST
def stop_dosing(request, session_id):
    def save(session, form, now, around):
        dosing.stop_dosing(session=session, reason=form.cleaned_data["reason"], by=request.user, now=now)
        return _("No further device.")

    return _post(request, session_id, "stop", ReasonForm(request.POST), save)


@require_POST
def checkpoint(request, session_id):
    def save(session, form, now, around):
        data = form.cleaned_data
        found = readings.record_checkpoint(
            session=session,
            client_id=data["client_id"],
            measured_at=instant(data["measured"], session.site, around),
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
    def save(session, form, now, around):
        known = state.load(session)
        row = next((row for row in known.checkpoints if row.entry == entry), None)
        if row is None:
            raise Refused.because("unknown", _("No such entry."))
        data = form.cleaned_data
        changes = {**form.values(), "minute": row.minute}
        changes.pop("reason")
        if data["measured"] is not None:
            changes["measured_at"] = instant(data["measured"], session.site, around)
        readings.correct_checkpoint(
            checkpoint=row,
            changes=changes,
            reason=data["reason"],
            version=_seen_version(request),
            by=request.user,
            now=now,
        )
        return _("Corrected; the old entry stays readable.")

    return _post(request, session_id, "correction", CorrectionForm(request.POST), save, entry=entry)


def _seen_version(request) -> int | None:
    """The version that the person had before them: somebody else's correction is never undone unseen."""
    words = request.POST.get("version", "")
    return int(words) if words.isdecimal() and len(words) < 6 else None


@require_POST
def escort(request, session_id):
    return _noted(request, session_id, leaving.note_escort, _("Noted: the escort is reached."))


@require_POST
def instructions_given(request, session_id):
    return _noted(request, session_id, leaving.note_instructions, _("Noted: the instructions are given."))


def _noted(request, session_id, verb, words):
    session = _session(request, session_id, May.TREAT)
    verb(session=session, by=request.user, now=clock.now())
    flash.success(request, words)
    return redirect("monitoring:chair", session_id=session.pk)


@require_POST
def ready(request, session_id):
    def save(session, form, now, around):
        data = form.cleaned_data
        leaving.mark_ready(
            session=session,
            at=instant(data["at"], session.site, around),
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
    def save(session, form, now, around):
        data = form.cleaned_data
        early = data["early"] if session.status != "ready" else ""
        leaving.leave(
            session=session,
            at=instant(data["at"], session.site, around),
            with_escort=data["with_escort"] == "yes",
            early=early,
            told=data["told"],
            override={"no_escort": data["early"]},
            by=request.user,
            now=now,
        )
        return _("Left. The record is complete.")

    return _post(request, session_id, "leave", LeaveForm(request.POST), save)


@require_POST
def reopen(request, session_id):
    def save(session, form, now, around):
        leaving.reopen(session=session, reason=form.cleaned_data["reason"], by=request.user, now=now)
        return _("Observed again.")

    return _post(request, session_id, "reopen", ReasonForm(request.POST), save)


def _post(request, session_id, kind, form, save, **extra):
    """Save one form; a tablet's entry is taken once, and a time that was not typed is the tablet's own."""
    session = _session(request, session_id, May.TREAT)
    entry, now = sent.entry_in(request.POST, kind), clock.now()

    def again(status, faults=()):
        """The page once more, with everything typed and every fault where it belongs."""
        page = chair_page.draw(request, session, bound={kind: form}, faults=faults, status=status, **extra)
        return sent.again(page, form, faults) if entry else page

    if not form.is_valid():
        return again(422)
    around = entry.tapped_at if entry else now
    try:
        done = tablet.take(
            session=session,
            entry=entry,
            save=lambda: save(session, form, now, around),
            by=request.user,
            now=now,
        )
    except Refused as refusal:
        return again(refusal.status, _beside_fields(form, refusal))
    if not (done.words or done.replayed):
        # Kept, but gates still stand: the page shows them instead of going on.
        return again(409)
    if entry:
        return sent.saved(done)
    flash.success(request, done.words)
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
