"""Floor: which chair needs me next. And the alerts that wait for somebody."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from clinic import access, clock, unchanged
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import posted
from clinic.sites import current_site
from monitoring import alerts, assigning
from monitoring.floor import floor_of, tile
from monitoring.forms import AcknowledgeForm
from monitoring.handing_over import HandOverForm, handing_over
from monitoring.models import Alert
from scheduling.models import TreatmentSession


@require_safe
def floor(request):
    """Asks for itself again every few seconds; while nothing has changed the answer is empty."""
    site = current_site(request)
    if site is None:
        return redirect("clinic:no-site")
    access.require(request.user, May.SEE, site)
    now = clock.now()
    etag = unchanged.tag(request, site, now)
    if unchanged.is_known(request, etag):
        return unchanged.not_modified(etag)
    wall = request.GET.get("wall") == "1"
    seen = floor_of(site, now=now)
    may_treat = access.may(request.user, May.TREAT, site) and not wall
    context = {
        "site": site,
        "floor": seen,
        "tiles": [tile(card, site, wall=wall, may_treat=may_treat) for card in seen.cards],
        "now": now,
        "wall": wall,
        "etag": etag,
        "may_treat": may_treat,
    }
    part = "#part" if request.htmx else ""
    page = render(request, f"monitoring/floor.html{part}", context)
    if may_treat and not request.htmx:
        # A nurse's tablet keeps it for when the connection is lost (static/js/worker.js).
        page["X-Keep"] = "yes"
    return unchanged.marked(page, etag)


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request):
    """One patient, or all of a nurse's, to another: in one step."""
    site = access.site_in_hand(request, May.TREAT)
    view = handing_over(site, now=clock.now())
    form = HandOverForm(posted(request), view=view, user=request.user, initial=request.GET.dict())
    faults = []
    if request.method == "POST" and form.is_valid():
        try:
            number = _hand_over(site, form.cleaned_data, request.user)
        except Refused as refusal:
            faults = refusal.faults
        else:
            to = form.cleaned_data["to"].display_name
            words = ngettext(
                "%(n)s patient is watched by %(who)s now.",
                "%(n)s patients are watched by %(who)s now.",
                number,
            )
            flash.success(request, words % {"n": number, "who": to})
            return redirect("monitoring:floor")
    context = {"site": site, "form": form, "faults": faults, "loads": view.loads}
    status = 409 if faults else 422 if form.errors else 200
    return render(request, "monitoring/hand_over.html", context, status=status)


def _hand_over(site, data, by):
    what, now = data["what"], clock.now()
    if isinstance(what, TreatmentSession):
        assigning.assign_nurse(session=what, nurse=data["to"], by=by, now=now)
        return 1
    return assigning.hand_over(site=site, nurse=what, to=data["to"], by=by, now=now)


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
    context["events"] = alert.events.select_related("by")
    status = 409 if faults else 422 if form.is_bound and form.errors else 200
    return render(request, "monitoring/acknowledge.html", context, status=status)
