"""A site's limits and checkpoints: the defaults with their standing, and what the site made of them."""

from dataclasses import asdict

from crispy_forms.helper import FormHelper
from django import forms
from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinic import access, clock, places
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from monitoring.limits import CHECKPOINT_MINUTES, FLAGGED_MINUTES, Limits
from monitoring.state import limits_of

_LABELS = {
    "systolic_before_amber": gettext_lazy("Before: systolic above, amber [label]"),
    "diastolic_before_amber": gettext_lazy("Before: diastolic above, amber [label]"),
    "systolic_before_red": gettext_lazy("Before: systolic from, red [practice]"),
    "diastolic_before_red": gettext_lazy("Before: diastolic from, red [practice]"),
    "systolic_rise_amber": gettext_lazy("After: systolic rise from, amber [label]"),
    "diastolic_rise_amber": gettext_lazy("After: diastolic rise from, amber [label]"),
    "systolic_red_twice": gettext_lazy("After: systolic above, twice, red [practice]"),
    "diastolic_red_twice": gettext_lazy("After: diastolic above, twice, red [practice]"),
    "systolic_red_once": gettext_lazy("After: systolic above, once, red [practice]"),
    "diastolic_red_once": gettext_lazy("After: diastolic above, once, red [practice]"),
    "spo2_amber": gettext_lazy("SpO2 below, amber [practice]"),
    "spo2_red_twice": gettext_lazy("SpO2 below, twice in a row, red [practice]"),
    "spo2_red_once": gettext_lazy("SpO2 below, once, red [practice]"),
    "sedation_amber": gettext_lazy("MOAA/S at or below, amber"),
    "sedation_red": gettext_lazy("MOAA/S at or below, red"),
    "heart_rate_red": gettext_lazy("Pulse above for five minutes, red [practice]"),
    "repeat_minutes": gettext_lazy("Minutes between two readings of a pair [practice]"),
    "reading_now_minutes": gettext_lazy("How fresh the last reading must be, minutes [practice]"),
    "late_minutes": gettext_lazy("A checkpoint is late after, minutes [practice]"),
}


class LimitsForm(forms.Form):
    checkpoints = forms.CharField(
        label=gettext_lazy("Checkpoints, minutes after the first device"),
        help_text=gettext_lazy("40 and the last are official and always there."),
    )
    flagged = forms.CharField(
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
        for name, label in _LABELS.items():
            self.fields[name] = forms.IntegerField(label=label, min_value=0, max_value=300)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def clean_checkpoints(self):
        return self._minutes("checkpoints")

    def clean_flagged(self):
        return self._minutes("flagged")

    def _minutes(self, name):
        words = self.cleaned_data[name].replace(",", " ").split()
        if not all(word.isdecimal() and len(word) < 6 and 1 <= int(word) <= 600 for word in words):
            raise forms.ValidationError(_("Whole minutes from 1 to 600, with commas between them."))
        return sorted({int(word) for word in words})


@require_http_methods(["GET", "HEAD", "POST"])
def limits(request):
    site = access.site_in_hand(request, May.MANAGE)
    form = LimitsForm(posted(request), initial=_initial(site))
    if request.method == "POST" and form.is_valid():
        try:
            _save(site, form.cleaned_data, request.user)
        except Refused as refusal:
            names = {"checkpoint_minutes": "checkpoints", "flagged_minutes": "flagged"}
            add_faults(form, refusal.faults, names)
        else:
            flash.success(request, _("Saved."))
            return redirect("monitoring:limits")
    status = 422 if form.errors else 200
    return render(request, "monitoring/limits.html", {"site": site, "form": form}, status=status)


def _initial(site):
    minutes = site.checkpoint_minutes or CHECKPOINT_MINUTES
    return {
        **asdict(limits_of(site)),
        "checkpoints": ", ".join(str(minute) for minute in minutes),
        "flagged": ", ".join(
            map(str, FLAGGED_MINUTES if site.flagged_minutes is None else site.flagged_minutes)
        ),
        "alert_minutes": site.alert_minutes,
        "observation_minutes": site.observation_minutes,
        "observe_from_last_device": site.observe_from_last_device,
    }


def _save(site, data, by):
    defaults = asdict(Limits())
    changes = {
        "checkpoint_minutes": data["checkpoints"],
        "flagged_minutes": None if data["flagged"] == list(FLAGGED_MINUTES) else data["flagged"],
        "alert_minutes": data["alert_minutes"],
        "observation_minutes": data["observation_minutes"],
        "observe_from_last_device": data["observe_from_last_device"],
        "limits": {name: data[name] for name in defaults if data[name] != defaults[name]},
    }
    places.update_site(site=site, changes=changes, by=by, now=clock.now())
