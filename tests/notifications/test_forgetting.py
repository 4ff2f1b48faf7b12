"""Old words: what goes when, what stays, and that the provider's records follow."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.ids import new_id
from clinic.models import AuditEvent
from notifications import forgetting, outbox, projection, tasks
from notifications.enums import MessageKind, MessageStatus
from notifications.models import InboundMessage, Message, TextPolicy, VisitLink
from scheduling import booking
from scheduling.booking import Placement
from tests.api.client import Api
from tests.database import one, refused
from tests.factories import (
    MONDAY,
    make_course,
    make_patient,
    make_session,
    make_site,
    make_staffed_site,
    make_user,
)
from tests.notifications.provider import Provider

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, 15, tzinfo=UTC)
DAY = timedelta(days=1)
S = MessageStatus


@pytest.fixture
def site():
    return make_site(chairs=0)


def text(site, age, **fields):
    """One that was due so many days ago."""
    due = NOW - age * DAY
    plain = {
        "kind": MessageKind.BOOKED,
        "about_at": due + DAY,
        "language": "en",
        "to": "+16145550123",
        "body": "Hello Avery",
        "due_at": due,
        "expires_at": due + timedelta(hours=5),
        "status": S.DELIVERED,
        "provider_sid": f"SM{new_id()}",
        "patient": fields.pop("patient", None) or make_patient(site=site),
    }
    return Message.objects.create(site=site, **{**plain, **fields})


def reply(site, age, **fields):
    plain = {
        "from_number": "+16145550123",
        "body": "Can my sister drive me?",
        "received_at": NOW - age * DAY,
        "meaning": "unexpected",
        "provider_sid": f"SM{new_id()}",
    }
    return InboundMessage.objects.create(site=site, **{**plain, **fields})


def policy(site, **fields):
    return TextPolicy.objects.create(site=site, **fields)


def words(row):
    row.refresh_from_db()
    return row.body, row.words_removed_at


# -- here --


@pytest.mark.parametrize(
    ("days", "age", "goes"), [(90, 90, False), (90, 90.01, True), (7, 7.01, True), (30, 8, False)]
)
def test_words_go_after_the_sites_days_and_not_before(site, days, age, goes):
    policy(site, keep_words_days=days)
    rows = text(site, age), reply(site, age)
    assert forgetting.remove_words(now=NOW) == (2 if goes else 0)
    for row in rows:
        assert (words(row) == ("", NOW)) is goes


def test_a_site_that_has_said_nothing_keeps_them_for_ninety_days_and_one_may_keep_them_for_ever(site):
    ever = make_site(chairs=0)
    policy(ever, keep_words_days=None)
    old, kept, nobodys = text(site, 91), text(ever, 2000), reply(None, 91)
    forgetting.remove_words(now=NOW)
    assert (words(old)[0], words(kept)[0], words(nobodys)[0]) == ("", "Hello Avery", "")


@pytest.mark.parametrize(
    ("changes", "goes"),
    [
        ({"status": S.PENDING}, False),
        ({"status": S.CLAIMED}, False),
        ({"status": S.SENDING}, False),
        ({"status": S.UNKNOWN, "look_at": NOW}, False),
        ({"status": S.UNKNOWN}, True),
        ({"status": S.SENT}, True),
        ({"status": S.FAILED}, True),
        ({"status": S.FAILED, "expires_at": NOW + DAY}, False),
        ({"status": S.CANCELLED}, True),
        ({"status": S.SUPPRESSED}, True),
    ],
)
def test_what_may_still_be_sent_or_asked_about_keeps_its_words(site, changes, goes):
    row = text(site, 100, **changes)
    forgetting.remove_words(now=NOW)
    assert (words(row)[0] == "") is goes


def test_a_reply_that_nobody_has_dealt_with_keeps_its_words(site):
    waiting = reply(site, 100, needs_person=True)
    forgetting.remove_words(now=NOW)
    assert words(waiting)[0] != ""
    one(waiting).update(handled_at=NOW, handled_by=make_user(), done="Called")
    forgetting.remove_words(now=NOW)
    assert words(waiting)[0] == ""


def test_batches_are_small_and_a_second_run_goes_on_where_the_first_ended(site):
    for age in (91, 92, 93):
        text(site, age)
    assert [forgetting.remove_words(now=NOW, batch=2) for _ in range(3)] == [2, 1, 0]


def test_ended_links_go_and_others_stay(site):
    session = make_session(course=make_course(site=make_staffed_site()), starts_at=NOW)
    for number, expires_at in enumerate((NOW - DAY, NOW, NOW + DAY)):
        VisitLink.objects.create(
            digest=str(number),
            session=session,
            number="+16145550123",
            about_at=NOW - 2 * DAY,
            expires_at=expires_at,
            created_at=NOW - 2 * DAY,
        )
    assert [forgetting.remove_links(now=NOW, batch=1) for _ in range(3)] == [1, 1, 0]
    assert VisitLink.objects.get().digest == "2"


def test_one_event_for_a_run_and_a_site(site):
    other = make_site(chairs=0)
    for row in (text, text, reply):
        row(site, 100)
    text(other, 100)
    forgetting.remove_words(now=NOW)
    forgetting.remove_words(now=NOW)
    events = AuditEvent.objects.filter(action="texts.words_removed")
    assert {e.site_id: e.detail for e in events} == {
        site.pk: {"messages": 2, "replies": 1},
        other.pk: {"messages": 1},
    }


def test_an_idle_tick_asks_as_often_for_many_rows_as_for_none(site, django_assert_max_num_queries):
    policy(site, keep_words_days=60)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            forgetting.remove_words(now=NOW)
            assert forgetting.redact(now=NOW) == 0
        return len(queries)

    few = asked()
    for age in range(20):
        text(site, age)
    assert (asked(), few <= 12) == (few, True)


def test_a_reminder_that_comes_back_after_its_words_went_has_words_again():
    [session] = booking.book_course(
        course=make_course(site=make_staffed_site()),
        sessions=[Placement(1, MONDAY)],
        by=None,
        now=MONDAY - 30 * DAY,
    )
    row = Message.objects.get(kind="reminder")
    changes = {"status": S.CANCELLED, "cause": "moved", "body": "", "words_removed_at": MONDAY - 9 * DAY}
    one(row).update(**changes)
    projection.project(session, now=MONDAY - 5 * DAY)
    row.refresh_from_db()
    assert (row.status, row.words_removed_at, "reminder from" in row.body) == (S.PENDING, None, True)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (text, ("message_removed_is_empty", "message_redacted_after_removal")),
        (reply, ("inboundmessage_removed_is_empty", "inboundmessage_redacted_after_removal")),
    ],
)
def test_the_database_keeps_what_it_says(site, make, rule):
    row, (is_empty, after) = make(site, 100), rule
    refused(is_empty, lambda: one(row).update(words_removed_at=NOW))
    refused(after, lambda: one(row).update(redact_at=NOW))
    refused(after, lambda: one(row).update(redacted_at=NOW))


# -- at the provider --


class Forgetful(Provider):
    """Redacts what it is told to, or answers as it is told."""

    def __init__(self, answer=True):
        super().__init__()
        self.answer, self.redacted = answer, []

    async def redact(self, sid):
        self.redacted.append(sid)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def removed(site):
    policy(site, redact_at_provider=True)
    rows = text(site, 100), reply(site, 100)
    forgetting.remove_words(now=NOW)
    return rows


def state(row):
    row.refresh_from_db()
    return row.redact_at, row.redact_tries, row.redacted_at


def test_only_where_the_site_asks_and_only_what_the_provider_ever_had(site):
    row = text(site, 100)
    policy(make_site(chairs=0), redact_at_provider=True)
    never_sent = text(make_site(chairs=0), 100, provider_sid="", status=S.CANCELLED)
    policy(never_sent.site, redact_at_provider=True)
    forgetting.remove_words(now=NOW)
    provider = Forgetful()
    assert forgetting.redact(now=NOW, gateway=provider) == 0
    assert (provider.redacted, words(row)[0], words(never_sent)[0]) == ([], "", "")


def test_the_provider_is_asked_once_and_it_is_written_down(removed, site):
    provider = Forgetful()
    assert forgetting.redact(now=NOW, gateway=provider) == 2
    assert forgetting.redact(now=NOW + DAY, gateway=provider) == 0
    assert sorted(provider.redacted) == sorted(row.provider_sid for row in removed)
    assert [state(row) for row in removed] == [(None, 0, NOW)] * 2
    event = AuditEvent.objects.get(action="texts.words_redacted")
    assert (event.site_id, event.detail) == (site.pk, {"texts": 2})


@pytest.mark.parametrize("answer", [False, RuntimeError("broken")])
def test_a_provider_that_cannot_now_is_asked_later_and_later(removed, answer):
    provider, moment, waits = Forgetful(answer), NOW, []
    for _ in range(12):
        assert forgetting.redact(now=moment, gateway=provider) == 0
        due = state(removed[0])[0]
        assert forgetting.redact(now=due - timedelta(seconds=1), gateway=provider) == 0
        waits.append(due - moment)
        moment = due
    assert waits[:3] == [timedelta(minutes=m) for m in (10, 20, 40)]
    assert waits[-1] == DAY
    assert state(removed[0])[1] == 12
    provider.answer = True
    assert forgetting.redact(now=moment, gateway=provider) == 2


def test_words_that_are_gone_here_stay_gone_whatever_the_provider_does(removed):
    forgetting.redact(now=NOW, gateway=Forgetful(False))
    assert words(removed[0])[0] == ""


def test_sending_goes_on_while_the_provider_refuses_to_redact(removed, site):
    text(site, 0, kind="confirm_ok", status=S.PENDING, provider_sid="", due_at=NOW, expires_at=NOW + DAY)
    forgetting.redact(now=NOW, gateway=Forgetful(False))
    provider = Provider()
    outbox.dispatch(now=NOW, gateway=provider)
    assert len(provider.sent) == 1


def test_the_tick_does_both(removed, site, settings, time_machine):
    time_machine.move_to(NOW, tick=False)
    settings.TEXTS_PROVIDER = "console"
    late = text(site, 200)
    tasks.forget_words()
    assert (words(late)[0], state(late)[2], state(removed[0])[2]) == ("", NOW, NOW)


# -- where it is seen --


def test_pages_and_api_say_since_when_the_words_are_gone(site, time_machine):
    time_machine.move_to(NOW, tick=False)
    policy(site, keep_words_days=7, redact_at_provider=True)
    row = text(site, 8)
    forgetting.remove_words(now=NOW)
    desk = make_user(site=site, role="desk")
    client = Client()
    client.force_login(desk)
    page = lambda: " ".join(client.get(reverse("notifications:texts")).content.decode().split())  # noqa: E731
    assert "Words removed on 1 Nov 2026. The provider is still being asked to remove them." in page()
    forgetting.redact(now=NOW, gateway=Forgetful())
    assert "Words removed on 1 Nov 2026. The provider has none either." in page()
    [item] = Api(desk).get("/messages").body["items"]
    wanted = NOW.astimezone(site.tz).isoformat()
    assert (item["id"], item["body"]) == (str(row.pk), "")
    assert (item["words_removed_at"], item["redacted_at"]) == (wanted, wanted)
