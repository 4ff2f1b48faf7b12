"""Floor: which chair needs me next. And the alerts that wait for somebody."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import posted
from clinic.sites import current_site
from monitoring import alerts
from monitoring.floor import floor_of
from monitoring.forms import AcknowledgeForm
from monitoring.models import Alert


@require_safe
def floor(request):
    site = current_site(request)
    if site is None:
        return redirect("clinic:no-site")
    access.require(request.user, May.SEE, site)
    now = clock.now()
    wall = request.GET.get("wall") == "1"
    context = {
        "site": site,
        "floor": floor_of(site, now=now),
        "now": now,
        "wall": wall,
        "may_treat": access.may(request.user, May.TREAT, site) and not wall,
    }
    part = "#part" if request.htmx else ""
    return render(request, f"monitoring/floor.html{part}", context)


@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request, alert_id):
    rows = Alert.objects.select_related(
        "site", "observation__session__patient", "observation__session__chair"
    )
    alert = access.get_or_404(rows, request.user, alert_id)
    access.require(request.user, May.TREAT, alert.site)
    session = alert.observation.session
    form = AcknowledgeForm(posted(request))
    faults = []
    if request.method == "POST" and form.is_valid():
        try:
            alerts.acknowledge_alert(
                alert=alert, action=form.cleaned_data["action"], by=request.user, now=clock.now()
            )
        except Refused as refusal:
            faults = refusal.faults
        else:
            flash.success(request, _("Acknowledged."))
            return redirect("monitoring:chair", session_id=session.pk)
    context = {"alert": alert, "session": session, "site": alert.site, "form": form, "faults": faults}
    status = 409 if faults else 422 if form.is_bound and form.errors else 200
    return render(request, "monitoring/acknowledge.html", context, status=status)
