"""The monitoring form and what is printed, as JSON and PDF."""

from typing import Annotated, Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from clinic import access, audit, clock, paging, pdf
from clinic.access import May
from clinic.errors import Invalid
from clinic.ids import parse
from clinic.models import Site, User
from clinic.schemas import Body, Instant, Override, Text, local
from monitoring import form_sending, papers, rems
from monitoring.api_papers import document_of
from monitoring.enums import FormStatus
from monitoring.form_reading import Filled, read_form, read_forms
from monitoring.form_rules import Item, Known
from monitoring.models import FormSending, MonitoringForm
from scheduling.api import session_of

router = Router(tags=["The REMS"])


class FormPatch(Body):
    # By the question's code; null takes a person's answer back. Reasons where an answer differs from the record.
    answers: dict[Annotated[str, Field(max_length=60)], Any] = {}
    reasons: Override = {}
    owner: Text | None = None


class SendIn(Body):
    channel: Text
    sent_at: Instant | None = None
    proof: Text | None = None
    reference: Text = ""
    override: Override = {}


@router.get("/forms", response=dict, summary="Monitoring forms, those due first at the top")
def list_forms(request, site: str | None = None, status: str | None = None, cursor: str | None = None):
    """`status`: `open`, `late` (open, past its seventh day) or `sent`."""
    sites = list(Site.objects.visible_to(request.user))
    rows = _rows().filter(site__in=sites)
    if site is not None:
        rows = rows.filter(site=parse(site))
    if status is not None and status not in FormStatus.values:
        raise Invalid.because("unknown", _("One of %s.") % ", ".join(FormStatus.values), "status")
    if status == FormStatus.SENT:
        rows = rows.sent().order_by("-sent_at", "-pk")
    elif status is not None:
        rows = rows.open().order_by("due_on", "pk")
    if status == FormStatus.LATE:
        rows = rows.filter(_is_late(sites))
    answer = paging.page(rows, cursor, lambda form: form)
    filled = read_forms(answer["items"], with_last=False)
    return {**answer, "items": [_brief(one) for one in filled]}


@router.get(
    "/forms/{form_id}", response=dict, summary="A monitoring form with every answer and where it comes from"
)
def get_form(request, form_id: str):
    form = _form(request, form_id, May.SEE)
    audit.opened(form.session.patient, by=request.user, now=clock.now(), page="api monitoring form")
    return _whole(read_form(form))


@router.patch(
    "/forms/{form_id}", response=dict, summary="Answer what is missing, or give the form to somebody"
)
def patch_form(request, form_id: str, payload: FormPatch):
    """422 with every answer that cannot be; 409 `reason_required` for each that differs from the record."""
    form = _form(request, form_id, May.REPORT)
    with transaction.atomic():
        if payload.answers:
            _answer(form, payload, request.user)
        if payload.owner is not None:
            form = _give(form, payload.owner, request.user)
    return _whole(read_form(form))


@router.post("/forms/{form_id}/send", response={201: dict}, summary="The clinic has sent the form")
def send(request, form_id: str, payload: SendIn):
    """409 `missing_answer` for each, `already_sent`; `reason_required` for `missing_answers`, `late`, `no_proof`.

    `proof` is the id of a document of kind `proof`.
    """
    form, now = _form(request, form_id, May.REPORT), clock.now()
    proof = document_of(request, payload.proof, form.site, "proof")
    sending = form_sending.send_form(
        form=form,
        channel=payload.channel,
        sent_at=payload.sent_at or now,
        proof=proof,
        reference=payload.reference,
        override=payload.override,
        by=request.user,
        now=now,
    )
    form.refresh_from_db()
    return Status(201, {**_brief(read_form(form)), "sending": _sending(sending, form.site)})


@router.get("/forms/{form_id}/pdf", summary="The form as PDF", response={200: None})
def form_pdf(request, form_id: str):
    form = _form(request, form_id, May.REPORT)
    return pdf.answer(
        papers.print_form(form=form, by=request.user, now=clock.now()), f"form-{form.pk.hex[-6:]}"
    )


@router.get("/sessions/{session_id}/summary.pdf", summary="A session's summary as PDF", response={200: None})
def summary_pdf(request, session_id: str):
    session = session_of(request, session_id, May.REPORT)
    content = papers.print_summary(session=session, by=request.user, now=clock.now())
    return pdf.answer(content, f"session-{session.pk.hex[-6:]}")


@router.get(
    "/sessions/{session_id}/instructions.pdf", summary="What the patient takes home", response={200: None}
)
def instructions_pdf(request, session_id: str, language: str = ""):
    """`language`: `en` or `es`; left out, the patient's own."""
    session = session_of(request, session_id, May.SEE)
    content = papers.print_instructions(session=session, language=language, by=request.user, now=clock.now())
    return pdf.answer(content, "instructions")


def _answer(form: MonitoringForm, payload: FormPatch, by) -> None:
    rems.answer_form(form=form, answers=payload.answers, reasons=payload.reasons, by=by, now=clock.now())


def _give(form: MonitoringForm, username: str, by) -> MonitoringForm:
    owner = User.objects.filter(username=username).first()
    if owner is None:
        raise Invalid.because("unknown", _("Nobody of that name."), "owner")
    return rems.assign_form(form=form, owner=owner, by=by, now=clock.now())


def _rows():
    return MonitoringForm.objects.select_related("site", "owner", "session__patient", "session__site")


def _form(request, form_id: str, right: May) -> MonitoringForm:
    form = access.get_or_404(_rows(), request.user, parse(form_id))
    access.require(request.user, right, form.site)
    return form


def _is_late(sites: list[Site]) -> Q:
    """Past its last day, which ends at another instant at each site."""
    now = clock.now()
    late = Q(pk__in=[])
    for site in sites:
        late |= Q(site=site, due_on__lt=now.astimezone(site.tz).date())
    return late


def _brief(filled: Filled) -> dict[str, Any]:
    form = filled.form
    today = clock.now().astimezone(form.site.tz).date()
    is_late = form.is_late if form.sent_at else form.due_on < today
    return {
        "id": str(form.pk),
        "site": str(form.site_id),
        "session": str(form.session_id),
        "patient": str(form.session.patient_id),
        "version": form.definition,
        "session_on": form.session_on,
        "due_on": form.due_on,
        "day": filled.age(today),
        "status": FormStatus.SENT if form.sent_at else FormStatus.LATE if is_late else FormStatus.OPEN,
        "late": is_late,
        "owner": form.owner.username if form.owner else None,
        "missing": [item.field.code for item in filled.missing],
        "sent_at": local(form.sent_at, form.site) if form.sent_at else None,
        "changed_since_sent": filled.is_changed_since_sent,
    }


def _whole(filled: Filled) -> dict[str, Any]:
    form = filled.form
    sendings = form.sendings.select_related("by").order_by("number")
    return {
        **_brief(filled),
        "title": filled.definition.title,
        "source": filled.definition.source,
        "answers": [_item(item, form.site) for item in filled.items if item.asked],
        "repeated": [item.field.code for item in filled.repeated],
        "sendings": [_sending(row, form.site) for row in sendings],
    }


def _item(item: Item, site: Site) -> dict[str, Any]:
    return {
        "code": item.field.code,
        "label": item.field.label,
        "type": item.field.type,
        "required": item.field.required,
        "choices": [code for code, _label in item.field.choices],
        "value": item.value,
        "missing": item.missing,
        "record": _known(item.derived, site),
        "answer": _known(item.answered, site),
    }


def _known(known: Known | None, site: Site) -> dict[str, Any] | None:
    if known is None:
        return None
    return {"value": known.value, "by": known.who, "at": local(known.at, site), "words": known.words}


def _sending(row: FormSending, site: Site) -> dict[str, Any]:
    return {
        "number": row.number,
        "channel": row.channel,
        "sent_at": local(row.sent_at, site),
        "recorded_at": local(row.recorded_at, site),
        "by": row.by.username,
        "proof": str(row.proof_id) if row.proof_id else None,
        "reference": row.reference,
        "reasons": {
            "missing_answers": row.missing_reason,
            "late": row.late_reason,
            "no_proof": row.no_proof_reason,
        },
        "values": row.values,
    }
