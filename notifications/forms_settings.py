"""Forms of a site's texts: rules, words, limits, a test."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.enums import Language
from clinic.forms import PhoneField, helper
from notifications.enums import Told
from notifications.telling import MOST_RULES
from notifications.timing import Rule
from scheduling.enums import Phase

BY_DAYS, BY_HOURS = "days", "hours"


class RuleForm(forms.Form):
    """One rule. An empty line is no rule."""

    told = forms.ChoiceField(label=_("What"), choices=Told.choices, required=False)
    number = forms.IntegerField(label=_("How long"), required=False)
    unit = forms.ChoiceField(
        label=_("Days or hours"), choices=[(BY_DAYS, _("days, at")), (BY_HOURS, _("hours"))], required=False
    )
    at = forms.TimeField(
        label=_("At"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    phase = forms.ChoiceField(label=_("In"), choices=[("", _("every phase")), *Phase.choices], required=False)
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("the patient's")), *Language.choices], required=False
    )

    def rule(self) -> Rule | None:
        data = self.cleaned_data
        if data.get("number") is None:
            return None
        by_days = data["unit"] == BY_DAYS
        return Rule(
            days=data["number"] if by_days else None,
            at=data.get("at") if by_days else None,
            hours=None if by_days else data["number"],
            told=data["told"],
            phase=data["phase"],
            language=data["language"],
        )


RuleFormSet = forms.formset_factory(RuleForm, extra=2, max_num=MOST_RULES, absolute_max=MOST_RULES + 2)


def initial_of(rule: Rule) -> dict[str, Any]:
    return {
        "told": rule.told,
        "number": rule.hours if rule.hours is not None else rule.days,
        "unit": BY_HOURS if rule.hours is not None else BY_DAYS,
        "at": rule.at,
        "phase": rule.phase,
        "language": rule.language,
    }


class PolicyForm(forms.Form):
    """Which numbers can be, and which must, says the verb."""

    most_a_day = forms.IntegerField(label=_("Reminders a day to one patient, at most"), required=False)
    most_a_week = forms.IntegerField(label=_("Reminders a week to one patient, at most"), required=False)
    keep_words_days = forms.IntegerField(
        label=_("Keep the words of a text for so many days (empty keeps them)"), required=False
    )
    redact_at_provider = forms.BooleanField(
        label=_("Take the words from the provider's records then, too"), required=False
    )
    offer_minutes = forms.IntegerField(
        label=_("Minutes for an answer to a freed place offered by text"), required=False
    )
    call_hours = forms.IntegerField(
        label=_("Hours before the visit from which who has not confirmed is telephoned"), required=False
    )
    page_links = forms.BooleanField(label=_("Texts about a visit carry a link to its page"), required=False)
    page_hours = forms.IntegerField(label=_("The page ends so many hours after the visit"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()


class WordsForm(forms.Form):
    text = forms.CharField(
        label=_("The text"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "true"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()


class TestForm(forms.Form):
    number = PhoneField(label=_("Your own number"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper()
