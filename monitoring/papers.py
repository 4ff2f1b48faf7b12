"""What goes onto paper from the chair: form, summary, the patient's instructions. Who printed what is kept."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation

from clinic import audit, pdf, telephones
from clinic.enums import Language
from monitoring.deciding import who_decided
from monitoring.form_reading import read_form
from monitoring.forms import ANSWER_LABELS, PreDoseForm
from monitoring.models import Deviation, MonitoringForm, SeriousEvent
from monitoring.schedule import LATE, MISSED
from monitoring.state import load
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession


@transaction.atomic
def print_form(*, form: MonitoringForm, by, now: datetime) -> bytes:
    """The monitoring form as it stands, what is missing marked."""
    filled = read_form(form)
    last = form.sendings.select_related("by").last()
    context = {"form": form, "session": form.session, "site": form.site, "filled": filled, "last": last}
    content = pdf.render("pdf/monitoring_form.html", context, by=by, now=now, zone=form.site.tz)
    _printed("monitoring form", form.session, form, by, now)
    return content


@transaction.atomic
def print_summary(*, session: TreatmentSession, by, now: datetime) -> bytes:
    """One session for the patient's file: what was asked, given, measured, decided."""
    known = load(session)
    context = {
        "session": session,
        "site": session.site,
        "known": known,
        "observation": known.observation,
        "asked": _halves(_asked(known)),
        "decisions": _decisions(known),
        "minutes": _minutes_after_t0(known),
        "lacking": [step.due.minute for step in known.steps(now) if step.state in (LATE, MISSED)],
        "alerts": sorted(known.alerts, key=lambda alert: alert.raised_at),
        "deviations": _deviations(known),
        "judged": known.observation.ready_overrides if known.observation else {},
        "serious": SeriousEvent.objects.filter(session=session)
        .select_related("flagged_by")
        .order_by("flagged_at"),
        "corrected": _corrected(known),
    }
    content = pdf.render("pdf/session_summary.html", context, by=by, now=now, zone=session.site.tz)
    _printed("session summary", session, session, by, now)
    return content


@transaction.atomic
def print_instructions(*, session: TreatmentSession, language: str, by, now: datetime) -> bytes:
    """What the patient takes home, in their language; facts with the label's standing, no drug or diagnosis."""
    language = language if language in Language.values else session.patient.language
    following = TreatmentSession.objects.filter(
        course=session.course_id, starts_at__gt=session.starts_at, status=SessionStatus.BOOKED
    )
    context = {
        "session": session,
        "site": session.site,
        "phone": telephones.spoken(session.site.phone),
        "next": following.order_by("starts_at").first(),
    }
    with translation.override(language):
        content = pdf.render(
            f"pdf/instructions_{language}.html", context, by=by, now=now, zone=session.site.tz
        )
    _printed("instructions", session, session, by, now)
    return content


def _printed(kind: str, session: TreatmentSession, on, by, now: datetime) -> None:
    audit.record(
        "paper.printed", by=by, now=now, site=session.site_id, patient=session.patient_id, on=on, kind=kind
    )


def _asked(known) -> list[tuple[str, str]]:
    """The questions before the dose with their answers, in words."""
    if known.pre_dose is None:
        return []
    found = []
    for name, value in known.pre_dose.answers.items():
        field = PreDoseForm.base_fields.get(name)
        labels = dict(getattr(field, "choices", ()))
        label = str(field.label if field else ANSWER_LABELS.get(name, name))
        words = ", ".join(str(labels.get(i, i)) for i in value) if isinstance(value, list) else _said(value)
        found.append((label, words or translation.gettext("none")))
    return found


def _halves(rows: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Short answers stand in two tables side by side."""
    middle = (len(rows) + 1) // 2
    return [half for half in (rows[:middle], rows[middle:]) if half]


def _said(value: Any) -> str:
    return "" if value is None else translation.gettext("yes") if value else translation.gettext("no")


def _decisions(known) -> list[dict[str, Any]]:
    """The gates that were not met, and by whom and why it went on."""
    if known.pre_dose is None:
        return []
    reasons = known.pre_dose.overrides
    return [
        {
            "detail": gate["detail"],
            "source": gate["source"],
            "kind": gate["kind"],
            "reason": given["reason"] if given else "",
            "who": who_decided(given) if given else "",
        }
        for gate in known.pre_dose.gates
        if not gate["ok"]
        for given in [reasons.get(gate["code"])]
    ]


def _deviations(known) -> list[Deviation]:
    return list(known.observation.deviations.select_related("by")) if known.observation else []


def _minutes_after_t0(known) -> list[dict[str, Any]]:
    t0 = known.t0
    return [
        {"row": row, "after": round((row.measured_at - t0).total_seconds() / 60) if t0 else None}
        for row in known.checkpoints
    ]


def _corrected(known) -> int:
    rows = [*known.all_devices, *known.all_checkpoints]
    return sum(row.version > 1 for row in rows)
