"""Forms of the book. What a rule says comes from the verbs; here only the shape is asked for."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import moments
from clinic.forms import DayField
from scheduling.enums import CancelledBy, Indication
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


class CourseForm(forms.Form):
    """The wish, as it is told on the telephone."""

    indication = forms.ChoiceField(label=_("Indication"), choices=Indication.choices)
    starts_on = DayField(label=_("From"))
    first_weekday = forms.TypedChoiceField(label=_("First day of the week"), choices=WEEKDAYS, coerce=int)
    second_weekday = forms.TypedChoiceField(label=_("Second day"), choices=WEEKDAYS, coerce=int, initial=3)
    time = forms.TimeField(
        label=_("Time"), widget=forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M")
    )
    flexible_minutes = forms.IntegerField(
        label=_("Give or take, minutes"), required=False, min_value=0, max_value=720
    )
    dose_mg = forms.TypedChoiceField(
        label=_("Dose"), choices=[(mg, f"{mg} mg") for mg in DOSES_MG], coerce=int
    )
    oral_antidepressant = forms.BooleanField(label=_("Takes an oral antidepressant"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = _plain_helper(
            Layout(
                "indication",
                Row(Column("starts_on"), Column("time"), Column("flexible_minutes")),
                Row(Column("first_weekday"), Column("second_weekday"), Column("dose_mg")),
                "oral_antidepressant",
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


class LateForm(forms.Form):
    minutes = forms.TypedChoiceField(
        label=_("Late by"), choices=[(m, f"{m} min") for m in (10, 15, 20, 30, 45, 60, 90)], coerce=int
    )
