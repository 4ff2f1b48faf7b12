"""Forms: which are due, and one of them with its answers, its sending and its story."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic import access, audit, clock, documents
from clinic.access import RIGHTS, May
from clinic.enums import DocumentKind
from clinic.errors import Refused
from clinic.forms import add_faults
from clinic.ids import parse
from clinic.models import Document, User
from monitoring import form_sending, rems
from monitoring.form_board import board_of, tasks_of
from monitoring.form_reading import read_form, story_of
from monitoring.models import MonitoringForm, SeriousEvent
from monitoring.rems_forms import AnswersForm, OwnerForm, SendForm
from scheduling.overrides import reasons_in, wanted_reasons


@require_safe
def board(request):
    site = access.site_in_hand(request, May.SEE)
    today = clock.now().astimezone(site.tz).date()
    events = SeriousEvent.objects.filter(site=site).open().select_related("session__patient")
    context = {"site": site, "today": today, "board": board_of(site, today=today), "events": events}
    return render(request, "monitoring/forms.html", context)


@require_safe
def mine(request):
    """For other pages: the forms that wait for the person who looks at them."""
    site = access.site_in_hand(request, May.SEE)
    today = clock.now().astimezone(site.tz).date()
    found = tasks_of(request.user, site, today=today)
    return render(request, "monitoring/_my_forms.html", {"tasks": found, "today": today, "site": site})


@require_safe
def form(request, form_id):
    found = form_of(request, form_id, May.SEE)
    audit.opened(found.session.patient, by=request.user, now=clock.now(), page="monitoring form")
    return _page(request, found)


@require_POST
def answer(request, form_id):
    found = form_of(request, form_id, May.REPORT)
    answers = AnswersForm(read_form(found).items, request.POST)
    if not answers.is_valid():
        return _page(request, found, answers=answers, status=422)
    try:
        rems.answer_form(
            form=found,
            answers=answers.changes(),
            reasons=answers.reasons(),
            by=request.user,
            now=clock.now(),
        )
    except Refused as refusal:
        _beside_answers(answers, refusal)
        return _page(request, found, answers=answers, status=refusal.status)
    flash.success(request, _("Saved."))
    return redirect("monitoring:form", form_id=found.pk)


@require_POST
def send(request, form_id):
    found = form_of(request, form_id, May.REPORT)
    sending, now = SendForm(request.POST, request.FILES), clock.now()
    if not sending.is_valid():
        return _page(request, found, sending=sending, status=422)
    proof = None
    try:
        proof = _proof(request, found, sending, now)
        data = sending.cleaned_data
        form_sending.send_form(
            form=found,
            channel=data["channel"],
            sent_at=data["sent_at"] or now,
            reference=data["reference"],
            proof=proof,
            override=reasons_in(request.POST),
            by=request.user,
            now=now,
        )
    except Refused as refusal:
        return _not_sent(request, found, sending, proof, refusal)
    flash.success(request, _("Written down as sent."))
    return redirect("monitoring:form", form_id=found.pk)


@require_POST
def owner(request, form_id):
    found = form_of(request, form_id, May.REPORT)
    chosen = parse(request.POST.get("owner"))
    person = next((person for person in _owners(found) if person.pk == chosen), None)
    if person is None:
        raise Refused.because("unknown", _("Nobody who may send it."), "owner")
    rems.assign_form(form=found, owner=person, by=request.user, now=clock.now())
    flash.success(request, _("%s has it now.") % person.display_name)
    return redirect("monitoring:form", form_id=found.pk)


def form_of(request, form_id, right) -> MonitoringForm:
    rows = MonitoringForm.objects.select_related(
        "site", "owner", "session__patient", "session__site", "session__chair"
    )
    found = access.get_or_404(rows, request.user, form_id)
    access.require(request.user, right, found.site)
    return found


def _proof(request, found: MonitoringForm, sending: SendForm, now) -> Document | None:
    """The file that came now, or that came with a page that was sent back."""
    file = sending.cleaned_data["file"]
    if file:
        return documents.keep(
            site=found.site,
            patient=found.session.patient,
            kind=DocumentKind.PROOF,
            name=file.name,
            content=file.read(documents.LARGEST + 1),
            by=request.user,
            now=now,
        )
    known = sending.cleaned_data["proof"]
    rows = Document.objects.filter(patient=found.session.patient, kind=DocumentKind.PROOF)
    return rows.filter(pk=known).first() if known else None


def _not_sent(request, found, sending: SendForm, proof, refusal: Refused):
    """Back to the page with all that was typed, the file that came included."""
    asked = wanted_reasons(refusal.faults, request.POST)
    add_faults(
        sending,
        [fault for fault in refusal.faults if fault.code not in ("reason_required", "missing_answer")],
    )
    if proof:
        sending.data = {**sending.data.dict(), "proof": str(proof.pk)}  # type: ignore[attr-defined]
    return _page(request, found, sending=sending, asked=asked, proof=proof, status=refusal.status)


def _beside_answers(answers: AnswersForm, refusal: Refused) -> None:
    for fault in refusal.faults:
        part, _dot, code = fault.field.partition(".")
        name = f"reason-{code}" if part == "reasons" else code
        answers.add_error(name if name in answers.fields else None, fault.detail)
        if part == "reasons" and code in answers.fields and not answers.errors.get(code):
            answers.add_error(code, _("Say why below."))


def _page(request, found, *, answers=None, sending=None, asked=(), proof=None, status=200):
    filled = read_form(found)
    answers = answers or AnswersForm(filled.items)
    missing = {item.field.code for item in filled.missing}
    sections = [
        (title, answers.rows([item for item in items if item.field.code not in missing]))
        for title, items in filled.sections
    ]
    today = clock.now().astimezone(found.site.tz).date()
    context = {
        "form": found,
        "session": found.session,
        "site": found.site,
        "filled": filled,
        "today": today,
        "age": filled.age(today),
        "days_left": (found.due_on - today).days,
        "answers": answers,
        "open_rows": answers.rows(filled.missing),
        "sections": sections,
        "sending": sending or SendForm(initial={"channel": "portal"}),
        "asked": asked,
        "proof": proof,
        "story": story_of(found),
        "owner_form": OwnerForm(_owners(found), initial={"owner": str(found.owner_id)}),
        "may_report": access.may(request.user, May.REPORT, found.site),
    }
    return render(request, "monitoring/form.html", context, status=status)


def _owners(found: MonitoringForm) -> list[User]:
    rows = User.objects.filter(
        memberships__site=found.site, memberships__role__in=RIGHTS[May.REPORT], is_active=True
    )
    return list(rows.distinct().order_by("first_name", "last_name", "username"))
