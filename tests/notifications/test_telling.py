"""A site's rules, words and limits: changing them makes again what is not yet sent."""

from datetime import UTC, datetime, time, timedelta

import pytest

from clinic import patients
from clinic.errors import Invalid
from clinic.models import AuditEvent, House
from notifications import outbox, telling
from notifications.enums import MessageStatus
from notifications.models import Message, ReminderRule, TextPolicy, Wording
from notifications.timing import Rule
from scheduling import booking
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.database import one, refused, values
from tests.factories import MONDAY, make_course, make_site, make_staffed_site, make_user
from tests.notifications.provider import Provider

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 25, 15, tzinfo=UTC)  # Wednesday, 10:00 in New York
DAY_BEFORE, TWO_DAYS, HOURS = Rule(days=1, at=time(10)), Rule(days=2, at=time(18)), Rule(hours=20)
S = MessageStatus


@pytest.fixture
def session():
    course = make_course(site=make_staffed_site())
    [row] = booking.book_course(course=course, sessions=[Placement(1, MONDAY)], by=None, now=NOW)
    return row


def waiting(kind="reminder"):
    rows = Message.objects.filter(kind=kind, status=S.PENDING)
    return sorted(rows.values_list("rule", flat=True))


def set_rules(session, *rules):
    telling.set_rules(site=session.site, rules=rules, by=make_user(), now=NOW)


def test_other_rules_make_other_texts_of_what_waits(session):
    assert waiting() == ["1d-10:00"]
    set_rules(session, TWO_DAYS, HOURS)
    assert waiting() == ["20h", "2d-18:00"]
    gone = Message.objects.get(rule="1d-10:00")
    assert (gone.status, gone.cause) == (S.CANCELLED, "rule_gone")
    set_rules(session, DAY_BEFORE)
    assert waiting() == ["1d-10:00"]
    assert AuditEvent.objects.filter(action="texts.rules").count() == 2


def test_a_site_may_want_no_reminder(session):
    set_rules(session)
    assert (waiting(), telling.rules_of(session.site)) == ([], [])


def test_a_rule_may_be_for_one_phase_and_in_one_language(session):
    set_rules(session, Rule(days=1, at=time(10), phase="weekly"), Rule(hours=20, language="es"))
    assert waiting() == ["20h-es"]
    assert "recordatorio" in Message.objects.get(status=S.PENDING, kind="reminder").body


def test_a_check_may_be_as_far_after_the_visit_as_a_reminder_is_before_it(session):
    set_rules(session, DAY_BEFORE, Rule(days=1, at=time(10), told="check"))
    assert [rule.told for rule in telling.rules_of(session.site)] == ["reminder", "check"]
    assert waiting() == ["1d-10:00"]


def test_what_was_sent_is_not_touched(session):
    outbox.dispatch(now=datetime(2026, 3, 1, 15, tzinfo=UTC), gateway=Provider())
    sent = Message.objects.get(rule="1d-10:00")
    set_rules(session, TWO_DAYS)
    assert one(sent).get().status == S.DELIVERED


@pytest.mark.parametrize(
    ("rules", "fields"),
    [
        ([Rule(days=15, at=time(9))], ["rules[0].days"]),
        ([Rule(hours=0)], ["rules[0].hours"]),
        ([Rule(hours=73), Rule(days=1)], ["rules[0].hours", "rules[1].days"]),
        ([Rule(days=1, at=time(9), hours=3)], ["rules[0].days"]),
        ([Rule(days=0, at=time(9), told="check")], ["rules[0].days"]),
        ([Rule(hours=3, told="check")], ["rules[0].hours"]),
        (
            [Rule(hours=3, phase="odd", language="fr", told="odd")],
            ["rules[0].told", "rules[0].phase", "rules[0].language"],
        ),
        ([DAY_BEFORE, DAY_BEFORE], ["rules"]),
        ([Rule(hours=h) for h in range(1, 10)], ["rules"]),
    ],
)
def test_rules_that_cannot_be_are_told_all_at_once(session, rules, fields):
    with pytest.raises(Invalid) as caught:
        set_rules(session, *rules)
    assert [fault.field for fault in caught.value.faults] == fields
    assert waiting() == ["1d-10:00"]


def test_a_check_is_asked_on_the_day_after_a_session_that_took_place(session):
    set_rules(session, DAY_BEFORE, Rule(days=1, at=time(11), told="check"))
    assert waiting("check") == []
    TreatmentSession.objects.filter(pk=session.pk).update(status="completed")
    from notifications import projection

    projection.project(TreatmentSession.objects.get(pk=session.pk), now=MONDAY + timedelta(hours=3))
    row = Message.objects.get(kind="check")
    assert row.due_at == datetime(2026, 3, 3, 16, tzinfo=UTC)
    assert "how are you today" in row.body


def test_own_words_are_in_what_waits_and_ours_come_back(session):
    text = "{hello}come on {when}. Reply C or R. {phone}"
    words = {"site": session.site, "kind": "reminder", "language": "en", "by": make_user(), "now": NOW}
    telling.set_words(text=text, **words)
    body = Message.objects.get(kind="reminder").body
    assert body.startswith("Hello Avery, come on Mon 2 Mar")
    telling.set_words(text="", **words)
    assert "reminder from" in Message.objects.get(kind="reminder").body
    assert not Wording.objects.exists()


def test_words_that_tell_are_refused_with_every_fault(session):
    with pytest.raises(Invalid) as caught:
        telling.set_words(
            site=session.site, kind="reminder", language="en", text="Your Spravato dose", by=None, now=NOW
        )
    assert {fault.code for fault in caught.value.faults} == {
        "forbidden_word",
        "missing_name",
        "no_answer_asked",
    }


def test_preparation_only_with_consent_to_detail(session):
    assert "drive you home" not in Message.objects.get(kind="reminder").body
    patients.record_consent(
        patient=session.patient, kind="detailed", given=True, method="on paper", by=make_user(), now=NOW
    )
    assert "drive you home" in Message.objects.get(kind="reminder").body
    patients.record_consent(
        patient=session.patient, kind="detailed", given=False, method="on paper", by=make_user(), now=NOW
    )
    assert "drive you home" not in Message.objects.get(kind="reminder").body


def test_another_number_or_language_is_in_what_waits(session):
    changes = {"phone": "+16145550177", "language": "es"}
    patients.update_patient(patient=session.patient, changes=changes, by=make_user(), now=NOW)
    row = Message.objects.get(kind="reminder", status=S.PENDING)
    assert (row.to, row.language, "recordatorio" in row.body) == ("+16145550177", "es", True)


def test_the_limits_of_a_site(session):
    telling.set_policy(
        site=session.site, changes={"most_a_day": 2, "keep_words_days": None}, by=make_user(), now=NOW
    )
    policy = TextPolicy.objects.get(site=session.site)
    assert (policy.most_a_day, policy.most_a_week, policy.keep_words_days) == (2, 3, None)
    with pytest.raises(Invalid) as caught:
        telling.set_policy(
            site=session.site,
            changes={"most_a_day": 0, "most_a_week": 21, "keep_words_days": 6, "odd": 1},
            by=make_user(),
            now=NOW,
        )
    assert sorted(f.field for f in caught.value.faults) == [
        "keep_words_days",
        "most_a_day",
        "most_a_week",
        "odd",
    ]


# -- what the database refuses --


def rule(site, **fields):
    return ReminderRule.objects.create(
        **{"site": site, "name": "3h", "told": "reminder", "hours": 3, **fields}
    )


def test_rule_values_in_the_database():
    rows = one(rule(make_site()))
    values("rule_told_known", rows, bad=[{"told": "odd"}], good=[{"told": "reminder"}])
    values("rule_phase_known", rows, bad=[{"phase": "odd"}], good=[{"phase": "weekly"}, {"phase": ""}])
    values("rule_language_known", rows, bad=[{"language": "fr"}], good=[{"language": "es"}, {"language": ""}])
    by_days = {"hours": None, "days": 1, "at": time(10)}
    values(
        "rule_by_days_at_a_time_or_by_hours",
        rows,
        bad=[{"hours": 73}, {"hours": None}, {"days": 1}, {**by_days, "days": 15}, {**by_days, "at": None}],
        good=[{"hours": 72}, by_days, {"days": 14}],
    )
    values(
        "rule_check_comes_on_a_later_day", rows, bad=[{"told": "check", "days": 0}], good=[{"told": "check"}]
    )


def test_a_rule_stands_once_at_a_site_while_it_is_active():
    site = make_site()
    first = rule(site)
    refused("rule_once_at_a_site", lambda: rule(site))
    rule(site, told="check", days=1, at=time(10), hours=None)
    one(first).update(active=False)
    rule(site)


def test_wording_values_in_the_database():
    site = make_site()
    row = Wording.objects.create(site=site, kind="reminder", language="en", text="x")
    values("wording_language_known", one(row), bad=[{"language": "fr"}], good=[{"language": "es"}])
    values("wording_says_something", one(row), bad=[{"text": ""}], good=[{"text": "y"}])
    refused(
        "wording_once_at_a_site",
        lambda: Wording.objects.create(site=site, kind="reminder", language="es", text="z"),
    )


def test_policy_values_in_the_database():
    rows = one(TextPolicy.objects.create(site=make_site()))
    values(
        "policy_limits_make_sense",
        rows,
        bad=[{"most_a_day": 0}, {"most_a_day": 6}, {"most_a_week": 0}, {"most_a_week": 21}],
        good=[{"most_a_day": 5, "most_a_week": 20}],
    )
    values(
        "policy_keeps_words_a_week_at_least",
        rows,
        bad=[{"keep_words_days": 6}, {"keep_words_days": 3651}],
        good=[{"keep_words_days": 7}, {"keep_words_days": None}],
    )
    values(
        "policy_calls_within_three_days",
        rows,
        bad=[{"call_hours": 0}, {"call_hours": 73}],
        good=[{"call_hours": 1}, {"call_hours": 72}],
    )
    values(
        "policy_offers_wait_a_while",
        rows,
        bad=[{"offer_minutes": 4}, {"offer_minutes": 601}],
        good=[{"offer_minutes": 5}, {"offer_minutes": 600}],
    )
    values(
        "policy_ends_pages_in_two_weeks",
        rows,
        bad=[{"page_hours": 0}, {"page_hours": 337}],
        good=[{"page_hours": 1}, {"page_hours": 336}],
    )


def test_every_change_of_rules_or_words_gives_the_house_a_new_mark():
    """rule_marks_house, wording_marks_house."""
    site, other = make_site(chairs=0), make_site(chairs=0)
    rule = ReminderRule.objects.create(site=site, name="3h", told="reminder", hours=3)
    seen = [_marks(site, other)]
    wording = Wording.objects.create(site=site, kind="reminder", language="en", text="Come")
    seen.append(_marks(site, other))
    for change in (
        lambda: one(rule).update(active=False),
        lambda: one(wording).update(text="Do come"),
        lambda: one(wording).delete(),
        lambda: one(rule).delete(),
    ):
        change()
        seen.append(_marks(site, other))
    assert len({mine for mine, _theirs in seen}) == len(seen)
    assert len({theirs for _mine, theirs in seen}) == 1


def _marks(*sites):
    return tuple(House.objects.get(site=site).mark for site in sites)
