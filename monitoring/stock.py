"""What is in a site's cabinet: questions only, nothing is written here."""

from datetime import date, datetime, timedelta

from django.db.models import Count

from clinic.access import RIGHTS, May
from clinic.models import Site, User
from monitoring import gs1, schedule, stock_rules
from monitoring.models import Delivery, Device, DeviceUse, DrugSettings, LedgerEntry, StockCount
from monitoring.stock_forecast import Expected, Forecast, Need, forecast
from monitoring.stock_rules import Balance, Unit
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

S = SessionStatus
TO_BE_DOSED = (S.BOOKED, S.ARRIVED, S.DOSING)


def settings_of(site: Site) -> DrugSettings:
    return DrugSettings.objects.filter(site=site).first() or DrugSettings(site=site)


def unit_of(device: Device) -> Unit:
    kit = device.kit
    return Unit(
        id=device.pk,
        kit=kit.pk,
        position=device.position,
        lot=kit.lot,
        expires_on=kit.expires_on,
        received_on=kit.received_on,
        patient=kit.patient_id,
        serial=kit.serial,
    )


def shelf(site: Site) -> list[Unit]:
    """Every device on the shelf, in one query."""
    return [unit_of(row) for row in Device.objects.on_shelf(site).select_related("kit")]


def fitting_for(session: TreatmentSession, on: date) -> list[Unit]:
    """What may be given in this session, in the order in which it is to be taken."""
    return stock_rules.fitting(shelf(session.site), session.patient_id, on)


def offered(session: TreatmentSession, on: date, chosen: object = None) -> list[tuple[Unit, int]]:
    """Of each kit the next device and how many are left in it; `chosen` keeps its place in its kit."""
    kits: dict[object, list[Unit]] = {}
    for unit in fitting_for(session, on):
        kits.setdefault(unit.kit, []).append(unit)
    return [
        (next((u for u in units if str(u.id) == str(chosen)), units[0]), len(units))
        for units in kits.values()
    ]


def matching(site: Site, code: str) -> list[Unit]:
    """Devices on the shelf that a scanned code, or a lot typed in its place, can mean; the next to go first.

    Raises:
        gs1.Unreadable: neither a code of GS1 nor a lot that is here.
    """
    units = sorted(shelf(site), key=stock_rules.turn)
    typed = [unit for unit in units if unit.lot.casefold() == code.strip().casefold()]
    if typed:
        return typed
    scan = gs1.parse(code)
    mine = [unit for unit in units if not scan.lot or unit.lot == scan.lot]
    mine = [unit for unit in mine if not scan.expires_on or unit.expires_on == scan.expires_on]
    exact = [unit for unit in mine if scan.serial and unit.serial == scan.serial]
    return exact or [unit for unit in mine if not (scan.serial and unit.serial)]


def found_by(session: TreatmentSession, number: int, code: str) -> Device | None:
    """The device that a scan means: one that fits before one that does not, so that the refusal says why.

    A scan that comes a second time means the device that it was the first time.
    """
    units = matching(session.site, code)
    recorded = DeviceUse.objects.filter(observation__session=session, number=number, device__isnull=False)
    again = recorded.select_related("device__kit").order_by("-version").first()
    if again and again.device and _means(code, unit_of(again.device)):
        return again.device
    fits = [unit for unit in units if unit.patient in (None, session.patient_id)]
    best = (sorted(fits, key=stock_rules.turn) or units)[:1]
    return Device.objects.select_related("kit").get(pk=best[0].id) if best else None


def next_of_box(device: Device, session: TreatmentSession, number: int) -> Device:
    """A page without a connection shows the box as it was: tapped again for the next number, its next is meant."""
    if device.session_id != session.pk or device.uses.filter(number=number).exists():
        return device
    rest = Device.objects.on_shelf(session.site).filter(kit=device.kit_id).select_related("kit")
    return rest.order_by("position").first() or device


def _means(code: str, unit: Unit) -> bool:
    if unit.lot.casefold() == code.strip().casefold():
        return True
    scan = gs1.parse(code)
    return (scan.lot, scan.expires_on, scan.serial) == (unit.lot, unit.expires_on, unit.serial)


def needs(site: Site, first: date, last: date) -> list[Need]:
    """What the booked sessions still want: 56 mg is two devices, 84 mg three, less what was given already."""
    sessions = TreatmentSession.objects.filter(
        site=site, status__in=TO_BE_DOSED, local_date__range=(first, last)
    )
    given = Count("observation__devices__number", distinct=True)
    rows = sessions.annotate(given=given).values_list("pk", "patient_id", "local_date", "dose_mg", "given")
    return [
        Need(pk, patient, on, max(0, schedule.devices_for(dose) - used))
        for pk, patient, on, dose, used in rows
    ]


def forecast_of(site: Site, *, now: datetime) -> Forecast:
    """The derived reservations and what will be missing, in four queries."""
    today, rules = now.astimezone(site.tz).date(), settings_of(site)
    last = today + timedelta(days=rules.forecast_days)
    coming = Delivery.objects.filter(site=site, arrived_at__isnull=True, cancelled_at__isnull=True)
    return forecast(
        shelf(site),
        needs(site, today, last),
        [Expected(row.pk, row.expected_on, row.devices, row.patient_id) for row in coming],
        today=today,
        horizon=rules.forecast_days,
        warn_days=rules.expiry_warn_days,
    )


def balance_of(entries) -> Balance:
    """The sums of a queryset of ledger entries."""
    rows = entries.order_by().values_list("from_place", "to_place").annotate(devices=Count("pk"))
    return stock_rules.balance(rows)


def ledger(site: Site):
    return LedgerEntry.objects.filter(site=site).select_related(
        "device__kit__patient", "by", "witness", "session__patient", "loss"
    )


def last_move(device: Device) -> LedgerEntry | None:
    return device.entries.select_related("by").order_by("-sequence").first()


def last_count(site: Site) -> StockCount | None:
    return StockCount.objects.filter(site=site).prefetch_related("lines").first()


def who_may_witness(site: Site, user):
    """Everybody else of the site who may count."""
    roles = RIGHTS[May.COUNT_DRUG]
    members = User.objects.filter(memberships__site=site, memberships__role__in=roles, is_active=True)
    return members.exclude(pk=user.pk).distinct().order_by("last_name", "first_name")
