"""The clinic sends a monitoring form. The REMS has no public interface: sending stays the clinic's act, and this keeps
what went out, when, how, by whom, and the proof."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import checks
from clinic.enums import DocumentKind
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from clinic.models import Document
from monitoring import form_rules
from monitoring.checks import in_future
from monitoring.enums import Channel
from monitoring.form_reading import Filled, read_form
from monitoring.models import FormSending, MonitoringForm
from monitoring.rems import LONGEST_REASON, locked, note

# Each warning and the column of the reason that lets the form count as sent in spite of it.
_COLUMNS = {"missing_answers": "missing", "late": "late", "no_proof": "no_proof"}


@transaction.atomic
def send_form(
    *,
    form: MonitoringForm,
    channel: str,
    sent_at: datetime,
    by,
    now: datetime,
    proof: Document | None = None,
    reference: str = "",
    override: Mapping[str, str] | None = None,
) -> FormSending:
    """The clinic has sent the form. Kept with the values that went out; sent again only when they changed.

    `override` may hold reasons for `missing_answers`, `late` and `no_proof`.

    Raises:
        Invalid: values that cannot be.
        Refused: `already_sent`; `missing_answer` for each; `reason_required` for each warning without a reason.
    """
    form = locked(form)
    texts: dict[str, Any] = {
        "reference": reference,
        **{code: (override or {}).get(code, "") for code in _COLUMNS},
    }
    if faults := _sending_faults(form, channel, sent_at, proof, now) + _text_faults(texts):
        raise Invalid(faults)
    reference = texts.pop("reference")
    filled = read_form(form)
    if filled.sent is not None and not filled.is_changed_since_sent:
        raise Refused.because("already_sent", _("This form was sent with these very answers."))
    warnings = _warnings(filled, sent_at, proof, reference)
    if stands := [code for code in warnings if not texts[code]]:
        raise Refused(_not_sendable(stands, warnings, filled))
    kept = {f"{_COLUMNS[code]}_reason": texts[code] for code in warnings}
    return _write_sending(form, filled, channel, sent_at, proof, reference, kept, by, now)


def _sending_faults(form, channel: str, sent_at: datetime, proof, now: datetime) -> list[Fault]:
    faults = in_future(sent_at, now, "sent_at")
    if channel not in Channel.values:
        faults.append(Fault("unknown", _("One of %s.") % ", ".join(Channel.values), "channel"))
    if sent_at.astimezone(form.site.tz).date() < form.session_on:
        faults.append(Fault("impossible", _("Before the session."), "sent_at"))
    if proof is not None and (proof.site_id != form.site_id or proof.kind != DocumentKind.PROOF):
        faults.append(Fault("unknown", _("Not a proof of this site."), "proof"))
    return faults


def _text_faults(texts: dict[str, Any]) -> list[Fault]:
    """Trims them in place; the reasons' faults by the names that a caller knows."""
    faults = checks.text(texts, "reference", 80, required=False)
    for code in _COLUMNS:
        found = checks.text(texts, code, LONGEST_REASON, required=False)
        faults += [Fault(fault.code, fault.detail, f"override.{code}") for fault in found]
    return faults


def _warnings(filled: Filled, sent_at: datetime, proof, reference: str) -> dict[str, str]:
    """What wants a reason before the form counts as sent, in words."""
    form, found = filled.form, {}
    if filled.missing:
        found["missing_answers"] = _("Answers are missing. Say why it was sent without them.")
    if form_rules.is_late(form.session_on, sent_at.astimezone(form.site.tz).date()):
        found["late"] = _("After its seventh day [REMS]. Say why it is late.")
    if proof is None and not reference:
        found["no_proof"] = _(
            "No proof: add the file or the confirmation's number, or say why there is none."
        )
    return found


def _not_sendable(stands: list[str], warnings: Mapping[str, str], filled: Filled) -> list[Fault]:
    faults = []
    if "missing_answers" in stands:
        faults = [
            Fault("missing_answer", _("Missing: %s.") % item.field.label, f"answers.{item.field.code}")
            for item in filled.missing
        ]
    return faults + [
        Fault("reason_required", warnings[code], f"override.{code}", {"warning": code}) for code in stands
    ]


def _write_sending(form, filled: Filled, channel, sent_at, proof, reference, kept, by, now) -> FormSending:
    number = form.sendings.count() + 1
    sending = FormSending.objects.create(
        id=new_id(),
        form=form,
        number=number,
        channel=channel,
        sent_at=sent_at,
        recorded_at=now,
        by=by,
        values=filled.values,
        proof=proof,
        reference=reference,
        **kept,
    )
    if form.sent_at is None:
        form.sent_at, form.sent_on = sent_at, sent_at.astimezone(form.site.tz).date()
        form.save(update_fields=["sent_at", "sent_on"])
    note("form.sent", form, by, now, channel=channel, number=number, with_reasons=sorted(kept))
    return sending
