import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications import timing
from notifications.timing import Never, Rule, When

NEW_YORK = ZoneInfo("America/New_York")
VISIT = datetime(2026, 3, 5, 14, tzinfo=UTC)  # Thursday, 09:00 in New York
RULE = Rule(days=1, at=time(10))


def _local(moment):
    return moment.astimezone(NEW_YORK)


def test_reminder_goes_the_day_before_at_ten():
    when = timing.reminder(RULE, visit_at=VISIT, zone=NEW_YORK, now=VISIT - timedelta(days=5))
    assert _local(when.due_at) == datetime(2026, 3, 4, 10, tzinfo=NEW_YORK)
    assert _local(when.expires_at) == datetime(2026, 3, 4, 20, tzinfo=NEW_YORK)


def test_reminder_counts_days_where_the_patient_is():
    tokyo = ZoneInfo("Asia/Tokyo")
    when = timing.reminder(RULE, visit_at=VISIT, zone=tokyo, now=VISIT - timedelta(days=5))
    assert when.due_at.astimezone(tokyo) == datetime(2026, 3, 4, 10, tzinfo=tokyo)


def test_reminder_whose_time_has_passed_is_never_sent():
    now = datetime(2026, 3, 4, 15, 1, tzinfo=UTC)
    assert timing.reminder(RULE, visit_at=VISIT, zone=NEW_YORK, now=now).code == "time_passed"
    assert isinstance(
        timing.reminder(RULE, visit_at=VISIT, zone=NEW_YORK, now=now - timedelta(minutes=1)), When
    )


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (time(8, 59), (4, time(9))),
        (time(9), (4, time(9))),
        (time(19, 59), (4, time(19, 59))),
        (time(20), (4, time(19, 59))),
        (time(23), (4, time(19, 59))),
        (time(3), (4, time(9))),
        (time(1), (3, time(19, 59))),
    ],
)
def test_reminder_outside_the_day_moves_to_the_nearest_allowed_time(at, expected):
    when = timing.reminder(Rule(days=1, at=at), visit_at=VISIT, zone=NEW_YORK, now=VISIT - timedelta(days=5))
    assert (_local(when.due_at).day, _local(when.due_at).time()) == expected


@pytest.mark.parametrize(("hour", "due_hour"), [(3, 9), (8, 9), (9, 9), (15, 15), (19, 19)])
def test_notice_goes_by_day_as_soon_as_it_may(hour, due_hour):
    now = datetime(2026, 3, 2, hour, tzinfo=NEW_YORK)
    assert _local(timing.notice(visit_at=VISIT, zone=NEW_YORK, now=now).due_at).hour == due_hour


def test_notice_at_night_before_an_early_visit_is_never_sent():
    now = datetime(2026, 3, 4, 21, tzinfo=NEW_YORK)
    assert timing.notice(visit_at=VISIT, zone=NEW_YORK, now=now).code == "no_allowed_time"
    assert timing.notice(visit_at=VISIT, zone=NEW_YORK, now=VISIT).code == "visit_passed"


# Every zone there is, but for those that name none; most moments beside a change of their clock.
_ZONES = sorted(zoneinfo.available_timezones() - {"Factory", "localtime"})
_days = st.dates(date(2025, 1, 1), date(2028, 12, 31))


@cache
def _changes(zone):
    """The hours of three years in which this zone's clock was put forward or back."""
    tz, hour, found = ZoneInfo(zone), datetime(2025, 1, 1, tzinfo=UTC), []
    while hour.year < 2028:
        day = hour + timedelta(days=1)
        if hour.astimezone(tz).utcoffset() != day.astimezone(tz).utcoffset():
            found.append(hour)
        hour = day
    return found


@st.composite
def _wheres(draw):
    """A zone, and a moment of a visit."""
    zone = draw(st.sampled_from(_ZONES))
    changes = _changes(zone)
    day = draw(st.sampled_from(changes)) if changes and draw(st.booleans()) else None
    start = day or datetime.combine(draw(_days), time(), UTC)
    return ZoneInfo(zone), start + timedelta(minutes=draw(st.integers(-3 * 24 * 60, 3 * 24 * 60)))


_rules = st.one_of(
    st.builds(Rule, days=st.integers(0, 14), at=st.times()), st.builds(Rule, hours=st.integers(1, 72))
)
_ahead = st.integers(-60, 20 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


@given(where=_wheres(), ahead=_ahead, rule=_rules)
@settings(max_examples=500)
def test_any_reminder_is_by_day_and_before_the_visit_or_has_a_reason(where, ahead, rule):
    tz, visit = where
    now = visit - ahead
    when = timing.reminder(rule, visit_at=visit, zone=tz, now=now)
    if isinstance(when, Never):
        _stated(when, "no_allowed_time", "time_passed")
        return
    assert _by_day(when.due_at, tz)
    assert now <= when.due_at < visit - timedelta(hours=1)
    assert when.due_at < when.expires_at <= visit
    assert when.expires_at.astimezone(tz).time() <= time(20)


@given(where=_wheres(), ahead=_ahead)
def test_any_notice_is_by_day_and_before_the_visit_or_has_a_reason(where, ahead):
    tz, visit = where
    now = visit - ahead
    when = timing.notice(visit_at=visit, zone=tz, now=now)
    if isinstance(when, Never):
        _stated(when, "no_allowed_time", "visit_passed")
        return
    assert _by_day(when.due_at, tz)
    assert now <= when.due_at < when.expires_at <= visit


@given(where=_wheres(), after=_ahead, days=st.integers(1, 14), at=st.times())
def test_any_check_is_by_day_on_its_day_or_has_a_reason(where, after, days, at):
    tz, visit = where
    now = visit + after
    when = timing.check(Rule(days=days, at=at, told="check"), visit_at=visit, zone=tz, now=now)
    if isinstance(when, Never):
        _stated(when, "no_allowed_time", "time_passed")
        return
    assert _by_day(when.due_at, tz)
    assert now <= when.due_at < when.expires_at
    assert when.due_at.astimezone(tz).date() == visit.astimezone(tz).date() + timedelta(days=days)
    assert when.expires_at.astimezone(tz).time() == time(20)


@given(where=_wheres(), ahead=_ahead, minutes=st.integers(5, 600), notice=st.integers(0, 7 * 24 * 60))
def test_any_offer_is_by_day_with_time_for_an_answer_or_has_a_reason(where, ahead, minutes, notice):
    tz, place = where
    now = place - ahead
    when = timing.offer(starts_at=place, minutes=minutes, notice_minutes=notice, zone=tz, now=now)
    if isinstance(when, Never):
        _stated(when, "too_late")
        return
    assert _by_day(when.due_at, tz)
    assert now <= when.due_at <= when.expires_at - timedelta(minutes=5)
    assert when.expires_at <= place - timedelta(minutes=notice)


def _by_day(moment, tz):
    return time(9) <= moment.astimezone(tz).time() < time(20)


def _stated(never, *codes):
    assert never.code in codes
    assert never.detail


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(2, (5, time(7))), (1, (5, time(8))), (24, (4, time(9))), (13, (4, time(19, 59))), (14, (4, time(19)))],
)
def test_reminder_by_hours_moves_into_the_day_and_stays_before_the_visit(hours, expected):
    when = timing.reminder(Rule(hours=hours), visit_at=VISIT, zone=NEW_YORK, now=VISIT - timedelta(days=5))
    at_nine = (5, time(9))
    due = (_local(when.due_at).day, _local(when.due_at).time())
    # 07:00 and 08:00 would be before nine, and nine is too late for a visit at nine: the evening before.
    assert due == (expected if expected[1] >= time(9) and expected != at_nine else (4, time(19, 59)))


@pytest.mark.parametrize(
    ("days", "at", "due"),
    [(1, time(10), (6, 10)), (1, time(3), (6, 9)), (2, time(19, 59), (7, 19)), (1, time(20), None)],
)
def test_a_check_comes_by_day_on_its_day_or_not_at_all(days, at, due):
    rule = Rule(days=days, at=at, told="check")
    when = timing.check(rule, visit_at=VISIT, zone=NEW_YORK, now=VISIT + timedelta(hours=3))
    assert ((_local(when.due_at).day, _local(when.due_at).hour) if due else when.code) == (
        due or "no_allowed_time"
    )


def test_a_check_whose_time_has_passed_is_never_sent():
    rule = Rule(days=1, at=time(10), told="check")
    assert (
        timing.check(rule, visit_at=VISIT, zone=NEW_YORK, now=VISIT + timedelta(days=2)).code == "time_passed"
    )


def test_the_same_rule_has_the_same_name_and_another_has_another():
    rules = [
        Rule(days=1, at=time(10)),
        Rule(days=1, at=time(18)),
        Rule(hours=3),
        Rule(hours=3, phase="weekly"),
        Rule(hours=3, phase="maintenance", language="es"),
    ]
    names = [rule.name for rule in rules]
    assert names == ["1d-10:00", "1d-18:00", "3h", "3h-wee", "3h-mai-es"]
    assert max(len(name) for name in names) <= 20
