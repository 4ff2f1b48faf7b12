"""Who will miss day 28, and who waits for a decision: a site's open courses, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from scheduling import moves, protocol, slippage
from scheduling.course_facts import decided_of, facts_of
from scheduling.enums import COUNTED, GOING_COURSE, CourseStatus, Frequency, SessionEventKind, SessionStatus
from scheduling.models import Course, CourseEvent, FrequencyDecision, SessionEvent, TreatmentSession
from scheduling.protocol import Finding
from scheduling.slippage import Lost, Slippage

WORDS = {
    slippage.NO_SHOW: _("no-show"),
    slippage.CANCELLED_PATIENT: _("cancelled by the patient"),
    slippage.CANCELLED_CLINIC: _("cancelled by the clinic"),
    slippage.MOVED: _("moved"),
    slippage.NOT_BOOKED: _("not booked yet"),
    slippage.PLANNED_LATE: _("planned so"),
}

# So long a stopped induction stays on the list: somebody may still ask what became of it.
STOPPED_STAYS = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Halt:
    """The course is on hold, or has ended: since when, and why."""

    status: CourseStatus
    since: date
    reason: str


@dataclass(frozen=True, slots=True)
class AtRisk:
    """`halt`: nothing is to be expected while it lasts. `at_best`: days to spare if it went on today."""

    course: Course
    done: int
    slip: Slippage
    halt: Halt | None = None
    at_best: int = 0

    @property
    def will_miss(self) -> bool:
        return self.slip.days_to_spare < 0

    @property
    def days_late(self) -> int:
        return max(0, -self.slip.days_to_spare)

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(item.days, str(WORDS[item.reason])) for item in self.slip.reasons]


@dataclass(frozen=True, slots=True)
class Undecided:
    course: Course
    finding: Finding
    frequency: str
    last_given: date
    next_on: date | None
    # A decision from this day on closes it.
    asked_on: date
    # Has anybody decided how often, so far?
    is_decided: bool = True

    @property
    def how_often(self) -> str:
        # A course begins with twice a week, and nobody meant that for the time after the eighth session.
        if not self.is_decided and self.frequency == Frequency.TWICE_WEEKLY:
            return str(_("How often is not decided yet"))
        return str(Frequency(self.frequency).label)


def inductions(site: Site, *, now: datetime) -> list[AtRisk]:
    """Every induction, those who miss day 28 by most first; one with nothing booked, or on hold, as well.

    One on hold stands where it would if it went on today; one that was stopped stands last, for four weeks.
    """
    halts = _halts(site, now)
    every, sessions = _open(site, also=halts)
    courses = [course for course in every if _done(sessions[course.pk]) < protocol.INDUCTION_SESSIONS]
    lost, today = lost_of(courses, site), now.astimezone(site.tz).date()
    found = [_at_risk(c, sessions[c.pk], lost[c.pk], halts.get(c.pk), today) for c in courses]
    return sorted(found, key=_most_late_first)


def _done(rows: list[TreatmentSession]) -> int:
    return sum(row.status == SessionStatus.COMPLETED for row in rows)


def _at_risk(
    course: Course, rows: list[TreatmentSession], lost: list[Lost], halt: Halt | None, today: date
) -> AtRisk:
    done = _done(rows)
    held = {row.number: row.local_date for row in rows if row.status in COUNTED}
    facts = facts_of(course)
    slip = slippage.slippage(facts, held, lost, today=today)
    if halt is None:
        return AtRisk(course, done, slip, None, slip.days_to_spare)
    going_on = slippage.slippage(replace(facts, status=str(CourseStatus.ACTIVE)), held, lost, today=today)
    return AtRisk(course, done, slip, halt, going_on.days_to_spare)


def _halts(site: Site, now: datetime) -> dict[object, Halt]:
    """By course, the pause or the stop that holds now."""
    lasting = Q(course__status=CourseStatus.PAUSED)
    recent = Q(course__status=CourseStatus.STOPPED, at__gt=now - STOPPED_STAYS)
    events = CourseEvent.objects.filter(lasting | recent, course__site=site, to_status=F("course__status"))
    return {
        event.course_id: Halt(
            CourseStatus(event.to_status), event.at.astimezone(site.tz).date(), event.reason
        )
        for event in events.order_by("at", "pk")
    }


def _most_late_first(item: AtRisk) -> tuple[bool, int, bool, int, str]:
    """Of two with as many days to spare, one on hold wants somebody sooner."""
    stopped = item.halt is not None and item.halt.status == CourseStatus.STOPPED
    slip = item.slip
    return stopped, item.at_best, item.halt is None, -slip.days_lost, item.course.patient.list_name


def undecided(site: Site, *, now: datetime) -> list[Undecided]:
    """Courses whose gap asks a prescriber how often to go on, until somebody decides."""
    courses, sessions = _open(site)
    today = now.astimezone(site.tz).date()
    decided: dict[object, date] = {}
    dated: dict[object, list[tuple[date, str]]] = defaultdict(list)
    for decision in FrequencyDecision.objects.filter(course__in=courses).order_by("at", "pk"):
        decided[decision.course_id] = decision.at.astimezone(site.tz).date()
        dated[decision.course_id].append((decision.starts_on, decision.frequency))
    found = []
    for course in courses:
        frequency = protocol.frequency_on(dated[course.pk], course.frequency, today)
        item = _undecided(course, sessions[course.pk], frequency, today)
        if item and not (course.pk in decided and decided[course.pk] >= item.asked_on):
            found.append(replace(item, is_decided=any(first <= today for first, _often in dated[course.pk])))
    return sorted(found, key=lambda item: item.last_given)


def asks(course: Course, rows: list[TreatmentSession], *, now: datetime) -> Finding | None:
    """The gap of one course that still wants a decision, or None."""
    today = now.astimezone(course.site.tz).date()
    frequency = protocol.frequency_on(decided_of(course), course.frequency, today)
    item = _undecided(course, rows, frequency, today)
    if item is None:
        return None
    days = [at.astimezone(course.site.tz).date() for at in course.decisions.values_list("at", flat=True)]
    return None if any(day >= item.asked_on for day in days) else item.finding


def _undecided(course: Course, rows: list[TreatmentSession], frequency: str, today: date) -> Undecided | None:
    given = sorted(row.local_date for row in rows if row.status == SessionStatus.COMPLETED)
    if not given:
        return None
    ahead = sorted(row.local_date for row in rows if row.status == SessionStatus.BOOKED)
    next_on = ahead[0] if ahead else None
    eighth_done = len(given) >= protocol.INDUCTION_SESSIONS
    gap = protocol.decision_wanted(
        frequency, last_given=given[-1], eighth_done=eighth_done, next_on=next_on, today=today
    )
    missed = _missed_since(rows, given[-1])
    if gap is None and not missed:
        return None
    asked_on = given[-1] + timedelta(days=1) if gap else max(missed)
    finding = gap or protocol.missed_maintenance(missed)
    return Undecided(course, finding, frequency, given[-1], next_on, asked_on)


def _missed_since(rows: list[TreatmentSession], last_given: date) -> list[date]:
    """Sessions after the eighth to which the patient did not come."""
    return [
        row.local_date
        for row in rows
        if row.status == SessionStatus.NO_SHOW
        and row.number > protocol.INDUCTION_SESSIONS
        and row.local_date > last_given
    ]


def _open(
    site: Site, also: Collection[object] = ()
) -> tuple[list[Course], dict[object, list[TreatmentSession]]]:
    """Courses that go on, and those with the ids `also`, with their sessions."""
    wanted = Q(status__in=GOING_COURSE) | Q(pk__in=list(also))
    courses = list(Course.objects.filter(wanted, site=site).select_related("patient", "site"))
    by_course: dict[object, list[TreatmentSession]] = defaultdict(list)
    for row in TreatmentSession.objects.filter(course__in=courses).only(
        "course_id", "number", "status", "local_date"
    ):
        by_course[row.course_id].append(row)
    return courses, by_course


def lost_of(courses: list[Course], site: Site) -> dict[object, list[Lost]]:
    """Every attempt that came to nothing and every move to a later day, with its day and its reason."""
    ends = (SessionStatus.NO_SHOW, SessionStatus.CANCELLED)
    rows = SessionEvent.objects.filter(session__course__in=courses).select_related("session")
    found: dict[object, list[Lost]] = defaultdict(list)
    # One that was taken back did not happen.
    for event in rows.filter(
        kind=SessionEventKind.STATUS, to_status__in=ends, to_status=F("session__status")
    ):
        row = event.session
        found[row.course_id].append(Lost(row.local_date, _reason(event), row.number))
    for event in moves.standing(rows.filter(kind=SessionEventKind.MOVED).order_by("at", "pk")):
        was, came = (_day(event.detail[end]["starts_at"], site) for end in ("from", "to"))
        if came > was:
            found[event.session.course_id].append(Lost(was, slippage.MOVED, event.session.number))
    return found


def _day(text: str, site: Site) -> date:
    return datetime.fromisoformat(text).astimezone(site.tz).date()


def _reason(event: SessionEvent) -> str:
    if event.to_status == SessionStatus.NO_SHOW:
        return slippage.NO_SHOW
    by_patient = event.detail.get("cancelled_by") == "patient"
    return slippage.CANCELLED_PATIENT if by_patient else slippage.CANCELLED_CLINIC
