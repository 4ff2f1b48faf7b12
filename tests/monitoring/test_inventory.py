"""The verbs of the drug against the database."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import Invalid, ReasonRequired, Refused
from clinic.models import AuditEvent
from monitoring import corrections, deliveries, inventory, losses, stock, stocktake
from monitoring.models import Delivery, Device, DeviceUse, Kit, LedgerEntry, LossReport
from monitoring.stock_rules import Balance
from monitoring.stocktake import Found
from monitoring.uses import Extra
from scheduling import answers
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user
from tests.monitoring.cabinet import EXPIRY, THREE, TWO, box, cleared, devices, give, receive

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def site():
    return make_staffed_site(chairs=4, nurses=4)


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse")


@pytest.fixture
def witness(site):
    return make_user(site=site, role="nurse")


def balance(site):
    found = stock.balance_of(LedgerEntry.objects.filter(site=site))
    assert found.closes
    return found


def codes(call):
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.codes


def test_a_kit_puts_its_devices_on_the_shelf(site, nurse):
    kits = receive(site, nurse, box(TWO), box(THREE, serial="S1"))
    assert [len(devices(kit)) for kit in kits] == [2, 3]
    assert balance(site) == Balance(received=5, shelf=5)
    event = AuditEvent.objects.get(action="drug.received")
    assert (event.detail["devices"], event.actor, event.site) == (5, nurse, site)


def test_a_label_that_cannot_be_is_told_with_all_its_faults(site, nurse):
    bad = [box("00000-000-00", lot=" "), box(lot="x" * 21, serial="y" * 21)]
    with pytest.raises(Invalid) as caught:
        receive(site, nurse, *bad, source="", received_on=MONDAY.date() + DAY * 2)
    fields = {fault.field for fault in caught.value.faults}
    assert fields == {"kits[0].ndc", "kits[0].lot", "kits[1].lot", "kits[1].serial", "source", "received_on"}
    assert not Kit.objects.exists()


def test_the_very_same_box_is_received_once(site, nurse):
    receive(site, nurse, box(serial="S1"))
    assert codes(lambda: receive(site, nurse, box(lot="other"), box(serial="S1"))) == ["serial_known"]
    assert codes(lambda: receive(site, nurse, box(serial="S2"), box(serial="S2"))) == ["duplicate"]
    assert balance(site).received == 2


def test_an_expired_kit_is_recorded_with_a_reason_and_never_given(site, nurse):
    old = box(expires_on=MONDAY.date() - DAY)
    with pytest.raises(ReasonRequired):
        receive(site, nurse, old)
    (kit,) = receive(site, nurse, old, override={"expired": "Sent by mistake, goes back."})
    session = cleared(site, nurse)
    assert codes(lambda: give(session, nurse, devices(kit)[0])) == ["expired"]
    assert LedgerEntry.objects.first().reason == "Sent by mistake, goes back."


def test_a_dose_takes_its_device_in_the_same_transaction(site, nurse):
    (kit,) = receive(site, nurse)
    first, second = devices(kit)
    session = cleared(site, nurse)
    give(session, nurse, first)
    done = give(session, nurse, second, number=2, minutes=5)
    assert (done.device.lot, done.device.expires_on, done.device.device) == ("5JG2201", EXPIRY, second)
    assert balance(site) == Balance(received=2, given=2)
    entry = LedgerEntry.objects.get(device=second, kind="given")
    assert (entry.session, entry.use, entry.at) == (session, done.device, MONDAY + timedelta(minutes=5))


def test_the_same_dose_again_takes_nothing_more(site, nurse):
    (kit,) = receive(site, nurse)
    first, second = devices(kit)
    session = cleared(site, nurse)
    give(session, nurse, first)
    give(session, nurse, first)
    assert codes(lambda: give(session, nurse, second)) == ["device_recorded"]
    assert balance(site).given == 1
    assert DeviceUse.objects.count() == 1


def test_a_refused_dose_takes_nothing_and_says_every_reason(site, nurse):
    other = make_patient(site=site)
    (kit,) = receive(site, nurse, box(expires_on=MONDAY.date()), patient=other)
    session = make_session(course=make_course(site=site), starts_at=MONDAY + DAY)
    from monitoring import chairside

    chairside.arrive(session=session, by=nurse, now=MONDAY + DAY)
    found = codes(lambda: give(session, nurse, devices(kit)[0], number=4))
    assert found == ["not_cleared", "over_dose", "expired", "other_patient", "out_of_order"]
    assert balance(site).shelf == 2


def test_a_device_that_is_gone_says_where_and_by_whom(site, nurse, witness):
    (kit,) = receive(site, nurse)
    first = devices(kit)[0]
    inventory.waste(devices=[first], reason="Dropped", witness=witness, by=nurse, now=MONDAY)
    session = cleared(site, nurse)
    with pytest.raises(Refused) as caught:
        give(session, nurse, first)
    (fault,) = caught.value.faults
    assert (fault.code, fault.extra["present"]) == ("not_on_shelf", "wasted")
    assert nurse.display_name in fault.detail


def test_another_sites_device_is_unknown(site, nurse):
    elsewhere = make_staffed_site()
    (kit,) = receive(elsewhere, make_user(site=elsewhere, role="nurse"))
    assert codes(lambda: give(cleared(site, nurse), nurse, devices(kit)[0])) == ["unknown"]


def test_a_patients_own_device_is_theirs_alone(site, nurse):
    course = make_course(site=site)
    (kit,) = receive(site, nurse, patient=course.patient)
    stranger = cleared(site, nurse)
    assert codes(lambda: give(stranger, nurse, devices(kit)[0])) == ["other_patient"]
    label = {"lot": "5JG2201", "expires_on": EXPIRY}
    assert codes(lambda: give(stranger, nurse, **label)) == ["other_patient"]
    own = cleared(site, nurse, course=course, chair=site.chairs.all()[1])
    give(own, nurse, devices(kit)[0])
    assert balance(site).given == 1


# -- by hand --


def test_a_lot_typed_by_hand_takes_from_the_shelf_where_the_shelf_has_it(site, nurse):
    receive(site, nurse)
    session = cleared(site, nurse)
    done = give(session, nurse, lot=" 5JG2201 ", expires_on=EXPIRY)
    assert done.device.device is not None
    assert balance(site) == Balance(received=2, given=1, shelf=1)


def test_a_lot_that_no_stock_holds_is_given_where_the_site_allows_it(site, nurse):
    session = cleared(site, nurse)
    assert give(session, nurse, lot="X1", expires_on=EXPIRY).device.device is None
    values = {"by_hand": False, "forecast_days": 14, "expiry_warn_days": 30}
    inventory.change_settings(site=site, **values, by=nurse, now=MONDAY)
    again = lambda: give(session, nurse, number=2, minutes=5, lot="X1", expires_on=EXPIRY)  # noqa: E731
    assert codes(again) == ["not_in_stock"]
    receive(site, nurse, box(lot="X1"))
    again()
    assert balance(site) == Balance(received=2, given=1, shelf=1)


@pytest.mark.parametrize("values", [{"forecast_days": 0}, {"forecast_days": 91}, {"expiry_warn_days": 0}])
def test_settings_that_cannot_be(site, nurse, values):
    usual = {"by_hand": True, "forecast_days": 14, "expiry_warn_days": 30}
    with pytest.raises(Invalid):
        inventory.change_settings(site=site, **{**usual, **values}, by=nurse, now=MONDAY)


def test_neither_a_device_nor_a_label(site, nurse):
    with pytest.raises(Invalid) as caught:
        give(cleared(site, nurse), nurse)
    assert [fault.field for fault in caught.value.faults] == ["lot", "expires_on"]


# -- scans --


def test_a_scan_finds_the_kit_by_its_serial_and_the_next_device_of_its_lot_without(site, nurse):
    plain, known = receive(site, nurse, box(), box(serial="S9"))
    session = cleared(site, nurse)
    code = "(17)270131(10)5JG2201(21)S9"
    assert stock.found_by(session, 1, code) == devices(known)[0]
    assert stock.found_by(session, 1, "(17)270131(10)5JG2201(21)unknown") == devices(plain)[0]
    assert stock.found_by(session, 1, "5jg2201") == devices(plain)[0]
    assert stock.found_by(session, 1, "(17)270131(10)OTHER") is None
    give(session, nurse, devices(known)[0])
    # The same scan a second time is the same device, and for the next number the next of the kit.
    assert stock.found_by(session, 1, code) == devices(known)[0]
    assert stock.found_by(session, 2, code) == devices(known)[1]


def test_a_scan_of_what_does_not_fit_finds_it_so_that_the_refusal_says_why(site, nurse):
    (kit,) = receive(site, nurse, patient=make_patient(site=site))
    assert stock.found_by(cleared(site, nurse), 1, "5JG2201") == devices(kit)[0]


# -- ends --


@pytest.mark.parametrize("who", ["nobody", "same", "stranger", "desk"])
def test_waste_wants_a_witness_of_the_site_who_is_somebody_else(site, nurse, who):
    (kit,) = receive(site, nurse)
    person = {
        "nobody": None,
        "same": nurse,
        "stranger": make_user(site=make_staffed_site(), role="nurse"),
        "desk": make_user(site=site, role="desk"),
    }[who]
    with pytest.raises(Invalid) as caught:
        inventory.waste(devices=devices(kit), reason=" ", witness=person, by=nurse, now=MONDAY)
    assert {fault.field for fault in caught.value.faults} == {"reason", "witness"}
    assert balance(site).shelf == 2


def test_waste_return_and_loss_close_the_balance(site, nurse, witness):
    (kit,) = receive(site, nurse, box(THREE))
    one, two, three = devices(kit)
    inventory.waste(devices=[one], reason="Dropped", witness=witness, by=nurse, now=MONDAY)
    inventory.give_back(
        devices=[two], reason="Recall", to="Inmar", number="RMA 7", by=nurse, now=MONDAY + HOUR
    )
    facts = {"nature": "significant", "circumstances": "Not in the safe", "discovered_at": MONDAY}
    report = inventory.lose(devices=[three], **facts, by=nurse, now=MONDAY + HOUR)
    assert balance(site) == Balance(received=3, wasted=1, returned=1, lost=1)
    assert LedgerEntry.objects.get(kind="returned").detail == {"to": "Inmar", "number": "RMA 7"}
    assert [entry.device for entry in report.entries.all()] == [three]
    for verb in (
        lambda: inventory.waste(devices=[one, two], reason="x", witness=witness, by=nurse, now=MONDAY),
        lambda: inventory.give_back(devices=[one, two], reason="x", to="y", by=nurse, now=MONDAY),
        lambda: inventory.lose(devices=[one, two], **facts, by=nurse, now=MONDAY),
    ):
        assert codes(verb) == ["not_on_shelf", "not_on_shelf"]


def test_nothing_chosen_is_told(site, nurse):
    assert codes(lambda: inventory.give_back(devices=[], reason="x", to="y", by=nurse, now=MONDAY)) == [
        "required"
    ]


# -- the DEA --


@pytest.fixture
def report(site, nurse):
    (kit,) = receive(site, nurse)
    facts = {"nature": "theft", "circumstances": "Door forced", "discovered_at": MONDAY}
    return inventory.lose(devices=devices(kit), **facts, by=nurse, now=MONDAY)


def test_the_clocks_run_until_both_duties_are_done(site, nurse, report):
    clocks = losses.clocks(report, now=MONDAY + DAY)
    assert (clocks.notice.due_on, clocks.form.due_on) == (date(2026, 3, 3), date(2026, 4, 16))
    assert (clocks.notice.late, losses.clocks(report, now=MONDAY + 2 * DAY).notice.late) == (False, True)
    assert len(losses.open_reports(site, now=MONDAY)) == 1
    losses.record_notice(report=report, at=MONDAY + HOUR, how="E-mail", by=nurse, now=MONDAY + DAY)
    done = losses.record_form(report=report, at=MONDAY + DAY, number="106-1", by=nurse, now=MONDAY + 60 * DAY)
    assert not losses.clocks(done, now=MONDAY + 60 * DAY).running
    assert not losses.clocks(done, now=MONDAY + 60 * DAY).form.late
    assert losses.open_reports(site, now=MONDAY) == []
    again = {"report": report, "at": MONDAY + HOUR, "by": nurse, "now": MONDAY + DAY}
    assert codes(lambda: losses.record_notice(how="Fax", **again)) == ["recorded"]
    assert codes(lambda: losses.record_form(number="106-2", **again)) == ["recorded"]


def test_a_notice_before_the_discovery_or_to_come_cannot_be(nurse, report):
    for at in (MONDAY - HOUR, MONDAY + 2 * DAY):
        with pytest.raises(Invalid) as caught:
            losses.record_notice(report=report, at=at, how="", by=nurse, now=MONDAY + DAY)
        assert {fault.field for fault in caught.value.faults} == {"how", "at"}


def test_what_is_not_judged_significant_has_no_clock(site, nurse):
    (kit,) = receive(site, nurse)
    facts = {"nature": "other", "circumstances": "Miscounted", "discovered_at": MONDAY}
    found = inventory.lose(devices=devices(kit), **facts, by=nurse, now=MONDAY)
    assert losses.clocks(found, now=MONDAY) is None


# -- corrections --


def test_a_lost_device_that_is_found_stands_on_the_shelf_again(site, nurse, report):
    first = report.entries.first().device
    corrections.correct_place(device=first, reason="Behind the drawer", by=nurse, now=MONDAY + DAY)
    assert balance(site) == Balance(received=2, lost=1, shelf=1)
    assert list(first.entries.order_by("sequence").values_list("kind", flat=True)) == [
        "received",
        "lost",
        "corrected",
    ]
    session = cleared(site, nurse, starts_at=MONDAY + DAY)
    give(session, nurse, first)
    assert codes(lambda: corrections.correct_place(device=first, reason="x", by=nurse, now=MONDAY)) == [
        "not_correctable"
    ]


def test_what_was_never_received_counts_as_not_received(site, nurse):
    (kit,) = receive(site, nurse)
    for device in devices(kit):
        corrections.correct_place(device=device, reason="Entered twice", by=nurse, now=MONDAY)
    assert balance(site) == Balance()


def test_a_misread_label_is_mended_on_the_shelf_and_in_the_record_of_the_dose(site, nurse, witness):
    (kit,) = receive(site, nurse, box(THREE))
    one, two, _three = devices(kit)
    session = cleared(site, nurse)
    give(session, nurse, one)
    inventory.waste(devices=[two], reason="Dropped", witness=witness, by=nurse, now=MONDAY)
    changes = {"lot": "5JG2207", "expires_on": date(2027, 2, 28)}
    corrections.correct_kit(kit=kit, changes=changes, reason="Misread", by=nurse, now=MONDAY + HOUR)
    use = DeviceUse.objects.filter(observation__session=session).order_by("-version").first()
    assert (use.version, use.lot, use.expires_on, use.correction_reason) == (
        2,
        "5JG2207",
        date(2027, 2, 28),
        "Misread",
    )
    entries = LedgerEntry.objects.filter(kind="corrected")
    assert [entry.detail["lot"] for entry in entries] == [["5JG2201", "5JG2207"]] * 3
    assert balance(site) == Balance(received=3, given=1, wasted=1, shelf=1)
    with pytest.raises(Invalid):
        corrections.correct_kit(kit=kit, changes=changes, reason="Again", by=nurse, now=MONDAY)


def test_another_device_than_the_one_recorded_is_exchanged_in_stock_and_record(site, nurse):
    right, wrong = receive(site, nurse, box(lot="R"), box(lot="W"))
    session = cleared(site, nurse)
    give(session, nurse, devices(wrong)[0])
    facts = {"session": session, "number": 1, "by": nurse, "now": MONDAY + HOUR}
    use = corrections.exchange_device(device=devices(right)[0], reason="Took the one beside", **facts)
    assert (use.version, use.lot, use.device.kit) == (2, "R", right)
    assert balance(site) == Balance(received=4, given=1, shelf=3)
    assert [d.place for d in devices(wrong)] == ["shelf", "shelf"]
    assert codes(lambda: corrections.exchange_device(device=devices(right)[0], reason="x", **facts)) == [
        "not_on_shelf"
    ]
    by_hand = corrections.exchange_device(lot="H", expires_on=EXPIRY, reason="From the sample box", **facts)
    assert (by_hand.version, by_hand.device) == (3, None)
    assert balance(site).shelf == 4
    with pytest.raises(Invalid):
        corrections.exchange_device(reason="", **facts)
    assert codes(
        lambda: corrections.exchange_device(**{**facts, "number": 7}, lot="H", expires_on=EXPIRY, reason="x")
    ) == ["unknown_device"]


def test_a_corrected_start_keeps_its_device(site, nurse):
    from monitoring import dosing

    (kit,) = receive(site, nurse)
    session = cleared(site, nurse)
    give(session, nurse, devices(kit)[0], minutes=5)
    done = dosing.correct_device(
        session=session, number=1, started_at=MONDAY, reason="Clock", by=nurse, now=MONDAY + HOUR
    )
    assert done.device.device == devices(kit)[0]
    assert balance(site).given == 1


def test_an_extra_device_is_one_more_of_the_stock_and_its_entry_names_the_witness(site, nurse, witness):
    kits = receive(site, nurse, box(), box())
    session = cleared(site, nurse)
    for number, device in enumerate(devices(kits[0]), 1):
        give(session, nurse, device, number=number, minutes=5 * (number - 1))
    extra = Extra("Sprayed into the air", witness)
    give(session, nurse, devices(kits[1])[0], number=3, minutes=10, extra=extra)
    assert balance(site) == Balance(received=4, given=3, shelf=1)
    given = LedgerEntry.objects.filter(kind="given").order_by("at")
    assert [entry.witness for entry in given] == [None, None, witness]


# -- deliveries and the derived reservations --


def test_reservations_follow_the_book_without_being_told(site, nurse):
    receive(site, nurse)
    soon = make_session(course=make_course(site=site), starts_at=MONDAY + DAY)
    later = make_session(course=make_course(site=site, dose_mg=84), starts_at=MONDAY + 2 * DAY, dose_mg=84)
    found = stock.forecast_of(site, now=MONDAY)
    assert [(r.need.session, len(r.units), r.missing) for r in found.reservations] == [
        (soon.pk, 2, 0),
        (later.pk, 0, 3),
    ]
    answers.cancel_session(session=soon, reason="Ill", cancelled_by="patient", by=nurse, now=MONDAY)
    found = stock.forecast_of(site, now=MONDAY)
    assert [(r.need.session, len(r.units), r.missing) for r in found.reservations] == [(later.pk, 2, 1)]


def test_a_session_that_has_begun_wants_what_is_left_of_its_dose(site, nurse):
    (kit,) = receive(site, nurse)
    session = cleared(site, nurse)
    give(session, nurse, devices(kit)[0])
    (item,) = stock.forecast_of(site, now=MONDAY).reservations
    assert (item.need.devices, len(item.units)) == (1, 1)


def test_a_delivery_is_awaited_until_it_is_received_or_cancelled(site, nurse):
    make_session(course=make_course(site=site), starts_at=MONDAY + DAY)
    facts = {"site": site, "devices": 2, "source": "Besse", "by": nurse, "now": MONDAY}
    late = deliveries.expect_delivery(expected_on=(MONDAY + 2 * DAY).date(), **facts)
    (item,) = stock.forecast_of(site, now=MONDAY).reservations
    assert (item.code, item.late.id) == ("delivery_late", late.pk)
    receive(site, nurse, delivery=late)
    assert stock.forecast_of(site, now=MONDAY).short == []
    assert codes(lambda: receive(site, nurse, delivery=late)) == ["delivery_closed"]
    assert codes(lambda: deliveries.cancel_delivery(delivery=late, by=nurse, now=MONDAY)) == [
        "delivery_closed"
    ]
    other = deliveries.expect_delivery(expected_on=MONDAY.date(), **facts)
    deliveries.cancel_delivery(delivery=other, by=nurse, now=MONDAY)
    assert list(deliveries.awaited(site)) == []
    assert Delivery.objects.count() == 2


def test_a_delivery_that_cannot_be(site, nurse):
    stranger = make_patient(site=make_staffed_site())
    with pytest.raises(Invalid) as caught:
        deliveries.expect_delivery(
            site=site,
            expected_on=MONDAY.date() + 400 * DAY,
            devices=0,
            source=" ",
            patient=stranger,
            by=nurse,
            now=MONDAY,
        )
    assert {f.field for f in caught.value.faults} == {"source", "expected_on", "devices", "patient"}


def test_the_forecast_asks_as_often_for_thirty_sessions_as_for_one(site, nurse):
    receive(site, nurse, *[box() for _ in range(9)])

    def asked():
        with CaptureQueriesContext(connection) as queries:
            stock.forecast_of(site, now=MONDAY)
        return len(queries)

    make_session(course=make_course(site=site), starts_at=MONDAY + DAY)
    few = asked()
    for days in range(2, 13):
        make_session(course=make_course(site=site), starts_at=MONDAY + days * DAY)
    assert (asked(), few) == (4, 4)


# -- counts --


def found(devices_, lot="5JG2201", expires_on=EXPIRY, patient=None):
    return Found(lot, expires_on, devices_, patient)


def test_a_count_stands_beside_the_ledger_and_traces_its_difference(site, nurse, witness):
    receive(site, nurse, box(THREE))
    facts = {"site": site, "second": witness, "by": nurse}
    first = stocktake.count_stock(found=[found(3)], now=MONDAY + HOUR, **facts)
    assert first.differences == []
    session = cleared(site, nurse, starts_at=MONDAY + DAY)
    give(session, nurse, lot="5JG22O1", expires_on=EXPIRY)  # an O for a nought
    second = stocktake.count_stock(found=[found(2)], now=MONDAY + DAY + HOUR, **facts)
    (line,) = second.differences
    assert (line.expected, line.found, line.difference) == (3, 2, -1)
    (trace,) = stocktake.traces(line, second)
    assert trace.session == session
    assert "by hand" in trace.text
    corrections.exchange_device(
        session=session,
        number=1,
        lot="5JG2201",
        expires_on=EXPIRY,
        reason="An O for a nought",
        by=nurse,
        now=MONDAY + DAY + HOUR,
    )
    third = stocktake.count_stock(found=[found(2)], now=MONDAY + DAY + 2 * HOUR, **facts)
    assert third.differences == []


def test_every_pile_is_counted_once_by_two_people(site, nurse):
    receive(site, nurse, box(), box(lot="B"))
    facts = {"site": site, "by": nurse, "now": MONDAY}
    bad = [found(1), found(-1), found(1, patient=make_patient(site=make_staffed_site()).pk)]
    with pytest.raises(Invalid) as caught:
        stocktake.count_stock(found=bad, second=nurse, kind="inventory", **facts)
    assert sorted(fault.code for fault in caught.value.faults) == [
        "duplicate",
        "not_counted",
        "out_of_range",
        "same_person",
        "unknown",
        "unknown",
    ]


def test_an_inventory_says_when_and_is_due_again_in_two_years(site, nurse, witness):
    assert losses.inventory_due(site) is None
    stocktake.count_stock(
        site=site, found=[], second=witness, kind="inventory", business="closing", by=nurse, now=MONDAY
    )
    assert losses.inventory_due(site) == date(2028, 3, 2)


def test_what_is_found_and_not_in_the_ledger_is_a_difference_too(site, nurse, witness):
    count = stocktake.count_stock(site=site, found=[found(1, lot="?")], second=witness, by=nurse, now=MONDAY)
    assert [line.difference for line in count.differences] == [1]


def test_no_verb_leaves_a_device_and_its_last_entry_apart(site, nurse, witness, report):
    assert LossReport.objects.count() == 1
    for device in Device.objects.all():
        assert stock.last_move(device).to_place == device.place
