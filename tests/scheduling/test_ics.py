"""The calendar file: times right on both sides of a clock change, read back by programs that are not ours."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from icalendar import Calendar

from scheduling.ics import Entry, calendar, changes

NEW_YORK, PHOENIX = ZoneInfo("America/New_York"), ZoneInfo("America/Phoenix")
HOUR = timedelta(hours=1)
SPRING, AUTUMN = datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)


def _entry(start, zone=NEW_YORK, **fields):
    made = {"uid": f"visit-{start:%Y%m%d%H}", "title": "Visit A.Q.", "changed_at": start - HOUR}
    return Entry(start=start, end=start + 2.5 * HOUR, zone=zone, **{**made, **fields})


def _read(entries):
    body = calendar("North Care", entries)
    return body.decode(), list(Calendar.from_ical(body).walk("VEVENT"))


def test_nine_o_clock_stays_nine_o_clock_over_a_clock_change():
    before, after = (datetime(2026, 3, day, 9, tzinfo=NEW_YORK).astimezone(UTC) for day in (6, 9))
    text, events = _read([_entry(before), _entry(after)])
    assert "DTSTART;TZID=America/New_York:20260306T090000" in text
    assert "DTSTART;TZID=America/New_York:20260309T090000" in text
    assert [event.start.astimezone(UTC) for event in events] == [before, after]
    assert after - before == timedelta(days=3) - HOUR


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
@pytest.mark.parametrize("zone", [NEW_YORK, PHOENIX, ZoneInfo("Europe/Dublin")])
def test_the_zone_in_the_file_agrees_with_ours_around_a_change(zone, change):
    """Another library reads the description of the zone, and nothing but it."""
    text, _events = _read([_entry(change, zone), _entry(change + timedelta(days=40), zone)])
    theirs = tzical(StringIO(text)).get(zone.key)
    wall = (change - timedelta(days=2)).astimezone(zone).replace(tzinfo=None, minute=0)
    for step in range(24 * 5):
        local = wall + step * HOUR
        ours = local.replace(tzinfo=zone)
        exists = ours.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
        twice = ours.utcoffset() != ours.replace(fold=1).utcoffset()
        if exists and not twice:
            assert local.replace(tzinfo=theirs).utcoffset() == ours.utcoffset(), local


def test_changes_are_found_to_the_minute():
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert changes(NEW_YORK, *year) == [SPRING, AUTUMN]
    assert changes(PHOENIX, *year) == []


def test_what_is_cancelled_says_so_and_takes_no_time():
    [event] = _read([_entry(SPRING, cancelled=True)])[1]
    assert (event["STATUS"], event["TRANSP"]) == ("CANCELLED", "TRANSPARENT")


def test_a_later_change_has_a_higher_sequence_and_the_same_name():
    first = _read([_entry(SPRING)])[1][0]
    second = _read([_entry(SPRING, changed_at=SPRING + HOUR)])[1][0]
    assert first["UID"] == second["UID"]
    assert first["SEQUENCE"] < second["SEQUENCE"]


def test_the_same_events_make_the_same_bytes_in_any_order():
    entries = [_entry(SPRING), _entry(AUTUMN, PHOENIX), _entry(SPRING + HOUR)]
    assert calendar("C", entries) == calendar("C", entries[::-1])


def test_an_empty_calendar_is_one():
    assert _read([])[1] == []


def test_words_that_break_lines_are_kept_whole():
    [event] = _read([_entry(SPRING, title="Visit; Quill, Ada\nBEGIN:VEVENT", place="Blue, room")])[1]
    assert (event["SUMMARY"], event["LOCATION"]) == ("Visit; Quill, Ada\nBEGIN:VEVENT", "Blue, room")
