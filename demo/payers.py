"""What invented payers have authorized: most with room, one nearly used up, one that ends before its sessions do."""

from datetime import date, datetime, timedelta

from clinic.models import Site, User
from scheduling import authorizations
from scheduling.enums import COUNTED
from scheduling.models import Course

PAYERS = ("Prairie Health Plan", "Lakeside Mutual", "Union Care")
RENEWED_WITH = "PHQ-9 at least 50 % below the first"
# Their places among the site's patients.
NEARLY_USED_UP, ENDS_EARLY = 3, 5


def make(site: Site, courses: dict[int, Course], owner: User, *, now: datetime) -> None:
    """For every second course of a site, by the patient's place in its list."""
    for index, course in courses.items():
        days = sorted(course.sessions.filter(status__in=COUNTED).values_list("local_date", flat=True))
        if days and (index % 2 == 0 or index in (NEARLY_USED_UP, ENDS_EARLY)):
            _add(site, course, index, days, owner, now)


def _add(site: Site, course: Course, index: int, days: list[date], owner: User, now: datetime) -> None:
    spare = 1 if index == NEARLY_USED_UP else 12
    until = days[-1] - timedelta(days=1) if index == ENDS_EARLY else days[-1] + timedelta(days=90)
    authorizations.add_authorization(
        course=course,
        payer=PAYERS[index % len(PAYERS)],
        number=f"{site.alias[:2].upper()}-{4000 + index}",
        valid_from=days[0] - timedelta(days=7),
        valid_until=max(until, days[0]),
        sessions_allowed=len(days) + spare,
        renewal_score=RENEWED_WITH,
        owner=owner,
        by=owner,
        now=now,
    )
