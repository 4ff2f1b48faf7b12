"""What a verb of the chairside finds after it had to wait for another."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from monitoring import checks, corrections, readings
from monitoring.models import Checkpoint, Device
from scheduling.enums import SessionStatus
from tests.factories import MONDAY, make_staffed_site, make_user
from tests.launcher.processes import wait_until
from tests.monitoring.cabinet import cleared, devices, give, receive

pytestmark = pytest.mark.django_db(transaction=True)
READING = {"systolic": 128, "diastolic": 80, "heart_rate": 72, "spo2": 97}


@pytest.fixture
def nurse():
    return make_user(site=make_staffed_site(chairs=2, nurses=2), role="nurse")


@pytest.fixture
def session(nurse):
    return cleared(nurse.memberships.get().site, nurse)


def waits_for_a_lock() -> bool:
    """Whether somebody in this database waits; SQLite lets nobody begin, and so shows nobody."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        # Else it would show all of a transaction what it showed first.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


def after(deed, call):
    """What `call` returns that began on a connection of its own while the transaction of `deed` was still open."""

    def run():
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            deed()
            waiting = pool.submit(run)
            wait_until(waits_for_a_lock, 20, "the other to wait")
        return waiting.result(timeout=20)


def test_the_observation_is_as_the_other_left_it(nurse, session):
    @transaction.atomic
    def look():
        return checks.lock(session, [SessionStatus.DOSING])[1].t0_at

    assert after(lambda: give(session, nurse, lot="L1", expires_on=MONDAY.date()), look) == session.starts_at


def test_a_reading_that_waited_for_the_first_device_is_taken(nurse, session):
    def record():
        return readings.record_checkpoint(
            session=session.pk,
            client_id=session.pk,
            measured_at=session.starts_at + timedelta(minutes=15),
            values=READING,
            by=nurse,
            now=session.starts_at + timedelta(minutes=16),
        )

    after(lambda: give(session, nurse, lot="L1", expires_on=MONDAY.date()), record)
    assert Checkpoint.objects.get().minute == 15


def test_a_box_that_is_relabelled_while_a_device_of_it_is_given_keeps_whose_it_was(nurse, session):
    (kit,) = receive(session.site, nurse)
    given = devices(kit)[0]

    def relabel():
        facts = {"changes": {"lot": "5JG2202"}, "reason": "Misread", "by": nurse}
        return corrections.correct_kit(kit=kit, now=session.starts_at + timedelta(hours=1), **facts)

    after(lambda: give(session, nurse, given), relabel)
    assert Device.objects.get(pk=given.pk).session == session
    assert set(given.entries.filter(kind="corrected").values_list("session", flat=True)) == {session.pk}
