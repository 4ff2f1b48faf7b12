"""What is decided about a course, and its place on the waitlist."""

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField, helper
from scheduling.enums import Frequency


class DecisionForm(forms.Form):
    """Pause, resume or stop: the reason, and who decided."""

    reason = forms.CharField(label=_("Why"), max_length=500)
    decided_by = forms.CharField(label=_("Decided by"), max_length=120, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("reason", "decided_by"))


class ResumeForm(DecisionForm):
    starts_on = DayField(label=_("From"), required=False, help_text=_("Empty means today."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("starts_on", "reason", "decided_by"))


class MendForm(forms.Form):
    """Nothing to fill in: what would change is shown first."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout())


class FrequencyForm(forms.Form):
    frequency = forms.ChoiceField(label=_("How often"), choices=Frequency.choices)
    starts_on = DayField(label=_("From"))
    reason = forms.CharField(label=_("Why"), max_length=500)
    decided_by = forms.CharField(label=_("Decided by"), max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout(Row(Column("frequency"), Column("starts_on")), "reason", "decided_by"))


class ExtendForm(forms.Form):
    until = DayField(label=_("Until"))
    reason = forms.CharField(label=_("Why"), max_length=500)
    decided_by = forms.CharField(label=_("Decided by"), max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("until", "reason", "decided_by"))


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
        self.helper = helper(Layout("notice_minutes", "note"))
