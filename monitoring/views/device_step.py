"""The device at the chair: the list to tap, and what a scanner typed."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic import access, clock
from clinic.access import May
from clinic.errors import Invalid, Refused
from monitoring import gs1, stock, stock_rules
from monitoring.models import Device
from scheduling.models import TreatmentSession


@require_POST
def scan(request, session_id):
    """The list again, with the device that the code means chosen, or why none is. Nothing is written."""
    rows = TreatmentSession.objects.select_related("site", "patient")
    session = access.get_or_404(rows, request.user, session_id)
    access.require(request.user, May.TREAT, session.site)
    try:
        device = found(session, _number(request), request.POST.get("scan", ""))
    except Refused as refusal:
        said = {"fault": refusal.faults[0].detail}
        return render(request, "monitoring/_device_choice.html", {**choice(session), **said})
    faults = stock_rules.problems(stock.unit_of(device), session.patient_id, _today(session))
    words = {
        "expired": _("This device is past its expiry; it is never given."),
        "other_patient": _("This device is another patient's; it is never given to this one."),
    }
    context = choice(session, device.pk)
    context["fault" if faults else "found"] = words[faults[0]] if faults else device.kit
    return render(request, "monitoring/_device_choice.html", context)


def choice(session, chosen=None) -> dict:
    """What the list of devices shows."""
    offers = stock.offered(session, _today(session), chosen)
    return {"session": session, "offers": offers, "chosen": str(chosen or "")}


def picked(session, data) -> Device | None:
    """The device that the form names: by what was scanned, or by what was tapped; None where a label was typed.

    Raises:
        Invalid: no device of this site.
        Refused: `not_in_stock`: a code that nothing on the shelf has.
    """
    if data["scan"]:
        return found(session, data["number"], data["scan"])
    if data["device"] is None:
        return None
    device = Device.objects.select_related("kit").filter(site=session.site, pk=data["device"]).first()
    if device is None:
        raise Invalid.because("unknown", _("No such device at this site."), "device")
    return stock.next_of_box(device, session, data["number"])


def found(session, number: int, code: str) -> Device:
    try:
        device = stock.found_by(session, number, code)
    except gs1.Unreadable as error:
        detail = _("This is no code of a kit. Scan again, or tap the device.")
        raise Invalid.because("unreadable", detail, "scan") from error
    if device is None:
        raise Refused.because("not_in_stock", _("Nothing on the shelf has this code."), "scan")
    return device


def _number(request) -> int:
    text = request.POST.get("number", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 1


def _today(session):
    return clock.now().astimezone(session.site.tz).date()
