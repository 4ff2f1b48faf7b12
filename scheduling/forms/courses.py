"""The wish for a course."""

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField, helper
from clinic.forms.places import time_input
from scheduling.enums import Indication
from scheduling.forms import WEEKDAYS, Fold
from scheduling.protocol import DOSES_MG


class CourseForm(forms.Form):
    """The wish, as it is told on the telephone."""

    indication = forms.ChoiceField(label=_("Indication"), choices=Indication.choices)
    starts_on = DayField(label=_("From"))
    first_weekday = forms.TypedChoiceField(label=_("First day of the week"), choices=WEEKDAYS, coerce=int)
    second_weekday = forms.TypedChoiceField(label=_("Second day"), choices=WEEKDAYS, coerce=int, initial=3)
    time = forms.TimeField(label=_("Time"), widget=time_input())
    flexible_minutes = forms.IntegerField(
        label=_("Give or take, minutes"), required=False, min_value=0, max_value=720
    )
    dose_mg = forms.TypedChoiceField(
        label=_("Dose"), choices=[(mg, f"{mg} mg") for mg in DOSES_MG], coerce=int
    )
    oral_antidepressant = forms.BooleanField(label=_("Takes an oral antidepressant"), required=False)
    payer_authorizes = forms.BooleanField(label=_("The payer must authorize it first"), required=False)
    not_before = forms.TimeField(label=_("Not before"), required=False, widget=time_input())
    not_after = forms.TimeField(label=_("Home by"), required=False, widget=time_input())
    never_weekdays = forms.TypedMultipleChoiceField(
        label=_("Never on"), choices=WEEKDAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(
            Layout(
                "indication",
                Row(Column("starts_on"), Column("time"), Column("flexible_minutes")),
                Row(Column("first_weekday"), Column("second_weekday"), Column("dose_mg")),
                "oral_antidepressant",
                "payer_authorizes",
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
