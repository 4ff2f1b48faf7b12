"""What an auditor gets: the records of any days as PDF and CSV, and each count on paper."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic import access, clock, pdf
from clinic.access import May
from clinic.errors import Invalid
from monitoring import drug_papers
from monitoring.models import StockCount
from monitoring.stock_forms import RangeForm


@require_safe
def audit(request):
    """The sums of the days asked for, and their papers; by default this year so far."""
    site, now = access.site_in_hand(request, May.COUNT_DRUG), clock.now()
    today = now.astimezone(site.tz).date()
    asked = {name: request.GET[name] for name in ("first", "last") if name in request.GET}
    form = RangeForm({"first": today.replace(month=1, day=1), "last": today, **asked})
    pack = None
    if form.is_valid():
        pack = drug_papers.pack_of(site, form.cleaned_data["first"], form.cleaned_data["last"], now=now)
    context = {"site": site, "form": form, "pack": pack}
    return render(request, "monitoring/drug_audit.html", context, status=200 if pack else 422)


@require_safe
def audit_pdf(request):
    pack, now = _pack(request)
    content = drug_papers.print_pack(pack, by=request.user, now=now)
    return pdf.answer(content, f"drug-{pack.first}-{pack.last}")


@require_safe
def audit_csv(request):
    pack, now = _pack(request)
    content = drug_papers.table_of(pack, by=request.user, now=now)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="drug-{pack.first}-{pack.last}.csv"'
    return response


@require_safe
def count_pdf(request, count_id):
    count = access.get_or_404(
        StockCount.objects.select_related("site", "by", "second"), request.user, count_id
    )
    access.require(request.user, May.COUNT_DRUG, count.site)
    content = drug_papers.print_count(count, by=request.user, now=clock.now())
    return pdf.answer(content, f"count-{count.at.astimezone(count.site.tz):%Y-%m-%d}-{count.pk.hex[-6:]}")


def _pack(request):
    site, now = access.site_in_hand(request, May.COUNT_DRUG), clock.now()
    form = RangeForm(request.GET)
    if not form.is_valid():
        raise Invalid.because("required", _("From which day to which?"), "first")
    return drug_papers.pack_of(site, form.cleaned_data["first"], form.cleaned_data["last"], now=now), now
