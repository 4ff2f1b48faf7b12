"""A serious adverse event: flagged in one step, then what to do, whom to call, and what was done."""

from django.contrib import messages as flash
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, audit, clock, documents
from clinic.access import May
from clinic.enums import DocumentKind
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from monitoring import serious as verbs
from monitoring.models import SeriousEvent
from monitoring.rems_forms import SeriousForm, StepForm
from monitoring.serious_guide import GUIDE
from monitoring.views.sessions import session_of


@require_http_methods(["GET", "HEAD", "POST"])
def flag(request, session_id):
    session = session_of(request, session_id, May.REPORT)
    form, now = SeriousForm(posted(request)), clock.now()
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            event = verbs.flag_serious(
                session=session, what=data["what"], began_at=data["began_at"] or now, by=request.user, now=now
            )
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("Flagged."))
            return redirect("monitoring:serious", event_id=event.pk)
    context = {"session": session, "site": session.site, "form": form, **_help(session.site)}
    return render(request, "monitoring/serious_flag.html", context, status=422 if form.errors else 200)


@require_safe
def event(request, event_id):
    found = _event(request, event_id, May.SEE)
    audit.opened(found.session.patient, by=request.user, now=clock.now(), page="serious event")
    return _page(request, found, StepForm(closed=found.closed_at is not None))


@require_POST
def step(request, event_id):
    found = _event(request, event_id, May.REPORT)
    form, now = StepForm(request.POST, request.FILES, closed=found.closed_at is not None), clock.now()
    if not form.is_valid():
        return _page(request, found, form, status=422)
    data = form.cleaned_data
    try:
        # A step that is refused keeps no paper either.
        with transaction.atomic():
            paper = _paper(request, found, data["file"], now)
            facts = {"step": data["step"], "text": data["text"], "at": data["at"] or now, "document": paper}
            verbs.add_step(event=found, by=request.user, now=now, **facts)
    except Refused as refusal:
        add_faults(form, refusal.faults)
        return _page(request, found, form, status=refusal.status)
    flash.success(request, _("Written down."))
    return redirect("monitoring:serious", event_id=found.pk)


def _event(request, event_id, right) -> SeriousEvent:
    rows = SeriousEvent.objects.select_related("site", "flagged_by", "session__patient", "session__chair")
    found = access.get_or_404(rows, request.user, event_id)
    access.require(request.user, right, found.site)
    return found


def _paper(request, found: SeriousEvent, file, now):
    if not file:
        return None
    return documents.keep(
        site=found.site,
        patient=found.session.patient,
        kind=DocumentKind.SERIOUS_EVENT,
        name=file.name,
        content=file.read(documents.LARGEST + 1),
        by=request.user,
        now=now,
    )


def _help(site):
    contacts = verbs.contacts_of(site)
    lines = [(line, [c for c in contacts if line.contact and c.kind == line.contact]) for line in GUIDE]
    shown = {line.contact for line in GUIDE}
    others = [contact for contact in contacts if contact.kind not in shown]
    return {"guide": lines, "others": others, "unknown": verbs.missing_contacts(contacts)}


def _page(request, found, form, *, status=200):
    found.refresh_from_db(fields=["closed_at"])
    context = {
        "event": found,
        "session": found.session,
        "site": found.site,
        "steps": found.steps.select_related("by", "document"),
        "form": form,
        "may_report": access.may(request.user, May.REPORT, found.site),
        "may_manage": access.may(request.user, May.MANAGE, found.site),
        **_help(found.site),
    }
    return render(request, "monitoring/serious.html", context, status=status)
