"""What a payer has authorized."""

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField, helper
from clinic.models import User
from scheduling.authorizations import MOST, TEXTS
from scheduling.enums import AuthorizationCode


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, obj) -> str:
        return obj.display_name


class AuthorizationForm(forms.Form):
    payer = forms.CharField(label=_("Payer"), max_length=TEXTS["payer"])
    number = forms.CharField(label=_("Authorization number"), max_length=TEXTS["number"])
    valid_from = DayField(label=_("From"))
    valid_until = DayField(label=_("Until"))
    sessions_allowed = forms.IntegerField(
        label=_("Sessions allowed"), required=False, min_value=1, max_value=MOST
    )
    devices_allowed = forms.IntegerField(
        label=_("or devices allowed"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=_("Two or three in a session; 28 units each."),
    )
    code = forms.ChoiceField(
        label=_("Code"),
        choices=[("", _("By its first day")), *AuthorizationCode.choices],
        required=False,
    )
    renewal_score = forms.CharField(
        label=_("Renewed with"),
        max_length=TEXTS["renewal_score"],
        required=False,
        help_text=_("The score that the payer wants to see, in its words."),
    )
    owner = PersonField(label=_("Who sees to it"), queryset=User.objects.none())

    def __init__(self, *args, site, **kwargs):
        super().__init__(*args, **kwargs)
        here = User.objects.filter(memberships__site=site, is_active=True).distinct()
        self.fields["owner"].queryset = here.order_by("last_name", "first_name", "pk")  # type: ignore[attr-defined]
        self.helper = helper(Layout(*self.rows()))

    def rows(self):
        return (
            Row(Column("payer"), Column("number")),
            Row(Column("valid_from"), Column("valid_until")),
            Row(Column("sessions_allowed"), Column("devices_allowed")),
            Row(Column("code"), Column("owner")),
            "renewal_score",
        )


class ChangeForm(AuthorizationForm):
    reason = forms.CharField(label=_("Why it is changed"), max_length=500)

    def rows(self):
        return (*super().rows(), "reason")


class EndForm(forms.Form):
    ended_on = DayField(label=_("Its last day"), required=False, help_text=_("Empty means today."))
    reason = forms.CharField(label=_("Why it ends"), max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("ended_on", "reason"))
