"""The two invented clinics: chairs, hours and shifts, stretched over the present hour whatever it is."""

from datetime import date, datetime, time, timedelta
from typing import Any

from clinic import people as people_verbs
from clinic import places
from clinic.models import Site, User
from demo.people import PASSWORD, STAFF

# How long before and after the present moment somebody must be able to be in a chair.
LIVE_BEFORE, LIVE_AFTER = timedelta(hours=5), timedelta(hours=5)

OHIO: dict[str, Any] = {
    "name": "Cardinal Clinic, Columbus",
    "alias": "Cardinal Care",
    "timezone": "America/New_York",
    "phone": "+16145550100",
    "address": "410 Cardinal Drive, Columbus, OH",
    "chairs": ["Chair 1", "Chair 2", "Chair 3", "Chair 4", "Chair 5", "Chair 6"],
}
# Arizona keeps no daylight time: half the year it is two hours behind Ohio, half the year three.
ARIZONA: dict[str, Any] = {
    "name": "Desert Sky Clinic, Phoenix",
    "alias": "Desert Sky Care",
    "timezone": "America/Phoenix",
    "phone": "+16025550100",
    "address": "77 East Saguaro Street, Phoenix, AZ",
    "chairs": ["Room A", "Room B"],
}
WEEK = [{"weekday": day, "opens": time(8), "closes": time(18)} for day in range(5)]
# Who works where: (username, role, site), each Monday to Friday.
ROSTER = [
    ("nurse", "nurse", "ohio"),
    ("nurse.lopez", "nurse", "ohio"),
    ("prescriber", "prescriber", "ohio"),
    ("nurse.hale", "nurse", "arizona"),
    ("dr.singh", "prescriber", "arizona"),
]


def make_staff(*, now: datetime) -> dict[str, User]:
    staff = {
        member.username: people_verbs.create_user(
            username=member.username,
            password=PASSWORD,
            given_name=member.given_name,
            family_name=member.family_name,
            by=None,
            now=now,
        )
        for member in STAFF
    }
    for user in staff.values():
        people_verbs.set_reach(user=user, email=f"{user.username}@clinic.example", phone="", by=user, now=now)
    return staff


def make_sites(staff: dict[str, User], *, now: datetime) -> dict[str, Site]:
    """Both sites with everybody a member of each, and the weekly shifts."""
    manager = staff["manager"]
    sites = {
        key: places.create_site(**facts, hours=WEEK, by=manager, now=now, rems_certified_on=date(2024, 5, 6))
        for key, facts in (("ohio", OHIO), ("arizona", ARIZONA))
    }
    for site in sites.values():
        for member in STAFF:
            for role in set(member.roles) - {"manager"}:
                people_verbs.add_member(
                    site=site, user=staff[member.username], role=role, by=manager, now=now
                )
    for username, role, key in ROSTER:
        for weekday in range(5):
            places.add_shift(
                site=sites[key],
                role=role,
                staff=staff[username],
                weekday=weekday,
                starts=time(7, 30),
                ends=time(18, 30),
                by=manager,
                now=now,
            )
    return sites


def open_now(site: Site, staff: dict[str, User], *, now: datetime) -> None:
    """Extra hours and an extra shift around the present moment, as a clinic adds them for a long day.

    A demo started on a Sunday night shall have a living floor too.
    """
    key = "ohio" if site.timezone == OHIO["timezone"] else "arizona"
    start, end = _whole_hour(now - LIVE_BEFORE), _whole_hour(now + LIVE_AFTER)
    for day, opens, closes in _days(start.astimezone(site.tz), end.astimezone(site.tz)):
        places.add_hours(
            site=site,
            weekday=day.weekday(),
            opens=opens,
            closes=closes,
            valid_from=day,
            valid_until=day,
            by=staff["manager"],
            now=now,
        )
    for username, role, where in ROSTER:
        if where == key:
            person = staff[username]
            places.add_shift(
                site=site, role=role, staff=person, starts_at=start, ends_at=end, by=staff["manager"], now=now
            )


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _days(start: datetime, end: datetime) -> list[tuple[date, time, time]]:
    """The wall-clock stretch from `start` to `end`, cut at midnight; a close at 00:00 is the day's end."""
    if start.date() == end.date():
        return [(start.date(), start.time(), end.time())]
    parts = [(start.date(), start.time(), time(0))]
    if end.time() > time(0):
        parts.append((end.date(), time(0), end.time()))
    return parts
