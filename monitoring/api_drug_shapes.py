"""What the drug's addresses share: looking rows up, and their shapes in JSON."""

from typing import Any

from django.utils.translation import gettext as _

from clinic import access, clock
from clinic.access import May
from clinic.errors import Invalid
from clinic.ids import parse
from clinic.models import Patient, Site, User
from clinic.schemas import local
from monitoring import losses, stock, stock_rules
from monitoring.enums import Place
from monitoring.models import Delivery, Device, LedgerEntry, LossReport, StockCount


def device_named(text: str | None, site: Site, name: str = "device") -> Device | None:
    """The device of the stock that a body names by its id.

    Raises:
        Invalid: none of this site.
    """
    return _named(Device.objects.select_related("kit"), text, site, name)


def patient_named(text: str | None, site: Site) -> Patient | None:
    return _named(Patient.objects.all(), text, site, "patient")


def delivery_named(text: str | None, site: Site) -> Delivery | None:
    return _named(Delivery.objects.all(), text, site, "delivery")


def _named(rows, text: str | None, site: Site, name: str):
    if text is None:
        return None
    wanted = parse(text)
    row = rows.filter(site=site, pk=wanted).first() if wanted else None
    if row is None:
        raise Invalid.because("unknown", _("Nothing of this site by that id."), name)
    return row


def sites_of(request) -> list[Any]:
    """Where this person may see the drug."""
    sites = Site.objects.visible_to(request.user)
    return [site.pk for site in sites if access.may(request.user, May.COUNT_DRUG, site)]


def device_of(request, device_id: str, right: May) -> Device:
    rows = Device.objects.select_related("kit", "site")
    device = access.get_or_404(rows, request.user, parse(device_id))
    access.require(request.user, right, device.site)
    return device


def loss_of(request, loss_id: str) -> LossReport:
    report = access.get_or_404(LossReport.objects.select_related("site"), request.user, parse(loss_id))
    access.require(request.user, May.COUNT_DRUG, report.site)
    return report


def person(username: str) -> User | None:
    return User.objects.filter(username=username, is_active=True).first()


def _id(value: Any) -> str | None:
    return str(value) if value else None


def device_out(row: Device) -> dict[str, Any]:
    kit, unit = row.kit, stock.unit_of(row)
    today = clock.now().astimezone(row.site.tz).date()
    on_shelf = row.place == Place.SHELF
    return {
        "id": str(row.pk),
        "site": str(row.site_id),
        "kit": str(kit.pk),
        "ndc": kit.ndc,
        "position": row.position,
        "lot": kit.lot,
        "expires_on": kit.expires_on,
        "serial": kit.serial,
        "source": kit.source,
        "reference": kit.reference,
        "received_on": kit.received_on,
        "patient": _id(kit.patient_id),
        "days_left": stock_rules.days_left(unit, today) if on_shelf else None,
        "place": row.place,
        "session": _id(row.session_id),
    }


def entry_out(row: LedgerEntry) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "device": str(row.device_id),
        "lot": row.device.kit.lot,
        "sequence": row.sequence,
        "kind": row.kind,
        "from": row.from_place,
        "to": row.to_place,
        "at": local(row.at, row.site),
        "recorded_at": local(row.recorded_at, row.site),
        "by": row.by.username,
        "witness": row.witness.username if row.witness else None,
        "reason": row.reason,
        "session": _id(row.session_id),
        "loss": _id(row.loss_id),
        "detail": row.detail,
    }


def pile_out(pile) -> dict[str, Any]:
    return {
        "lot": pile.lot,
        "expires_on": pile.expires_on,
        "received_on": pile.received_on,
        "patient": _id(pile.patient and pile.patient.pk),
        "devices": len(pile.units),
        "reserved": pile.reserved,
        "days_left": pile.days_left,
    }


def meant_out(one, site: Site) -> dict[str, Any]:
    item = one.item
    return {
        "session": str(one.session.pk),
        "starts_at": local(one.session.starts_at, site),
        "wanted": item.need.devices,
        "devices": [str(unit.id) for unit in item.units],
        "expected": item.expected,
        "missing": item.missing,
        "code": item.code,
        "delivery": _id(item.late and item.late.id),
    }


def count_out(row: StockCount) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "business": row.business,
        "at": local(row.at, row.site),
        "by": row.by.username,
        "second": row.second.username,
        "note": row.note,
        "lines": [
            {
                "lot": line.lot,
                "expires_on": line.expires_on,
                "patient": _id(line.patient_id),
                "expected": line.expected,
                "found": line.found,
                "difference": line.difference,
            }
            for line in row.lines.all()
        ],
    }


def loss_out(row: LossReport) -> dict[str, Any]:
    clocks = losses.clocks(row, now=clock.now())

    def duty(one):
        done = local(one.done_at, row.site) if one.done_at else None
        return {"due_on": one.due_on, "done_at": done, "late": one.late}

    return {
        "id": str(row.pk),
        "site": str(row.site_id),
        "nature": row.nature,
        "discovered_at": local(row.discovered_at, row.site),
        "circumstances": row.circumstances,
        "by": row.recorded_by.username,
        "devices": [str(pk) for pk in row.entries.filter(kind="lost").values_list("device", flat=True)],
        "notice": duty(clocks.notice) if clocks else None,
        "form_106": duty(clocks.form) if clocks else None,
        "form_number": row.form_number,
    }


def delivery_out(row: Delivery) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "site": str(row.site_id),
        "expected_on": row.expected_on,
        "devices": row.devices,
        "source": row.source,
        "patient": _id(row.patient_id),
    }
