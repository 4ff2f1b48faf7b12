"""Forms of the book. What a rule says comes from the verbs; here only the shape is asked for."""

from crispy_forms.layout import Div
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import moments

WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


class Fold(Div):
    """A part of a form that is folded away until it is wanted."""

    template = "components/fold.html"

    def __init__(self, title, *fields):
        super().__init__(*fields)
        self.title = title
        self.is_open = False

    def render(self, form, context, *args, **kwargs):
        names = [pointer.name for pointer in self.get_field_names()]
        self.is_open = any(form[name].errors or form[name].value() for name in names)
        return super().render(form, context, *args, **kwargs)


class InstantField(forms.Field):
    """An instant as ISO text with its offset: what a page of ours put there."""

    def to_python(self, value):
        if value in self.empty_values:
            return None
        moment = moments.read_instant(value)
        if moment is None:
            raise forms.ValidationError(_("Choose one of the times."), code="invalid")
        return moment
