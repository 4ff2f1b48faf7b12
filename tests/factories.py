"""Plain factories: real rows through the ORM, no surprises. Every argument can be overridden."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

from clinic.enums import Role
from clinic.models import Chair, Membership, OpeningHours, Patient, Shift, Site, User
from scheduling.enums import Indication, Phase
from scheduling.models import Course, TreatmentSession

_count = itertools.count(1)
# A Monday, 09:00 in New York.
MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)


def make_site(*, chairs: int = 2, hours: tuple[time, time] | None = (time(8), time(18)), **fields) -> Site:
    """A site in New York, open Monday to Friday, with chairs but nobody on shift."""
    number = next(_count)
    fields = {"name": f"Site {number}", "alias": f"Care {number}", "timezone": "America/New_York", **fields}
    site = Site.objects.create(**fields)
    for position in range(chairs):
        make_chair(site=site, name=f"Chair {position + 1}", position=position)
    for weekday in range(5) if hours else ():
        OpeningHours.objects.create(site=site, weekday=weekday, opens=hours[0], closes=hours[1])
    return site


def make_chair(*, site: Site, **fields) -> Chair:
    return Chair.objects.create(site=site, **{"name": f"Chair {next(_count)}", **fields})


def make_user(*, site: Site | None = None, role: str = "", **fields) -> User:
    """Somebody with a usable password "correct horse battery"; with `role`, a member of `site`."""
    username = fields.pop("username", f"user{next(_count)}")
    user = User(username=username, **{"first_name": "Robin", "last_name": f"Staff{next(_count)}", **fields})
    user.set_password("correct horse battery")
    user.save()
    if role and site:
        Membership.objects.create(user=user, site=site, role=role)
    return user


def make_shift(*, site: Site, role: str, staff: User | None = None, **fields) -> list[Shift]:
    """Weekly shifts, Monday to Friday 07:00 to 19:00, unless `weekday` or other fields say otherwise."""
    staff = staff or make_user(site=site, role=role)
    if "starts_at" in fields or "weekday" in fields:
        return [Shift.objects.create(site=site, role=role, staff=staff, **fields)]
    times = {"starts": time(7), "ends": time(19), **fields}
    return [Shift.objects.create(site=site, role=role, staff=staff, weekday=day, **times) for day in range(5)]


def make_staffed_site(*, nurses: int = 1, prescribers: int = 1, **fields) -> Site:
    """A site where a session can be booked on any weekday."""
    site = make_site(**fields)
    for _ in range(nurses):
        make_shift(site=site, role=Role.NURSE)
    for _ in range(prescribers):
        make_shift(site=site, role=Role.PRESCRIBER)
    return site


def make_patient(*, site: Site, **fields) -> Patient:
    number = next(_count)
    defaults = {
        "mrn": f"M{number:05}",
        "given_name": "Avery",
        "family_name": f"Patient{number}",
        "birth_date": date(1980, 1, 1),
        # From 0190 on they are the tests' own.
        "phone": f"+1614555{100 + number % 90:04}",
        "rems_enrolled_on": date(2026, 1, 5),
        "escort_name": "Sam Escort",
        "escort_phone": "+16145550199",
        "texts_allowed": True,
    }
    return Patient.objects.create(site=site, **{**defaults, **fields})


def make_course(*, site: Site | None = None, patient: Patient | None = None, **fields) -> Course:
    site = site or (patient.site if patient else make_staffed_site())
    patient = patient or make_patient(site=site)
    defaults = {
        "indication": Indication.TRD,
        "starts_on": MONDAY.date(),
        "weekdays": [0, 3],
        "time": time(9),
        "dose_mg": 56,
    }
    return Course.objects.create(site=site, patient=patient, **{**defaults, **fields})


def make_session(*, course: Course | None = None, starts_at: datetime = MONDAY, **fields) -> TreatmentSession:
    """A booked session of 150 minutes in the site's first chair; the database's rules apply."""
    course = course or make_course()
    site = course.site
    defaults = {
        "chair": fields.get("chair") or site.chairs.first(),
        "number": next(_count),
        "week": 1,
        "phase": Phase.INDUCTION,
        "ends_at": starts_at + timedelta(minutes=site.session_minutes),
        "local_date": starts_at.astimezone(site.tz).date(),
        "dose_mg": course.dose_mg,
    }
    return TreatmentSession.objects.create(
        course=course, site=site, patient=course.patient, starts_at=starts_at, **{**defaults, **fields}
    )
