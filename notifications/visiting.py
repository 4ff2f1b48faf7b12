"""What a patient does on the page of their visit, through the link of a text. The verbs are those of replies and desk.

Each begins with the session's row: a link that was alive a moment ago answers for nothing once the visit was moved.
Twice is the same as once. The audit trail's channel says "link".
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import checks
from clinic.errors import Invalid, Refused
from clinic.ids import new_id
from notifications import inbox, rides
from notifications.enums import Reply
from notifications.models import InboundMessage, VisitLink
from scheduling.answers import answer_session
from scheduling.enums import Confirmation, SessionStatus
from scheduling.locking import patiently
from scheduling.models import TreatmentSession

LONGEST_NAME = 120


def is_open(session: TreatmentSession, *, now: datetime) -> bool:
    """It waits, so it can still be answered for."""
    return session.status == SessionStatus.BOOKED and session.starts_at > now


@patiently
@transaction.atomic
def confirm(*, link: VisitLink, now: datetime) -> None:
    """The patient will come.

    Raises:
        Refused: `over`.
    """
    session = _held(link, now)
    answer_session(session=session, confirmation=Confirmation.CONFIRMED, by=None, now=now)


@patiently
@transaction.atomic
def want_another_time(*, link: VisitLink, now: datetime) -> None:
    """The same task for the desk as a reply of R makes; one at a time.

    Raises:
        Refused: `over`.
    """
    session = _held(link, now)
    wish = InboundMessage(
        id=new_id(),
        provider_sid=f"page-{new_id()}",
        from_number=link.number,
        body=_("Another time, please. (On the page of the visit.)"),
        received_at=now,
        meaning=Reply.CHANGE,
        site_id=session.site_id,
        patient_id=session.patient_id,
    )
    inbox.wants_another_time(wish, session, now=now)
    if wish.needs_person:
        inbox.keep(wish, now=now)


@patiently
@transaction.atomic
def name_ride(*, link: VisitLink, name: str, phone: str, now: datetime) -> None:
    """Who takes the patient home.

    Raises:
        Invalid: no name, or values that cannot be, with the fields `escort_name` and `escort_phone`.
        Refused: `over`.
    """
    session = _held(link, now)
    values = {"escort_name": name, "escort_phone": phone}
    faults = checks.text(values, "escort_name", LONGEST_NAME) + checks.phone(values, "escort_phone")
    if faults:
        raise Invalid(faults)
    rides.name_ride(patient=session.patient, name=name, phone=phone, now=now)


def _held(link: VisitLink, now: datetime) -> TreatmentSession:
    session = TreatmentSession.objects.select_for_update(of=("self",)).get(pk=link.session_id)
    if session.starts_at != link.about_at or not is_open(session, now=now):
        raise Refused.because("over", _("This visit can no longer be answered for here."))
    return session
