"""The drug: kits, their devices of 28 mg, and the ledger of where each has been."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic import clock
from clinic.db import AppendOnly, Unbroken
from clinic.ids import new_id
from clinic.models import Patient, Site
from monitoring.enums import EntryKind, Ndc, Owner, Place
from scheduling.models import TreatmentSession

from .losses import LossReport
from .observations import DeviceUse

USER = settings.AUTH_USER_MODEL
OUTCOMES = (EntryKind.GIVEN, EntryKind.WASTED, EntryKind.RETURNED, EntryKind.LOST)


def _person(**options):
    return models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", **options)


class DrugSettings(models.Model):
    """What a site decides about its cabinet; a site without a row has these defaults."""

    site = models.OneToOneField(
        Site, on_delete=models.PROTECT, primary_key=True, related_name="drug_settings"
    )
    # Whether a device that is in no stock here may be given by its lot and expiry, typed by hand.
    by_hand = models.BooleanField(default=True)
    # How far ahead booked sessions are looked at, and how early an expiry is told [practice].
    forecast_days = models.PositiveSmallIntegerField(default=14)
    expiry_warn_days = models.PositiveSmallIntegerField(default=30)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(forecast_days__range=(1, 90)), name="drug_forecast_up_to_a_quarter"
            ),
            models.CheckConstraint(
                condition=Q(expiry_warn_days__range=(1, 365)), name="drug_expiry_warned_within_a_year"
            ),
        ]

    def __str__(self):
        return f"drug settings of {self.site_id}"


class Delivery(models.Model):
    """Ordered, and on its way."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="deliveries")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    expected_on = models.DateField()
    devices = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=120)
    added_at = models.DateTimeField(default=clock.now)
    added_by = _person()
    arrived_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["expected_on", "pk"]
        indexes = [
            models.Index(
                fields=["site", "expected_on"],
                condition=Q(arrived_at__isnull=True, cancelled_at__isnull=True),
                name="delivery_open_at_site",
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(devices__range=(1, 600)), name="delivery_holds_devices"),
            models.CheckConstraint(
                condition=Q(arrived_at__isnull=True) | Q(cancelled_at__isnull=True),
                name="delivery_arrives_or_is_cancelled",
            ),
        ]

    def __str__(self):
        return f"delivery {self.pk}"


class Kit(models.Model):
    """One box as it was received. Its devices have one lot and one expiry."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="kits")
    ndc = models.CharField(max_length=12, choices=Ndc)
    lot = models.CharField(max_length=20)
    expires_on = models.DateField()
    # From the box's barcode, where it was scanned.
    serial = models.CharField(max_length=20, blank=True)
    owner = models.CharField(max_length=7, choices=Owner, default=Owner.CLINIC)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="kits")
    source = models.CharField(max_length=120)
    # The invoice or the pharmacy's number.
    reference = models.CharField(max_length=80, blank=True)
    received_on = models.DateField()
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, null=True, blank=True, related_name="kits"
    )
    recorded_at = models.DateTimeField(default=clock.now)
    recorded_by = _person()

    class Meta:
        ordering = ["expires_on", "received_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ndc__in=Ndc.values), name="kit_ndc_known"),
            models.CheckConstraint(
                condition=Q(owner=Owner.CLINIC, patient__isnull=True)
                | Q(owner=Owner.PATIENT, patient__isnull=False),
                name="kit_patient_named_has_patient",
            ),
            models.CheckConstraint(condition=~Q(lot=""), name="kit_has_a_lot"),
            models.UniqueConstraint(
                fields=["site", "ndc", "serial"], condition=~Q(serial=""), name="kit_serial_once"
            ),
        ]

    def __str__(self):
        return f"kit {self.pk}"


class DeviceQuerySet(models.QuerySet):
    def on_shelf(self, site):
        return self.filter(site=site, place=Place.SHELF)

    def in_turn(self):
        """First expiry first out."""
        return self.order_by("kit__expires_on", "kit__received_on", "kit_id", "position")


class Device(models.Model):
    """One device of 28 mg. `place` is where its newest ledger entry left it, written by the same verb."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="devices")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="devices")
    position = models.PositiveSmallIntegerField()
    place = models.CharField(max_length=8, choices=Place, default=Place.OUTSIDE)
    # To whom it was given.
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="stock"
    )

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering = ["kit", "position"]
        indexes = [models.Index(fields=["site"], condition=Q(place=Place.SHELF), name="device_on_the_shelf")]
        constraints = [
            models.UniqueConstraint(fields=["kit", "position"], name="device_position_once"),
            models.CheckConstraint(condition=Q(position__range=(1, 3)), name="device_position_in_kit"),
            models.CheckConstraint(condition=Q(place__in=Place.values), name="device_place_known"),
            models.CheckConstraint(
                condition=Q(place=Place.GIVEN, session__isnull=False)
                | (~Q(place=Place.GIVEN) & Q(session__isnull=True)),
                name="device_given_in_a_session",
            ),
        ]

    def __str__(self):
        return f"device {self.pk}"


class LedgerEntry(models.Model):
    """One move of one device, or a correction of what is known of it. Written once; the sums are made of these."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="ledger")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="entries")
    sequence = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=9, choices=EntryKind)
    from_place = models.CharField(max_length=8, choices=Place)
    to_place = models.CharField(max_length=8, choices=Place)
    # When it happened, and when it was written down.
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    by = _person()
    witness = _person(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    # Where it was returned to and under which number, or what a correction changed: {field: [old, new]}.
    detail = models.JSONField(default=dict)
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    use = models.ForeignKey(DeviceUse, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    loss = models.ForeignKey(
        LossReport, on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )

    class Meta:
        ordering = ["recorded_at", "pk"]
        indexes = [models.Index(fields=["site", "at"], name="ledger_of_site")]
        constraints = [
            AppendOnly(name="ledger_written_once"),
            Unbroken(
                name="ledger_unbroken",
                group="device",
                number="sequence",
                begins="from_place",
                ends="to_place",
                origin=str(Place.OUTSIDE),
            ),
            models.UniqueConstraint(fields=["device", "sequence"], name="ledger_sequence_once"),
            models.CheckConstraint(
                condition=Q(
                    kind=EntryKind.RECEIVED, from_place=Place.OUTSIDE, to_place=Place.SHELF, sequence=1
                )
                | Q(kind=EntryKind.CORRECTED, sequence__gt=1)
                | Q(kind__in=OUTCOMES, from_place=Place.SHELF, to_place=F("kind")),
                name="ledger_kind_fits_its_move",
            ),
            models.CheckConstraint(
                condition=Q(from_place__in=Place.values, to_place__in=Place.values), name="ledger_place_known"
            ),
            models.CheckConstraint(
                condition=~Q(to_place=Place.GIVEN) | Q(session__isnull=False),
                name="ledger_given_in_a_session",
            ),
            models.CheckConstraint(
                condition=~Q(to_place=Place.WASTED) | Q(from_place=Place.WASTED) | Q(witness__isnull=False),
                name="ledger_waste_has_a_witness",
            ),
            models.CheckConstraint(
                condition=Q(witness__isnull=True) | ~Q(witness=F("by")),
                name="ledger_witness_is_somebody_else",
            ),
            models.CheckConstraint(
                condition=~Q(to_place=Place.LOST) | Q(from_place=Place.LOST) | Q(loss__isnull=False),
                name="ledger_loss_has_a_report",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[EntryKind.RECEIVED, EntryKind.GIVEN]) | ~Q(reason=""),
                name="ledger_end_has_a_reason",
            ),
        ]

    def __str__(self):
        return f"ledger entry {self.pk}"
