"""Filters and answers of the Texts page."""

from crispy_forms.bootstrap import StrictButton
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField
from notifications.enums import MessageStatus


class TextsFilter(forms.Form):
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("All")), *MessageStatus.choices]
    )
    day = DayField(label=_("Due on"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_method = "get"
        self.helper.form_tag = True
        self.helper.attrs = {"aria-label": _("Filter texts")}
        self.helper.layout = Layout(
            Row(
                Column("status", css_class="col-6 col-md-4"),
                Column("day", css_class="col-6 col-md-4"),
                Column(
                    StrictButton(_("Show"), type="submit", css_class="btn-outline-primary mb-3"),
                    css_class="col-12 col-md-4 align-self-end",
                ),
            )
        )
