"""The device at the chair: tapped, scanned, or typed by hand."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic.ids import new_id
from monitoring.models import DeviceUse, LedgerEntry
from tests.factories import MONDAY, make_patient, make_user
from tests.monitoring.cabinet import EXPIRY, box, cleared, devices, receive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at")]
CODE = "01003504580280271727013110{lot}\x1d21{serial}"


@pytest.fixture
def client(nurse):
    made = Client()
    made.force_login(nurse)
    return made


@pytest.fixture
def session(site, nurse):
    return cleared(site, nurse)


def post(client, session, name="device", **fields):
    return client.post(reverse(f"monitoring:{name}", args=[session.pk]), {"number": "1", **fields})


def page(client, session):
    return client.get(reverse("monitoring:chair", args=[session.pk])).content.decode()


def test_the_page_lists_one_device_of_each_box_the_first_to_expire_first(client, session, site, nurse):
    later, sooner = receive(
        site, nurse, box(lot="LATER"), box(lot="SOONER", expires_on=EXPIRY.replace(day=1))
    )
    receive(site, nurse, box(lot="THEIRS"), patient=make_patient(site=site))
    text = page(client, session)
    assert text.index("SOONER") < text.index("LATER")
    assert "THEIRS" not in text
    assert text.count('name="device"') == 2
    assert str(devices(sooner)[0].pk) in text
    assert str(devices(later)[1].pk) not in text


def test_a_tap_takes_the_device(client, session, site, nurse):
    (kit,) = receive(site, nurse)
    assert post(client, session, device=str(devices(kit)[0].pk)).status_code == 302
    assert DeviceUse.objects.get().device == devices(kit)[0]


def test_a_box_tapped_again_means_its_next_device_and_a_replay_the_same(client, session, site, nurse, at):
    (kit,) = receive(site, nurse)
    first, second = devices(kit)
    tapped = {"device": str(first.pk)}
    assert post(client, session, **tapped).status_code == 302
    assert post(client, session, **tapped).status_code == 302
    at.move_to(MONDAY + timedelta(minutes=5), tick=False)
    assert post(client, session, number="2", **tapped).status_code == 302
    uses = DeviceUse.objects.order_by("number")
    assert [use.device for use in uses] == [first, second]
    assert post(client, session, number="3", **tapped).status_code == 409


def test_a_scan_chooses_and_starts_nothing(client, session, site, nurse):
    first, second = receive(site, nurse, box(), box(serial="S2"))
    answer = post(client, session, "device-scan", scan=CODE.format(lot="5JG2201", serial="S2"))
    text = answer.content.decode()
    chosen = f'value="{devices(second)[0].pk}"'
    assert (answer.status_code, chosen in text) == (200, True)
    assert "checked" in text.partition(chosen)[2][:40]
    assert "checked" not in text.partition(f'value="{devices(first)[0].pk}"')[2][:40]
    assert not DeviceUse.objects.exists()


def test_a_scan_that_goes_with_the_form_takes_the_device(client, session, site, nurse):
    _first, second = receive(site, nurse, box(), box(serial="S2"))
    code = CODE.format(lot="5JG2201", serial="S2")
    assert post(client, session, scan=code).status_code == 302
    assert post(client, session, scan=code).status_code == 302
    assert DeviceUse.objects.get().device == devices(second)[0]
    assert LedgerEntry.objects.filter(kind="given").count() == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("nonsense", "no code of a kit"),
        ("", "no code of a kit"),
        (CODE.format(lot="OTHER", serial="1"), "Nothing on the shelf"),
        ("EXPIRED", "past its expiry"),
        ("THEIRS", "another patient"),
    ],
)
def test_a_scan_that_cannot_be_says_why(client, session, site, nurse, code, words):
    receive(site, nurse)
    old = box(lot="EXPIRED", expires_on=MONDAY.date() - timedelta(days=1))
    receive(site, nurse, old, override={"expired": "Goes back"})
    receive(site, nurse, box(lot="THEIRS"), patient=make_patient(site=site))
    answer = post(client, session, "device-scan", scan=code)
    assert words in answer.content.decode()
    if code:
        refused = post(client, session, scan=code)
        assert refused.status_code in (409, 422)
        assert words in refused.content.decode()
    assert not DeviceUse.objects.exists()


def test_a_label_by_hand_and_every_fault_at_once(client, session, site, nurse):
    bare = post(client, session, started="x")
    assert (bare.status_code, bare.content.decode().count("Tap or scan the device")) == (422, 2)
    gone = post(client, session, device=str(new_id()))
    assert (gone.status_code, "No such device" in gone.content.decode()) == (422, True)
    assert post(client, session, lot="L9", expires_on="2027-01-31").status_code == 302
    assert DeviceUse.objects.get().device is None


def test_the_desk_scans_nothing(session, site):
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    assert post(desk, session, "device-scan", scan="x").status_code == 403


def test_an_extra_device_names_a_second_person_of_the_staff(client, session, site, nurse, at):
    for number, minutes in ((1, 0), (2, 5)):
        at.move_to(MONDAY + timedelta(minutes=minutes), tick=False)
        assert post(client, session, number=str(number), lot="L", expires_on="2027-01-31").status_code == 302
    at.move_to(MONDAY + timedelta(minutes=10), tick=False)
    colleague = make_user(site=site, role="nurse", first_name="Bea", last_name="Hale")
    choice = f'<option value="{colleague.pk}">{colleague.display_name}</option>'
    text = page(client, session)
    assert choice in text
    assert f'<option value="{nurse.pk}">' not in text
    fields = {"number": "3", "lot": "L", "expires_on": "2027-01-31", "extra_reason": "Dropped"}
    lost = post(client, session, **fields, witness="")
    assert (lost.status_code, DeviceUse.objects.count()) == (422, 2)
    assert "A second person is needed." in lost.content.decode()
    assert post(client, session, **fields, witness=str(nurse.pk)).status_code == 422
    assert post(client, session, **fields, witness=str(colleague.pk)).status_code == 302
    assert DeviceUse.objects.get(number=3).witness == colleague.display_name
