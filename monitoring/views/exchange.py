"""It was another device than the one recorded: the record of the dose and the shelf are put right together."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from monitoring import corrections
from monitoring.models import DeviceUse
from monitoring.stock_forms import ExchangeForm
from monitoring.views import device_step
from scheduling.models import TreatmentSession


@require_http_methods(["GET", "HEAD", "POST"])
def exchange(request, session_id, number):
    rows = TreatmentSession.objects.select_related("site", "patient", "chair")
    session = access.get_or_404(rows, request.user, session_id)
    access.require(request.user, May.HANDLE_DRUG, session.site)
    form = ExchangeForm(posted(request))
    faults = []
    if request.method == "POST" and form.is_valid():
        try:
            _exchange(session, number, form.cleaned_data, request.user)
        except Refused as refusal:
            shown = ("lot", "expires_on", "reason")
            add_faults(form, [fault for fault in refusal.faults if fault.field in shown])
            faults = [fault for fault in refusal.faults if fault.field not in shown]
        else:
            flash.success(request, _("Put right, in the record and on the shelf."))
            return redirect("monitoring:record", session_id=session.pk)
    used = DeviceUse.objects.filter(observation__session=session, number=number).order_by("-version").first()
    device = device_step.choice(session, form.data.get("device", ""))
    context = {"session": session, "site": session.site, "form": form, "number": number, "used": used}
    context |= {"device": device, "faults": faults}
    status = 422 if form.errors or faults else 200
    return render(request, "monitoring/drug_exchange.html", context, status=status)


def _exchange(session, number, data, by):
    device = (
        device_step.picked(session, {**data, "number": number}) if data["device"] or data["scan"] else None
    )
    corrections.exchange_device(
        session=session,
        number=number,
        device=device,
        lot=data["lot"],
        expires_on=data["expires_on"],
        reason=data["reason"],
        by=by,
        now=clock.now(),
    )
