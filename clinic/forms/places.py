"""A site and what belongs to it."""

from zoneinfo import available_timezones

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import public_holidays
from clinic.enums import CLINICIANS, CalendarNames, Language, Role
from clinic.forms import DayField, PhoneField, helper
from clinic.people import TEXTS_WORDING

WEEKDAYS = [
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
]
_AMERICAN = (
    "America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage "
    "Pacific/Honolulu America/Puerto_Rico"
).split()


def zones():
    others = sorted(zone for zone in available_timezones() if "/" in zone and zone not in _AMERICAN)
    return [(zone, zone.replace("_", " ")) for zone in (*_AMERICAN, *others)]


def choices_of(form, name, choices):
    """Give a choice field of a form its choices, which only the site knows."""
    form.fields[name].choices = choices


def time_input():
    return forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M")


class SiteForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    alias = forms.CharField(
        label=_("Name in texts"),
        max_length=40,
        help_text=_("Neutral: it must not tell the specialty. Anybody may see a patient's telephone."),
    )
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zones)
    phone = PhoneField(label=_("Telephone for patients"), required=False)
    address = forms.CharField(label=_("Address"), max_length=250, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(
            Layout(Row(Column("name"), Column("alias")), Row(Column("timezone"), Column("phone")), "address")
        )


class SiteSettingsForm(SiteForm):
    rems_certified_on = DayField(label=_("REMS certified on"), required=False)
    slot_minutes = forms.TypedChoiceField(
        label=_("Slot, minutes"), coerce=int, choices=[(m, str(m)) for m in (5, 10, 15, 20, 30, 60)]
    )
    session_minutes = forms.IntegerField(label=_("Session, minutes"), min_value=120, max_value=720)
    patients_per_nurse = forms.IntegerField(label=_("Patients for a nurse"), min_value=1, max_value=50)

    holidays = forms.ChoiceField(label=_("Public holidays"), required=False, choices=public_holidays.choices)
    calendar_names = forms.ChoiceField(
        label=_("Calendar feeds show"),
        choices=CalendarNames.choices,
        help_text=_("Of a patient. A feed is read by programs outside of the clinic."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper.layout.append(
            Row(
                Column("rems_certified_on"),
                Column("holidays"),
                Column("slot_minutes"),
                Column("session_minutes"),
                Column("patients_per_nurse"),
                Column("calendar_names"),
            )
        )


class ChairsForm(forms.Form):
    chairs = forms.CharField(
        label=_("Chairs or rooms, one a line"),
        widget=forms.Textarea(attrs={"rows": 4}),
        initial="Chair 1\nChair 2",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("chairs"))

    def names(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["chairs"].splitlines() if line.strip()]


class HoursForm(forms.Form):
    """Opening and closing for each weekday; both empty is closed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rows = []
        for day, name in enumerate(WEEKDAYS):
            self.fields[f"opens_{day}"] = forms.TimeField(
                label=_("%s, opens") % name, required=False, widget=time_input()
            )
            self.fields[f"closes_{day}"] = forms.TimeField(
                label=_("%s, closes") % name, required=False, widget=time_input()
            )
            rows.append(Row(Column(f"opens_{day}"), Column(f"closes_{day}")))
        self.helper = helper(Layout(*rows))

    def clean(self):
        data = super().clean() or {}
        for day in range(7):
            opens, closes = data.get(f"opens_{day}"), data.get(f"closes_{day}")
            if (opens is None) != (closes is None):
                missing = "opens" if opens is None else "closes"
                self.add_error(f"{missing}_{day}", _("Both times, or neither for a closed day."))
        return data

    def rows(self):
        data = self.cleaned_data
        return [
            {"weekday": day, "opens": data[f"opens_{day}"], "closes": data[f"closes_{day}"]}
            for day in range(7)
            if data.get(f"opens_{day}") is not None
        ]

    @staticmethod
    def initial_of(rows):
        found = {}
        for row in rows:
            found[f"opens_{row.weekday}"], found[f"closes_{row.weekday}"] = row.opens, row.closes
        return found


class PersonForm(forms.Form):
    given_name = forms.CharField(label=_("Given name"), max_length=150)
    family_name = forms.CharField(label=_("Family name"), max_length=150)
    username = forms.CharField(label=_("User name"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(render_value=True, attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters."),
        max_length=128,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(
            Layout(
                Row(Column("given_name"), Column("family_name")), Row(Column("username"), Column("password"))
            )
        )


class ReachForm(forms.Form):
    email = forms.CharField(label=_("E-mail"), max_length=254, required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=30, required=False)
    mobile = forms.CharField(
        label=_("Mobile for texts"),
        max_length=30,
        required=False,
        help_text=_("No text names a patient. If this number ever answered STOP, text START from it first."),
    )
    language = forms.ChoiceField(label=_("Language of the texts"), choices=Language.choices)
    texts = forms.BooleanField(label=_(TEXTS_WORDING), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("email", "phone", "mobile", "language", "texts"))


class StaffForm(PersonForm):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper.layout.append("role")


class MemberForm(forms.Form):
    username = forms.CharField(label=_("User name"), max_length=150)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout(Row(Column("username"), Column("role"))))


class ShiftForm(forms.Form):
    """A weekly shift on several days."""

    staff = forms.ChoiceField(label=_("Who"))
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On"),
        coerce=int,
        choices=list(enumerate(WEEKDAYS)),
        widget=forms.CheckboxSelectMultiple,
        initial=[0, 1, 2, 3, 4],
    )
    starts = forms.TimeField(label=_("From"), widget=time_input(), initial="08:00")
    ends = forms.TimeField(label=_("To"), widget=time_input(), initial="18:00")

    def __init__(self, *args, site, **kwargs):
        super().__init__(*args, **kwargs)
        members = (
            site.memberships.filter(role__in=CLINICIANS).select_related("user").order_by("user__last_name")
        )
        choices_of(
            self,
            "staff",
            [(f"{m.role}:{m.user_id}", f"{m.user.display_name}, {m.get_role_display()}") for m in members],
        )
        self.helper = helper(Layout("staff", "weekdays", Row(Column("starts"), Column("ends"))))


class ChairForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=40)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("name"))
