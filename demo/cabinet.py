"""The drug of the invented clinics: enough that the floor's doses come from the shelf, and something to see to."""

from datetime import datetime, timedelta
from typing import Any

from clinic.models import Site, User
from demo.rows import LOTS
from monitoring import deliveries, inventory, stocktake
from monitoring.inventory import Box
from monitoring.models import Device
from monitoring.stocktake import Found
from scheduling.models import TreatmentSession

THREE, TWO = "50458-028-03", "50458-028-02"
SOURCE = "Cedar Specialty Distributors"
# As the floor's doses read their labels.
LASTS = timedelta(days=300)


def stock_up(site: Site, staff: dict[str, User], *, kits: int, now: datetime) -> None:
    """Before anybody is dosed: some days ago kits came, and yesterday two people counted them."""
    came = now - timedelta(days=6)
    facts: dict[str, Any] = {"site": site, "source": SOURCE, "by": staff["nurse"]}
    expires_on = (now + LASTS).date()
    boxes = [Box(THREE, lot, expires_on, f"{lot}{n:04}") for lot in LOTS for n in range(kits)]
    boxes.append(Box(TWO, "5HF1180", (now + timedelta(days=19)).date(), "5HF11800001"))
    received_on = came.astimezone(site.tz).date()
    inventory.receive_kits(boxes=boxes, received_on=received_on, reference="INV 20417", now=came, **facts)
    counted_at = now - timedelta(hours=20)
    found = [Found(p[0].lot, p[0].expires_on, len(p), p[0].patient) for p in stocktake.piles(site)]
    people = {"by": staff["nurse"], "second": staff["prescriber"]}
    stocktake.count_stock(site=site, found=found, now=counted_at, **people)


def see_to(site: Site, staff: dict[str, User], *, now: datetime) -> None:
    """After the book is filled: a patient's own kit with few days left, one dropped device, a delivery on its way."""
    today = now.astimezone(site.tz).date()
    coming = TreatmentSession.objects.filter(site=site, status="booked", local_date__gt=today)
    session = coming.select_related("patient").order_by("starts_at").first()
    if session:
        received_on = today - timedelta(days=11)
        box = Box(TWO, "5KB0042", (now + timedelta(days=400)).date(), "5KB00420007")
        facts = {"source": "Harbor Specialty Pharmacy", "reference": "RX 88213", "patient": session.patient}
        at = now - timedelta(days=1)
        inventory.receive_kits(
            site=site, boxes=[box], received_on=received_on, by=staff["nurse"], now=at, **facts
        )
    dropped = Device.objects.on_shelf(site).filter(kit__lot=LOTS[0]).in_turn().first()
    if dropped:
        inventory.waste(
            devices=[dropped],
            reason="Dropped while unpacking; the tip broke.",
            witness=staff["nurse.lopez"],
            by=staff["nurse"],
            now=now - timedelta(hours=1),
        )
    deliveries.expect_delivery(
        site=site,
        expected_on=today + timedelta(days=3),
        devices=150,
        source=SOURCE,
        by=staff["nurse"],
        now=now - timedelta(days=1),
    )
