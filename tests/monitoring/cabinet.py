"""A cabinet for tests: two nurses of a site, kits on its shelf, and a dose given from them."""

from datetime import date, timedelta

from monitoring import chairside, dosing, inventory
from monitoring.inventory import Box
from monitoring.models import Device
from tests.factories import MONDAY, make_course, make_session
from tests.monitoring.test_predose import FINE

TWO, THREE = "50458-028-02", "50458-028-03"
EXPIRY = date(2027, 1, 31)


def box(ndc=TWO, lot="5JG2201", expires_on=EXPIRY, serial=""):
    return Box(ndc, lot, expires_on, serial)


def receive(site, by, *boxes, now=MONDAY, **options):
    facts = {"source": "Besse Medical", "received_on": now.astimezone(site.tz).date(), **options}
    return inventory.receive_kits(site=site, boxes=boxes or [box()], by=by, now=now, **facts)


def devices(kit):
    return list(Device.objects.filter(kit=kit).order_by("position"))


def cleared(site, nurse, *, starts_at=MONDAY, course=None, **fields):
    """A session whose patient may be dosed from `starts_at` on."""
    session = make_session(course=course or make_course(site=site), starts_at=starts_at, **fields)
    chairside.arrive(session=session, by=nurse, now=starts_at)
    chairside.record_pre_dose(session=session, answers=FINE, by=nurse, now=starts_at)
    return session


def give(session, nurse, device=None, *, number=1, minutes=0, **options):
    at = session.starts_at + timedelta(minutes=minutes)
    facts = {"device": device, "by": nurse, "now": at, **options}
    return dosing.start_device(session=session, number=number, started_at=at, **facts)
