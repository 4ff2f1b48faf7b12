"""Who will miss day 28, and who waits for a decision: a site's open courses, in a fixed number of queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from scheduling import protocol, slippage
from scheduling.course_facts import facts_of
from scheduling.enums import COUNTED, CourseStatus, SessionEventKind, SessionStatus
from scheduling.models import Course, FrequencyDecision, SessionEvent, TreatmentSession
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


@dataclass(frozen=True, slots=True)
class AtRisk:
    course: Course
    done: int
    slip: Slippage

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
    last_given: date


def inductions(site: Site) -> list[AtRisk]:
    """Every open induction, those who miss day 28 by most first."""
    courses, sessions = _open(site)
    lost = lost_of(courses, site)
    found = []
    for course in courses:
        rows = sessions[course.pk]
        done = sum(row.status == SessionStatus.COMPLETED for row in rows)
        held = {row.number: row.local_date for row in rows if row.status in COUNTED}
        if done < protocol.INDUCTION_SESSIONS and held:
            found.append(AtRisk(course, done, slippage.slippage(facts_of(course), held, lost[course.pk])))
    return sorted(found, key=lambda item: (item.slip.days_to_spare, item.course.patient.list_name))


def undecided(site: Site, *, now: datetime) -> list[Undecided]:
    """Courses whose gap asks a prescriber how often to go on, until somebody decides."""
    courses, sessions = _open(site)
    today = now.astimezone(site.tz).date()
    decided: dict[object, date] = {}
    for course_id, at in FrequencyDecision.objects.filter(course__in=courses).values_list("course_id", "at"):
        day = at.astimezone(site.tz).date()
        decided[course_id] = max(day, decided.get(course_id, day))
    found = []
    for course in courses:
        item = _undecided(course, sessions[course.pk], today)
        if item and decided.get(course.pk, item.last_given) <= item.last_given:
            found.append(item)
    return sorted(found, key=lambda item: item.last_given)


def asks(course: Course, rows: list[TreatmentSession], *, now: datetime) -> Finding | None:
    """The gap of one course that still wants a decision, or None."""
    item = _undecided(course, rows, now.astimezone(course.site.tz).date())
    if item is None:
        return None
    days = [at.astimezone(course.site.tz).date() for at in course.decisions.values_list("at", flat=True)]
    return None if any(day > item.last_given for day in days) else item.finding


def _undecided(course: Course, rows: list[TreatmentSession], today: date) -> Undecided | None:
    given = sorted(row.local_date for row in rows if row.status == SessionStatus.COMPLETED)
    ahead = sorted(row.local_date for row in rows if row.status == SessionStatus.BOOKED)
    finding = protocol.decision_wanted(
        course.frequency,
        last_given=given[-1] if given else None,
        eighth_done=len(given) >= protocol.INDUCTION_SESSIONS,
        next_on=ahead[0] if ahead else None,
        today=today,
    )
    return Undecided(course, finding, given[-1]) if finding else None


def _open(site: Site) -> tuple[list[Course], dict[object, list[TreatmentSession]]]:
    going = (CourseStatus.PLANNED, CourseStatus.ACTIVE)
    courses = list(Course.objects.filter(site=site, status__in=going).select_related("patient", "site"))
    by_course: dict[object, list[TreatmentSession]] = defaultdict(list)
    for row in TreatmentSession.objects.filter(course__in=courses).only(
        "course_id", "number", "status", "local_date"
    ):
        by_course[row.course_id].append(row)
    return courses, by_course


def lost_of(courses: list[Course], site: Site) -> dict[object, list[Lost]]:
    """Every attempt that came to nothing and every move, with its day and its reason."""
    ends = (SessionStatus.NO_SHOW, SessionStatus.CANCELLED)
    rows = SessionEvent.objects.filter(session__course__in=courses).select_related("session")
    found: dict[object, list[Lost]] = defaultdict(list)
    for event in rows.filter(kind=SessionEventKind.STATUS, to_status__in=ends, session__status__in=ends):
        found[event.session.course_id].append(Lost(event.session.local_date, _reason(event)))
    for event in rows.filter(kind=SessionEventKind.MOVED):
        was = datetime.fromisoformat(event.detail["from"]["starts_at"])
        day = was.astimezone(site.tz).date()
        found[event.session.course_id].append(Lost(day, slippage.MOVED))
    return found


def _reason(event: SessionEvent) -> str:
    if event.to_status == SessionStatus.NO_SHOW:
        return slippage.NO_SHOW
    by_patient = event.detail.get("cancelled_by") == "patient"
    return slippage.CANCELLED_PATIENT if by_patient else slippage.CANCELLED_CLINIC
