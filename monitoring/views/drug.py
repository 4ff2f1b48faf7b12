"""Drug: does the cabinet agree. What is there, what comes in, what goes out."""

from django.contrib import messages as flash
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.errors import ReasonRequired, Refused
from clinic.forms import add_faults, posted
from clinic.ids import parse
from monitoring import corrections, gs1, inventory, stock
from monitoring.cabinet import cabinet_of
from monitoring.forms import ReasonForm
from monitoring.inventory import Box
from monitoring.models import Device, Kit
from monitoring.stock_forms import (
    DrugSettingsForm,
    KitCorrectionForm,
    KitFormSet,
    LoseForm,
    ReceiveForm,
    ReturnForm,
    WasteForm,
)
from scheduling.overrides import reasons_in, wanted_reasons


@require_safe
def cabinet(request):
    site = access.site_in_hand(request, May.COUNT_DRUG)
    context = {
        "site": site,
        "cabinet": cabinet_of(site, now=clock.now()),
        "may_handle": access.may(request.user, May.HANDLE_DRUG, site),
        "may_manage": access.may(request.user, May.MANAGE, site),
    }
    return render(request, "monitoring/drug.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def receive(request):
    site, now = access.site_in_hand(request, May.HANDLE_DRUG), clock.now()
    initial = {"received_on": now.astimezone(site.tz).date(), "delivery": request.GET.get("delivery")}
    form = ReceiveForm(posted(request), site=site, user=request.user, initial=initial)
    kits = KitFormSet(posted(request), prefix="kits")
    faults, status = [], 200
    if request.method == "POST":
        if form.is_valid() & kits.is_valid():
            try:
                done = _receive(request, site, form.cleaned_data, kits.cleaned_data, now)
            except Refused as refusal:
                faults, status = refusal.faults, refusal.status
                if not isinstance(refusal, ReasonRequired):
                    faults = [f for f in faults if f.field not in form.fields]
                    add_faults(form, [f for f in refusal.faults if f.field in form.fields])
            else:
                text = ngettext("%s kit is on the shelf.", "%s kits are on the shelf.", len(done))
                flash.success(request, text % len(done))
                return redirect("monitoring:drug")
        else:
            status = 422
    context = {"site": site, "form": form, "kits": kits, "asked": wanted_reasons(faults, request.POST)}
    context["faults"] = [fault for fault in faults if fault.code != "reason_required"]
    return render(request, "monitoring/drug_receive.html", context, status=status)


def _receive(request, site, data, lines, now):
    boxes = [
        Box(line["ndc"], line["lot"], line["expires_on"], line["serial"])
        for line in lines
        if line
        for _box in range(line["boxes"])
    ]
    return inventory.receive_kits(
        site=site, boxes=boxes, override=reasons_in(request.POST), by=request.user, now=now, **data
    )


@require_POST
def read_code(request):
    """What a scanned box says, for the line that is filled in from it."""
    access.site_in_hand(request, May.HANDLE_DRUG)
    try:
        scan = gs1.parse(request.POST.get("scan", ""))
    except gs1.Unreadable:
        return JsonResponse({"fault": _("This is no code of a kit. Scan again, or type the label.")})
    facts = {"ndc": scan.ndc, "lot": scan.lot, "serial": scan.serial}
    return JsonResponse({**facts, "expires_on": scan.expires_on.isoformat() if scan.expires_on else ""})


# Form, title, words of the button, and what is said when it is done.
ENDS = {
    "waste": (WasteForm, gettext_lazy("Waste"), gettext_lazy("Wasted, with its witness.")),
    "return": (ReturnForm, gettext_lazy("Return"), gettext_lazy("Returned.")),
    "lose": (LoseForm, gettext_lazy("Report a loss"), gettext_lazy("Written down. The clocks are running.")),
}


@require_http_methods(["GET", "HEAD", "POST"])
def end(request, kind):
    """Devices leave the shelf for something else than a dose."""
    site, now = access.site_in_hand(request, May.HANDLE_DRUG), clock.now()
    made, title, done = ENDS[kind]
    form = made(posted(request), site=site, user=request.user)
    wanted = [parse(text) for text in request.POST.getlist("devices") or request.GET.getlist("devices")]
    rows = Device.objects.on_shelf(site).select_related("kit__patient").in_turn()
    faults, status = [], 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            chosen = Device.objects.filter(site=site, pk__in=[pk for pk in wanted if pk])
            try:
                after = _end(kind, chosen, form.cleaned_data, request.user, now)
            except Refused as refusal:
                faults, status = [f for f in refusal.faults if f.field not in form.fields], refusal.status
                add_faults(form, [f for f in refusal.faults if f.field in form.fields])
            else:
                flash.success(request, done)
                return after
    context = {"site": site, "kind": kind, "title": title, "form": form, "faults": faults}
    context |= {"devices": rows, "wanted": wanted}
    return render(request, "monitoring/drug_end.html", context, status=status)


def _end(kind, chosen, data, by, now):
    if kind == "lose":
        data = {**data, "discovered_at": data["discovered_at"] or now}
        report = inventory.lose(devices=chosen, by=by, now=now, **data)
        return redirect("monitoring:loss", loss_id=report.pk)
    verb = inventory.waste if kind == "waste" else inventory.give_back
    verb(devices=chosen, by=by, now=now, **data)
    return redirect("monitoring:drug")


@require_http_methods(["GET", "HEAD", "POST"])
def kit(request, kit_id):
    """One box: its devices, their story, and what may be put right."""
    row = _kit(request, kit_id)
    initial = {name: getattr(row, name) for name in ("lot", "expires_on", "serial")}
    form = KitCorrectionForm(posted(request), site=row.site, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        access.require(request.user, May.HANDLE_DRUG, row.site)
        data = dict(form.cleaned_data)
        reason, now = data.pop("reason"), clock.now()
        try:
            corrections.correct_kit(kit=row, changes=data, reason=reason, by=request.user, now=now)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("Put right; the ledger keeps what was written before."))
            return redirect("monitoring:kit", kit_id=row.pk)
    return _kit_page(request, row, form, 422 if form.errors else 200)


@require_POST
def right(request, device_id):
    """A device is not where the ledger has it."""
    rows = Device.objects.select_related("kit__site", "kit__patient", "site")
    device = access.get_or_404(rows, request.user, device_id)
    access.require(request.user, May.HANDLE_DRUG, device.site)
    reason = request.POST.get("reason", "")
    try:
        corrections.correct_place(device=device, reason=reason, by=request.user, now=clock.now())
    except Refused as refusal:
        for fault in refusal.faults:
            flash.error(request, fault.detail)
    else:
        flash.success(request, _("Put right; the ledger keeps what was written before."))
    return redirect("monitoring:kit", kit_id=device.kit_id)


def _kit(request, kit_id) -> Kit:
    rows = Kit.objects.select_related("site", "patient", "recorded_by", "delivery")
    row = access.get_or_404(rows, request.user, kit_id)
    access.require(request.user, May.COUNT_DRUG, row.site)
    return row


def _kit_page(request, row, form, status):
    entries = stock.ledger(row.site).filter(device__kit=row).order_by("device__position", "sequence")
    context = {
        "site": row.site,
        "kit": row,
        "devices": row.devices.select_related("session__patient").order_by("position"),
        "entries": entries,
        "form": form,
        "reason": ReasonForm(),
        "may_handle": access.may(request.user, May.HANDLE_DRUG, row.site),
    }
    return render(request, "monitoring/drug_kit.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request):
    site = access.site_in_hand(request, May.MANAGE)
    names = ("by_hand", "forecast_days", "expiry_warn_days")
    kept = stock.settings_of(site)
    initial = {name: getattr(kept, name) for name in names}
    form = DrugSettingsForm(posted(request), site=site, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            inventory.change_settings(site=site, by=request.user, now=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("Saved."))
            return redirect("monitoring:drug")
    context = {"site": site, "form": form}
    return render(request, "monitoring/drug_settings.html", context, status=422 if form.errors else 200)
