"""Several people press Book at the same moment, each on a connection of their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connection

from clinic.errors import Refused
from scheduling import booking, courses
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_staffed_site, make_user

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 2, 27, 15, tzinfo=UTC)
CROWD = 8


def race(calls):
    """All at once; what each returned or raised."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            barrier.wait(timeout=20)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_one_slot_has_one_winner_and_the_others_are_told_why():
    site = make_staffed_site(chairs=1, nurses=3)
    desk = make_user(site=site, role="desk")
    rivals = [make_course(site=site) for _ in range(CROWD)]

    results = race(
        [
            lambda course=course: booking.book_course(
                course=course, sessions=[Placement(1, MONDAY)], by=desk, now=NOW
            )
            for course in rivals
        ]
    )

    losers = [r for r in results if isinstance(r, Exception)]
    assert len(losers) == CROWD - 1
    assert all(isinstance(error, Refused) and error.codes == ["chair_taken"] for error in losers)
    assert TreatmentSession.objects.count() == 1


def test_courses_that_cross_all_end_without_a_deadlock_and_without_half_a_course():
    site = make_staffed_site(chairs=2, nurses=2)
    desk = make_user(site=site, role="desk")
    rivals = [make_course(site=site) for _ in range(4)]
    plans = [courses.plan_course(course=c, until="induction", now=NOW).plan.sessions for c in rivals]

    def book(course, plan):
        order = plan if rivals.index(course) % 2 else list(reversed(plan))
        placements = [Placement(s.number, s.start) for s in order]
        return booking.book_course(course=course, sessions=placements, by=desk, now=NOW)

    results = race([lambda c=c, p=p: book(c, p) for c, p in zip(rivals, plans, strict=True)])

    assert all(isinstance(r, (list, Refused)) for r in results)
    counts = [course.sessions.count() for course in rivals]
    assert set(counts) <= {0, 8}
    assert sum(counts) == 8 * sum(isinstance(r, list) for r in results) > 0
