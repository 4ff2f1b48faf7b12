"""Patients, their consent, and a file of them."""

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.enums import ConsentKind, Contraindication, Language, Sex
from clinic.forms import DayField, helper

LARGEST_FILE = 2 * 1024 * 1024


class PatientForm(forms.Form):
    mrn = forms.CharField(label=_("Record number"), max_length=40)
    given_name = forms.CharField(label=_("Given name"), max_length=80)
    middle_initial = forms.CharField(label=_("Middle initial"), max_length=1, required=False)
    family_name = forms.CharField(label=_("Family name"), max_length=80)
    birth_date = DayField(label=_("Birth date"))
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, initial=Sex.UNKNOWN)
    phone = forms.CharField(label=_("Mobile telephone"), max_length=30, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    timezone = forms.CharField(
        label=_("Time zone"), max_length=64, required=False, help_text=_("Only where it is not the site's.")
    )
    rems_enrolled_on = DayField(label=_("Enrolled in the REMS on"), required=False)
    contraindications = forms.MultipleChoiceField(
        label=_("Contraindications"),
        choices=Contraindication.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    escort_name = forms.CharField(label=_("Who drives home"), max_length=120, required=False)
    escort_phone = forms.CharField(label=_("Their telephone"), max_length=30, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(
            Layout(
                Row(Column("given_name"), Column("middle_initial", css_class="col-3"), Column("family_name")),
                Row(Column("birth_date"), Column("sex"), Column("mrn")),
                Row(Column("phone"), Column("language"), Column("timezone")),
                Row(Column("escort_name"), Column("escort_phone"), Column("rems_enrolled_on")),
                "contraindications",
            )
        )


class ConsentForm(forms.Form):
    kind = forms.ChoiceField(label=_("For"), choices=ConsentKind.choices)
    given = forms.ChoiceField(
        label=_("Answer"),
        choices=[("yes", _("Agrees")), ("no", _("Does not agree"))],
        widget=forms.RadioSelect,
    )
    method = forms.ChoiceField(
        label=_("How"),
        choices=[
            ("paper", _("Signed paper")),
            ("spoken", _("Spoken, in the clinic")),
            ("telephone", _("On the telephone")),
        ],
    )
    wording = forms.CharField(
        label=_("In these words"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("given", Row(Column("kind"), Column("method")), "wording"))


class FileForm(forms.Form):
    file = forms.FileField(label=_("CSV file"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("file"))

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(_("At most 2 MB; split the file."))
        return file
