"""Handing over: who watches whom, who is on shift, and the form that changes it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from crispy_forms.helper import FormHelper
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.enums import CLINICIANS
from clinic.models import Site, User
from monitoring.floor import Load
from scheduling import presence
from scheduling.models import TreatmentSession


@dataclass(frozen=True, slots=True)
class HandingOver:
    """`loads`: every clinician of the site, those on shift first."""

    sessions: list[TreatmentSession]
    loads: list[Load]
    on_shift: frozenset


def handing_over(site: Site, *, now: datetime) -> HandingOver:
    rows = TreatmentSession.objects.filter(site=site).in_house()
    sessions = list(rows.select_related("chair", "patient", "observation__nurse").order_by("starts_at"))
    people = User.objects.filter(memberships__site=site, memberships__role__in=CLINICIANS, is_active=True)
    counted = Counter(s.observation.nurse_id for s in sessions if hasattr(s, "observation"))
    here = frozenset(pk for users in presence.on_shift(site, now=now).values() for pk in users)
    loads = [Load(user, counted[user.pk], site.patients_per_nurse) for user in people.distinct()]
    loads.sort(key=lambda load: (load.nurse.pk not in here, load.patients, load.nurse.display_name))
    return HandingOver(sessions, loads, here)


class HandOverForm(forms.Form):
    def __init__(self, *args, view: HandingOver, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.view = view
        people = [(str(load.nurse.pk), self._words(load)) for load in view.loads]
        self.fields["what"] = forms.ChoiceField(label=gettext_lazy("Hand over"), choices=self._whats(user))
        self.fields["to"] = forms.ChoiceField(label=gettext_lazy("To"), choices=people)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def _whats(self, user) -> list[tuple[str, str]]:
        """All of mine first, then all of somebody else's, then one patient."""
        busy = sorted(
            (load for load in self.view.loads if load.patients), key=lambda x: x.nurse.pk != user.pk
        )
        words = _("All of %(who)s (%(n)s)")
        mine = _("All of mine (%s)")
        all_of = [
            (
                f"nurse:{load.nurse.pk}",
                mine % load.patients
                if load.nurse.pk == user.pk
                else words % {"who": load.nurse.display_name, "n": load.patients},
            )
            for load in busy
        ]
        one = [(f"session:{s.pk}", f"{s.chair.name}: {s.patient.list_name}") for s in self.view.sessions]
        return all_of + one

    def _words(self, load: Load) -> str:
        text = (
            _("%(who)s, %(n)s of %(most)s")
            if load.nurse.pk in self.view.on_shift
            else _("%(who)s, %(n)s of %(most)s, not on shift")
        )
        return text % {"who": load.nurse.display_name, "n": load.patients, "most": load.most}

    def clean_what(self):
        kind, _colon, pk = self.cleaned_data["what"].partition(":")
        if kind == "session":
            return next(s for s in self.view.sessions if str(s.pk) == pk)
        return next(load.nurse for load in self.view.loads if str(load.nurse.pk) == pk)

    def clean_to(self):
        return next(load.nurse for load in self.view.loads if str(load.nurse.pk) == self.cleaned_data["to"])
