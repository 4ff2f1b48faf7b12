"""Fills an empty PostgreSQL database with a large invented book, by COPY, every constraint in force.

Sites with chairs, hours, staff and shifts; patients, each with one course; sessions with the event of their booking; an
audit event and the notice of the booking for each course. Sessions before `monday` are done, the others are booked.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from clinic import audit
from clinic.enums import Role
from clinic.models import AuditEvent, Chair, Membership, OpeningHours, Patient, Shift, Site, User
from demo.people import people
from demo.scale import layout
from demo.scale.layout import Size
from demo.scale.lines import Lines
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message
from scheduling import protocol
from scheduling.enums import CourseStatus, SessionEventKind, SessionStatus
from scheduling.models import Course, CourseEvent, SessionEvent, TreatmentSession

ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles")
SITES_AT_ONCE = 50
STAFF = (Role.DESK, Role.PRESCRIBER, *[Role.NURSE] * layout.NURSES)
_LENGTH = timedelta(minutes=layout.SESSION_MINUTES)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wish:
    size: Size
    seed: int
    monday: date


def fill(wish: Wish, *, now: datetime, tell: Callable[[int], None] = lambda sites: None) -> dict[str, int]:
    """Write it all; return how many rows went into each table. `tell` hears the number of sites that are done."""
    writer = _Writer(wish)
    counts: dict[str, int] = {}
    for first in range(0, wish.size.sites, SITES_AT_ONCE):
        last = min(first + SITES_AT_ONCE, wish.size.sites)
        for site in range(first, last):
            writer.site(site)
        for table, rows in writer.copy().items():
            counts[table] = counts.get(table, 0) + rows
        tell(last)
    audit.seal(now=now)
    _analyze()
    return counts


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


class _Writer:
    def __init__(self, wish: Wish):
        self.wish, self.random = wish, random.Random(wish.seed)
        self.names = people()
        self.made = 0
        self.starts: dict[tuple[str, date, time], datetime] = {}
        self._open_files()

    def _open_files(self) -> None:
        """In the order in which rows refer to each other."""
        monday = datetime.combine(self.wish.monday, time(), UTC)
        long_ago = monday - timedelta(days=3650)
        self.sites = Lines(Site, "id", "name", "alias", "timezone", created_at=long_ago)
        self.users = Lines(User, "id", "username", "last_name", password="!", date_joined=long_ago)  # noqa: S106
        self.members = Lines(Membership, "id", "user_id", "site_id", "role")
        self.chairs = Lines(Chair, "id", "site_id", "name", "position")
        self.hours = Lines(OpeningHours, "id", "site_id", "weekday", opens=time(7), closes=time(19))
        self.shifts = Lines(
            Shift, "id", "site_id", "staff_id", "role", "weekday", starts=time(7), ends=time(19)
        )
        self.patients = Lines(
            Patient,
            *("id", "site_id", "mrn", "given_name", "family_name", "birth_date", "sex", "phone"),
            *("rems_enrolled_on", "created_at"),
            escort_name="Sam Escort",
        )
        self.courses = Lines(
            Course,
            *("id", "site_id", "patient_id", "status", "starts_on", "weekdays", "time", "dose_mg"),
            "created_at",
            indication="trd",
        )
        self.sessions = Lines(
            TreatmentSession,
            *("id", "course_id", "site_id", "patient_id", "chair_id", "number", "week", "phase"),
            *("starts_at", "ends_at", "local_date", "dose_mg", "status", "created_at", "updated_at"),
        )
        booked = {"kind": SessionEventKind.STATUS, "to_status": SessionStatus.BOOKED}
        self.events = Lines(SessionEvent, "id", "session_id", "at", **booked)
        self.starts_of_courses = Lines(
            CourseEvent, "id", "course_id", "at", kind="status", to_status=CourseStatus.PLANNED
        )
        self.audit = Lines(
            AuditEvent,
            *("id", "at", "site_id", "patient_id", "object_id"),
            action="course.started",
            object_type="course",
        )
        self.messages = Lines(
            Message,
            *("id", "site_id", "patient_id", "session_id", "about_at", "to", "due_at", "expires_at"),
            *("sent_at", "settled_at", "created_at"),
            kind=MessageKind.BOOKED,
            status=MessageStatus.DELIVERED,
            language="en",
            body="Your next visits are booked.",
        )
        self.files = [
            *(self.sites, self.users, self.members, self.chairs, self.hours, self.shifts),
            *(self.patients, self.courses, self.starts_of_courses, self.sessions),
            *(self.events, self.audit, self.messages),
        ]

    @transaction.atomic
    def copy(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            # References are looked at after each table instead of all together at the end.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            return {lines.model.__name__: lines.copy(cursor) for lines in self.files}

    def site(self, index: int) -> None:
        site, zone = self._id(), ZONES[index % len(ZONES)]
        self.sites.add(site, f"Clinic {index + 1:05}", f"Care {index + 1:05}", zone)
        chairs = [self._chair(site, position) for position in range(layout.CHAIRS)]
        for weekday in range(5):
            self.hours.add(self._id(), site, weekday)
        for number, role in enumerate(STAFF):
            self._staff(site, index, number, role)
        patients = self.wish.size.patients_of(index)
        for seat, patient in enumerate(patients):
            self._patient(site, ZoneInfo(zone), chairs, seat, len(patients), patient)

    def _id(self, at: datetime | None = None) -> str:
        """A UUIDv7 of that moment, the same in every run: moment, then a counter, then the seed's dice."""
        moment = at or datetime.combine(self.wish.monday, time(), UTC) - timedelta(days=3650)
        self.made += 1
        digits = f"{int(moment.timestamp() * 1000):012x}"
        count, dice = f"{self.made:010x}", f"{self.random.getrandbits(32):08x}"
        return f"{digits[:8]}-{digits[8:]}-7{count[:3]}-8{count[3:6]}-{count[6:]}{dice}"

    def _chair(self, site: str, position: int) -> str:
        chair = self._id()
        self.chairs.add(chair, site, f"Chair {position + 1}", position)
        return chair

    def _staff(self, site: str, index: int, number: int, role: Role) -> None:
        user, name = self._id(), self.random.choice(self.names).family_name
        self.users.add(user, f"{role.value}.{index + 1}.{number}", name)
        self.members.add(self._id(), user, site, role.value)
        for weekday in range(5) if role != Role.DESK else ():
            self.shifts.add(self._id(), site, user, role.value, weekday)

    def _patient(self, site, zone: ZoneInfo, chairs: list[str], seat: int, seats: int, number: int) -> None:
        start = layout.course_start(seat, seats, self.wish.monday)
        begun = datetime.combine(start, time(12), UTC) - _WEEK
        patient, person = self._id(begun), self.random.choice(self.names)
        phone = f"+1614555{100 + number % 100:04}"
        born = date(1945, 1, 1) + timedelta(days=self.random.randrange(60 * 365))
        identity = (patient, site, f"S{number:07}", person.given_name, person.family_name, born, person.sex)
        self.patients.add(*identity, phone, start - _WEEK, begun)
        places = list(layout.places(seat, start, self.wish.size.sessions_of(number)))
        course, dose = self._id(begun), self.random.choice(protocol.DOSES_MG)
        status = CourseStatus.ACTIVE if places[-1].on >= self.wish.monday else CourseStatus.COMPLETED
        weekdays = list(layout.pair_of(seat))
        self.courses.add(
            course, site, patient, status.value, start, weekdays, places[0].at.isoformat(), dose, begun
        )
        self.starts_of_courses.add(self._id(begun), course, begun)
        self.audit.add(self._id(begun), begun, site, patient, course)
        ids = [self._session(site, course, patient, chairs, zone, place, start, dose) for place in places]
        first = self._start(zone, places[0])
        self.messages.add(
            *(self._id(begun), site, patient, ids[0], first, phone, begun, first, begun, begun, begun)
        )

    def _session(self, site, course, patient, chairs, zone, place: layout.Place, start: date, dose) -> str:
        begins = self._start(zone, place)
        made = begins - _WEEK
        session, week = self._id(made), protocol.week_of(start, place.on)
        done = place.on < self.wish.monday
        self.sessions.add(
            *(session, course, site, patient, chairs[place.chair], place.number, week),
            *(protocol.phase_of_session(place.number, week), begins, begins + _LENGTH, place.on, dose),
            *(SessionStatus.COMPLETED.value if done else SessionStatus.BOOKED.value, made, made),
        )
        self.events.add(self._id(made), session, made)
        return session

    def _start(self, zone: ZoneInfo, place: layout.Place) -> datetime:
        key = (zone.key, place.on, place.at)
        if key not in self.starts:
            self.starts[key] = datetime.combine(place.on, place.at, zone).astimezone(UTC)
        return self.starts[key]
