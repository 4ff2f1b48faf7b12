"""Several nurses at one cabinet at the same moment, each on a connection of their own."""

import random
from datetime import timedelta

import pytest

from clinic.errors import Refused
from monitoring import corrections, inventory, stock
from monitoring.models import Device, DeviceUse, LedgerEntry
from tests.factories import MONDAY, make_course, make_staffed_site, make_user
from tests.monitoring.cabinet import EXPIRY, THREE, box, cleared, devices, give, receive
from tests.scheduling.test_race import race

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 6


@pytest.fixture
def site():
    return make_staffed_site(chairs=CROWD, nurses=CROWD)


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse")


def rivals(site, nurse):
    return [cleared(site, nurse, course=make_course(site=site), chair=chair) for chair in site.chairs.all()]


def test_two_nurses_and_one_device_one_gets_it_and_the_other_is_told(site, nurse):
    (kit,) = receive(site, nurse)
    wanted = devices(kit)[0]
    results = race([lambda s=s: give(s, nurse, wanted) for s in rivals(site, nurse)])
    losers = [r for r in results if isinstance(r, Exception)]
    assert len(losers) == CROWD - 1
    assert all(isinstance(r, Refused) and (r.codes, r.status) == (["not_on_shelf"], 409) for r in losers)
    assert DeviceUse.objects.count() == 1
    assert LedgerEntry.objects.filter(kind="given").count() == 1


def test_a_lot_typed_by_many_at_once_takes_one_device_each(site, nurse):
    receive(site, nurse, box(THREE), box(THREE))
    results = race(
        [lambda s=s: give(s, nurse, lot="5JG2201", expires_on=EXPIRY) for s in rivals(site, nurse)]
    )
    assert [r for r in results if isinstance(r, Exception)] == []
    assert len({r.device.device_id for r in results}) == CROWD
    assert stock.balance_of(LedgerEntry.objects.filter(site=site)).given == CROWD


def test_a_device_is_not_given_and_wasted_at_once(site, nurse):
    (kit,) = receive(site, nurse)
    wanted, witness = devices(kit)[0], make_user(site=site, role="nurse")
    session = rivals(site, nurse)[0]
    facts = {"reason": "Dropped", "witness": witness, "by": nurse, "now": MONDAY}
    results = race([lambda: give(session, nurse, wanted), lambda: inventory.waste(devices=[wanted], **facts)])
    assert sum(isinstance(r, Refused) for r in results) == 1
    assert stock.balance_of(LedgerEntry.objects.filter(site=site)).shelf == 1


def test_the_balance_closes_after_a_storm(site, nurse):
    kits = receive(site, nurse, *[box(THREE) for _ in range(4)])
    witness = make_user(site=site, role="nurse")
    everything = list(Device.objects.filter(kit__in=kits))
    chance, who = random.Random(7), {"by": nurse, "now": MONDAY + timedelta(hours=1)}

    def some():
        return chance.sample(everything, 2)

    def waste(found):
        return inventory.waste(devices=found, reason="x", witness=witness, **who)

    def back(found):
        return inventory.give_back(devices=found, reason="x", to="y", **who)

    def lose(found):
        facts = {"nature": "other", "circumstances": "x", "discovered_at": MONDAY}
        return inventory.lose(devices=found, **facts, **who)

    def right(found):
        return corrections.correct_place(device=found[0], reason="x", **who)

    calls = [(chance.choice([waste, back, lose, right, right]), some()) for _ in range(48)]
    sessions = rivals(site, nurse)
    doses = [lambda s=s, d=d: give(s, nurse, d) for s, d in zip(sessions, some() * 3, strict=True)]

    def worker(mine):
        for verb, found in mine:
            try:
                verb(found)
            except Refused:
                continue

    results = race([lambda mine=calls[n::4]: worker(mine) for n in range(4)] + doses)

    assert [r for r in results if isinstance(r, Exception) and not isinstance(r, Refused)] == []
    sums = stock.balance_of(LedgerEntry.objects.filter(site=site))
    assert (sums.closes, sums.received + Device.objects.filter(place="outside").count()) == (True, 12)
    assert sums.given == DeviceUse.objects.count()
    for device in Device.objects.all():
        assert stock.last_move(device).to_place == device.place
