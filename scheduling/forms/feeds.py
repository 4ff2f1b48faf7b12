"""A new calendar link."""

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.forms import helper
from scheduling.enums import FeedKind


class FeedForm(forms.Form):
    what = forms.ChoiceField(label=gettext_lazy("What it shows"), widget=forms.RadioSelect)

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.sites = {str(site.pk): site for site in sites}
        of_sites = [(pk, _("Sessions at %s") % site.name) for pk, site in self.sites.items()]
        choices = [(FeedKind.OWN.value, FeedKind.OWN.label), *of_sites]
        self.fields["what"].choices = choices  # type: ignore[attr-defined]
        self.helper = helper(Layout("what"))

    def chosen(self):
        """The kind, and the site where it is a site's."""
        site = self.sites.get(self.cleaned_data["what"])
        return (FeedKind.SITE, site) if site else (FeedKind.OWN, None)
