"""Forms of the book. What a rule says comes from the verbs; here only the shape is asked for."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Div, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import moments
from clinic.forms import DayField
from scheduling.enums import CancelledBy, Frequency, Indication
from scheduling.protocol import DOSES_MG

WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


def _plain_helper(layout: Layout | None = None) -> FormHelper:
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    if layout:
        helper.layout = layout
    return helper


def _time_input():
    return forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M")


class Fold(Div):
    """A part of a form that is folded away until it is wanted."""

    template = "components/fold.html"

    def __init__(self, title, *fields):
        super().__init__(*fields)
        self.title = title
        self.is_open = False

    def render(self, form, context, *args, **kwargs):
        names = [pointer.name for pointer in self.get_field_names()]
        self.is_open = any(form[name].errors or form[name].value() for name in names)
        return super().render(form, context, *args, **kwargs)


class CourseForm(forms.Form):
    """The wish, as it is told on the telephone."""

    indication = forms.ChoiceField(label=_("Indication"), choices=Indication.choices)
    starts_on = DayField(label=_("From"))
    first_weekday = forms.TypedChoiceField(label=_("First day of the week"), choices=WEEKDAYS, coerce=int)
    second_weekday = forms.TypedChoiceField(label=_("Second day"), choices=WEEKDAYS, coerce=int, initial=3)
    time = forms.TimeField(label=_("Time"), widget=_time_input())
    flexible_minutes = forms.IntegerField(
        label=_("Give or take, minutes"), required=False, min_value=0, max_value=720
    )
    dose_mg = forms.TypedChoiceField(
        label=_("Dose"), choices=[(mg, f"{mg} mg") for mg in DOSES_MG], coerce=int
    )
    oral_antidepressant = forms.BooleanField(label=_("Takes an oral antidepressant"), required=False)
    not_before = forms.TimeField(label=_("Not before"), required=False, widget=_time_input())
    not_after = forms.TimeField(label=_("Home by"), required=False, widget=_time_input())
    never_weekdays = forms.TypedMultipleChoiceField(
        label=_("Never on"), choices=WEEKDAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper(
            Layout(
                "indication",
                Row(Column("starts_on"), Column("time"), Column("flexible_minutes")),
                Row(Column("first_weekday"), Column("second_weekday"), Column("dose_mg")),
                "oral_antidepressant",
                Fold(
                    _("What the patient cannot do"),
                    Row(Column("not_before"), Column("not_after")),
                    "never_weekdays",
                ),
            )
        )

    def clean(self):
        data = super().clean() or {}
        first, second = data.get("first_weekday"), data.get("second_weekday")
        if first is not None and first == second:
            self.add_error("second_weekday", _("Two different days, please."))
        return data

    @property
    def weekdays(self) -> list[int]:
        return sorted({self.cleaned_data["first_weekday"], self.cleaned_data["second_weekday"]})


class InstantField(forms.Field):
    """An instant as ISO text with its offset: what a page of ours put there."""

    def to_python(self, value):
        if value in self.empty_values:
            return None
        moment = moments.read_instant(value)
        if moment is None:
            raise forms.ValidationError(_("Choose one of the times."), code="invalid")
        return moment


class MoveForm(forms.Form):
    starts_at = InstantField(label=_("New time"), error_messages={"required": _("Choose a time.")})
    scope = forms.ChoiceField(
        label=_("Which"),
        choices=[("this", _("This session only")), ("following", _("This one and those that follow"))],
        initial="this",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper(Layout("scope"))


class CancelForm(forms.Form):
    cancelled_by = forms.ChoiceField(
        label=_("Who cancels"), choices=CancelledBy.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(label=_("Why"), max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper()


class DecisionForm(forms.Form):
    """Pause, resume or stop: the reason, and who decided."""

    reason = forms.CharField(label=_("Why"), max_length=500)
    decided_by = forms.CharField(label=_("Decided by"), max_length=120, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper(Layout("reason", "decided_by"))


class ResumeForm(DecisionForm):
    starts_on = DayField(label=_("From"), required=False, help_text=_("Empty means today."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper(Layout("starts_on", "reason", "decided_by"))


class FrequencyForm(forms.Form):
    frequency = forms.ChoiceField(label=_("How often"), choices=Frequency.choices)
    starts_on = DayField(label=_("From"))
    reason = forms.CharField(label=_("Why"), max_length=500)
    decided_by = forms.CharField(label=_("Decided by"), max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper(
            Layout(Row(Column("frequency"), Column("starts_on")), "reason", "decided_by")
        )


class ExtendForm(forms.Form):
    until = DayField(label=_("Until"))
    reason = forms.CharField(label=_("Why"), max_length=500)
    decided_by = forms.CharField(label=_("Decided by"), max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper(Layout("until", "reason", "decided_by"))


class WaitlistForm(forms.Form):
    notice_minutes = forms.TypedChoiceField(
        label=_("Must know before"),
        choices=[
            (30, "30 min"),
            (60, "1 h"),
            (120, "2 h"),
            (240, "4 h"),
            (1440, _("1 day")),
            (2880, _("2 days")),
        ],
        initial=120,
        coerce=int,
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper(Layout("notice_minutes", "note"))


class LateForm(forms.Form):
    minutes = forms.TypedChoiceField(
        label=_("Late by"), choices=[(m, f"{m} min") for m in (10, 15, 20, 30, 45, 60, 90)], coerce=int
    )
