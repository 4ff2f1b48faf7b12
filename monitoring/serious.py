"""Serious adverse events: flagged at once, with everything that was done in a story that is written once."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit, checks
from clinic.enums import DocumentKind
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from clinic.models import Document, Site
from monitoring import signals
from monitoring.checks import in_future
from monitoring.enums import ContactKind, SeriousStep
from monitoring.models import SeriousEvent, SeriousEventStep, SiteContact
from monitoring.serious_guide import WANTED
from scheduling.models import TreatmentSession

LONGEST = 4000
S = SeriousStep


@transaction.atomic
def flag_serious(
    *, session: TreatmentSession, what: str, began_at: datetime, by, now: datetime
) -> SeriousEvent:
    """Somebody says that something serious happened in this session. It can be said at any time, and more than once.

    Raises:
        Invalid: nothing said, or a time that cannot be.
    """
    values = {"what": what}
    faults = checks.text(values, "what", LONGEST) + in_future(began_at, now, "began_at")
    if began_at.astimezone(session.site.tz).date() < session.local_date:
        faults.append(Fault("impossible", _("Before the day of the session."), "began_at"))
    if faults:
        raise Invalid(faults)
    event = SeriousEvent.objects.create(
        id=new_id(),
        session=session,
        site_id=session.site_id,
        what=values["what"],
        began_at=began_at,
        flagged_at=now,
        flagged_by=by,
    )
    _write(event, S.FLAGGED, now, values["what"], None, by, now)
    signals.tell(signals.serious_flagged, event=event, now=now)
    return event


@transaction.atomic
def add_step(
    *,
    event: SeriousEvent,
    step: str,
    text: str,
    at: datetime,
    by,
    now: datetime,
    document: Document | None = None,
) -> SeriousEventStep:
    """Something was done about it: called, reported, closed, and so on.

    Raises:
        Invalid: values that cannot be.
        Refused: `wrong_state`: closed already, or not closed.
    """
    event = (
        SeriousEvent.objects.select_for_update(of=("self",))
        .select_related("site", "session")
        .get(pk=event.pk)
    )
    values = {"text": text, "step": step}
    faults = checks.text(values, "text", LONGEST) + in_future(at, now, "at")
    faults += checks.choice(values, "step", [s for s in S.values if s != S.FLAGGED])
    if document is not None and (
        document.site_id != event.site_id or document.kind != DocumentKind.SERIOUS_EVENT
    ):
        faults.append(Fault("unknown", _("Not a paper of this event."), "document"))
    if faults:
        raise Invalid(faults)
    _refuse_state(event, step)
    if step in (S.CLOSED, S.REOPENED):
        event.closed_at = now if step == S.CLOSED else None
        event.save(update_fields=["closed_at"])
    return _write(event, S(step), at, values["text"], document, by, now)


@transaction.atomic
def add_contact(
    *, site: Site, kind: str, name: str, phone: str, source: str, by, now: datetime
) -> SiteContact:
    """A number that the site has found out itself, and where.

    Raises:
        Invalid: values that cannot be, all of them.
    """
    values = {"kind": kind, "name": name, "phone": phone, "source": source}
    faults = checks.choice(values, "kind", ContactKind.values) + checks.text(values, "name", 120)
    faults += checks.text(values, "phone", 30) + checks.text(values, "source", 200)
    if faults:
        raise Invalid(faults)
    contact = SiteContact.objects.create(id=new_id(), site=site, entered_at=now, entered_by=by, **values)
    audit.record("contact.added", by=by, now=now, site=site, on=contact, kind=kind)
    return contact


@transaction.atomic
def remove_contact(*, contact: SiteContact, by, now: datetime) -> None:
    """It is shown no more; the row stays, for what was called."""
    if SiteContact.objects.filter(pk=contact.pk, removed_at__isnull=True).update(removed_at=now):
        audit.record("contact.removed", by=by, now=now, site=contact.site_id, on=contact)


def contacts_of(site: Site) -> list[SiteContact]:
    return list(SiteContact.objects.filter(site=site, removed_at__isnull=True))


def missing_contacts(contacts: list[SiteContact]) -> list[str]:
    """In words: which numbers the site has not entered yet."""
    known = {contact.kind for contact in contacts}
    return [str(ContactKind(kind).label) for kind in WANTED if kind not in known]


def _refuse_state(event: SeriousEvent, step: str) -> None:
    is_closed = event.closed_at is not None
    if step == S.CLOSED and is_closed:
        raise Refused.because("wrong_state", _("It is closed already."))
    if step == S.REOPENED and not is_closed:
        raise Refused.because("wrong_state", _("It is open."))


def _write(
    event: SeriousEvent, step: SeriousStep, at: datetime, text: str, document, by, now
) -> SeriousEventStep:
    row = SeriousEventStep.objects.create(
        id=new_id(), event=event, step=step, at=at, recorded_at=now, by=by, text=text, document=document
    )
    audit.record(
        f"serious_event.{step}",
        by=by,
        now=now,
        site=event.site_id,
        patient=event.session.patient_id,
        on=event,
    )
    return row
