"""Who is this: finding, adding and changing patients, their consent, and a file of them."""

import csv

from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, audit, clock, imports, search
from clinic import patients as verbs
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from clinic.forms.patients import ConsentForm, FileForm, PatientForm
from clinic.models import AuditEvent, Patient

PAGE = 50
UPLOAD = "patients-file"


@require_safe
def index(request):
    site = access.site_in_hand(request, May.SEE)
    rows = Patient.objects.filter(site=site).active()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "clinic/patients.html", {"site": site, "page": page, **_rights(request, site)})


@require_POST
def find(request):
    """By POST: a name never stands in an address line, where browsers and proxies would keep it."""
    site = access.site_in_hand(request, May.SEE)
    words = request.POST.get("q", "").replace("\x00", "")[:100]
    found = search.find(Patient.objects.filter(site=site).active(), words)[: search.MOST]
    context = {"found": found, "words": words, "then": request.POST.get("then", ""), "site": site}
    template = "clinic/_found.html" if request.htmx else "clinic/found.html"
    return render(request, template, context)


@require_safe
def patient(request, patient_id):
    found = _patient(request, patient_id, May.SEE)
    audit.opened(found, by=request.user, now=clock.now(), page="patient")
    events = AuditEvent.objects.filter(patient=found).select_related("actor")[:30]
    context = {
        "patient": found,
        "site": found.site,
        "consents": found.consents.select_related("by").order_by("-at"),
        "consent_form": ConsentForm(),
        "events": events if access.may(request.user, May.MANAGE, found.site) else [],
        **_rights(request, found.site),
    }
    return render(request, "clinic/patient.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request):
    site = access.site_in_hand(request, May.KEEP_PATIENTS)
    form = PatientForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            added = verbs.add_patient(site=site, by=request.user, now=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("Added."))
            if request.GET.get("then") == "book":
                return redirect(f"{reverse('scheduling:book')}?patient={added.pk}")
            return redirect("clinic:patient", patient_id=added.pk)
    elif request.method == "POST":
        _add_the_rest(form, site)
    context = {"form": form, "site": site, "title": _("Add a patient")}
    return render(request, "clinic/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, patient_id):
    found = _patient(request, patient_id, May.KEEP_PATIENTS)
    initial = {name: getattr(found, name) for name in verbs.FIELDS}
    form = PatientForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.update_patient(patient=found, changes=form.cleaned_data, by=request.user, now=clock.now())
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("Saved."))
            return redirect("clinic:patient", patient_id=found.pk)
    elif request.method == "POST":
        _add_the_rest(form, found.site)
    context = {"form": form, "site": found.site, "title": _("Change a patient"), "back": found}
    return render(request, "clinic/form.html", context, status=422 if form.errors else 200)


def _add_the_rest(form, site):
    """What the verb would say of the fields that the form let through: all faults at once."""
    faults = verbs.faults_in(dict(form.cleaned_data), site, clock.now())
    add_faults(form, [fault for fault in faults if fault.field not in form.errors])


@require_POST
def consent(request, patient_id):
    found = _patient(request, patient_id, May.KEEP_PATIENTS)
    form = ConsentForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        verbs.record_consent(
            patient=found,
            kind=data["kind"],
            given=data["given"] == "yes",
            method=data["method"],
            wording=data["wording"],
            by=request.user,
            now=clock.now(),
        )
        flash.success(request, _("The answer is written down."))
        return redirect("clinic:patient", patient_id=found.pk)
    context = {"form": form, "site": found.site, "title": _("May we text you?"), "back": found}
    return render(request, "clinic/form.html", context, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request):
    """Upload, look, confirm. Between the two the file waits in the session's row of the database."""
    site = access.site_in_hand(request, May.KEEP_PATIENTS)
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    context: dict[str, object] = {"form": form, "site": site}
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"].read()
        request.session[UPLOAD] = {"site": str(site.pk), "content": content.decode("latin-1")}
        context |= {"preview": imports.preview(content, site=site, now=clock.now())}
    return render(request, "clinic/import.html", context, status=422 if form.errors else 200)


@require_POST
def import_confirm(request):
    site = access.site_in_hand(request, May.KEEP_PATIENTS)
    upload = request.session.get(UPLOAD)
    if not upload or upload["site"] != str(site.pk):
        flash.error(request, _("Choose the file once more."))
        return redirect("clinic:import")
    content = upload["content"].encode("latin-1")
    try:
        done = imports.carry_out(content, site=site, by=request.user, now=clock.now())
    except Refused:
        preview = imports.preview(content, site=site, now=clock.now())
        context = {"form": FileForm(), "site": site, "preview": preview}
        return render(request, "clinic/import.html", context, status=409)
    del request.session[UPLOAD]
    text = _("%(new)s added, %(changed)s changed, %(same)s were the same.")
    flash.success(
        request, text % {"new": len(done.new), "changed": len(done.changed), "same": done.unchanged}
    )
    return redirect("clinic:patients")


@require_safe
def import_template(request):
    return _csv(imports.template(), "patients.csv")


@require_safe
def import_faults(request):
    """The faults of the file in hand as a CSV, to mend them in a spreadsheet."""
    site = access.site_in_hand(request, May.KEEP_PATIENTS)
    upload = request.session.get(UPLOAD)
    response = _csv("", "faults.csv")
    writer = csv.writer(response)
    writer.writerow(["row", "column", "what"])
    if upload:
        found = imports.preview(upload["content"].encode("latin-1"), site=site, now=clock.now())
        writer.writerows([fault.row, fault.column, fault.detail] for fault in found.faults)
    return response


def _csv(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _patient(request, patient_id, right):
    found = access.get_or_404(Patient.objects.select_related("site"), request.user, patient_id)
    access.require(request.user, right, found.site)
    return found


def _rights(request, site):
    return {
        "may_keep": access.may(request.user, May.KEEP_PATIENTS, site),
        "may_book": access.may(request.user, May.BOOK, site),
        "may_see_texts": access.may(request.user, May.TEXTS, site),
    }
