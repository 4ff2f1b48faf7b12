"""The drug's records: ledger, counts, losses with the DEA's clocks, deliveries."""

from datetime import datetime, time, timedelta
from itertools import groupby

from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from monitoring import deliveries, losses, stock, stocktake
from monitoring.models import Delivery, LossReport, StockCount
from monitoring.stock_forms import CountForm, DeliveryForm, Form106Form, LedgerFilter, NoticeForm
from monitoring.stocktake import Found

LEDGER_PAGE = 50


@require_safe
def ledger(request):
    site = access.site_in_hand(request, May.COUNT_DRUG)
    form = LedgerFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = stock.ledger(site).order_by("-at", "-recorded_at", "-pk")
    for name, look in (("kind", "kind"), ("lot", "device__kit__lot__iexact")):
        if wanted.get(name):
            rows = rows.filter(**{look: wanted[name].replace("\x00", "")})
    if wanted.get("first"):
        rows = rows.filter(at__gte=datetime.combine(wanted["first"], time(0), site.tz))
    if wanted.get("last"):
        rows = rows.filter(at__lt=datetime.combine(wanted["last"] + timedelta(days=1), time(0), site.tz))
    page = Paginator(rows, LEDGER_PAGE).get_page(request.GET.get("page"))
    return render(request, "monitoring/drug_ledger.html", {"site": site, "form": form, "page": page})


@require_safe
def counts(request):
    site = access.site_in_hand(request, May.COUNT_DRUG)
    rows = StockCount.objects.filter(site=site).select_related("by", "second").prefetch_related("lines")
    page = Paginator(rows, LEDGER_PAGE).get_page(request.GET.get("page"))
    context = {"site": site, "page": page, "days": _by_day(page, site), "due_on": losses.inventory_due(site)}
    return render(request, "monitoring/drug_counts.html", context)


def _by_day(rows, site):
    """Each day's counts, and in how many of them the cabinet and the ledger differ: a fold must not hide that."""
    days = []
    for day, counted in groupby(rows, key=lambda row: row.at.astimezone(site.tz).date()):
        of_day = list(counted)
        days.append({"day": day, "counts": of_day, "differ": sum(bool(row.differences) for row in of_day)})
    return days


@require_http_methods(["GET", "HEAD", "POST"])
def count(request):
    """What lies there, without what the ledger says: who counts shall not know the answer."""
    site = access.site_in_hand(request, May.COUNT_DRUG)
    form = CountForm(posted(request), site=site, user=request.user)
    lines = _lines(site, request.POST)
    faults = []
    if request.method == "POST" and form.is_valid() & all(line["devices"] is not None for line in lines):
        try:
            row = _count(site, form.cleaned_data, lines, request.user)
        except Refused as refusal:
            faults = [f for f in refusal.faults if f.field not in form.fields]
            add_faults(form, [f for f in refusal.faults if f.field in form.fields])
        else:
            return redirect("monitoring:count", count_id=row.pk)
    context = {"site": site, "form": form, "lines": lines, "faults": faults}
    status = 422 if request.method == "POST" else 200
    return render(request, "monitoring/drug_count.html", context, status=status)


def _lines(site, data):
    """Each pile with what was typed for it; a pile is named by its label, so that the shelf may change meanwhile."""
    found = []
    for pile in stocktake.piles(site):
        unit = pile[0]
        name = f"found-{unit.lot}-{unit.expires_on.isoformat()}-{unit.patient or ''}"
        typed = data.get(name, "").strip()
        fine = typed.isascii() and typed.isdecimal() and len(typed) <= 4
        line = {"unit": unit, "name": name, "typed": typed, "devices": int(typed) if fine else None}
        found.append({**line, "wrong": bool(data) and not fine})
    return found


def _count(site, data, lines, by):
    found = [
        Found(line["unit"].lot, line["unit"].expires_on, line["devices"], line["unit"].patient)
        for line in lines
    ]
    if data["extra_lot"]:
        found.append(Found(data["extra_lot"], data["extra_expires_on"], data["extra_devices"]))
    facts = {name: data[name] for name in ("kind", "business", "second", "note")}
    return stocktake.count_stock(site=site, found=found, by=by, now=clock.now(), **facts)


@require_safe
def counted(request, count_id):
    """What was found, beside what the ledger said; for each difference, what happened since the count before."""
    rows = StockCount.objects.select_related("site", "by", "second")
    row = access.get_or_404(rows, request.user, count_id)
    access.require(request.user, May.COUNT_DRUG, row.site)
    lines = list(row.lines.select_related("patient"))
    context = {
        "site": row.site,
        "count": row,
        "lines": lines,
        "differences": [(line, stocktake.traces(line, row)) for line in lines if line.difference],
        "may_handle": access.may(request.user, May.HANDLE_DRUG, row.site),
    }
    return render(request, "monitoring/drug_counted.html", context)


@require_safe
def all_losses(request):
    site, now = access.site_in_hand(request, May.COUNT_DRUG), clock.now()
    rows = LossReport.objects.filter(site=site).select_related("site", "recorded_by")
    reports = [(row, losses.clocks(row, now=now)) for row in rows[:200]]
    return render(request, "monitoring/drug_losses.html", {"site": site, "reports": reports})


@require_safe
def loss(request, loss_id):
    report = _loss(request, loss_id)
    return _loss_page(request, report)


@require_POST
def notice(request, loss_id):
    report = _loss(request, loss_id)
    form = NoticeForm(request.POST, site=report.site, user=request.user)
    return _record(request, report, form, "notice", losses.record_notice)


@require_POST
def form_106(request, loss_id):
    report = _loss(request, loss_id)
    form = Form106Form(request.POST, site=report.site, user=request.user)
    return _record(request, report, form, "form", losses.record_form)


def _record(request, report, form, name, verb):
    now = clock.now()
    if form.is_valid():
        data = {**form.cleaned_data, "at": form.cleaned_data["at"] or now}
        try:
            verb(report=report, by=request.user, now=now, **data)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("Written down."))
            return redirect("monitoring:loss", loss_id=report.pk)
    return _loss_page(request, report, bound={name: form}, status=422)


def _loss(request, loss_id) -> LossReport:
    rows = LossReport.objects.select_related("site", "recorded_by", "notice_by", "form_by")
    report = access.get_or_404(rows, request.user, loss_id)
    access.require(request.user, May.COUNT_DRUG, report.site)
    return report


def _loss_page(request, report, *, bound=None, status=200):
    site, bound = report.site, bound or {}
    entries = stock.ledger(site).filter(loss=report, kind="lost")
    context = {
        "site": site,
        "report": report,
        "clocks": losses.clocks(report, now=clock.now()),
        "entries": entries,
        "notice": bound.get("notice") or NoticeForm(site=site, user=request.user, auto_id="notice_%s"),
        "form_106": bound.get("form") or Form106Form(site=site, user=request.user, auto_id="form_%s"),
    }
    return render(request, "monitoring/drug_loss.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def delivery(request):
    site = access.site_in_hand(request, May.COUNT_DRUG)
    form = DeliveryForm(posted(request), site=site, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            deliveries.expect_delivery(site=site, by=request.user, now=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("The delivery is expected."))
            return redirect("monitoring:drug")
    context = {"site": site, "form": form}
    return render(request, "monitoring/drug_delivery.html", context, status=422 if form.errors else 200)


@require_POST
def cancel_delivery(request, delivery_id):
    row = access.get_or_404(Delivery.objects.select_related("site"), request.user, delivery_id)
    access.require(request.user, May.COUNT_DRUG, row.site)
    try:
        deliveries.cancel_delivery(delivery=row, by=request.user, now=clock.now())
    except Refused as refusal:
        for fault in refusal.faults:
            flash.error(request, fault.detail)
    else:
        flash.success(request, _("The delivery will not come."))
    return redirect("monitoring:drug")
