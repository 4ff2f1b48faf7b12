"""The session that an address names, if the person may."""

from clinic import access
from scheduling.models import TreatmentSession


def session_of(request, session_id, right) -> TreatmentSession:
    rows = TreatmentSession.objects.select_related("site", "patient", "course", "chair")
    session = access.get_or_404(rows, request.user, session_id)
    access.require(request.user, right, session.site)
    return session
