"""A calendar in iCalendar's words (RFC 5545): events in, text out. Pure.

Times are wall times of their zone, with the zone's own description in the file, so that 9:00 stays 9:00 on both sides
of a clock change whatever the reader's program knows. The same events make the same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
# The description of a zone begins so long before the first event: the change before it is in it.
BEFORE = timedelta(days=370)
# A sequence must only grow: seconds of the last change do, and from here on they are small enough for every reader.
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; `uid` is its own for ever, `changed_at` when it last became other."""

    uid: str
    start: datetime
    end: datetime
    zone: ZoneInfo
    title: str
    changed_at: datetime
    place: str = ""
    cancelled: bool = False


def calendar(name: str, entries: Iterable[Entry]) -> bytes:
    """The file. Entries are sorted here, so that their order changes nothing."""
    made, rows = Calendar(), sorted(entries, key=lambda entry: (entry.start, entry.uid))
    made.add("prodid", "-//Clinic//Calendar//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    made.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    for zone in sorted({row.zone.key for row in rows}):
        starts = [row.start for row in rows if row.zone.key == zone]
        made.add_component(_zone(ZoneInfo(zone), min(starts) - BEFORE, max(starts) + BEFORE))
    for row in rows:
        made.add_component(_event(row))
    return made.to_ical()


def changes(zone: ZoneInfo, first: datetime, last: datetime) -> list[datetime]:
    """The instants, to the minute, at which the zone's clock changes."""
    found, moment = [], first.astimezone(UTC).replace(second=0, microsecond=0)
    while moment < last:
        if _offset(zone, moment) != _offset(zone, moment + DAY):
            found.append(_when(zone, moment, moment + DAY))
        moment += DAY
    return found


def _event(row: Entry) -> Event:
    event = Event()
    event.add("uid", row.uid)
    event.add("summary", row.title)
    event.add("dtstart", row.start.astimezone(row.zone))
    event.add("dtend", row.end.astimezone(row.zone))
    event.add("dtstamp", row.changed_at.astimezone(UTC))
    event.add("last-modified", row.changed_at.astimezone(UTC))
    event.add("sequence", max(0, int((row.changed_at - EPOCH).total_seconds())))
    if row.place:
        event.add("location", row.place)
    event.add("status", "CANCELLED" if row.cancelled else "CONFIRMED")
    if row.cancelled:
        event.add("transp", "TRANSPARENT")
    return event


def _zone(zone: ZoneInfo, first: datetime, last: datetime) -> Timezone:
    """Each stretch between two changes of the clock, by the rules that Python knows today."""
    made = Timezone()
    made.add("tzid", zone.key)
    for moment in [first.astimezone(UTC).replace(microsecond=0), *changes(zone, first, last)]:
        made.add_component(_stretch(zone, moment))
    return made


def _stretch(zone: ZoneInfo, moment: datetime) -> TimezoneStandard | TimezoneDaylight:
    before, after = _offset(zone, moment - MINUTE), _offset(zone, moment)
    local = moment.astimezone(zone)
    part: TimezoneStandard | TimezoneDaylight = TimezoneDaylight() if local.dst() else TimezoneStandard()
    # The change is told in the wall time that was, not in the one that comes.
    part.add("dtstart", (moment + before).replace(tzinfo=None))
    part.add("tzoffsetfrom", before)
    part.add("tzoffsetto", after)
    part.add("tzname", local.tzname() or zone.key)
    return part


def _when(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Between two instants with different offsets, the first minute of the new one."""
    while high - low > MINUTE:
        middle = low + (high - low) // 2 // MINUTE * MINUTE
        low, high = (middle, high) if _offset(zone, middle) == _offset(zone, low) else (low, middle)
    return high


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
