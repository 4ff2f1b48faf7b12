"""Sites, their chairs, hours, closures and shifts."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.enums import CLINICIANS, CalendarNames, Role
from clinic.ids import new_id
from clinic.marks import MarksHouse

MIDNIGHT = "00:00:00"


def valid_timezone(name: str) -> None:
    """Raises ValidationError unless `name` is an IANA zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValidationError(
            _("Not a time zone: use a name such as America/New_York."), "timezone"
        ) from error


class SiteQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The sites where `user` works. Any other site does not exist for them."""
        return self.filter(memberships__user=user).distinct()


class Site(models.Model):
    """A certified setting: where patients are treated, with its zone, limits and defaults."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120, unique=True)
    # What texts call this place. It must not tell the specialty.
    alias = models.CharField(max_length=40)
    timezone = models.CharField(max_length=64, validators=[valid_timezone])
    phone = models.CharField(max_length=20, blank=True)
    address = models.CharField(max_length=250, blank=True)
    rems_certified_on = models.DateField(null=True, blank=True)

    slot_minutes = models.PositiveSmallIntegerField(default=15)
    session_minutes = models.PositiveSmallIntegerField(default=150)
    patients_per_nurse = models.PositiveSmallIntegerField(default=4)
    # Closed on the public holidays of this country or state ("US", "US-OH"); empty keeps none.
    holidays = models.CharField(max_length=6, blank=True)
    # What calendar feeds tell of a patient.
    calendar_names = models.CharField(max_length=8, choices=CalendarNames, default=CalendarNames.INITIALS)

    # The two hours [label]; a site may count them from the last device instead of the first.
    observation_minutes = models.PositiveSmallIntegerField(default=120)
    observe_from_last_device = models.BooleanField(default=False)
    checkpoint_minutes = models.JSONField(default=list, blank=True)
    # Further checkpoints for patients who were flagged before the dose; None takes the default.
    flagged_minutes = models.JSONField(null=True, blank=True)
    limits = models.JSONField(default=dict, blank=True)
    alert_minutes = models.PositiveSmallIntegerField(default=5)

    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = SiteQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(slot_minutes__in=[5, 10, 15, 20, 30, 60]), name="site_slot_divides_the_hour"
            ),
            models.CheckConstraint(
                condition=Q(session_minutes__gte=F("observation_minutes")),
                name="site_session_holds_observation",
            ),
            models.CheckConstraint(
                condition=Q(session_minutes__lte=720), name="site_session_at_most_12_hours"
            ),
            # Two hours are a floor [label]: a site may watch longer, never shorter.
            models.CheckConstraint(condition=Q(observation_minutes__gte=120), name="site_observes_two_hours"),
            models.CheckConstraint(condition=Q(patients_per_nurse__gte=1), name="site_nurse_has_a_patient"),
            models.CheckConstraint(
                condition=Q(calendar_names__in=CalendarNames.values), name="site_calendar_names_known"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class House(models.Model):
    """A mark of a site's chairs, hours, closures and shifts as they now are. Written by the database alone."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, primary_key=True, related_name="house")
    mark = models.UUIDField()

    def __str__(self):
        return f"house {self.site_id}"


class Chair(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="chairs")
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="chair_name_unique_at_site"),
            MarksHouse(name="chair_marks_house"),
        ]

    def __str__(self):
        return self.name


class OpeningHours(models.Model):
    """Open on a weekday (0 is Monday) in the site's wall time; `closes` 00:00 is the day's end."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="hours")
    weekday = models.PositiveSmallIntegerField()
    opens = models.TimeField()
    closes = models.TimeField()
    # First and last date on which they hold; empty is for ever.
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            MarksHouse(name="hours_mark_house"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="hours_weekday_known"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")) | Q(closes=MIDNIGHT), name="hours_close_after_opening"
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="hours_valid_until_after_from",
            ),
        ]

    def __str__(self):
        return f"{self.weekday} {self.opens:%H:%M}-{self.closes:%H:%M}"


class Closure(models.Model):
    """The site, one chair of it, or one person of its staff is out for a while."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="closures")
    chair = models.ForeignKey(Chair, on_delete=models.PROTECT, related_name="closures", null=True, blank=True)
    # Who is away: their shifts do not count then.
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="away", null=True, blank=True
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["site", "ends_at"], name="closure_of_site")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="closure_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(chair__isnull=True) | Q(staff__isnull=True), name="closure_of_chair_or_of_person"
            ),
            MarksHouse(name="closure_marks_house"),
        ]

    def __str__(self):
        return f"closure {self.pk}"


class Shift(models.Model):
    """When a nurse or a prescriber is on site: once (two instants), or weekly (a weekday and wall times).

    A weekly shift that ends at or before its start ends on the next day.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="shifts")
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shifts")
    role = models.CharField(max_length=12, choices=[(r.value, r.label) for r in CLINICIANS])

    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    starts = models.TimeField(null=True, blank=True)
    ends = models.TimeField(null=True, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["weekday", "starts", "starts_at"]
        indexes = [models.Index(fields=["site", "ends_at"], name="shift_of_site")]
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=[Role.NURSE, Role.PRESCRIBER]), name="shift_role_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    weekday__isnull=True,
                    starts__isnull=True,
                    ends__isnull=True,
                    valid_from__isnull=True,
                    valid_until__isnull=True,
                    starts_at__isnull=False,
                    ends_at__isnull=False,
                    ends_at__gt=F("starts_at"),
                )
                | Q(
                    weekday__isnull=False,
                    weekday__lte=6,
                    starts__isnull=False,
                    ends__isnull=False,
                    starts_at__isnull=True,
                    ends_at__isnull=True,
                ),
                name="shift_is_once_or_weekly",
            ),
            MarksHouse(name="shift_marks_house"),
        ]

    def __str__(self):
        return f"shift {self.pk}"
