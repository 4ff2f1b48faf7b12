"""Forms of the drug. Rules come from the verbs; a form only asks."""

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField, helper
from clinic.models import Patient
from monitoring import deliveries, stock
from monitoring.enums import Business, CountKind, EntryKind, LossNature, Ndc
from monitoring.rems_forms import SiteMomentField

NOBODY = [("", "-")]


class PersonField(forms.ModelChoiceField):
    """The second person: anybody else of the site who may count the drug."""

    def label_from_instance(self, obj):
        return obj.display_name


class PatientField(forms.ModelChoiceField):
    def label_from_instance(self, obj):
        return f"{obj.list_name}, {obj.mrn}"


class _SiteForm(forms.Form):
    """A form that knows the site and who fills it in."""

    def __init__(self, *args, site, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.site, self.user = site, user
        others = stock.who_may_witness(site, user)
        rows = {
            "witness": others,
            "second": others,
            "patient": Patient.objects.active().filter(site=site),
            "delivery": deliveries.awaited(site),
        }
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = rows[name]
        self.helper = helper(self.layout())

    def layout(self) -> Layout:
        return Layout(*self.fields)


class DeliveryField(forms.ModelChoiceField):
    def label_from_instance(self, obj):
        whose = f", {obj.patient.list_name}" if obj.patient else ""
        return f"{obj.expected_on:%Y-%m-%d}: {obj.devices}, {obj.source}{whose}"


class ReceiveForm(_SiteForm):
    source = forms.CharField(label=_("From whom"), max_length=120)
    reference = forms.CharField(label=_("Invoice or pharmacy's number"), max_length=80, required=False)
    received_on = DayField(label=_("Received on"))
    patient = PatientField(
        label=_("For one patient"),
        queryset=Patient.objects.none(),
        required=False,
        empty_label=_("The clinic's own stock"),
        help_text=_("From a specialty pharmacy: given to this patient only, within 14 days."),
    )
    delivery = DeliveryField(
        label=_("Which delivery"),
        queryset=Patient.objects.none(),
        required=False,
        empty_label=_("None that was expected"),
    )

    def layout(self):
        return Layout(
            Row(Column("source", css_class="col-md"), Column("reference", css_class="col-md")),
            Row(
                Column("received_on", css_class="col-md"),
                Column("patient", css_class="col-md"),
                Column("delivery", css_class="col-md"),
            ),
        )


def _dress(form: forms.Form) -> None:
    """For forms that a template draws field by field."""
    for field in form.fields.values():
        is_choice = isinstance(field.widget, forms.Select)
        field.widget.attrs["class"] = "form-select" if is_choice else "form-control"


class KitForm(forms.Form):
    """One line: a box with its serial number, or several boxes of one lot."""

    ndc = forms.ChoiceField(label=_("Kit"), choices=[*NOBODY, *Ndc.choices])
    lot = forms.CharField(label=_("Lot"), max_length=20)
    expires_on = DayField(label=_("Expires"))
    serial = forms.CharField(label=_("Serial number"), max_length=20, required=False)
    boxes = forms.IntegerField(label=_("Boxes"), min_value=1, max_value=50, initial=1)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _dress(self)

    def clean(self):
        data = super().clean() or {}
        if data.get("serial") and data.get("boxes", 1) != 1:
            self.add_error("boxes", _("A serial number is one box."))
        return data


KitFormSet = forms.formset_factory(KitForm, extra=3, max_num=50, absolute_max=50)


class WasteForm(_SiteForm):
    reason = forms.CharField(label=_("Why"), max_length=500)
    witness = PersonField(label=_("Witness"), queryset=Patient.objects.none())


class ReturnForm(_SiteForm):
    reason = forms.CharField(label=_("Why"), max_length=500)
    to = forms.CharField(label=_("To whom"), max_length=120)
    number = forms.CharField(label=_("Their number"), max_length=80, required=False)


class LoseForm(_SiteForm):
    nature = forms.ChoiceField(label=_("What it is"), choices=LossNature.choices, widget=forms.RadioSelect)
    circumstances = forms.CharField(
        label=_("What is known"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    discovered_at = SiteMomentField(label=_("Discovered"))


class NoticeForm(_SiteForm):
    at = SiteMomentField(label=_("Told at"))
    how = forms.CharField(
        label=_("How, and to whom"), max_length=200, help_text=_("In writing, to the field division office.")
    )


class Form106Form(_SiteForm):
    at = SiteMomentField(label=_("Filed at"))
    number = forms.CharField(label=_("Its number"), max_length=80)


class DeliveryForm(_SiteForm):
    expected_on = DayField(label=_("Expected on"))
    devices = forms.IntegerField(label=_("Devices"), min_value=1, max_value=600)
    source = forms.CharField(label=_("From whom"), max_length=120)
    patient = PatientField(
        label=_("For one patient"),
        queryset=Patient.objects.none(),
        required=False,
        empty_label=_("The clinic's own stock"),
    )


class CountForm(_SiteForm):
    kind = forms.ChoiceField(label=_("What it is"), choices=CountKind.choices)
    business = forms.ChoiceField(
        label=_("For an inventory"), choices=[*NOBODY, *Business.choices], required=False
    )
    second = PersonField(label=_("Counted with"), queryset=Patient.objects.none())
    note = forms.CharField(label=_("Note"), max_length=500, required=False)
    extra_lot = forms.CharField(label=_("Lot"), max_length=20, required=False)
    extra_expires_on = DayField(label=_("Expires"), required=False)
    extra_devices = forms.IntegerField(label=_("Devices"), min_value=0, max_value=5000, required=False)

    def layout(self):
        return Layout(
            Row(
                Column("kind", css_class="col-md"),
                Column("business", css_class="col-md"),
                Column("second", css_class="col-md"),
            ),
            "note",
        )

    @property
    def more(self):
        """What lies there and is in no ledger."""
        return helper(Layout(Row(Column("extra_lot"), Column("extra_expires_on"), Column("extra_devices"))))

    def clean(self):
        data = super().clean() or {}
        given = [data.get(name) for name in ("extra_lot", "extra_expires_on", "extra_devices")]
        if any(value not in (None, "") for value in given):
            for name in ("extra_lot", "extra_expires_on", "extra_devices"):
                if data.get(name) in (None, "") and name not in self.errors:
                    self.add_error(name, _("This is needed."))
        return data


class LedgerFilter(forms.Form):
    kind = forms.ChoiceField(
        label=_("What"), choices=[("", _("Everything")), *EntryKind.choices], required=False
    )
    lot = forms.CharField(label=_("Lot"), max_length=20, required=False)
    first = DayField(label=_("From"), required=False)
    last = DayField(label=_("To"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _dress(self)


class RangeForm(forms.Form):
    first = DayField(label=_("From"))
    last = DayField(label=_("To"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout(Row(Column("first"), Column("last"))))

    def clean(self):
        data = super().clean() or {}
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            self.add_error("last", _("Not before the first day."))
        return data


class KitCorrectionForm(_SiteForm):
    lot = forms.CharField(label=_("Lot"), max_length=20)
    expires_on = DayField(label=_("Expires"))
    serial = forms.CharField(label=_("Serial number"), max_length=20, required=False)
    reason = forms.CharField(label=_("Why"), max_length=500)


class ExchangeForm(forms.Form):
    device = forms.UUIDField(required=False)
    scan = forms.CharField(max_length=200, required=False)
    lot = forms.CharField(label=_("Lot"), max_length=40, required=False)
    expires_on = DayField(label=_("Expires"), required=False)
    reason = forms.CharField(label=_("Why"), max_length=500)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(Layout("reason"))
        self.by_hand = helper(Layout(Row(Column("lot"), Column("expires_on"))))


class DrugSettingsForm(_SiteForm):
    by_hand = forms.BooleanField(
        label=_("A device that is in no stock here may be given by its lot and expiry"), required=False
    )
    forecast_days = forms.IntegerField(
        label=_("Look at the sessions of so many days ahead [practice]"), min_value=1, max_value=90
    )
    expiry_warn_days = forms.IntegerField(
        label=_("Warn so many days before an expiry [practice]"), min_value=1, max_value=365
    )
