"""Sites with their chairs, hours, closures and shifts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit, checks, public_holidays
from clinic.enums import CLINICIANS, CalendarNames, Role
from clinic.errors import Fault, Invalid, Refused
from clinic.models import Chair, Closure, Membership, OpeningHours, Shift, Site, User

SETTINGS = (
    "phone",
    "address",
    "rems_certified_on",
    "slot_minutes",
    "session_minutes",
    "patients_per_nurse",
    "holidays",
    "calendar_names",
    "observation_minutes",
    "observe_from_last_device",
    "checkpoint_minutes",
    "flagged_minutes",
    "limits",
    "alert_minutes",
)
SLOTS = (5, 10, 15, 20, 30, 60)
MOST_CHAIRS = 100
MIDNIGHT = time(0)


@transaction.atomic
def create_site(
    *,
    name: str,
    alias: str,
    timezone: str,
    chairs: int | Sequence[str],
    hours: Sequence[Mapping[str, Any]],
    by,
    now: datetime,
    **settings: Any,
) -> Site:
    """A new site; whoever makes it is its manager. `hours`: weekday, opens, closes (00:00 is midnight).

    Raises:
        Invalid: values that cannot be, all of them.
        Refused: `name_taken`.
    """
    values = {**settings, "name": name, "alias": alias, "timezone": timezone}
    names = [_("Chair %s") % (i + 1) for i in range(chairs)] if isinstance(chairs, int) else list(chairs)
    faults = _site_faults(values) + _chair_faults(names) + _hours_faults(hours)
    if faults:
        raise Invalid(faults)
    site = Site(created_at=now, **values)
    _save(site)
    Chair.objects.bulk_create(Chair(site=site, name=n.strip(), position=i) for i, n in enumerate(names))
    OpeningHours.objects.bulk_create(OpeningHours(site=site, **_hours_row(row)) for row in hours)
    if by is not None:
        Membership.objects.create(site=site, user=by, role=Role.MANAGER)
    audit.record("site.made", by=by, now=now, site=site, on=site)
    return site


@transaction.atomic
def update_site(*, site: Site, changes: Mapping[str, Any], by, now: datetime) -> Site:
    """Change a site's data, settings or limits.

    Raises:
        Invalid: unknown names, values that cannot be.
        Refused: `name_taken`.
    """
    site = Site.objects.select_for_update().get(pk=site.pk)
    names = ("name", "alias", "timezone", *SETTINGS)
    if unknown := set(changes) - set(names):
        raise Invalid(Fault("unknown", _("No such field."), name) for name in sorted(unknown))
    values = {**{name: getattr(site, name) for name in names}, **changes}
    if faults := _site_faults(values):
        raise Invalid(faults)
    changed = {
        n: [_plain(getattr(site, n)), _plain(values[n])] for n in names if getattr(site, n) != values[n]
    }
    for name in changed:
        setattr(site, name, values[name])
    if changed:
        _save(site)
        audit.record("site.changed", by=by, now=now, site=site, on=site, changed=changed)
    return site


@transaction.atomic
def set_hours(*, site: Site, hours: Sequence[Mapping[str, Any]], by, now: datetime) -> None:
    """Replace the lasting weekly hours; hours with dates of their own stay.

    Raises:
        Invalid: hours that cannot be.
    """
    if faults := _hours_faults(hours):
        raise Invalid(faults)
    lasting = OpeningHours.objects.filter(site=site, valid_from__isnull=True, valid_until__isnull=True)
    old = [str(row) for row in lasting]
    lasting.delete()
    rows = OpeningHours.objects.bulk_create(OpeningHours(site=site, **_hours_row(row)) for row in hours)
    audit.record("site.hours", by=by, now=now, site=site, on=site, old=old, new=[str(row) for row in rows])


@transaction.atomic
def add_hours(
    *,
    site: Site,
    weekday: int,
    opens: time,
    closes: time,
    valid_from: date,
    valid_until: date,
    by,
    now: datetime,
) -> OpeningHours:
    """Hours of their own for some dates: a long day.

    Raises:
        Invalid: hours that cannot be.
    """
    row = {"weekday": weekday, "opens": opens, "closes": closes}
    if faults := _hours_faults([row]):
        raise Invalid(faults)
    hours = OpeningHours.objects.create(site=site, valid_from=valid_from, valid_until=valid_until, **row)
    audit.record(
        "site.extra_hours", by=by, now=now, site=site, on=hours, hours=str(hours), day=valid_from.isoformat()
    )
    return hours


@transaction.atomic
def add_chair(*, site: Site, name: str, by, now: datetime) -> Chair:
    """Raises: Invalid for a name that cannot be, Refused `name_taken`."""
    if faults := _chair_faults([name]):
        raise Invalid(faults)
    position = site.chairs.count()
    chair = _saved(
        Chair(site=site, name=name.strip(), position=position), _("A chair has this name already.")
    )
    audit.record("chair.added", by=by, now=now, site=site, on=chair, name=chair.name)
    return chair


@transaction.atomic
def change_chair(*, chair: Chair, name: str, active: bool, by, now: datetime) -> Chair:
    """Rename a chair, or take it out of use for good; sessions booked in it stay to be moved.

    Raises:
        Invalid: a name that cannot be.
        Refused: `name_taken`.
    """
    if faults := _chair_faults([name]):
        raise Invalid(faults)
    old = {"name": chair.name, "active": chair.active}
    chair.name, chair.active = name.strip(), active
    _saved(chair, _("A chair has this name already."))
    new = {"name": chair.name, "active": chair.active}
    audit.record("chair.changed", by=by, now=now, site=chair.site_id, on=chair, old=old, new=new)
    return chair


@transaction.atomic
def close(
    *,
    site: Site,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by,
    now: datetime,
    chair: Chair | None = None,
    staff: User | None = None,
) -> Closure:
    """The site, one chair or one person is out. Sessions within are not touched here; scheduling finds them.

    Raises:
        Invalid: an end before the start, no reason, a chair or a person of another site, or both at once.
    """
    values = {"reason": reason}
    faults = checks.text(values, "reason", 200)
    if ends_at <= starts_at:
        faults.append(Fault("impossible", _("After the start."), "ends_at"))
    if chair is not None and chair.site_id != site.pk:
        faults.append(Fault("unknown", _("No such chair at this site."), "chair"))
    if staff is not None and not Membership.objects.filter(site=site, user=staff).exists():
        faults.append(Fault("not_a_member", _("This person does not work at this site."), "staff"))
    if chair is not None and staff is not None:
        faults.append(Fault("impossible", _("A chair or a person, not both."), "staff"))
    if faults:
        raise Invalid(faults)
    closure = Closure.objects.create(
        site=site,
        chair=chair,
        staff=staff,
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=by,
        created_at=now,
        **values,
    )
    audit.record("closure.made", by=by, now=now, site=site, on=closure, reason=values["reason"])
    return closure


@transaction.atomic
def reopen(*, closure: Closure, by, now: datetime) -> None:
    """Take a closure back."""
    span = [closure.starts_at.isoformat(), closure.ends_at.isoformat()]
    audit.record("closure.taken_back", by=by, now=now, site=closure.site_id, on=closure, span=span)
    closure.delete()


@transaction.atomic
def add_shift(
    *,
    site: Site,
    role: str,
    staff: User,
    by,
    now: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    weekday: int | None = None,
    starts: time | None = None,
    ends: time | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Shift:
    """When somebody is on site: once (`starts_at`, `ends_at`) or weekly (`weekday`, `starts`, `ends`).

    Raises:
        Invalid: neither or both forms, impossible times, a role that this person has not here.
    """
    once, weekly = (starts_at, ends_at), (weekday, starts, ends)
    faults = _shift_faults(once, weekly, valid_from, valid_until)
    if role not in CLINICIANS:
        faults.append(Fault("unknown", _('Either "nurse" or "prescriber".'), "role"))
    elif not Membership.objects.filter(site=site, user=staff, role=role).exists():
        faults.append(Fault("not_a_member", _("This person does not have that role at this site."), "staff"))
    if faults:
        raise Invalid(faults)
    shift = Shift.objects.create(
        site=site,
        role=role,
        staff=staff,
        starts_at=starts_at,
        ends_at=ends_at,
        weekday=weekday,
        starts=starts,
        ends=ends,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    audit.record("shift.added", by=by, now=now, site=site, on=shift, role=str(role), staff=str(staff.pk))
    return shift


@transaction.atomic
def remove_shift(*, shift: Shift, by, now: datetime) -> None:
    audit.record(
        "shift.removed",
        by=by,
        now=now,
        site=shift.site_id,
        on=shift,
        role=shift.role,
        staff=str(shift.staff_id),
    )
    shift.delete()


def _site_faults(values: dict[str, Any]) -> list[Fault]:
    faults = checks.text(values, "name", 120) + checks.text(values, "alias", 40)
    faults += checks.timezone(values, "timezone") + checks.text(values, "address", 250, required=False)
    faults += checks.phone(values, "phone")
    slot, length = values.get("slot_minutes", 15), values.get("session_minutes", 150)
    observed = values.get("observation_minutes", 120)
    if slot not in SLOTS:
        faults.append(Fault("unknown", _("One of %s.") % ", ".join(map(str, SLOTS)), "slot_minutes"))
    if observed < 120:
        faults.append(Fault("impossible", _("At least 120 minutes [label]."), "observation_minutes"))
    if not observed <= length <= 720:
        faults.append(Fault("impossible", _("From the observation's minutes to 720."), "session_minutes"))
    if not 1 <= values.get("patients_per_nurse", 4) <= 50:
        faults.append(Fault("impossible", _("From 1 to 50."), "patients_per_nurse"))
    if values.get("calendar_names", CalendarNames.INITIALS) not in CalendarNames.values:
        allowed = ", ".join(CalendarNames.values)
        faults.append(Fault("unknown", _("One of %s.") % allowed, "calendar_names"))
    if values.get("holidays", "") not in ("", *public_holidays.regions()):
        faults.append(Fault("unknown", _("A state such as US-OH, US, or nothing."), "holidays"))
    if not 1 <= values.get("alert_minutes", 5) <= 60:
        faults.append(Fault("impossible", _("From 1 to 60."), "alert_minutes"))
    for name in ("checkpoint_minutes", "flagged_minutes"):
        faults += _minutes_faults(values.get(name) or [], name)
    return faults


def _minutes_faults(minutes: Sequence[Any], name: str) -> list[Fault]:
    if all(isinstance(minute, int) and 1 <= minute <= 600 for minute in minutes):
        return []
    return [Fault("impossible", _("Whole minutes from 1 to 600."), name)]


def _chair_faults(names: Sequence[str]) -> list[Fault]:
    if not names:
        return [Fault("required", _("At least one chair."), "chairs")]
    if len(names) > MOST_CHAIRS:
        return [Fault("too_many", _("At most 100 chairs."), "chairs")]
    trimmed = [name.strip() for name in names]
    faults = [
        f for i, name in enumerate(names) for f in checks.text({f"chairs[{i}]": name}, f"chairs[{i}]", 40)
    ]
    if len(set(trimmed)) < len(trimmed):
        faults.append(Fault("duplicate", _("Two chairs have the same name."), "chairs"))
    return faults


def _hours_faults(hours: Sequence[Mapping[str, Any]]) -> list[Fault]:
    faults = []
    for index, row in enumerate(hours):
        if not 0 <= row["weekday"] <= 6:
            detail = _("From 0 (Monday) to 6 (Sunday).")
            faults.append(Fault("out_of_range", detail, f"hours[{index}].weekday"))
        if row["closes"] != MIDNIGHT and row["closes"] <= row["opens"]:
            faults.append(Fault("impossible", _("Closes before it opens."), f"hours[{index}].closes"))
    return faults


def _hours_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("weekday", "opens", "closes")}


def _shift_faults(once, weekly, valid_from, valid_until) -> list[Fault]:
    has_once, has_weekly = any(v is not None for v in once), any(v is not None for v in weekly)
    if has_once == has_weekly:
        detail = _("Either starts_at and ends_at, or weekday, starts and ends.")
        return [Fault("required", detail, "starts_at")]
    missing = None in (once if has_once else weekly)
    if missing:
        names = "starts_at, ends_at" if has_once else "weekday, starts, ends"
        return [Fault("required", _("All of %s.") % names, names.split(",")[0])]
    if has_once:
        return [] if once[1] > once[0] else [Fault("impossible", _("After the start."), "ends_at")]
    faults = [] if 0 <= weekly[0] <= 6 else [Fault("out_of_range", _("From 0 to 6."), "weekday")]
    if valid_from and valid_until and valid_until < valid_from:
        faults.append(Fault("impossible", _("After the first day."), "until"))
    return faults


def _save(site: Site) -> None:
    try:
        site.clean_fields(exclude=["id"])
    except ValidationError as error:
        raise Invalid(
            Fault("impossible", m, n) for n, ms in error.message_dict.items() for m in ms
        ) from error
    _saved(site, _("Another site has this name."))


def _saved(row, taken: str):
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Refused.because("name_taken", taken, "name") from error
    return row


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
