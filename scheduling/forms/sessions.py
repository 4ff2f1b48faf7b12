"""What is done with a session."""

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import helper
from scheduling.enums import CancelledBy
from scheduling.forms import InstantField

LATE_MINUTES = [(m, f"{m} min") for m in (10, 15, 20, 30, 45, 60, 90)]


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
        self.helper = helper(Layout("scope"))


class CancelForm(forms.Form):
    cancelled_by = forms.ChoiceField(
        label=_("Who cancels"), choices=CancelledBy.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(label=_("Why"), max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()


class LateForm(forms.Form):
    minutes = forms.TypedChoiceField(label=_("Late by"), choices=LATE_MINUTES, coerce=int)
