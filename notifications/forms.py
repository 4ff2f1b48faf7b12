"""Filters and answers of the Texts page."""

from datetime import datetime, timedelta

from crispy_forms.bootstrap import StrictButton
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField, helper
from notifications import timing
from notifications.enums import CallOutcome, MessageStatus
from notifications.inbox import LONGEST


class DoneForm(forms.Form):
    done = forms.CharField(
        label=_("What was done"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"placeholder": _("Called back, her sister drives")}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()


class CallForm(forms.Form):
    """What came of a try. When to try again is a word of the desk's; the verb is told the instant."""

    outcome = forms.ChoiceField(
        label=_("What came of it"), choices=CallOutcome.choices, widget=forms.RadioSelect
    )
    again = forms.ChoiceField(
        label=_("If nobody answered, try again"),
        required=False,
        choices=[
            ("30", _("in half an hour")),
            ("60", _("in an hour")),
            ("120", _("in two hours")),
            ("240", _("in four hours")),
            ("morning", _("tomorrow morning")),
        ],
        initial="60",
    )
    phone = forms.CharField(label=_("If the number was wrong, the right one"), required=False, max_length=30)
    note = forms.CharField(label=_("Note"), required=False, max_length=LONGEST)

    def __init__(self, *args, site, may_keep_patients, may_confirm, **kwargs):
        super().__init__(*args, **kwargs)
        self.site = site
        if not may_keep_patients:
            del self.fields["phone"]
        if not may_confirm:
            kept = [c for c in CallOutcome.choices if c[0] != CallOutcome.CONFIRMED]
            self.fields["outcome"] = forms.ChoiceField(
                label=_("What came of it"), choices=kept, widget=forms.RadioSelect
            )
        self.helper = helper()

    def again_at(self, now: datetime) -> datetime | None:
        again = self.cleaned_data.get("again")
        if again == "morning":
            day = now.astimezone(self.site.tz).date() + timedelta(days=1)
            return datetime.combine(day, timing.FROM, self.site.tz)
        return now + timedelta(minutes=int(again)) if again else None


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, person):
        return person.display_name


class ToForm(forms.Form):
    """To whom of the site's team."""

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"] = PersonField(label=_("To"), queryset=people)
        self.helper = helper()


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
