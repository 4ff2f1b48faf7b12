"""Months of invented history, and the weeks ahead as the real planner books them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from clinic import patients as patient_verbs
from clinic.enums import ConsentKind
from clinic.errors import Refused
from clinic.models import Patient, Site, User
from demo import floor, forms, payers, rows, texts, waiting
from demo.journeys import ARIZONA_WEEKS, OHIO_WEEKS, Journey, first_day, journey, past, pattern
from demo.people import Person, people, phone
from scheduling import booking, courses, planner
from scheduling import diary as diaries
from scheduling.booking import Placement
from scheduling.enums import COUNTED, CourseStatus
from scheduling.models import Course, CourseEvent

CONSENT_WORDS = (
    "I agree to get texts about my appointments at this number. Message rates may apply. Reply STOP to end."
)
# The sessions ahead were booked some days ago.
BOOKED_BEFORE = timedelta(days=4)
MAINTENANCE_AHEAD = 2


@dataclass
class Entry:
    """One invented patient with their course, if they have one."""

    patient: Patient
    plan: Journey | None
    course: Course | None = None
    seed: int = 0


def make(sites: dict[str, Site], staff: dict[str, User], *, now: datetime) -> None:
    everybody = people()
    split = len(OHIO_WEEKS)
    _make_site(sites["ohio"], everybody[:split], OHIO_WEEKS, "614", staff, now, offset=0)
    _make_site(sites["arizona"], everybody[split:], ARIZONA_WEEKS, "602", staff, now, offset=split)


def _make_site(site, persons, weeks, area, staff, now, *, offset) -> None:
    today = now.astimezone(site.tz).date()
    entries = [
        _enter(site, person, weeks[i], offset + i, area, staff, now) for i, person in enumerate(persons)
    ]
    book = rows.PastBook(site, staff)
    live = floor.ROLES["ohio" if offset == 0 else "arizona"]
    for index, entry in enumerate(entries):
        if entry.course and entry.plan:
            until = floor.local_date(live.get(index), site, now) or today
            visits = [visit for visit in past(entry.plan, today, entry.seed) if visit.on < until]
            book.add(entry.course, entry.plan, visits)
    book.write()
    floor.stage(site, entries, live, staff, now=now)
    forms.make(site, staff, now=now)
    for index, entry in enumerate(entries):
        if entry.course and entry.plan:
            _book_ahead(entry, entry.plan, staff, now, has_today=index in live)
            _end(entry.course, entry.plan, staff, now)
    open_courses = {i: e.course for i, e in enumerate(entries) if e.course and e.plan and not e.plan.ended}
    payers.make(site, open_courses, staff["desk"], now=now)
    waiting.make(site, open_courses.values(), staff["desk"], now=now)
    texts.tidy(site, entries, staff, now=now)


def _enter(site: Site, person: Person, weeks: int | None, seed: int, area: str, staff, now) -> Entry:
    plan = journey(seed, weeks) if weeks is not None else None
    today = now.astimezone(site.tz).date()
    began = first_day(plan, today) if plan else today
    enrolled = _noon(began - timedelta(days=9), site)
    patient = _patient(site, person, seed, area, enrolled, staff["desk"])
    entry = Entry(patient, plan, seed=seed)
    if plan:
        entry.course = courses.start_course(
            patient=patient,
            site=site,
            indication=plan.indication,
            starts_on=began,
            weekdays=list(plan.weekdays),
            time=plan.at,
            dose_mg=plan.dose_mg,
            oral_antidepressant=seed % 2 == 0 or plan.indication == "mdsi",
            by=staff["desk"],
            now=min(enrolled, now),
            override={"first_dose_84": "Continues after a hospital stay, decided by the prescriber."},
        )
    return entry


def _patient(site, person: Person, seed: int, area: str, enrolled: datetime, desk) -> Patient:
    # One has no ride yet, one is not enrolled: so that Today has something to ask for.
    fields: dict[str, Any] = {
        "mrn": f"{area}-{1000 + seed}",
        "given_name": person.given_name,
        "family_name": person.family_name,
        "birth_date": person.birth_date,
        "sex": person.sex,
        "language": person.language,
        "phone": phone(area, 10 + seed % 80),
        "rems_enrolled_on": None if seed in (31, 40) else enrolled.astimezone(site.tz).date(),
        "escort_name": "" if seed == 11 else "Family",
        "escort_phone": "" if seed == 11 else phone(area, 90 + seed % 10),
    }
    patient = patient_verbs.add_patient(site=site, by=desk, now=enrolled, **fields)
    if seed % 9 != 8:
        patient_verbs.record_consent(
            patient=patient,
            kind=ConsentKind.DETAILED if seed % 3 == 0 else ConsentKind.TEXTS,
            given=True,
            method="Signed paper",
            wording=CONSENT_WORDS,
            by=desk,
            now=enrolled,
        )
    patient.refresh_from_db()
    return patient


def _book_ahead(entry: Entry, plan: Journey, staff, now: datetime, *, has_today: bool) -> None:
    """What the course still wants: by the planner up to week 8, then the next maintenance sessions."""
    course = entry.course
    assert course is not None  # noqa: S101 - for the type checker; callers look first
    course.refresh_from_db()
    if plan.ended:
        return
    booked_at = now - BOOKED_BEFORE
    until = "induction" if plan.indication == "mdsi" or plan.weeks < 2 else "week8"
    if plan.weeks < 8:
        proposal = courses.plan_course(course=course, until=until, now=now)
        placements = [Placement(s.number, s.start, s.chair) for s in proposal.plan.sessions]
    else:
        placements = _maintenance(course, plan, now, has_today=has_today)
    if placements:
        _try_book(course, placements, staff["desk"], booked_at)


def _try_book(course, placements, desk, booked_at) -> None:
    try:
        booking.book_course(course=course, sessions=placements, by=desk, now=booked_at)
    except Refused:
        # A slot that suited one by one may not suit together; the desk would book the rest by hand.
        for placement in placements:
            try:
                booking.book_course(course=course, sessions=[placement], by=desk, now=booked_at)
            except Refused:
                continue


def _maintenance(course: Course, plan: Journey, now: datetime, *, has_today: bool) -> list[Placement]:
    site = course.site
    today = now.astimezone(site.tz).date()
    days = [on for on in pattern(plan, first_day(plan, today)) if on > today + timedelta(days=2 * has_today)]
    number = max(course.sessions.filter(status__in=COUNTED).values_list("number", flat=True), default=0)
    found = []
    for on in days[:MAINTENANCE_AHEAD]:
        book = diaries.load(site=site, first=on, last=on, now=now, patient=course.patient)
        starts = planner.alternatives(book, datetime.combine(on, plan.at, site.tz), days=0, limit=1)
        if starts:
            number += 1
            found.append(Placement(number, starts[0]))
    return found


def _end(course: Course, plan: Journey, staff, now: datetime) -> None:
    """A few have stopped, or have had all they wanted."""
    if not plan.ended:
        return
    course.refresh_from_db()
    old, course.status = course.status, CourseStatus(plan.ended)
    course.save(update_fields=["status"])
    reason = "Moved away." if plan.ended == "stopped" else "Well since the spring; agreed to end."
    CourseEvent.objects.create(
        course=course,
        kind="status",
        from_status=old,
        to_status=plan.ended,
        at=now - timedelta(days=3),
        by=staff["prescriber"],
        reason=reason,
    )


def _noon(day: date, site: Site) -> datetime:
    return datetime.combine(day, time(12), site.tz).astimezone(UTC)
