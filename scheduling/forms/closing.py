"""What is out, from when to when, and why."""

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.enums import CLINICIANS
from clinic.forms import helper
from clinic.models import Chair, Site, User


def _instant(label):
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget)


class ClosingForm(forms.Form):
    """The whole site, a chair or a person: one list, because it is one question."""

    what = forms.ChoiceField(label=_("What is out"), required=False)
    starts_at = _instant(_("From"))
    ends_at = _instant(_("To"))
    reason = forms.CharField(
        label=_("Why"), max_length=200, help_text=_("The staff reads it. Snow, a broken chair, ill.")
    )

    def __init__(self, *args, site: Site, **kwargs):
        super().__init__(*args, **kwargs)
        self.chairs = {str(chair.pk): chair for chair in site.chairs.filter(active=True)}
        people = User.objects.filter(
            is_active=True, memberships__site=site, memberships__role__in=CLINICIANS
        ).distinct()
        self.people = {str(person.pk): person for person in people.order_by("last_name", "first_name")}
        self.fields["what"].choices = self._choices()  # type: ignore[attr-defined]
        self.helper = helper(Layout("what", Row(Column("starts_at"), Column("ends_at")), "reason"))

    def _choices(self):
        return [
            ("", _("The whole site")),
            (_("A chair"), [(f"chair:{pk}", chair.name) for pk, chair in self.chairs.items()]),
            (_("A person"), [(f"staff:{pk}", person.display_name) for pk, person in self.people.items()]),
        ]

    def wish(self) -> dict:
        """The arguments of the verb."""
        kind, _colon, pk = self.cleaned_data["what"].partition(":")
        chair: Chair | None = self.chairs.get(pk) if kind == "chair" else None
        staff: User | None = self.people.get(pk) if kind == "staff" else None
        return {
            "chair": chair,
            "staff": staff,
            **{name: self.cleaned_data[name] for name in ("starts_at", "ends_at", "reason")},
        }
