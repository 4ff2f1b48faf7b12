"""Beginning a course, and planning what it still wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.errors import Fault, Invalid, Refused
from clinic.models import Patient, Site
from scheduling import authorizations, pattern, planner, protocol
from scheduling import diary as diaries
from scheduling.booking import reasons_for, usual_chair
from scheduling.candidates import MAKE_UP_DAYS
from scheduling.course_facts import decided_of, facts_of, held_and_usual, held_days
from scheduling.enums import Indication, SessionStatus
from scheduling.models import Course, CourseEvent, TreatmentSession
from scheduling.planner import Plan
from scheduling.protocol import Finding

FARTHEST_AHEAD = timedelta(days=366)
MOST_WEEKS = 52
# Slots are looked for some days around the plan's ends.
MARGIN_DAYS = 15


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """A proposal: nothing is booked. `refusals` would forbid the booking as it stands."""

    plan: Plan
    warnings: list[Finding]
    refusals: list[Finding]


@transaction.atomic
def start_course(
    *,
    patient: Patient,
    site: Site,
    indication: str,
    starts_on: date,
    weekdays: Sequence[int],
    time: time,
    dose_mg: int,
    by,
    now: datetime,
    oral_antidepressant: bool = False,
    payer_authorizes: bool = False,
    never_weekdays: Sequence[int] = (),
    not_before: time | None = None,
    not_after: time | None = None,
    override: Mapping[str, str] | None = None,
) -> Course:
    """Write down the wish: what for, from when, on which days, and what the patient cannot do. Books nothing.

    Raises:
        Invalid: values that cannot be, all of them.
        Refused: `over_dose` [label], or `course_open` where the patient has an open course.
    """
    _refuse_impossible(patient, site, indication, starts_on, weekdays, dose_mg, now, never_weekdays)
    if dose_mg > protocol.MOST_MG:
        raise Refused.because("over_dose", _("84 mg is the most in one session [label]."), "dose_mg")
    course = Course(
        patient=patient,
        site=site,
        indication=indication,
        starts_on=starts_on,
        weekdays=sorted(weekdays),
        time=time.replace(second=0, microsecond=0),
        dose_mg=dose_mg,
        oral_antidepressant=oral_antidepressant,
        payer_authorizes=payer_authorizes,
        never_weekdays=sorted(set(never_weekdays)),
        not_before=not_before,
        not_after=not_after,
        created_at=now,
        created_by=by,
    )
    _insert(course)
    _tell_started(course, by, now)
    if override:
        given = [w for w in protocol.course_findings(facts_of(course)) if override.get(w.code, "").strip()]
        reasons_for(course, given, override, by, now)
    return course


def plan_course(
    *,
    course: Course,
    until: str,
    now: datetime,
    weekdays: Sequence[int] | None = None,
    time: time | None = None,
    flexible_minutes: int | None = None,
    weeks: int = pattern.MAINTENANCE_WEEKS,
) -> CoursePlan:
    """Propose the sessions that the course still wants; other weekdays or another time may be tried.

    Raises:
        Invalid: an unknown horizon or impossible weekdays.
    """
    faults = _weekday_faults(weekdays) if weekdays is not None else []
    if until not in pattern.HORIZONS:
        faults.append(Fault("unknown", _("One of %s.") % ", ".join(pattern.HORIZONS), "until"))
    if not protocol.LAST_WEEKLY_WEEK < weeks <= MOST_WEEKS:
        faults.append(Fault("impossible", _("From 9 to 52."), "weeks"))
    if faults:
        raise Invalid(faults)
    held, usual = held_and_usual(course)
    facts = _facts_to_plan(course, weekdays, held, now)
    if until == "maintenance":
        facts = replace(facts, decided=decided_of(course))
    wanted = pattern.wanted(facts, until=until, held=held, weeks=weeks)
    diary = _diary(course, wanted, now)
    request = planner.Request(
        course=facts,
        wanted=wanted,
        at=time or course.time,
        flexible_minutes=flexible_minutes,
        held=held,
        chair=usual,
    )
    plan = planner.plan(request, diary)
    days = {p.number: diary.local_date(p.start) for p in plan.sessions}
    starts = min(days.values(), default=facts.starts_on)
    known = authorizations.known_for([course.pk])
    warnings = protocol.course_findings(facts, until=until) + authorizations.warning(
        course, days, held, known
    )
    return CoursePlan(plan, warnings, protocol.refusals(facts, on=starts))


def make_up_slots(*, course: Course, number: int, now: datetime, limit: int = 4) -> list[datetime]:
    """The next places inside the rules for a session that is, or would be, lost; not the time that is lost itself."""
    held = {n: day for n, day in held_days(course).items() if n != number}
    diary = _diary(course, [], now)
    own = [item for item in diary.own if item.number != number]
    facts = _facts_to_plan(course, None, held, now)
    request = planner.Request(facts, [], course.time, held=held, chair=usual_chair(course))
    lost = (
        course.sessions.filter(number=number).order_by("starts_at").values_list("starts_at", flat=True).last()
    )
    found = planner.make_ups(request, diary.for_patient(own), limit=limit + 1)
    return [start for start in found if start != lost][:limit]


def other_times(*, session: TreatmentSession, now: datetime) -> list[datetime]:
    """Where a booked session could be instead, the nearest first; none for one that is no longer booked."""
    if session.status != SessionStatus.BOOKED:
        return []
    course, near = session.course, max(session.starts_at, now)
    held = {n: day for n, day in held_days(course).items() if n != session.number}
    on, around = near.astimezone(course.site.tz).date(), timedelta(days=8)
    diary = diaries.load(
        site=course.site,
        first=on - around,
        last=on + around,
        now=now,
        patient=course.patient,
        exclude=[session.pk],
    )
    request = planner.Request(facts_of(course), [], course.time, held=held)
    return planner.other_times(request, diary, near)


def projected_eighth_on(course: Course, *, now: datetime) -> date | None:
    """The day of the eighth session as the book now stands."""
    today = now.astimezone(course.site.tz).date()
    return pattern.projected_eighth(list(held_days(course).values()), course=facts_of(course), today=today)


def _facts_to_plan(course: Course, weekdays, held, now) -> protocol.CourseFacts:
    """A course that nobody has begun cannot begin before today."""
    facts = facts_of(course)
    today = now.astimezone(course.site.tz).date()
    starts_on = facts.starts_on if held else max(facts.starts_on, today)
    return replace(facts, starts_on=starts_on, weekdays=tuple(weekdays or course.weekdays))


def _diary(course: Course, wanted: Sequence[pattern.Wanted], now: datetime):
    today = now.astimezone(course.site.tz).date()
    days = [want.on for want in wanted] or [today]
    first = max(today, min(days) - timedelta(days=MARGIN_DAYS))
    last = max(*days, today + timedelta(days=MAKE_UP_DAYS)) + timedelta(days=MARGIN_DAYS)
    return diaries.load(site=course.site, first=first, last=last, now=now, patient=course.patient)


def _refuse_impossible(patient, site, indication, starts_on, weekdays, dose_mg, now, never_weekdays) -> None:
    today = now.astimezone(site.tz).date()
    faults = _weekday_faults(weekdays)
    if set(never_weekdays) - set(range(7)) or set(never_weekdays) & set(weekdays):
        detail = _("Weekdays from 0 (Monday) to 6, and none of those that are wished.")
        faults.append(Fault("impossible", detail, "never_weekdays"))
    if patient.site_id != site.pk:
        faults.append(Fault("unknown", _("No such patient at this site."), "patient"))
    if indication not in Indication.values:
        faults.append(Fault("unknown", _('Either "trd" or "mdsi".'), "indication"))
    if not today - FARTHEST_AHEAD <= starts_on <= today + FARTHEST_AHEAD:
        faults.append(Fault("impossible", _("Within a year of today."), "starts_on"))
    if dose_mg not in protocol.DOSES_MG and dose_mg <= protocol.MOST_MG:
        faults.append(
            Fault("unknown", _("Either 56 or 84 mg: two or three devices of 28 mg [label]."), "dose_mg")
        )
    if faults:
        raise Invalid(faults)


def _weekday_faults(weekdays: Sequence[int]) -> list[Fault]:
    if len(set(weekdays)) != 2 or len(weekdays) != 2 or not all(0 <= day <= 6 for day in weekdays):
        return [Fault("impossible", _("Two different weekdays, 0 (Monday) to 6 (Sunday)."), "weekdays")]
    return []


def _insert(course: Course) -> None:
    try:
        with transaction.atomic():
            course.save(force_insert=True)
    except IntegrityError as error:
        detail = _("This patient already has an open course.")
        raise Refused.because("course_open", detail, "patient") from error


def _tell_started(course: Course, by, now: datetime) -> None:
    CourseEvent.objects.create(course=course, kind="status", to_status=course.status, at=now, by=by)
    audit.record(
        "course.started",
        by=by,
        now=now,
        site=course.site,
        patient=course.patient,
        on=course,
        indication=course.indication,
        dose_mg=course.dose_mg,
        starts_on=course.starts_on.isoformat(),
    )
