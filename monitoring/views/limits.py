"""A site's limits and checkpoints: the defaults with their standing, and what the site made of them."""

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults, helper, posted
from monitoring import site_limits
from monitoring.site_limits import LABELS

_PRESSURES = ("systolic", "diastolic")
_GROUPS = (
    (
        gettext_lazy("When, and who is told"),
        (
            "checkpoint_minutes",
            "flagged_minutes",
            "observation_minutes",
            "observe_from_last_device",
            "late_minutes",
            "reading_now_minutes",
            "repeat_minutes",
            "alert_minutes",
        ),
    ),
    (
        gettext_lazy("Blood pressure before the dose, mmHg"),
        tuple(f"{sign}_before_{level}" for level in ("amber", "red") for sign in _PRESSURES),
    ),
    (
        gettext_lazy("Blood pressure after the dose, mmHg"),
        tuple(f"{sign}_{what}" for what in ("rise_amber", "red_twice", "red_once") for sign in _PRESSURES),
    ),
    (gettext_lazy("Oxygen"), ("spo2_amber", "spo2_red_twice", "spo2_red_once")),
    (gettext_lazy("Sedation and pulse"), ("sedation_amber", "sedation_red", "heart_rate_red")),
)


class LimitsForm(forms.Form):
    checkpoint_minutes = forms.CharField(
        label=gettext_lazy("Checkpoints, minutes after the first device"),
        help_text=gettext_lazy("40 and the last are official and always there."),
    )
    flagged_minutes = forms.CharField(
        label=gettext_lazy("Further checkpoints for flagged patients, minutes"),
        help_text=gettext_lazy("Beside those above, for patients with a flag before the dose [practice]."),
        required=False,
    )
    alert_minutes = forms.IntegerField(
        label=gettext_lazy("A red alert goes on to further people after, minutes [practice]"),
        min_value=1,
        max_value=60,
    )
    observation_minutes = forms.IntegerField(
        label=gettext_lazy("Observation, minutes [label: at least 120]"), min_value=120, max_value=600
    )
    observe_from_last_device = forms.BooleanField(
        label=gettext_lazy("Count the observation from the last device"), required=False
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, label in LABELS.items():
            self.fields[name] = forms.IntegerField(label=label)
        self.helper = helper(
            Layout(*(Fieldset(title, *names, css_class="limits-group") for title, names in _GROUPS))
        )

    def clean_checkpoint_minutes(self):
        return self._minutes("checkpoint_minutes")

    def clean_flagged_minutes(self):
        return self._minutes("flagged_minutes")

    def _minutes(self, name):
        words = self.cleaned_data[name].replace(",", " ").split()
        if not all(word.isdecimal() and len(word) < 6 and 1 <= int(word) <= 600 for word in words):
            raise forms.ValidationError(_("Whole minutes from 1 to 600, with commas between them."))
        return [int(word) for word in words]

    def clean(self):
        """What is wrong with the numbers is told together with what is no number."""
        data = super().clean() or {}
        add_faults(self, site_limits.faults({name: data[name] for name in LABELS if name in data}))
        return data


@require_http_methods(["GET", "HEAD", "POST"])
def limits(request):
    site = access.site_in_hand(request, May.MANAGE)
    form = LimitsForm(posted(request), initial=_initial(site))
    if request.method == "POST" and form.is_valid():
        try:
            site_limits.change_limits(site=site, changes=form.cleaned_data, by=request.user, now=clock.now())
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("Saved."))
            return redirect("monitoring:limits")
    status = 422 if form.errors else 200
    return render(request, "monitoring/limits.html", {"site": site, "form": form}, status=status)


def _initial(site):
    lists = ("checkpoint_minutes", "flagged_minutes")
    values = site_limits.in_force(site)
    return {**values, **{name: ", ".join(map(str, values[name])) for name in lists}}
