from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import timing
from notifications.timing import Never, Rule, When

NEW_YORK = ZoneInfo("America/New_York")
VISIT = datetime(2026, 3, 5, 14, tzinfo=UTC)  # Thursday, 09:00 in New York
RULE = Rule("day-before", 1, time(10))


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
    when = timing.reminder(Rule("x", 1, at), visit_at=VISIT, zone=NEW_YORK, now=VISIT - timedelta(days=5))
    assert (_local(when.due_at).day, _local(when.due_at).time()) == expected


@pytest.mark.parametrize(("hour", "due_hour"), [(3, 9), (8, 9), (9, 9), (15, 15), (19, 19)])
def test_notice_goes_by_day_as_soon_as_it_may(hour, due_hour):
    now = datetime(2026, 3, 2, hour, tzinfo=NEW_YORK)
    assert _local(timing.notice(visit_at=VISIT, zone=NEW_YORK, now=now).due_at).hour == due_hour


def test_notice_at_night_before_an_early_visit_is_never_sent():
    now = datetime(2026, 3, 4, 21, tzinfo=NEW_YORK)
    assert timing.notice(visit_at=VISIT, zone=NEW_YORK, now=now).code == "no_allowed_time"
    assert timing.notice(visit_at=VISIT, zone=NEW_YORK, now=VISIT).code == "visit_passed"


_zones = st.sampled_from(
    ["America/New_York", "America/Phoenix", "Pacific/Honolulu", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
_moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)).map(lambda m: m.replace(tzinfo=UTC))


@given(
    zone=_zones,
    visit=_moments,
    ahead=st.integers(0, 20 * 24 * 60),
    days=st.integers(0, 14),
    at=st.times().map(lambda t: t.replace(fold=0)),
)
def test_any_reminder_is_by_day_and_before_the_visit_or_has_a_reason(zone, visit, ahead, days, at):
    tz, now = ZoneInfo(zone), visit - timedelta(minutes=ahead)
    when = timing.reminder(Rule("any", days, at), visit_at=visit, zone=tz, now=now)
    if isinstance(when, Never):
        assert when.code in ("no_allowed_time", "time_passed")
        return
    assert timing.is_by_day(when.due_at, tz)
    assert now <= when.due_at < visit
    assert when.due_at < when.expires_at <= visit
    assert when.expires_at.astimezone(tz).time() <= timing.UNTIL


@given(zone=_zones, visit=_moments, ahead=st.integers(-60, 20 * 24 * 60))
def test_any_notice_is_by_day_and_before_the_visit_or_has_a_reason(zone, visit, ahead):
    tz, now = ZoneInfo(zone), visit - timedelta(minutes=ahead)
    when = timing.notice(visit_at=visit, zone=tz, now=now)
    if isinstance(when, When):
        assert timing.is_by_day(when.due_at, tz)
        assert now <= when.due_at < when.expires_at <= visit
