"""Forms of the monitoring form, serious events and papers. What an answer may be comes from the verbs."""

from typing import Any

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import moments
from clinic.enums import DocumentType
from clinic.forms import DayField, helper
from monitoring.enums import Channel, ContactKind, SeriousStep
from monitoring.form_definitions import Field
from monitoring.form_rules import Item

NONE = "none"
_SCANS = ",".join(DocumentType.values)


class AnswersForm(forms.Form):
    """The questions of one monitoring form, with a field for a reason beside what the record has answered."""

    def __init__(self, items: list[Item], *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.items = {item.field.code: item for item in items}
        for code, item in self.items.items():
            self.fields[code] = _field(item.field)
            self.initial[code] = _initial(item)
            if item.derived is not None:
                reason = forms.CharField(
                    label=_("Why it is answered otherwise"), max_length=500, required=False
                )
                self.fields[f"reason-{code}"] = reason

    def rows(self, items: list[Item]) -> list[dict[str, Any]]:
        """For the page: each question with its field and its reason's field."""
        return [
            {
                "item": item,
                "field": self[item.field.code],
                "reason": self[f"reason-{item.field.code}"] if item.derived is not None else None,
                "is_group": item.field.type in ("yes_no", "several"),
                "is_open": bool(self[item.field.code].errors),
            }
            for item in items
        ]

    def changes(self) -> dict[str, Any]:
        """What was posted and says something else than what stands there now."""
        return {
            code: value
            for code, item in self.items.items()
            if code in self.data and (value := self._answer(item)) != item.value
        }

    def reasons(self) -> dict[str, str]:
        return {code: self.cleaned_data.get(f"reason-{code}", "") for code in self.items}

    def _answer(self, item: Item) -> Any:
        value = self.cleaned_data.get(item.field.code)
        if item.field.type == "several":
            return [] if value == [NONE] else [code for code in value or [] if code != NONE] or None
        if item.field.type == "number" and value and value.strip().isdecimal() and len(value) < 6:
            return int(value)
        return value or None


def _field(field: Field) -> forms.Field:
    label = field.label
    if field.type == "several":
        choices = [*field.choices, (NONE, _("None of these"))]
        return forms.MultipleChoiceField(
            label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple
        )
    if field.type in ("choice", "yes_no"):
        widget = forms.RadioSelect if field.type == "yes_no" else forms.Select
        choices = list(field.choices) if field.type == "yes_no" else [("", "-"), *field.choices]
        return forms.ChoiceField(label=label, choices=choices, required=False, widget=widget)
    return forms.CharField(
        label=label, required=False, widget=_widget(field), help_text=_HELP.get(field.type, "")
    )


_HELP = {"pressure": _("Such as 128/80.")}


def _widget(field: Field) -> forms.Widget:
    if field.type == "long":
        return forms.Textarea(attrs={"rows": 4})
    if field.type == "date":
        return forms.DateInput(attrs={"type": "date"})
    modes = {"number": "numeric", "email": "email"}
    attrs = {"autocomplete": "off"}
    if field.type in modes:
        attrs["inputmode"] = modes[field.type]
    return forms.TextInput(attrs=attrs)


def _initial(item: Item) -> Any:
    return [NONE] if item.value == [] else item.value


class SiteMomentField(forms.DateTimeField):
    """A day and time at the site, of a year that a clinic can mean; empty means now."""

    def __init__(self, **options):
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        facts = {"required": False, "widget": widget, "help_text": _("Empty means now."), **options}
        super().__init__(**facts)

    def to_python(self, value):
        moment = super().to_python(value)
        if moment is not None and not moments.is_sensible(moment.date()):
            raise forms.ValidationError(_("Not a year that this clinic knows."), code="invalid")
        return moment


class ScanField(forms.FileField):
    def __init__(self, **options):
        widget = forms.ClearableFileInput(attrs={"accept": _SCANS})
        help_text = _("PDF, PNG, JPEG or TIFF, at most 10 MB.")
        super().__init__(required=False, widget=widget, help_text=help_text, **options)


class SendForm(forms.Form):
    channel = forms.ChoiceField(label=_("Sent by"), choices=Channel.choices, widget=forms.RadioSelect)
    sent_at = SiteMomentField(label=_("Sent at"))
    reference = forms.CharField(label=_("Number of the confirmation"), max_length=80, required=False)
    file = ScanField(label=_("Proof"))
    # A file that was taken in already, when another fault sent the page back.
    proof = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        first, second = Row(Column("channel"), Column("sent_at")), Row(Column("reference"), Column("file"))
        self.helper = helper(Layout(first, second, "proof"))


class OwnerForm(forms.Form):
    """Whose form it is."""

    def __init__(self, people, *args, **kwargs):
        super().__init__(*args, **kwargs)
        choices = [(str(person.pk), person.display_name) for person in people]
        self.fields["owner"] = forms.ChoiceField(label=_("Owner"), choices=choices)
        self.helper = helper(Layout("owner"))


class SeriousForm(forms.Form):
    what = forms.CharField(
        label=_("What happened"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    began_at = SiteMomentField(label=_("Began at"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("what", "began_at"))


class StepForm(forms.Form):
    text = forms.CharField(label=_("In words"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    at = SiteMomentField(label=_("At"))
    file = ScanField(label=_("Paper"))

    def __init__(self, *args, closed: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        left_out = {SeriousStep.FLAGGED, SeriousStep.CLOSED if closed else SeriousStep.REOPENED}
        choices = [(s.value, s.label) for s in SeriousStep if s not in left_out]
        self.fields["step"] = forms.ChoiceField(label=_("What"), choices=choices)
        self.helper = helper(Layout(Row(Column("step"), Column("at")), "text", "file"))


class ContactForm(forms.Form):
    kind = forms.ChoiceField(label=_("Who"), choices=ContactKind.choices)
    name = forms.CharField(label=_("Name"), max_length=120)
    phone = forms.CharField(label=_("Telephone"), max_length=30)
    source = forms.CharField(label=_("Where the number comes from"), max_length=200)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(
            Layout(Row(Column("kind"), Column("name")), Row(Column("phone"), Column("source")))
        )


class EnrolForm(forms.Form):
    on = DayField(label=_("Enrolled on"))
    prescriber = forms.CharField(label=_("Prescriber who signed"), max_length=120)
    file = ScanField(label=_("Signed form"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout(Row(Column("on"), Column("prescriber")), "file"))


class NotedDayForm(forms.Form):
    """A day and what there is to say: a transfer that was told, an enrolment that ended."""

    on = DayField(label=_("On"))
    note = forms.CharField(label=_("What, and how"), max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout(Row(Column("on"), Column("note"))))


class CertifyForm(forms.Form):
    on = DayField(label=_("Certified on"))
    representative = forms.CharField(label=_("Authorized representative"), max_length=120)
    note = forms.CharField(label=_("Note"), max_length=500, required=False)
    file = ScanField(label=_("Paper"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(
            Layout(Row(Column("on"), Column("representative")), Row(Column("note"), Column("file")))
        )
