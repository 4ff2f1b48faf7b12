"""Papers with the REMS: a patient's enrolment; the site's certification, and whom it calls."""

from typing import Any

from django.contrib import messages as flash
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic import access, audit, clock, documents
from clinic.access import May
from clinic.enums import DocumentKind
from clinic.errors import Refused
from clinic.forms import add_faults
from clinic.models import Patient
from monitoring import enrolment as verbs
from monitoring import serious
from monitoring.models import Certification, SiteContact
from monitoring.rems_forms import CertifyForm, ContactForm, EnrolForm, NotedDayForm

# What can be written down about an enrolment, and the verb and the form of each.
KINDS: dict[str, tuple[Any, Any]] = {
    "enrol": (verbs.enrol, EnrolForm),
    "transfer": (verbs.tell_transfer, NotedDayForm),
    "end": (verbs.end_enrolment, NotedDayForm),
}


@require_safe
def patient(request, patient_id):
    found = _patient(request, patient_id, May.SEE)
    audit.opened(found, by=request.user, now=clock.now(), page="enrolment")
    return _patient_page(request, found)


@require_POST
def record(request, patient_id, kind):
    found, now = _patient(request, patient_id, May.ENROL), clock.now()
    if kind not in KINDS:
        raise Http404
    verb, form_class = KINDS[kind]
    form = form_class(request.POST, request.FILES, prefix=kind)
    if not form.is_valid():
        return _patient_page(request, found, {kind: form}, status=422)
    data = dict(form.cleaned_data)
    try:
        # What is refused keeps no paper either.
        with transaction.atomic():
            if file := data.pop("file", None):
                data["document"] = _keep(request, found.site, DocumentKind.ENROLMENT, file, now, found)
            verb(patient=found, by=request.user, now=now, **data)
    except Refused as refusal:
        add_faults(form, refusal.faults)
        return _patient_page(request, found, {kind: form}, status=refusal.status)
    flash.success(request, _("Written down."))
    return redirect("monitoring:enrolment", patient_id=found.pk)


@require_safe
def site(request):
    return _site_page(request, access.site_in_hand(request, May.MANAGE))


@require_POST
def certify(request):
    here, now = access.site_in_hand(request, May.MANAGE), clock.now()
    form = CertifyForm(request.POST, request.FILES, prefix="certify")

    def verb(data):
        if file := data.pop("file"):
            data["document"] = _keep(request, here, DocumentKind.CERTIFICATION, file, now)
        verbs.certify(site=here, by=request.user, now=now, **data)

    return _do(request, here, "certify", form, verb)


@require_POST
def representative(request):
    here = access.site_in_hand(request, May.MANAGE)
    form = NotedDayForm(request.POST, prefix="left")

    def verb(data):
        verbs.representative_left(site=here, by=request.user, now=clock.now(), **data)

    return _do(request, here, "left", form, verb)


@require_POST
def contact(request):
    here = access.site_in_hand(request, May.MANAGE)
    form = ContactForm(request.POST, prefix="contact")

    def verb(data):
        serious.add_contact(site=here, by=request.user, now=clock.now(), **data)

    return _do(request, here, "contact", form, verb)


@require_POST
def remove(request, contact_id):
    here = access.site_in_hand(request, May.MANAGE)
    found = get_object_or_404(SiteContact, pk=contact_id, site=here)
    serious.remove_contact(contact=found, by=request.user, now=clock.now())
    flash.success(request, _("Shown no more."))
    return redirect("monitoring:rems-settings")


def _do(request, here, name, form, verb):
    if not form.is_valid():
        return _site_page(request, here, {name: form}, status=422)
    try:
        with transaction.atomic():
            verb(dict(form.cleaned_data))
    except Refused as refusal:
        add_faults(form, refusal.faults)
        return _site_page(request, here, {name: form}, status=refusal.status)
    flash.success(request, _("Saved."))
    return redirect("monitoring:rems-settings")


def _patient(request, patient_id, right) -> Patient:
    found = access.get_or_404(Patient.objects.select_related("site"), request.user, patient_id)
    access.require(request.user, right, found.site)
    return found


def _keep(request, here, kind, file, now, patient=None):
    content = file.read(documents.LARGEST + 1)
    return documents.keep(
        site=here, kind=kind, name=file.name, content=content, by=request.user, now=now, patient=patient
    )


def _patient_page(request, found, bound=None, *, status=200):
    found.refresh_from_db()
    forms = {kind: form_class(prefix=kind) for kind, (_verb, form_class) in KINDS.items()} | (bound or {})
    context = {
        "patient": found,
        "site": found.site,
        "steps": found.enrolments.select_related("by", "document").order_by("-at", "-pk"),
        "forms": forms,
        "open": next(iter(bound or {}), ""),
        "may_enrol": access.may(request.user, May.ENROL, found.site),
    }
    return render(request, "monitoring/enrolment.html", context, status=status)


def _site_page(request, here, bound=None, *, status=200):
    blank = {
        "certify": CertifyForm(prefix="certify"),
        "left": NotedDayForm(prefix="left"),
        "contact": ContactForm(prefix="contact"),
    }
    contacts = serious.contacts_of(here)
    context = {
        "site": here,
        "standing": verbs.standing_of(here),
        "steps": Certification.objects.filter(site=here)
        .select_related("by", "document")
        .order_by("-at", "-pk"),
        "contacts": contacts,
        "unknown": serious.missing_contacts(contacts),
        "forms": blank | (bound or {}),
        "open": next(iter(bound or {}), ""),
    }
    return render(request, "monitoring/rems_settings.html", context, status=status)
