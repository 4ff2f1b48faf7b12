"""The monitoring form: made when the patient leaves, owned and answered by people. Sending: `form_sending.py`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit, checks
from clinic.access import May, may
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from clinic.models import Site, User
from monitoring import form_definitions, form_rules, signals
from monitoring.enums import FormEventKind
from monitoring.form_reading import Filled, read_form
from monitoring.form_rules import Item
from monitoring.models import FormAnswer, FormEvent, MonitoringForm, Observation
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

# How far back the sweep looks for a session whose form was never made.
REPAIRED = timedelta(days=60)
LONGEST_REASON = 500


@transaction.atomic
def open_form(*, session: TreatmentSession, by, now: datetime) -> MonitoringForm:
    """The form of a session whose patient has left; called again, the same one. Its owner is their nurse."""
    owner_id = Observation.objects.filter(session=session).values_list("nurse", flat=True).first()
    form, is_new = MonitoringForm.objects.get_or_create(
        session=session,
        defaults={
            "site_id": session.site_id,
            "definition": form_definitions.for_day(session.local_date).version,
            "session_on": session.local_date,
            "due_on": form_rules.due_on(session.local_date),
            "owner_id": owner_id,
            "created_at": now,
        },
    )
    if is_new:
        _happened(form, FormEventKind.MADE, by, now, session.site)
        note("form.made", form, by, now, due_on=form.due_on.isoformat())
    return form


@transaction.atomic
def assign_form(*, form: MonitoringForm, owner: User, by, now: datetime) -> MonitoringForm:
    """Give the form to somebody who may send it.

    Raises:
        Invalid: somebody who may not.
    """
    form = locked(form)
    if not may(owner, May.REPORT, form.site_id):
        raise Invalid.because("unknown", _("A nurse, prescriber or manager of this site."), "owner")
    if form.owner_id != owner.pk:
        form.owner = owner
        form.save(update_fields=["owner"])
        _happened(form, FormEventKind.OWNER, by, now, form.site)
        note("form.given", form, by, now, owner=str(owner.pk))
    return form


@transaction.atomic
def answer_form(
    *,
    form: MonitoringForm,
    answers: Mapping[str, Any],
    by,
    now: datetime,
    reasons: Mapping[str, str] | None = None,
) -> Filled:
    """Write down what a person answers, all or nothing; None takes their answer back.

    What differs from the record wants a reason in `reasons`, by the same name.

    Raises:
        Invalid: unknown questions and values that cannot be, all of them.
        Refused: `reason_required` for each that differs from the record.
    """
    form = locked(form)
    items = {item.field.code: item for item in read_form(form).items}
    values, faults = _read(items, answers)
    said = {code: str((reasons or {}).get(code, "")) for code in values}
    faults += [fault for code in values for fault in _reason_faults(said, code)]
    if faults:
        raise Invalid(faults)
    changed = {code: value for code, value in values.items() if _is_news(items[code], value)}
    if unexplained := [
        items[code] for code in changed if _differs(items[code], changed[code]) and not said[code]
    ]:
        raise Refused(_reason_wanted(item) for item in unexplained)
    _write_answers(form, changed, said, by, now)
    if changed:
        note("form.answered", form, by, now, fields=sorted(changed))
    return read_form(form)


def sweep(*, now: datetime) -> int:
    """Make forms that a crash left out, and remind the owners of what is due: safe to call at any time."""
    for session in _without_form(now):
        open_form(session=session, by=None, now=now)
    reminded = 0
    for form in MonitoringForm.objects.open().filter(owner__isnull=False).select_related("site"):
        today = now.astimezone(form.site.tz).date()
        if form.due_on - today <= timedelta(days=1):
            reminded += _remind(form, now, today)
    return reminded


@transaction.atomic
def _remind(form: MonitoringForm, now: datetime, today) -> bool:
    """Once a day; whoever is above may send the owner a text."""
    form = locked(form)
    if form.sent_at or form.events.filter(kind=FormEventKind.REMINDED, on=today).exists():
        return False
    _happened(form, FormEventKind.REMINDED, None, now, form.site)
    signals.tell(signals.form_due, form=form, owner=form.owner, now=now)
    return True


def _without_form(now: datetime) -> list[TreatmentSession]:
    rows = TreatmentSession.objects.filter(
        status=SessionStatus.COMPLETED, monitoring_form__isnull=True, starts_at__gte=now - REPAIRED
    )
    return list(rows.select_related("site", "patient"))


def locked(form: MonitoringForm) -> MonitoringForm:
    """The form as it now stands, held until the transaction ends."""
    rows = MonitoringForm.objects.select_for_update(of=("self",))
    return rows.select_related("site", "session__patient", "session__site", "owner").get(pk=form.pk)


def _happened(form: MonitoringForm, kind: FormEventKind, by, now: datetime, site: Site) -> None:
    on = now.astimezone(site.tz).date()
    FormEvent.objects.create(id=new_id(), form=form, kind=kind, at=now, on=on, by=by, owner_id=form.owner_id)


def _read(items: Mapping[str, Item], answers: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    values, faults = {}, []
    for code, raw in answers.items():
        if code not in items:
            faults.append(Fault("unknown", _("No such question."), f"answers.{code}"))
            continue
        values[code], wrong = form_rules.read_answer(items[code].field, raw)
        if wrong:
            faults.append(Fault("impossible", wrong, f"answers.{code}"))
    return values, faults


def _reason_faults(said: dict[str, Any], code: str) -> list[Fault]:
    faults = checks.text(said, code, LONGEST_REASON, required=False)
    return [Fault(fault.code, fault.detail, f"reasons.{code}") for fault in faults]


def _is_news(item: Item, value: Any) -> bool:
    """Whether it says anything that a person has not said already."""
    said = item.answered.value if item.answered else None
    return value != said


def _differs(item: Item, value: Any) -> bool:
    return value is not None and item.derived is not None and item.derived.value != value


def _reason_wanted(item: Item) -> Fault:
    detail = _("%(question)s: the record says %(value)s. Say why it is answered otherwise.") % {
        "question": item.field.label,
        "value": form_rules.in_words(item.field, item.derived.value if item.derived else None),
    }
    code = item.field.code
    return Fault("reason_required", detail, f"reasons.{code}", {"warning": code})


def _write_answers(
    form: MonitoringForm, changed: Mapping[str, Any], said: Mapping[str, str], by, now
) -> None:
    versions: dict[str, int] = {}
    for code, version in form.answers.order_by("version").values_list("field", "version"):
        versions[code] = version
    FormAnswer.objects.bulk_create(
        FormAnswer(
            id=new_id(),
            form=form,
            field=code,
            version=versions.get(code, 0) + 1,
            value=value,
            reason=said[code],
            at=now,
            by=by,
        )
        for code, value in changed.items()
    )


def note(action: str, form: MonitoringForm, by, now: datetime, **detail: Any) -> None:
    """Into the audit trail."""
    session = form.session
    audit.record(action, by=by, now=now, site=form.site_id, patient=session.patient_id, on=form, **detail)
