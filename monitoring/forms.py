"""Forms of the chairside. Ranges and rules come from the verbs; a form only asks."""

from datetime import datetime, timedelta

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Div, Field, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField
from clinic.ids import new_id
from monitoring import stock
from monitoring.enums import Dissociation, NotTaken, Sedation, Symptom
from monitoring.predose import CONDITIONS, HISTORIES, MEDICINES, Answers
from monitoring.stock_forms import PersonField

# What the form asks for as it should be, and the answer that is kept.
SAID_THE_OTHER_WAY = {
    "nothing_eaten": "ate_within_2h",
    "nothing_drunk": "drank_within_30min",
    "no_nasal_spray": "nasal_spray_within_1h",
}
ANSWER_LABELS = {
    "ate_within_2h": _("Ate within two hours"),
    "drank_within_30min": _("Drank within thirty minutes"),
    "nasal_spray_within_1h": _("Nasal spray within the hour"),
}
YES_NO = [("yes", _("Yes")), ("no", _("No"))]
_WORDS = {
    "benzodiazepines": _("Benzodiazepines"),
    "hypnotics": _("Sleeping tablets"),
    "opioids": _("Opioids"),
    "alcohol": _("Alcohol"),
    "other_cns_depressants": _("Other CNS depressants"),
    "psychostimulants": _("Psychostimulants"),
    "maois": _("MAOIs"),
    "other": _("Other"),
    "severe_hepatic_impairment": _("Severe hepatic impairment"),
    "pregnancy": _("Pregnancy"),
    "breast_feeding": _("Breast-feeding"),
    "moderate_hepatic_impairment": _("Moderate hepatic impairment"),
    "psychosis": _("History of psychosis"),
    "substance_use": _("History of substance use"),
    "hypertensive_encephalopathy": _("History of hypertensive encephalopathy"),
}


def _helper(layout: Layout) -> FormHelper:
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    helper.layout = layout
    return helper


def _number(label, **options):
    widget = forms.NumberInput(attrs={"inputmode": "numeric", "class": "vital", "autocomplete": "off"})
    return forms.IntegerField(label=label, widget=widget, **options)


def _vitals(*names: str) -> Div:
    return Div(*(Field(name) for name in names), css_class="vitals")


def beside(form: forms.Form, row) -> None:
    """The last values stand beside the fields for the new ones; they are never copied in."""
    for name in (
        "systolic",
        "diastolic",
        "heart_rate",
        "spo2",
        "respiratory_rate",
        "sedation",
        "dissociation",
    ):
        value = getattr(row, name, None)
        if name in form.fields and value not in (None, ""):
            words = row.get_dissociation_display() if name == "dissociation" else value
            form.fields[name].help_text = _("Last: %s") % words


class TimeAtSite(forms.TimeField):
    """A wall time of today at the site; empty means now."""

    def __init__(self, **options):
        widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        super().__init__(required=False, widget=widget, help_text=_("Empty means now."), **options)


def instant(at, site, now: datetime) -> datetime:
    """The instant of a wall time around `now`: after midnight, 23:50 was yesterday."""
    if at is None:
        return now
    local = now.astimezone(site.tz)
    moment = datetime.combine(local.date(), at, site.tz)
    if moment - now > timedelta(hours=12):
        moment -= timedelta(days=1)
    return moment


class PreDoseForm(forms.Form):
    systolic = _number(_("Systolic"))
    diastolic = _number(_("Diastolic"))
    heart_rate = _number(_("Pulse"))
    spo2 = _number(_("SpO2 %"))
    suicidal_thoughts = forms.ChoiceField(
        label=_("Suicidal thoughts, asked today"), choices=YES_NO, widget=forms.RadioSelect
    )
    # Ticked when it was asked and is as it should be: what nobody asked is never written down as a no.
    nothing_eaten = forms.BooleanField(label=_("Nothing to eat for two hours"), required=False)
    nothing_drunk = forms.BooleanField(label=_("Nothing to drink for thirty minutes"), required=False)
    no_nasal_spray = forms.BooleanField(label=_("No nasal spray within the hour"), required=False)
    escort_confirmed = forms.BooleanField(label=_("Somebody else drives home"), required=False)
    prescriber_on_site = forms.BooleanField(label=_("Prescriber is on site"), required=False)
    oximeter_on_site = forms.BooleanField(label=_("Pulse oximeter is here"), required=False)
    medicines = forms.MultipleChoiceField(
        label=_("Took today or takes regularly"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, _WORDS[name]) for name in MEDICINES],
    )
    conditions = forms.MultipleChoiceField(
        label=_("Has or had"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, _WORDS[name]) for name in (*CONDITIONS, *HISTORIES)],
    )
    # Drawn beside the reasons, by its own template.
    decided_by = forms.CharField(label=_("Decided by"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _helper(
            Layout(
                _vitals("systolic", "diastolic", "heart_rate", "spo2"),
                Field("suicidal_thoughts", wrapper_class="side-by-side"),
                Row(
                    Column("escort_confirmed", "prescriber_on_site", "oximeter_on_site", css_class="col-md"),
                    Column("nothing_eaten", "nothing_drunk", "no_nasal_spray", css_class="col-md"),
                ),
                Row(Column("medicines", css_class="col-md"), Column("conditions", css_class="col-md")),
            )
        )

    def answers(self) -> Answers:
        data = {name: value for name, value in self.cleaned_data.items() if name != "decided_by"}
        data["suicidal_thoughts"] = data["suicidal_thoughts"] == "yes"
        for asked, found in SAID_THE_OTHER_WAY.items():
            data[found] = not data.pop(asked)
        return Answers(
            **{**data, "medicines": tuple(data["medicines"]), "conditions": tuple(data["conditions"])}
        )


class DeviceForm(forms.Form):
    """`device` and `scan` are drawn by their own template: the list of what is on the shelf."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    device = forms.UUIDField(required=False)
    scan = forms.CharField(max_length=200, required=False)
    lot = forms.CharField(label=_("Lot"), max_length=40, required=False)
    expires_on = DayField(label=_("Expires"), required=False)
    started = TimeAtSite(label=_("Started at"))
    extra_reason = forms.CharField(label=_("Why an extra device"), max_length=500, required=False)

    def __init__(self, *args, site, user, is_extra: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["witness"] = PersonField(
            label=_("Witness"), queryset=stock.who_may_witness(site, user), required=False
        )
        rows = ["number", Row(Column("started"))]
        if is_extra:
            rows.append(Row(Column("extra_reason"), Column("witness")))
        self.helper = _helper(Layout(*rows))
        # The label typed by hand, for what is on no shelf here.
        self.by_hand = _helper(Layout(Row(Column("lot"), Column("expires_on"))))

    def clean(self):
        data = super().clean() or {}
        if not data.get("device") and not data.get("scan"):
            for name in ("lot", "expires_on"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Tap or scan the device, or type its label."))
        return data


class CheckpointForm(forms.Form):
    client_id = forms.UUIDField(widget=forms.HiddenInput)
    minute = forms.IntegerField(widget=forms.HiddenInput, required=False)
    systolic = _number(_("Systolic"), required=False)
    diastolic = _number(_("Diastolic"), required=False)
    heart_rate = _number(_("Pulse"), required=False)
    spo2 = _number(_("SpO2 %"), required=False)
    respiratory_rate = _number(_("Breaths"), required=False)
    sedation = forms.TypedChoiceField(
        label=_("Sedation, MOAA/S"),
        choices=[(s.value, f"{s.value} {s.label}") for s in reversed(Sedation)],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    dissociation = forms.ChoiceField(
        label=_("Dissociation"), choices=Dissociation.choices, required=False, widget=forms.RadioSelect
    )
    symptoms = forms.MultipleChoiceField(
        label=_("Symptoms"), choices=Symptom.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(label=_("Note"), max_length=1000, required=False)
    not_taken = forms.ChoiceField(
        label=_("Not taken, because"),
        choices=[("", _("It was taken")), *NotTaken.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    measured = TimeAtSite(label=_("Measured at"))

    def __init__(self, *args, minute: int | None = None, **kwargs):
        kwargs["initial"] = {"client_id": new_id(), "minute": minute}
        super().__init__(*args, **kwargs)
        self.helper = _helper(
            Layout(
                "client_id",
                "minute",
                _vitals("systolic", "diastolic", "heart_rate", "spo2", "respiratory_rate"),
                Row(
                    Column("sedation", css_class="col-md"),
                    Column("dissociation", css_class="col-md"),
                ),
                Field("symptoms", wrapper_class="side-by-side"),
                Field("not_taken", wrapper_class="side-by-side"),
                Row(Column("note", css_class="col-md-8"), Column("measured", css_class="col-md")),
            )
        )

    def values(self) -> dict[str, object]:
        left_out = {"client_id", "minute", "measured"}
        return {name: value for name, value in self.cleaned_data.items() if name not in left_out}


class CorrectionForm(CheckpointForm):
    reason = forms.CharField(label=_("Why it is corrected"), max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper.layout.append("reason")


class ReadyForm(forms.Form):
    clinician = forms.CharField(label=_("Judged by"), max_length=120)
    escort_reached = forms.BooleanField(label=_("Escort is here, or was reached"), required=False)
    instructions_given = forms.BooleanField(
        label=_("Told not to drive or work with machines until the next day after a restful sleep"),
        required=False,
    )
    at = TimeAtSite(label=_("Ready at"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _helper(
            Layout("escort_reached", "instructions_given", Row(Column("clinician"), Column("at")))
        )


class LeaveForm(forms.Form):
    with_escort = forms.ChoiceField(
        label=_("Leaves with the escort"), choices=YES_NO, widget=forms.RadioSelect
    )
    at = TimeAtSite(label=_("Left at"))
    early = forms.CharField(label=_("Leaves early or alone: why"), max_length=500, required=False)
    told = forms.CharField(label=_("Who was told of it"), max_length=200, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _helper(Layout("with_escort", "at", Row(Column("early"), Column("told"))))

    def clean(self):
        data = super().clean() or {}
        if data.get("early") and not data.get("told"):
            self.add_error("told", _("Say who was told: the prescriber, the escort."))
        return data


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _helper(Layout("reason"))


class DeviceCorrectionForm(ReasonForm):
    started = TimeAtSite(label=_("Started at"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _helper(Layout(Row(Column("started"), Column("reason"))))


class AcknowledgeForm(forms.Form):
    action = forms.CharField(label=_("What was done"), max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _helper(Layout("action"))
