"""Forms of the clinic's own data. Ranges and rules come from the verbs; a form asks, and shows what they say."""

from collections.abc import Iterable

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import checks, moments
from clinic.errors import Fault


def helper(layout: Layout | None = None) -> FormHelper:
    made = FormHelper()
    made.form_tag = False
    made.disable_csrf = True
    if layout:
        made.layout = layout
    return made


def posted(request):
    """What was posted, an empty form included; None at a first look, when nothing is wrong yet."""
    return request.POST if request.method == "POST" else None


def add_faults(form, faults: Iterable[Fault], names: dict[str, str] | None = None) -> None:
    """Each fault beside its field; those of no field of this form above it."""
    for fault in faults:
        name = (names or {}).get(fault.field, fault.field).partition("[")[0]
        visible = name in form.fields and not form.fields[name].widget.is_hidden
        form.add_error(name if visible else None, fault.detail)


class DayField(forms.DateField):
    """A day in the calendar, of a year that a clinic can mean."""

    def __init__(self, **options):
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(**{"widget": widget, **options})

    def to_python(self, value):
        day = super().to_python(value)
        if day is not None and not moments.is_sensible(day):
            raise forms.ValidationError(_("Not a year that this clinic knows."), code="invalid")
        return day


class PhoneField(forms.CharField):
    """A telephone number, answered as E.164; its fault comes together with those of the other fields."""

    def __init__(self, **options):
        super().__init__(max_length=30, **options)

    def clean(self, value):
        values = {"number": super().clean(value)}
        if faults := checks.phone(values, "number"):
            raise forms.ValidationError([fault.detail for fault in faults])
        return values["number"]
