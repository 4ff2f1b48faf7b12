"""Whatever is done to the drug, in whatever order: the balance closes, and nobody gets what is not theirs."""

import os
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic.errors import Refused
from monitoring import corrections, inventory, state, stock, stocktake
from monitoring.models import Device, DeviceUse, Kit, LedgerEntry
from monitoring.stocktake import Found
from monitoring.uses import Extra
from scheduling import answers
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user
from tests.monitoring.cabinet import EXPIRY, THREE, TWO, box, cleared, give, receive

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
OLD = MONDAY.date() - DAY
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
pick = st.integers(0, 10_000)


class Cabinet(RuleBasedStateMachine):
    """Verbs as nurses press them, on any device in any state; a refusal must leave everything as it was."""

    @initialize()
    def open(self):
        self.block = transaction.atomic()
        self.block.__enter__()
        self.site = make_staffed_site(chairs=1)
        self.nurse = make_user(site=self.site, role="nurse")
        self.second = make_user(site=self.site, role="nurse")
        self.courses = [make_course(site=self.site) for _ in range(2)]
        self.sessions, self.days = [], 0
        receive(self.site, self.nurse, box(TWO), box(THREE, lot="B"))

    def teardown(self):
        if hasattr(self, "block"):
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    def tried(self, verb, *args, **facts):
        before = self.sums()
        try:
            with transaction.atomic():
                return verb(*args, **facts)
        except Refused:
            assert self.sums() == before
            return None

    def sums(self):
        return stock.balance_of(LedgerEntry.objects.filter(site=self.site))

    def device(self, n):
        rows = list(Device.objects.filter(site=self.site).select_related("kit").order_by("pk"))
        return rows[n % len(rows)]

    @property
    def now(self):
        return MONDAY + self.days * DAY + timedelta(hours=3)

    @rule(ndc=st.sampled_from([TWO, THREE]), owner=st.sampled_from([None, 0, 1]), old=st.booleans())
    def received(self, ndc, owner, old):
        patient = self.courses[owner].patient if owner is not None else None
        label = box(ndc, lot="B", expires_on=OLD if old else EXPIRY)
        receive(
            self.site, self.nurse, label, patient=patient, now=self.now, override={"expired": "Goes back"}
        )

    @rule(which=st.integers(0, 1))
    def begun(self, which):
        self.days += 1
        starts_at, course = MONDAY + self.days * DAY, self.courses[which]
        self.sessions.append(cleared(self.site, self.nurse, starts_at=starts_at, course=course))

    @rule(n=pick, which=pick)
    def given(self, n, which):
        if self.sessions:
            self.dose(self.sessions[which % len(self.sessions)], device=self.device(n))

    @rule(lot=st.sampled_from(["5JG2201", "B", "hand"]), which=pick)
    def given_by_hand(self, lot, which):
        if self.sessions:
            self.dose(self.sessions[which % len(self.sessions)], lot=lot, expires_on=EXPIRY)

    def dose(self, session, **what):
        session.refresh_from_db()
        number = len(state.load(session).devices) + 1
        extra = Extra("Failed", self.second) if number > 2 else None
        self.tried(
            give,
            session,
            self.nurse,
            number=number,
            minutes=5 * number,
            extra=extra,
            **{"device": None, **what},
        )

    @rule(n=pick, m=pick)
    def wasted(self, n, m):
        both = {self.device(n), self.device(m)}
        facts = {"reason": "Dropped", "witness": self.second, "by": self.nurse, "now": self.now}
        self.tried(inventory.waste, devices=both, **facts)

    @rule(n=pick)
    def returned(self, n):
        facts = {"reason": "Recall", "to": "Inmar", "by": self.nurse, "now": self.now}
        self.tried(inventory.give_back, devices=[self.device(n)], **facts)

    @rule(n=pick)
    def lost(self, n):
        facts = {"nature": "other", "circumstances": "x", "discovered_at": self.now}
        self.tried(inventory.lose, devices=[self.device(n)], **facts, by=self.nurse, now=self.now)

    @rule(n=pick)
    def righted(self, n):
        self.tried(corrections.correct_place, device=self.device(n), reason="x", by=self.nurse, now=self.now)

    @rule(n=pick, lot=st.sampled_from(["5JG2201", "B", "C"]))
    def relabelled(self, n, lot):
        kit, facts = self.device(n).kit, {"reason": "x", "by": self.nurse, "now": self.now}
        self.tried(corrections.correct_kit, kit=kit, changes={"lot": lot}, **facts)

    @rule(n=pick, which=pick, number=st.integers(1, 3), by_hand=st.booleans())
    def exchanged(self, n, which, number, by_hand):
        if self.sessions:
            session = self.sessions[which % len(self.sessions)]
            what = {"lot": "hand", "expires_on": EXPIRY} if by_hand else {"device": self.device(n)}
            facts = {"reason": "x", "by": self.nurse, "now": self.now}
            self.tried(corrections.exchange_device, session=session, number=number, **what, **facts)

    @rule()
    def booked_and_cancelled(self):
        self.days += 1
        session = make_session(course=self.courses[0], starts_at=MONDAY + self.days * DAY)
        answers.cancel_session(session=session, reason="x", cancelled_by="clinic", by=self.nurse, now=MONDAY)
        assert all(
            r.need.session != session.pk for r in stock.forecast_of(self.site, now=MONDAY).reservations
        )

    @rule()
    def counted(self):
        found = [Found(u[0].lot, u[0].expires_on, len(u), u[0].patient) for u in stocktake.piles(self.site)]
        count = stocktake.count_stock(
            site=self.site, found=found, second=self.second, by=self.nurse, now=self.now
        )
        assert count.differences == []

    @invariant()
    def the_balance_closes_and_agrees_with_the_shelf(self):
        if not hasattr(self, "site"):
            return
        sums = self.sums()
        assert sums.closes
        places = Counter(Device.objects.filter(site=self.site).values_list("place", flat=True))
        names = ("given", "wasted", "returned", "lost", "shelf")
        assert {name: places[name] for name in names} == {name: getattr(sums, name) for name in names}
        assert sums.received == sum(places.values()) - places["outside"]

    @invariant()
    def what_was_given_is_in_one_dose_and_fit_for_it(self):
        if not hasattr(self, "site"):
            return
        uses = state_of_uses(self.site)
        given = Device.objects.filter(site=self.site, place="given").select_related("kit", "session")
        assert sorted(str(d.pk) for d in given) == sorted(str(u.device_id) for u in uses if u.device_id)
        for use in uses:
            if use.device:
                assert use.device.session_id == use.observation.session_id
                assert use.device.kit.patient_id in (None, use.observation.session.patient_id)
                assert use.device.kit.expires_on >= use.observation.session.local_date
                assert use.lot == use.device.kit.lot

    @invariant()
    def every_kit_has_its_devices(self):
        if hasattr(self, "site"):
            sizes = {TWO: 2, THREE: 3}
            assert all(kit.devices.count() == sizes[kit.ndc] for kit in Kit.objects.filter(site=self.site))


def state_of_uses(site):
    rows = DeviceUse.objects.filter(observation__session__site=site)
    rows = rows.select_related("device__kit", "observation__session").order_by("version")
    return list({(use.observation_id, use.number): use for use in rows}.values())


@pytest.mark.search
def test_the_balance_closes_after_any_sequence():
    run_state_machine_as_test(
        Cabinet,
        settings=settings(
            max_examples=300 if LONG else 30,
            stateful_step_count=50 if LONG else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
