"""What is asked of a site's book: where there is room."""

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import helper
from scheduling.forms import WEEKDAYS


class CapacityForm(forms.Form):
    """What would be if."""

    inductions_a_week = forms.IntegerField(
        label=_("New inductions a week"), min_value=0, max_value=20, initial=5
    )
    weeks = forms.IntegerField(label=_("For weeks"), min_value=1, max_value=8, initial=4)
    chairs = forms.IntegerField(label=_("Chairs, more or fewer"), min_value=-20, max_value=20, initial=0)
    weekday = forms.TypedChoiceField(
        label=_("On"), choices=[("", _("every day")), *WEEKDAYS], coerce=int, empty_value=None, required=False
    )
    nurses = forms.IntegerField(label=_("Nurses, more or fewer"), min_value=-10, max_value=10, initial=0)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(
            Layout(
                Row(Column("inductions_a_week"), Column("weeks"), Column("nurses")),
                Row(Column("chairs"), Column("weekday")),
            )
        )

    def question(self) -> dict:
        """The arguments of the question."""
        data = self.cleaned_data
        weekdays = range(7) if data["weekday"] is None else [data["weekday"]]
        chairs = dict.fromkeys(weekdays, data["chairs"]) if data["chairs"] else {}
        return {
            "chairs": chairs,
            **{name: data[name] for name in ("inductions_a_week", "weeks", "nurses")},
        }
