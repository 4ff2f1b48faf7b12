"""The pages of the drug, from the delivery to the audit pack; its papers read back with a PDF reader."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from clinic.models import AuditEvent
from monitoring.models import (
    Delivery,
    Device,
    DeviceUse,
    DrugSettings,
    Kit,
    LedgerEntry,
    LossReport,
    StockCount,
)
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user
from tests.monitoring.cabinet import EXPIRY, box, cleared, devices, give, receive

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def at(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    return time_machine


@pytest.fixture
def site():
    return make_staffed_site(chairs=2, nurses=2)


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse")


@pytest.fixture
def witness(site):
    return make_user(site=site, role="prescriber", last_name="Witness")


@pytest.fixture
def client(nurse):
    made = Client()
    made.force_login(nurse)
    return made


def url(name, *args):
    return reverse(f"monitoring:{name}", args=args)


def text(answer):
    return answer.content.decode()


def words(content):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


KITS = {"kits-TOTAL_FORMS": "3", "kits-INITIAL_FORMS": "0"}
EMPTY = {f"kits-{n}-{name}": "" for n in range(3) for name in ("ndc", "lot", "expires_on", "serial")}
EMPTY |= {f"kits-{n}-boxes": "1" for n in range(3)}
LINE = {"kits-0-ndc": "50458-028-03", "kits-0-lot": "5JG2201", "kits-0-expires_on": "2027-01-31"}
RECEIPT = {**KITS, **EMPTY, "source": "Besse", "received_on": "2026-03-02"}


def test_an_empty_cabinet_says_what_to_do_next(client):
    page = text(client.get(url("drug")))
    assert "Nothing is on the shelf" in page
    assert "No session is booked" in page


def test_kits_are_received_and_stand_on_the_shelf(client, site):
    delivery = {"expected_on": "2026-03-01", "devices": "6", "source": "Besse"}
    assert client.post(url("drug-delivery"), delivery).status_code == 302
    assert "overdue" in text(client.get(url("drug")))
    facts = {**RECEIPT, **LINE, "kits-0-boxes": "2", "delivery": str(Delivery.objects.get().pk)}
    assert client.post(url("drug-receive"), facts).status_code == 302
    assert (Kit.objects.count(), Device.objects.count()) == (2, 6)
    page = text(client.get(url("drug")))
    assert page.index("5JG2201") < page.index("6 devices")
    assert "overdue" not in page


def test_a_faulty_receipt_comes_back_with_every_fault_and_all_that_was_typed(client):
    bad = {
        **RECEIPT,
        "source": "",
        "kits-0-lot": "5JG2201",
        "kits-1-ndc": "50458-028-02",
        "kits-1-boxes": "0",
    }
    answer = client.post(url("drug-receive"), bad)
    page = text(answer)
    assert (answer.status_code, page.count("invalid-feedback") >= 5, "5JG2201" in page) == (422, True, True)
    assert client.post(url("drug-receive"), RECEIPT).status_code == 422
    assert not Kit.objects.exists()


def test_an_expired_kit_asks_for_its_reason(client):
    old = {**RECEIPT, **LINE, "kits-0-expires_on": "2026-03-01"}
    asked = client.post(url("drug-receive"), old)
    assert (asked.status_code, 'name="reason-expired"' in text(asked)) == (409, True)
    assert client.post(url("drug-receive"), {**old, "reason-expired": "Goes back"}).status_code == 302
    assert "past its expiry" in text(client.get(url("drug")))


def test_a_scanned_box_is_read_for_its_line(client):
    answer = client.post(url("drug-scan"), {"scan": "01003504580280341727013110AB\x1d21S1"})
    assert answer.json() == {
        "ndc": "50458-028-03",
        "lot": "AB",
        "serial": "S1",
        "expires_on": "2027-01-31",
    }
    assert "fault" in client.post(url("drug-scan"), {"scan": "nonsense"}).json()


def test_waste_return_and_loss_by_their_forms(client, site, nurse, witness):
    one, two, three = devices(receive(site, nurse, box("50458-028-03"))[0])
    bare = client.post(url("drug-waste"), {"devices": [str(one.pk)]})
    assert (bare.status_code, text(bare).count("invalid-feedback")) == (422, 2)
    assert "checked" in text(bare)
    waste = {"devices": [str(one.pk)], "reason": "Dropped", "witness": str(witness.pk)}
    assert client.post(url("drug-waste"), waste).status_code == 302
    gone = client.post(url("drug-waste"), waste)
    assert (gone.status_code, "is not on the shelf: wasted" in text(gone)) == (409, True)
    back = {"devices": [str(two.pk)], "reason": "Recall", "to": "Inmar"}
    assert client.post(url("drug-return"), back).status_code == 302
    loss = {"devices": [str(three.pk)], "nature": "theft", "circumstances": "Gone"}
    answer = client.post(url("drug-lose"), loss)
    report = LossReport.objects.get()
    assert answer.url == url("loss", report.pk)
    page = text(client.get(answer.url))
    assert "Tue 3 Mar 2026" in page
    assert "Thu 16 Apr 2026" in page
    assert client.post(url("loss-notice", report.pk), {"how": ""}).status_code == 422
    assert client.post(url("loss-notice", report.pk), {"how": "E-mail"}).status_code == 302
    assert client.post(url("loss-form", report.pk), {"number": "106-1"}).status_code == 302
    assert "106-1" in text(client.get(url("loss", report.pk)))
    assert "told" in text(client.get(url("drug-losses")))
    assert client.post(url("drug-waste"), {**waste, "devices": []}).status_code == 422


def test_a_count_is_blind_and_then_shows_what_happened(client, site, nurse, witness, at):
    receive(site, nurse, box("50458-028-03"))
    session = cleared(site, nurse)
    give(session, nurse, lot="OTHER", expires_on=EXPIRY)
    page = text(client.get(url("drug-count")))
    assert 'name="found-5JG2201-2027-01-31-"' in page
    assert 'value="3"' not in page
    facts = {"kind": "shift", "second": str(witness.pk)}
    bare = client.post(url("drug-count"), facts)
    assert (bare.status_code, "A whole number" in text(bare)) == (422, True)
    at.move_to(MONDAY + DAY, tick=False)
    client.force_login(nurse)
    done = client.post(url("drug-count"), {**facts, "found-5JG2201-2027-01-31-": "2"})
    shown = text(client.get(done.url))
    assert "The cabinet and the ledger differ" in shown
    assert "typed by hand" in shown
    assert session.patient.list_name in shown
    assert "1 lot differs" in text(client.get(url("drug-counts")))
    assert "The last count differs" in text(client.get(url("drug")))
    odd = {**facts, "found-5JG2201-2027-01-31-": "3", "extra_lot": "Z"}
    assert client.post(url("drug-count"), odd).status_code == 422


def test_past_counts_are_folded_by_day_and_a_day_that_differs_says_so(client, site, nurse, witness, at):
    receive(site, nurse, box())
    facts, name = {"kind": "shift", "second": str(witness.pk)}, "found-5JG2201-2027-01-31-"
    # The last is after midnight in UTC and still the second day at the site.
    for hours, found in ((0, "1"), (24, "2"), (34, "2")):
        at.move_to(MONDAY + timedelta(hours=hours), tick=False)
        client.force_login(nurse)
        assert client.post(url("drug-count"), {**facts, name: found}).status_code == 302
    _head, newest, older = text(client.get(url("drug-counts"))).split('<details class="panel count-day"')
    assert ("Tue 3 Mar 2026" in newest, "2 counts" in newest, newest.startswith(" open")) == (True,) * 3
    assert "differ" not in newest
    assert ("Mon 2 Mar 2026" in older, "1 count differs" in older.partition("</summary>")[0]) == (True, True)
    assert not older.startswith(" open")


def test_an_inventory_of_the_law_on_paper(client, site, nurse, witness):
    receive(site, nurse, box(), box(lot="PAT"), patient=make_patient(site=site))
    piles = {f"found-{k.lot}-2027-01-31-{k.patient_id}": "2" for k in Kit.objects.all()}
    facts = {"kind": "inventory", "second": str(witness.pk), **piles}
    assert client.post(url("drug-count"), facts).status_code == 422
    done = client.post(url("drug-count"), {**facts, "business": "closing"})
    assert done.status_code == 302
    count = StockCount.objects.get()
    found = words(client.get(url("count-pdf", count.pk)).content)
    for part in ("Inventory by law", "Close of business", "PAT", "Witness", "Together", site.name):
        assert part in found
    assert "Thu 2 Mar 2028" in text(client.get(url("drug-counts")))


def test_the_ledger_and_its_filters(client, site, nurse, at):
    kit = receive(site, nurse)[0]
    receive(site, nurse, box(lot="OTHER"))
    session = cleared(site, nurse)
    give(session, nurse, devices(kit)[0])
    assert text(client.get(url("drug-ledger"))).count("<tr>") == 1 + 5
    for query, rows in (
        ("?kind=given", 1),
        ("?lot=other", 2),
        ("?first=2026-03-03", 1),
        ("?last=2026-03-01", 1),
        ("?kind=nonsense", 5),
        ("?lot=%00", 5),
        ("?first=soon", 5),
    ):
        assert text(client.get(url("drug-ledger") + query)).count("<tr>") == 1 + rows, query
    assert session.patient.list_name in text(client.get(url("drug-ledger") + "?kind=given"))


def test_a_misread_label_and_a_found_device_are_put_right(client, site, nurse, witness):
    kit = receive(site, nurse)[0]
    right = {"lot": "5JG2207", "expires_on": "2027-01-31", "serial": "", "reason": "Misread"}
    assert client.post(url("kit", kit.pk), {**right, "reason": ""}).status_code == 422
    assert client.post(url("kit", kit.pk), right).status_code == 302
    page = text(client.get(url("kit", kit.pk)))
    assert "lot: 5JG2201 → 5JG2207" in page
    first = devices(kit)[0]
    client.post(url("device-right", first.pk), {"reason": "Entered twice"})
    first.refresh_from_db()
    assert first.place == "outside"
    client.post(url("device-right", first.pk), {"reason": ""})
    assert LedgerEntry.objects.filter(device=first).count() == 3


def test_another_device_is_exchanged_on_its_page(client, site, nurse):
    wrong, true = receive(site, nurse, box(lot="W"), box(lot="R"))
    session = cleared(site, nurse)
    give(session, nurse, devices(wrong)[0])
    page = url("device-exchange", session.pk, 1)
    assert "Recorded: lot W" in text(client.get(page))
    assert client.post(page, {}).status_code == 422
    gone = client.post(page, {"device": str(devices(wrong)[0].pk), "reason": "x"})
    assert (gone.status_code, "is not on the shelf" in text(gone)) == (422, True)
    done = client.post(page, {"device": str(devices(true)[0].pk), "reason": "Took the one beside"})
    assert done.status_code == 302
    assert DeviceUse.objects.order_by("-version").first().lot == "R"


def test_the_audit_pack_holds_every_entry_as_paper_and_as_table(client, site, nurse, witness):
    kit = receive(site, nurse, box(serial="=S1"), reference="INV 7")[0]
    session = cleared(site, nurse)
    give(session, nurse, devices(kit)[0])
    client.post(
        url("drug-waste"),
        {"devices": [str(devices(kit)[1].pk)], "reason": "Dropped", "witness": str(witness.pk)},
    )
    days = "?first=2026-03-01&last=2026-03-31"
    assert "4 entries" in text(client.get(url("drug-audit") + days))
    found = words(client.get(url("drug-audit-pdf") + days).content)
    for part in (
        "Schedule III",
        "INV 7",
        session.patient.mrn,
        "Dropped",
        "Witness",
        "2026-03-01",
        "None in these",
    ):
        assert part in found
    rows = list(csv.DictReader(io.StringIO(text(client.get(url("drug-audit-csv") + days)))))
    assert sorted(row["kind"] for row in rows) == ["given", "received", "received", "wasted"]
    assert {row["serial"] for row in rows} == {"'=S1"}
    assert {row["mrn"] for row in rows if row["kind"] == "given"} == {session.patient.mrn}
    assert AuditEvent.objects.filter(action="paper.printed").count() == 2
    before = "?first=2026-01-01&last=2026-02-01"
    assert list(csv.DictReader(io.StringIO(text(client.get(url("drug-audit-csv") + before))))) == []
    for wrong in ("?first=2026-03-02&last=2026-03-01", "?first=x", ""):
        assert client.get(url("drug-audit-pdf") + wrong).status_code == 422


def test_the_manager_counts_and_decides_and_does_not_handle(site, nurse):
    manager = Client()
    manager.force_login(make_user(site=site, role="manager"))
    kit = receive(site, nurse)[0]
    page = text(manager.get(url("drug")))
    assert url("drug-receive") not in page
    assert url("drug-count") in page
    for name, args in (("drug-receive", ()), ("drug-waste", ()), ("drug-lose", ())):
        assert manager.get(url(name, *args)).status_code == 403
    assert (
        manager.post(url("kit", kit.pk), {"lot": "x", "expires_on": "2027-01-31", "reason": "x"}).status_code
        == 403
    )
    values = {"forecast_days": "7", "expiry_warn_days": "60"}
    assert manager.post(url("drug-settings"), values).status_code == 302
    assert (DrugSettings.objects.get().by_hand, DrugSettings.objects.get().forecast_days) == (False, 7)
    assert manager.post(url("drug-settings"), {"forecast_days": "0"}).status_code == 422


def test_what_will_be_missing_is_told(client, site, nurse):
    session = make_session(course=make_course(site=site), starts_at=MONDAY + 2 * DAY)
    client.post(url("drug-delivery"), {"expected_on": "2026-03-06", "devices": "2", "source": "Besse"})
    page = text(client.get(url("drug")))
    assert "comes before the delivery" in page
    assert session.patient.list_name in page
    client.post(url("delivery-cancel", Delivery.objects.get().pk))
    assert "will lack devices" in text(client.get(url("drug")))


def test_the_desk_sees_no_cabinet(site):
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    for name in ("drug", "drug-ledger", "drug-counts", "drug-losses", "drug-audit", "drug-count"):
        assert desk.get(url(name)).status_code == 403
