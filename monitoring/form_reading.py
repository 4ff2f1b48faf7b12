"""The monitoring form as it stands: the record's answers, people's answers, what is missing, what repeats."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from monitoring import form_definitions, form_rules
from monitoring.enums import FormEventKind
from monitoring.form_definitions import Definition
from monitoring.form_derived import derive
from monitoring.form_facts import facts_of
from monitoring.form_rules import Item, Known
from monitoring.models import FormAnswer, FormSending, MonitoringForm


@dataclass(frozen=True, slots=True)
class Filled:
    """One form with every answer. `sent` holds the values that went out last."""

    form: MonitoringForm
    definition: Definition
    items: list[Item]
    sent: dict[str, Any] | None

    @property
    def missing(self) -> list[Item]:
        return form_rules.missing(self.items)

    @property
    def repeated(self) -> list[Item]:
        return [item for item in self.items if item.repeated]

    @property
    def values(self) -> dict[str, Any]:
        return form_rules.snapshot(self.items)

    @property
    def is_changed_since_sent(self) -> bool:
        return self.sent is not None and self.sent != self.values

    @property
    def sections(self) -> list[tuple[str, list[Item]]]:
        """The form's sections with what is asked."""
        by_code = {item.field.code: item for item in self.items}
        return [
            (section.title, [item for f in section.fields if (item := by_code[f.code]).asked])
            for section in self.definition.sections
        ]

    def age(self, today: date) -> int:
        return form_rules.age(self.form.session_on, today)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in a form's story."""

    at: datetime
    who: str
    title: str
    text: str = ""
    sending: FormSending | None = None


def read_form(form: MonitoringForm) -> Filled:
    return read_forms([form])[0]


def read_forms(forms: list[MonitoringForm], *, with_last: bool = True) -> list[Filled]:
    """Many forms in a fixed number of queries. They come with session, its patient and site."""
    facts = facts_of([form.session for form in forms])
    answers, sent = _answers(forms), _sent(forms)
    last = _last_values(forms) if with_last else {}
    found = []
    for form in forms:
        definition = form_definitions.by_version(form.definition)
        derived = derive(facts[form.session_id])
        items = form_rules.filled(definition, derived, answers[form.pk], last.get(form.pk))
        found.append(Filled(form, definition, items, sent.get(form.pk)))
    return found


def _answers(forms: list[MonitoringForm]) -> dict[object, dict[str, Known]]:
    """The newest answer of each question; one that was taken back is none."""
    rows = FormAnswer.objects.filter(form__in=forms).select_related("by").order_by("version")
    found: dict[object, dict[str, Known]] = defaultdict(dict)
    for row in rows:
        found[row.form_id].pop(row.field, None)
        if row.value is not None:
            found[row.form_id][row.field] = Known(row.value, row.by.display_name, row.at, row.reason)
    return found


def _sent(forms: list[MonitoringForm]) -> dict[object, dict[str, Any]]:
    rows = FormSending.objects.filter(form__in=forms).order_by("number").values_list("form", "values")
    return dict(rows)


def _last_values(forms: list[MonitoringForm]) -> dict[object, dict[str, Any]]:
    """What the form of the session before says: as it was sent, else as it stands."""
    before = _forms_before(forms)
    earlier = list({form.pk: form for form in before.values()}.values())
    sent = _sent(earlier)
    unsent = [form for form in earlier if form.pk not in sent]
    values = (
        sent | {filled.form.pk: filled.values for filled in read_forms(unsent, with_last=False)}
        if unsent
        else sent
    )
    return {pk: values[form.pk] for pk, form in before.items()}


def _forms_before(forms: list[MonitoringForm]) -> dict[object, MonitoringForm]:
    """For each form that of the same patient's session before it, if there is one."""
    patients = {form.session.patient_id for form in forms}
    until = max((form.session_on for form in forms), default=date.min)
    rows = MonitoringForm.objects.filter(session__patient__in=patients, session_on__lte=until)
    by_patient = defaultdict(list)
    for row in rows.select_related("session__patient", "session__site").order_by("session__starts_at"):
        by_patient[row.session.patient_id].append(row)
    found: dict[object, MonitoringForm] = {}
    for form in forms:
        earlier = [
            row
            for row in by_patient[form.session.patient_id]
            if row.session.starts_at < form.session.starts_at
        ]
        if earlier:
            found[form.pk] = earlier[-1]
    return found


def story_of(form: MonitoringForm) -> list[Line]:
    """Everything that happened to a form, in order of time."""
    labels = {f.code: f for f in form_definitions.by_version(form.definition).fields}
    lines = [_event(row) for row in form.events.select_related("by", "owner")]
    lines += [_answer(row, labels.get(row.field)) for row in form.answers.select_related("by")]
    lines += [_sending(row) for row in form.sendings.select_related("by", "proof")]
    return sorted(lines, key=lambda line: line.at)


def _event(row) -> Line:
    who = row.by.display_name if row.by else _("system")
    text = row.owner.display_name if row.owner else ""
    return Line(row.at, who, str(FormEventKind(row.kind).label), text)


def _answer(row: FormAnswer, field) -> Line:
    label = field.label if field else row.field
    said = form_rules.in_words(field, row.value) if field else str(row.value)
    text = said if row.value is not None else _("taken back: the record counts again")
    return Line(row.at, row.by.display_name, label, f"{text} ({row.reason})" if row.reason else text)


def _sending(row: FormSending) -> Line:
    reasons = [row.late_reason, row.missing_reason, row.no_proof_reason]
    title = _("Sent by %s") % row.get_channel_display().lower()
    text = "; ".join(part for part in (row.reference, *reasons) if part)
    return Line(row.recorded_at, row.by.display_name, title, text, row)
