"""One process sends: its lease, what a dead one leaves, trouble at the provider, faults of our own settings."""

import asyncio
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from django.db import OperationalError, connection

from clinic.errors import Refused
from clinic.ids import new_id
from clinic.models import AuditEvent
from notifications import by_hand, claiming, outbox, sender, settling
from notifications.enums import MessageKind, MessageStatus
from notifications.gateways.base import (
    Accepted,
    CannotTell,
    Declined,
    Found,
    NotThere,
    Outgoing,
    Unknown,
    Unsent,
)
from notifications.line import TROUBLE_AFTER, Line
from notifications.models import Message, Sender
from notifications.reasons import why
from tests.database import one, values
from tests.factories import MONDAY, make_patient, make_site, make_user
from tests.notifications.provider import Provider

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 25, 15, tzinfo=UTC)
S = MessageStatus
LATER = NOW + timedelta(minutes=1)


def make_texts(count, **fields):
    """Answers that are due now, each to a number of its own."""
    site = make_site(chairs=0)
    patient = make_patient(site=site)
    plain = {"kind": MessageKind.CONFIRM_OK, "about_at": MONDAY, "language": "en", "body": "Hello"}
    plain |= {"due_at": NOW, "expires_at": MONDAY, "site": site, "patient": patient}
    rows = [Message(**{**plain, "to": f"+1614555{number:04}", **fields}) for number in range(count)]
    return Message.objects.bulk_create(rows)


def dispatch(provider=None, now=NOW, **options):
    provider = provider or Provider()
    outbox.dispatch(now=now, gateway=provider, **options)
    return provider


def statuses():
    rows = Message.objects.order_by().values_list("status", flat=True)
    return {status: list(rows).count(status) for status in set(rows)}


def free_sender():
    """As if the pause were over."""
    Sender.objects.update(paused_until=datetime.now(UTC) - timedelta(seconds=1))


# -- the lease --


def test_one_process_sends_while_its_lease_lasts():
    first = sender.take()
    assert sender.take() is None
    make_texts(1)
    assert dispatch().sent == []
    sender.release(first)
    assert len(dispatch().sent) == 1


def test_an_expired_lease_is_taken_over_and_the_first_holder_is_told():
    first = sender.take()
    Sender.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    second = sender.take()
    assert second is not None
    assert (sender.renew(first), sender.renew(second)) == (False, True)
    sender.release(first)
    assert Sender.objects.get().holder == second.holder


def test_what_a_dead_process_left_waits_again_or_is_looked_up():
    claimed, sending = make_texts(2)
    one(claimed).update(status=S.CLAIMED, claim=new_id(), claimed_at=NOW)
    one(sending).update(status=S.SENDING, claim=new_id(), claimed_at=NOW)
    provider = dispatch()
    assert [text.id for text in provider.sent] == [str(claimed.pk)]
    row = one(sending).get()
    assert (row.status, row.cause, row.look_at is not None) == (S.UNKNOWN, "sender_lost", True)


def test_a_process_that_was_taken_over_hands_nothing_over():
    make_texts(3)
    slow = sender.take()
    ids = claiming.claim(slow, now=NOW, limit=3)
    Sender.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    claiming.recover(sender.take(), now=NOW)
    assert claiming.start(slow, ids, now=NOW) == []
    assert statuses() == {S.PENDING: 3}


@pytest.mark.django_db(transaction=True)
def test_many_processes_never_send_the_same_text_twice():
    make_texts(120)
    provider, barrier = Provider(), Barrier(4)

    def work(_):
        barrier.wait(timeout=20)
        try:
            for _ in range(4):
                outbox.dispatch(now=NOW, gateway=provider, batch=7)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    numbers = [text.to for text in provider.sent]
    assert (len(numbers), len(set(numbers))) == (120, 120)
    assert statuses() == {S.DELIVERED: 120}


def test_an_idle_tick_costs_three_queries(django_assert_num_queries):
    with django_assert_num_queries(3):
        assert outbox.dispatch(now=NOW, gateway=Provider()) == 0


def test_a_batch_costs_the_same_queries_whatever_its_size(django_assert_max_num_queries):
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (1, 40):
        make_texts(size)
        with CaptureQueriesContext(connection) as queries:
            dispatch()
        # Answers come in one or in several handfuls; each costs the same few.
        counts.append(len([q for q in queries if "SAVEPOINT" not in q["sql"]]))
    assert counts[1] <= counts[0] + 8 * 6


# -- trouble at the provider --


def test_a_provider_in_trouble_is_left_alone_and_tried_with_one_text():
    make_texts(60)
    provider = dispatch(Provider(Unknown("500")))
    unknown = statuses()[S.UNKNOWN]
    # Those in flight when it was noticed, at most; the others were never handed over.
    assert TROUBLE_AFTER <= unknown <= 32
    assert statuses() == {S.UNKNOWN: unknown, S.PENDING: 60 - unknown}
    assert dispatch().sent == []
    free_sender()
    Message.objects.update(look_at=None)
    again = Provider(Unknown("500"))
    dispatch(again)
    assert len(again.sent) == 1
    free_sender()
    Message.objects.update(look_at=None)
    assert len(dispatch().sent) == 60 - len(provider.sent) - 1
    assert Sender.objects.get().paused_until is None


def test_slow_down_is_heard_and_costs_no_text_its_turns():
    make_texts(5)
    answers = iter([Declined("slow_down", "20429", 0.2)] + [Accepted(f"SM{n}") for n in range(9)])
    dispatch(Provider(lambda text: next(answers)), now=NOW)
    assert statuses() == {S.SENT: 4, S.PENDING: 1}
    dispatch(Provider(lambda text: next(answers)), now=LATER)
    assert statuses() == {S.SENT: 5}


# -- our own settings --


def test_a_fault_of_our_settings_stops_the_sender_and_fails_no_text():
    make_texts(50)
    dispatch(Provider(Declined("configuration", "20003")))
    assert statuses() == {S.PENDING: 50}
    row = Sender.objects.get()
    assert (row.stopped_at is not None, row.stop_code) == (True, "20003")
    assert AuditEvent.objects.filter(action="texts.stopped").count() == 1
    assert dispatch().sent == []


def test_a_person_starts_it_again():
    make_texts(1)
    dispatch(Provider(Declined("configuration", "20003")))
    user = make_user()
    for _ in range(2):
        sender.start_again(by=user, now=NOW)
    assert AuditEvent.objects.filter(action="texts.started_again", actor=user).count() == 1
    assert len(dispatch().sent) == 1


def test_other_settings_start_it_again(settings):
    make_texts(1)
    dispatch(Provider(Declined("configuration", "20003")))
    settings.TWILIO_AUTH_TOKEN = "the right one"
    assert len(dispatch().sent) == 1
    assert Sender.objects.get().stopped_at is None


def fails(row, code, now=LATER):
    settling.apply_callback(row, status="undelivered", sid="SM1", code=code, now=now)


def test_a_fault_of_ours_that_the_provider_tells_only_afterwards_stops_the_sender_at_once():
    first, second, third = make_texts(3)
    one(third).update(due_at=LATER)
    dispatch(Provider(Accepted("SM1")))
    fails(first, "30005")
    assert Sender.objects.get().stopped_at is None  # only that number's
    fails(second, "30034")
    assert dispatch(now=LATER).sent == []
    assert (Sender.objects.get().stop_code, one(third).get().status) == ("30034", S.PENDING)
    assert AuditEvent.objects.filter(action="texts.stopped").count() == 1


def test_what_was_accepted_before_it_was_mended_stops_nothing_afterwards():
    first, second, third = make_texts(3)
    one(third).update(due_at=LATER)
    dispatch(Provider(Accepted("SM1")))
    fails(first, "30034")
    sender.start_again(by=make_user(), now=LATER)
    fails(second, "30034")
    assert len(dispatch(Provider(Accepted("SM2")), now=LATER + timedelta(seconds=1)).sent) == 1
    fails(one(third).get(), "30034")
    assert Sender.objects.get().stop_code == "30034"


def test_other_settings_count_as_mended_too(settings):
    first, second, third = make_texts(3)
    one(third).update(due_at=LATER)
    dispatch(Provider(Accepted("SM1")))
    fails(first, "30034", NOW)
    settings.TWILIO_FROM = "+16145550100"
    dispatch(now=LATER)
    fails(second, "30034")
    assert Sender.objects.get().stopped_at is None


def test_the_process_that_sends_hears_of_a_stop_at_its_next_renewal():
    lease = sender.take()
    sender.stop_at_once("30034", since=NOW, now=NOW)
    assert not sender.renew(lease)


def test_a_door_that_nobody_opens_fails_no_text_and_pauses_the_sender():
    make_texts(TROUBLE_AFTER + 4)
    shut = Declined("unreachable", "not_connected")
    dispatch(Provider(shut))
    assert statuses() == {S.PENDING: TROUBLE_AFTER + 4}
    assert Sender.objects.get().pause_code == "not_connected"
    for hours in range(1, 9):
        free_sender()
        assert len(dispatch(Provider(shut), now=NOW + timedelta(hours=hours)).sent) == 1
    assert statuses() == {S.PENDING: TROUBLE_AFTER + 4}
    free_sender()
    dispatch(now=NOW + timedelta(hours=9))
    assert statuses() == {S.DELIVERED: TROUBLE_AFTER + 4}


# -- outcomes that nobody knows --


@pytest.fixture
def unknown():
    [row] = make_texts(1)
    dispatch(Provider(Unknown("TimeoutError")))
    return row


def look(found, now):
    return dispatch(Provider(found=found), now=now)


def test_a_text_that_the_provider_has_is_settled_by_a_look(unknown):
    provider = look(Found("SM1", "delivered"), LATER)
    assert (provider.sent, len(provider.sought)) == ([], 1)
    row = one(unknown).get()
    assert (row.status, row.provider_sid, row.look_at) == (S.DELIVERED, "SM1", None)


def test_not_there_twice_goes_again_and_once_is_too_early(unknown):
    assert look(NotThere(), LATER).sent == []
    assert one(unknown).get().status == S.UNKNOWN
    again = look(NotThere(), LATER + timedelta(minutes=1))
    assert [text.id for text in again.sent] == [str(unknown.pk)]
    assert one(unknown).get().status == S.DELIVERED


def test_what_never_arrives_is_tried_five_times_and_then_a_person_decides(unknown):
    moment, sent = LATER, 1
    while one(unknown).get().look_at is not None:
        moment += timedelta(minutes=1)
        sent += len(dispatch(Provider(Unknown("500")), now=moment).sent)
    row = one(unknown).get()
    assert (sent, row.status, row.cause) == (settling.MOST_TRIES, S.UNKNOWN, "never_arrived")
    assert "a person decides" in why(row)
    assert dispatch(now=moment + timedelta(minutes=5)).sent == []
    by_hand.retry_message(message=row, by=make_user(), now=moment)
    dispatch(Provider(Unknown("500")), now=moment)
    assert one(unknown).get().look_at is not None  # counted anew
    settling.apply_callback(one(unknown).get(), status="delivered", sid="SM1", code="", now=moment)
    assert one(unknown).get().status == S.DELIVERED


def test_nobody_sends_it_again_while_the_provider_is_being_asked(unknown):
    with pytest.raises(Refused) as refused:
        by_hand.retry_message(message=one(unknown).get(), by=None, now=NOW + timedelta(seconds=20))
    assert refused.value.codes == ["being_asked"]
    look(CannotTell("500"), LATER)
    by_hand.retry_message(message=one(unknown).get(), by=make_user(), now=NOW + timedelta(minutes=2))
    assert one(unknown).get().status == S.PENDING


def test_the_second_look_is_later_than_any_request_of_ours_can_arrive():
    from notifications.gateways import twilio

    left = sender.LEASE.total_seconds() - sender.GOOD_SECONDS
    last_arrival = twilio.TIMEOUT_SECONDS - left
    looks = (settling.FIRST_LOOK + settling.SECOND_LOOK).total_seconds()
    assert last_arrival < looks < 30


def test_not_there_and_too_late_is_not_sent(unknown):
    one(unknown).update(expires_at=LATER)
    for minutes in (1, 2):
        assert look(NotThere(), NOW + timedelta(minutes=minutes)).sent == []
    assert (one(unknown).get().status, one(unknown).get().cause) == (S.CANCELLED, "expired")


def test_a_provider_that_cannot_tell_is_asked_again_and_then_a_person_decides(unknown):
    look(CannotTell("500"), LATER)
    assert one(unknown).get().look_at > LATER
    look(CannotTell("500"), NOW + timedelta(hours=25))
    row = one(unknown).get()
    assert (row.status, row.look_at) == (S.UNKNOWN, None)
    assert row.attempts.filter(event="given_to_a_person").exists()


def test_what_was_accepted_and_never_heard_of_is_asked_about_three_times():
    [row] = make_texts(1)
    dispatch(Provider(Accepted("SM1")))
    moment, asked = NOW, 0
    while (look_at := one(row).get().look_at) is not None:
        moment = max(moment, look_at)
        asked += len(look(Found("SM1", "sent"), moment).sought)
    assert asked == 3
    assert one(row).get().status == S.SENT


def test_a_callback_settles_what_nobody_knew_and_ends_the_looking(unknown):
    settling.apply_callback(one(unknown).get(), status="delivered", sid="SM1", code="", now=LATER)
    assert (one(unknown).get().status, one(unknown).get().look_at) == (S.DELIVERED, None)
    assert look(NotThere(), LATER).sought == []


def test_a_late_answer_settles_a_row_that_was_given_up_and_never_one_that_waits_again():
    [row] = make_texts(1)
    one(row).update(status=S.UNKNOWN)
    settling.settle_all({str(row.pk): Accepted("SM1")}, now=NOW)
    assert one(row).get().status == S.SENT
    one(row).update(status=S.PENDING, provider_sid="")
    settling.settle_all({str(row.pk): Accepted("SM2")}, now=NOW)
    assert (one(row).get().status, one(row).get().provider_sid) == (S.PENDING, "SM2")


def test_an_opt_out_that_a_callback_tells_suppresses_the_number():
    from notifications.models import Suppression

    [row] = make_texts(1)
    settling.apply_callback(row, status="undelivered", sid="SM1", code="21610", now=NOW)
    assert Suppression.objects.filter(number=row.to).exists()


# -- the database goes away while answers are in hand --


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_written_when_the_database_is_back(monkeypatch):
    make_texts(3)
    real, failures = settling.settle_all, iter([OperationalError("gone"), OperationalError("gone")])

    def settle(outcomes, *, now):
        for failure in failures:
            raise failure
        real(outcomes, now=now)

    monkeypatch.setattr(settling, "settle_all", settle)
    dispatch()
    assert statuses() == {S.DELIVERED: 3}


# -- being asked to end --


def test_a_process_that_is_asked_to_end_settles_what_is_in_flight(monkeypatch):
    make_texts(40)
    closing = threading.Event()
    monkeypatch.setattr(outbox, "closing", closing)

    def answer(text):
        closing.set()
        return Accepted(f"SM{text.id}", delivered=True)

    provider = dispatch(Provider(answer), batch=10)
    assert len(provider.sent) < 40
    assert statuses() == {S.DELIVERED: len(provider.sent), S.PENDING: 40 - len(provider.sent)}
    assert Sender.objects.get().holder is None


# -- the line --


def texts(count, segments=1):
    return [Outgoing(str(number), "+16145550100", "Hello", 60, segments) for number in range(count)]


def answers_of(line, count):
    found = []
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        found += line.collect(0.1)
    return dict(found)


def test_so_many_are_in_flight_and_no_more():
    present, most = 0, 0

    async def hold(text):
        nonlocal present, most
        present += 1
        most = max(most, present)
        await asyncio.sleep(0)
        present -= 1
        return Accepted("SM1")

    with Line(Provider(hold), in_flight=7) as line:
        line.good_for(60)
        line.send(texts(50))
        assert len(answers_of(line, 50)) == 50
    assert most == 7


def test_many_that_were_in_flight_are_told_to_slow_down_once():
    there, all_there = 0, asyncio.Event()

    async def hold(text):
        nonlocal there
        there += 1
        if there == 8:
            all_there.set()
        await all_there.wait()
        return Declined("slow_down", "20429") if there == 8 else Accepted("SM1")

    began = time.monotonic()
    with Line(Provider(hold), in_flight=8) as line:
        line.good_for(60)
        line.send(texts(9))
        found = answers_of(line, 9)
    assert Counter(type(answer) for answer in found.values()) == {Declined: 8, Accepted: 1}
    # A fifth of a second and a little; eight doublings would be 25 seconds.
    assert time.monotonic() - began < 5


def test_segments_have_their_turns_at_the_providers_rate():
    moments = []

    def note(text):
        moments.append(time.monotonic())
        return Accepted("SM1")

    with Line(Provider(note), in_flight=8, per_second=50) as line:
        line.good_for(60)
        line.send(texts(6, segments=2))
        answers_of(line, 6)
    # Two segments each at fifty a second: never sooner than 40 ms after the one before.
    assert all(later - before >= 0.039 for before, later in pairwise(moments))


def test_nothing_is_posted_once_the_lease_may_be_gone():
    provider = Provider()
    with Line(provider, in_flight=4) as line:
        line.good_for(0)
        line.send(texts(5))
        assert set(answers_of(line, 5).values()) == {Unsent()}
    assert provider.sent == []


def test_a_line_that_closes_answers_everything():
    with Line(Provider(Declined("configuration", "20003")), in_flight=1) as line:
        line.good_for(60)
        line.send(texts(5))
        found = answers_of(line, 5)
    assert list(found.values()) == [Declined("configuration", "20003"), *[Unsent()] * 4]
    assert (line.stopped, line.stop_code) == ("configuration", "20003")


# -- what the database refuses --


def test_sender_values_in_the_database():
    sender.release(sender.take())
    rows = Sender.objects.all()
    values(
        "sender_lease_has_a_holder",
        rows,
        bad=[{"holder": new_id()}, {"lease_until": NOW}],
        good=[{"holder": new_id(), "lease_until": NOW}],
    )
    stopped = {"stopped_at": NOW, "stop_code": "20003", "stopped_settings": "x"}
    values(
        "sender_stopped_with_a_cause",
        rows,
        bad=[{**stopped, "stop_code": ""}, {**stopped, "stopped_settings": ""}, {"stop_code": "20003"}],
        good=[stopped],
    )
