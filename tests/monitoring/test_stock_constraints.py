"""What the database itself refuses of the drug, and what it lets through, past all our code."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.db.models import ProtectedError

from monitoring.models import (
    CountLine,
    Delivery,
    Device,
    DrugSettings,
    Kit,
    LedgerEntry,
    LossReport,
    StockCount,
)
from tests.database import one, refused, values, written_once
from tests.factories import MONDAY, make_patient, make_session, make_site, make_user

pytestmark = pytest.mark.django_db
EXPIRY = date(2027, 1, 31)


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def nurse():
    return make_user()


@pytest.fixture
def kit(site, nurse):
    return make_kit(site, nurse)


def make_kit(site, nurse, **fields):
    facts = {"ndc": "50458-028-02", "lot": "L1", "expires_on": EXPIRY, "source": "Besse"}
    facts |= {"received_on": MONDAY.date(), "recorded_by": nurse}
    return Kit.objects.create(site=site, **{**facts, **fields})


def test_settings(site):
    rows = one(DrugSettings.objects.create(site=site))
    values(
        "drug_forecast_up_to_a_quarter",
        rows,
        bad=[{"forecast_days": 0}, {"forecast_days": 91}],
        good=[{"forecast_days": 1}, {"forecast_days": 90}],
    )
    values(
        "drug_expiry_warned_within_a_year",
        rows,
        bad=[{"expiry_warn_days": 0}, {"expiry_warn_days": 366}],
        good=[{"expiry_warn_days": 1}, {"expiry_warn_days": 365}],
    )


def test_delivery(site, nurse):
    row = Delivery.objects.create(site=site, expected_on=EXPIRY, devices=2, source="Besse", added_by=nurse)
    values(
        "delivery_holds_devices",
        one(row),
        bad=[{"devices": 0}, {"devices": 601}],
        good=[{"devices": 1}, {"devices": 600}],
    )
    values(
        "delivery_arrives_or_is_cancelled",
        one(row),
        bad=[{"arrived_at": MONDAY, "cancelled_at": MONDAY}],
        good=[{"arrived_at": MONDAY}, {"arrived_at": None, "cancelled_at": MONDAY}],
    )


def test_kit(site, nurse, kit):
    patient = make_patient(site=site)
    values("kit_ndc_known", one(kit), bad=[{"ndc": "50458-028-04"}], good=[{"ndc": "50458-028-03"}])
    values("kit_has_a_lot", one(kit), bad=[{"lot": ""}], good=[{"lot": "x"}])
    values(
        "kit_patient_named_has_patient",
        one(kit),
        bad=[{"owner": "patient"}, {"patient": patient}],
        good=[{"owner": "patient", "patient": patient}, {"owner": "clinic", "patient": None}],
    )
    make_kit(site, nurse, serial="S1")
    refused("kit_serial_once", lambda: make_kit(site, nurse, serial="S1"))
    make_kit(site, nurse, serial="S1", ndc="50458-028-03")
    make_kit(make_site(), nurse, serial="S1")
    make_kit(site, nurse)
    make_kit(site, nurse)


def test_device(site, kit):
    device = Device.objects.create(site=site, kit=kit, position=1)
    refused("device_position_once", lambda: Device.objects.create(site=site, kit=kit, position=1))
    values(
        "device_position_in_kit", one(device), bad=[{"position": 0}, {"position": 4}], good=[{"position": 3}]
    )
    values("device_place_known", one(device), bad=[{"place": "moon"}], good=[{"place": "shelf"}])
    session = make_session()
    values(
        "device_given_in_a_session",
        one(device),
        bad=[{"place": "given"}, {"session": session}],
        good=[{"place": "given", "session": session}, {"place": "lost", "session": None}],
    )


@pytest.fixture
def entry(site, kit, nurse):
    """Writes the next entry of one device; its fields can be overridden."""
    device = Device.objects.create(site=site, kit=kit, position=1)

    def make(sequence, kind, left, reached, **fields):
        facts = {"kind": kind, "from_place": left, "to_place": reached, "at": MONDAY, "by": nurse}
        return LedgerEntry.objects.create(site=site, device=device, sequence=sequence, **{**facts, **fields})

    return make


def test_the_ledger_is_written_once_and_is_one_unbroken_chain(entry):
    for first in ((2, "corrected", "outside", "shelf"), (1, "given", "shelf", "given")):
        refused("ledger_unbroken", lambda first=first: entry(*first, reason="x", session=make_session()))
    received = entry(1, "received", "outside", "shelf")
    written_once("ledger_written_once", received)
    refused("ledger_sequence_once", lambda: entry(1, "received", "outside", "shelf"))
    for jump in ((3, "lost", "shelf", "lost"), (2, "corrected", "lost", "shelf")):
        refused("ledger_unbroken", lambda jump=jump: entry(*jump, reason="x"))
    session = make_session()
    entry(2, "given", "shelf", "given", session=session)
    # A device that was given is on no shelf: it is never given a second time.
    refused("ledger_unbroken", lambda: entry(3, "given", "shelf", "given", session=make_session()))
    entry(3, "corrected", "given", "shelf", reason="Another one")
    entry(4, "given", "shelf", "given", session=session)


def test_an_entry_says_what_its_kind_wants(entry, site, nurse):
    refused("ledger_kind_fits_its_move", lambda: entry(1, "received", "outside", "returned"))
    refused("ledger_kind_fits_its_move", lambda: entry(1, "corrected", "outside", "shelf", reason="x"))
    entry(1, "received", "outside", "shelf")
    refused(
        "ledger_kind_fits_its_move", lambda: entry(2, "given", "shelf", "returned", session=make_session())
    )
    refused("ledger_kind_fits_its_move", lambda: entry(2, "stolen", "shelf", "returned", reason="x"))
    refused("ledger_place_known", lambda: entry(2, "corrected", "shelf", "moon", reason="x"))
    refused("ledger_given_in_a_session", lambda: entry(2, "given", "shelf", "given"))
    refused("ledger_end_has_a_reason", lambda: entry(2, "returned", "shelf", "returned"))
    refused("ledger_waste_has_a_witness", lambda: entry(2, "wasted", "shelf", "wasted", reason="x"))
    refused(
        "ledger_witness_is_somebody_else",
        lambda: entry(2, "wasted", "shelf", "wasted", reason="x", witness=nurse),
    )
    entry(2, "wasted", "shelf", "wasted", reason="x", witness=make_user())
    entry(3, "corrected", "wasted", "wasted", reason="Label")
    entry(4, "corrected", "wasted", "shelf", reason="Another one")
    refused("ledger_loss_has_a_report", lambda: entry(5, "lost", "shelf", "lost", reason="x"))
    entry(5, "lost", "shelf", "lost", reason="x", loss=make_loss(site, nurse))


def make_loss(site, nurse, **fields):
    facts = {"nature": "theft", "discovered_at": MONDAY, "circumstances": "x", "recorded_by": nurse}
    return LossReport.objects.create(site=site, **{**facts, **fields})


def test_loss(site, nurse):
    rows = one(make_loss(site, nurse))
    values("loss_nature_known", rows, bad=[{"nature": "magic"}], good=[{"nature": "other"}])
    values("loss_has_circumstances", rows, bad=[{"circumstances": ""}], good=[{"circumstances": "y"}])
    notice = {"notice_at": MONDAY, "notice_by": nurse, "notice_how": "E-mail"}
    form = {"form_at": MONDAY, "form_by": nurse, "form_number": "1"}
    for name, facts in (
        ("loss_notice_with_who_when_and_how", notice),
        ("loss_form_with_who_when_and_number", form),
    ):
        partial = [{**facts, field: "" if isinstance(value, str) else None} for field, value in facts.items()]
        values(name, rows, bad=partial, good=[facts])


def test_count(site, nurse):
    def make(**fields):
        facts = {"kind": "shift", "by": nurse, "second": second}
        return StockCount.objects.create(site=site, **{**facts, **fields})

    second = make_user()
    count = make()
    written_once("count_written_once", count)
    refused("count_kind_known", lambda: make(kind="guess", business=""))
    refused("count_by_two_people", lambda: make(second=nurse))
    refused("count_inventory_says_when", lambda: make(kind="inventory"))
    refused("count_inventory_says_when", lambda: make(business="opening"))
    make(kind="inventory", business="opening")

    def line(**fields):
        facts = {"lot": "L", "expires_on": EXPIRY, "expected": 1, "found": 1}
        return CountLine.objects.create(count=count, **{**facts, **fields})

    patient = make_patient(site=site)
    written_once("count_line_written_once", line())
    refused("count_line_once_for_the_clinic", line)
    line(expires_on=EXPIRY + timedelta(days=1))
    line(patient=patient)
    refused("count_line_once_for_a_patient", lambda: line(patient=patient))
    line(patient=make_patient(site=site))


def test_neither_kit_nor_device_goes_from_under_its_ledger(entry, kit):
    entry(1, "received", "outside", "shelf")
    for rows in (Device.objects.filter(kit=kit), Kit.objects.filter(pk=kit.pk)):
        with pytest.raises(ProtectedError), transaction.atomic():
            rows.delete()
    assert Device.objects.filter(kit=kit).count() == 1
