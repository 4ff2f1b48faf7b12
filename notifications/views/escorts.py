"""The text to the escort of one session: asked for at the chair, and what became of it."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from notifications import by_hand, escorts
from notifications.bodies import national
from notifications.reasons import why
from scheduling.models import TreatmentSession


@require_http_methods(["GET", "HEAD", "POST"])
def escort(request, session_id):
    sessions = TreatmentSession.objects.select_related("site", "patient", "chair")
    session = access.get_or_404(sessions, request.user, session_id)
    access.require(request.user, May.TREAT, session.site)
    faults = []
    if request.method == "POST":
        try:
            said = _act(request, session)
        except Refused as refusal:
            faults = refusal.faults
        else:
            flash.success(request, said)
            return redirect("monitoring:chair", session_id=session.pk)
    session.refresh_from_db(fields=["status"])
    standing = escorts.standing(session, now=clock.now())
    context = {"session": session, "site": session.site, "standing": standing, "faults": faults}
    context["number"] = national(standing.number)
    if standing.message:
        context["why"] = why(standing.message)
    return render(request, "notifications/escort.html", context, status=409 if faults else 200)


def _act(request, session) -> str:
    now = clock.now()
    if "withdraw" in request.POST and (message := escorts.standing(session, now=now).message):
        by_hand.cancel_message(message=message, by=request.user, now=now)
        return _("The text is withdrawn.")
    message = escorts.call(session=session, by=request.user, now=now)
    return _("The escort is texted now.") if message.due_at <= now else _("The escort is texted in time.")
