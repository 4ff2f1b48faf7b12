"""Serious adverse events, enrolment and scanned papers, as JSON."""

from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import File, Form, Router
from ninja.files import UploadedFile
from ninja.responses import Status
from pydantic import Field

from clinic import access, audit, clock, documents, paging
from clinic.access import May
from clinic.enums import DocumentKind
from clinic.errors import Invalid
from clinic.ids import parse
from clinic.models import Document, Patient, Site
from clinic.schemas import Body, Day, Instant, Text, local
from monitoring import enrolment, serious
from monitoring.models import SeriousEvent, SeriousEventStep
from scheduling.api import session_of

router = Router(tags=["The REMS"])
UPLOAD_RIGHTS = {
    DocumentKind.PROOF: May.REPORT,
    DocumentKind.SERIOUS_EVENT: May.REPORT,
    DocumentKind.ENROLMENT: May.ENROL,
    DocumentKind.CERTIFICATION: May.MANAGE,
}


class SeriousIn(Body):
    what: Annotated[Text, Field(max_length=2000)]
    began_at: Instant | None = None


class StepIn(Body):
    step: Text
    text: Text
    at: Instant | None = None
    document: Text | None = None


class EnrolmentIn(Body):
    kind: Text = "enrolled"
    on: Day
    prescriber: Text = ""
    note: Text = ""
    document: Text | None = None


@router.post("/documents", response={201: dict}, summary="A scanned paper or a proof, as multipart")
def add_document(
    request, site: Form[str], kind: Form[str], file: File[UploadedFile], patient: Form[str | None] = None
):
    """PDF, PNG, JPEG or TIFF by its first bytes, at most 10 MB. `kind`: `proof`, `serious_event`, `enrolment`,
    `certification`."""
    here = access.get_or_404(Site.objects.all(), request.user, parse(site))
    if kind not in DocumentKind.values:
        raise Invalid.because("unknown", _("One of %s.") % ", ".join(DocumentKind.values), "kind")
    access.require(request.user, UPLOAD_RIGHTS[DocumentKind(kind)], here)
    whose = None
    if patient is not None:
        whose = access.get_or_404(Patient.objects.filter(site=here), request.user, parse(patient))
    kept = documents.keep(
        site=here,
        kind=DocumentKind(kind),
        name=file.name or "",
        content=file.read(documents.LARGEST + 1),
        patient=whose,
        by=request.user,
        now=clock.now(),
    )
    return Status(
        201, {"id": str(kept.pk), "kind": kept.kind, "content_type": kept.content_type, "size": kept.size}
    )


@router.get("/serious-events", response=dict, summary="Serious adverse events, the newest first")
def list_serious(request, site: str | None = None, open: bool | None = None, cursor: str | None = None):
    rows = SeriousEvent.objects.filter(site__in=Site.objects.visible_to(request.user))
    rows = rows.select_related("site", "flagged_by")
    if site is not None:
        rows = rows.filter(site=parse(site))
    if open is not None:
        rows = rows.filter(closed_at__isnull=open)
    return paging.page(rows.order_by("-flagged_at", "-pk"), cursor, _serious)


@router.post(
    "/sessions/{session_id}/serious-events", response={201: dict}, summary="Flag a serious adverse event"
)
def flag(request, session_id: str, payload: SeriousIn):
    session, now = session_of(request, session_id, May.REPORT), clock.now()
    event = serious.flag_serious(
        session=session, what=payload.what, began_at=payload.began_at or now, by=request.user, now=now
    )
    return Status(201, _serious_whole(event))


@router.get("/serious-events/{event_id}", response=dict, summary="A serious adverse event and what was done")
def get_serious(request, event_id: str):
    event = _event(request, event_id, May.SEE)
    audit.opened(event.session.patient, by=request.user, now=clock.now(), page="api serious event")
    return _serious_whole(event)


@router.post("/serious-events/{event_id}/steps", response={201: dict}, summary="Something was done about it")
def add_step(request, event_id: str, payload: StepIn):
    """`step`: `done`, `called`, `reported`, `outcome`, `closed`, `reopened`."""
    event, now = _event(request, event_id, May.REPORT), clock.now()
    row = serious.add_step(
        event=event,
        step=payload.step,
        text=payload.text,
        at=payload.at or now,
        document=document_of(request, payload.document, event.site, "document"),
        by=request.user,
        now=now,
    )
    return Status(201, _step(row, event.site))


@router.post("/patients/{patient_id}/enrolment", response={201: dict}, summary="A step of the REMS enrolment")
def enrol(request, patient_id: str, payload: EnrolmentIn):
    """`kind`: `enrolled` (with `prescriber`), `transfer_told` or `ended` (each with `note`)."""
    patient = access.get_or_404(Patient.objects.select_related("site"), request.user, parse(patient_id))
    access.require(request.user, May.ENROL, patient.site)
    who = {"patient": patient, "on": payload.on, "by": request.user, "now": clock.now()}
    if payload.kind == "enrolled":
        paper = document_of(request, payload.document, patient.site, "document")
        row = enrolment.enrol(prescriber=payload.prescriber, document=paper, **who)
    elif payload.kind == "transfer_told":
        row = enrolment.tell_transfer(note=payload.note, **who)
    elif payload.kind == "ended":
        row = enrolment.end_enrolment(note=payload.note, **who)
    else:
        raise Invalid.because("unknown", _("One of %s.") % "enrolled, transfer_told, ended", "kind")
    return Status(201, {"id": str(row.pk), "kind": row.kind, "on": row.on, "patient": str(patient.pk)})


def document_of(request, document_id: str | None, site: Site, field: str) -> Document | None:
    if document_id is None:
        return None
    known = parse(document_id)
    found = Document.objects.filter(pk=known, site=site).first() if known else None
    if found is None:
        raise Invalid.because("unknown", _("No such document at this site."), field)
    return found


def _event(request, event_id: str, right: May) -> SeriousEvent:
    rows = SeriousEvent.objects.select_related("site", "flagged_by", "session__patient")
    event = access.get_or_404(rows, request.user, parse(event_id))
    access.require(request.user, right, event.site)
    return event


def _serious(event: SeriousEvent) -> dict[str, Any]:
    return {
        "id": str(event.pk),
        "session": str(event.session_id),
        "site": str(event.site_id),
        "what": event.what,
        "began_at": local(event.began_at, event.site),
        "flagged_at": local(event.flagged_at, event.site),
        "flagged_by": event.flagged_by.username,
        "closed_at": local(event.closed_at, event.site) if event.closed_at else None,
    }


def _serious_whole(event: SeriousEvent) -> dict[str, Any]:
    steps = event.steps.select_related("by")
    return {**_serious(event), "steps": [_step(row, event.site) for row in steps]}


def _step(row: SeriousEventStep, site: Site) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "step": row.step,
        "text": row.text,
        "at": local(row.at, site),
        "recorded_at": local(row.recorded_at, site),
        "by": row.by.username,
        "document": str(row.document_id) if row.document_id else None,
    }
