"""A closed day: whom it hits, where each goes, the most urgent first, all in one transaction."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import places
from clinic.enums import Role
from clinic.models import Shift
from notifications.models import Message
from scheduling import booking, courses, replanning
from scheduling.booking import Placement
from scheduling.closures import conflicts
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_session, make_shift, make_staffed_site

pytestmark = pytest.mark.django_db
BEFORE = MONDAY - timedelta(days=4)
HOUR = timedelta(hours=1)


def _booked(site, **course):
    made = make_course(site=site, **course)
    plan = courses.plan_course(course=made, until="induction", now=BEFORE).plan
    placements = [Placement(s.number, s.start, s.chair) for s in plan.sessions]
    booking.book_course(course=made, sessions=placements, by=None, now=BEFORE)
    return made


def _close(site, day=0, chair=None):
    midnight = (MONDAY + timedelta(days=day)).astimezone(site.tz).replace(hour=0, minute=0)
    span = {"starts_at": midnight, "ends_at": midnight + timedelta(days=1)}
    places.close(site=site, chair=chair, reason="Snow", by=None, now=BEFORE, **span)
    return midnight.date()


@pytest.fixture
def site():
    return make_staffed_site(chairs=2, nurses=2)


def test_every_session_of_a_closed_day_goes_elsewhere_and_the_rest_stays(site):
    first, second = _booked(site), _booked(site)
    before = {s.pk: s.starts_at for s in TreatmentSession.objects.all()}
    day = _close(site, day=7)

    proposal = replanning.propose(site=site, day=day, now=BEFORE)
    assert {p.session.course_id for p in proposal.placed} == {first.pk, second.pk}
    assert proposal.unplaced == []
    assert {s.pk: s.starts_at for s in TreatmentSession.objects.all()} == before

    done = replanning.replan_day(site=site, day=day, by=None, now=BEFORE)

    moved = {p.session.pk for p in done.placed}
    after = {s.pk: s.starts_at for s in TreatmentSession.objects.all()}
    assert {pk for pk in before if before[pk] != after[pk]} == moved
    assert {p.session.pk: p.start for p in done.placed}.items() <= after.items()
    assert conflicts(site, now=BEFORE) == []
    assert Message.objects.filter(kind="reminder", status="cancelled", cause="moved").count() == 2
    assert replanning.propose(site=site, day=day, now=BEFORE).placed == []


def test_who_has_least_time_to_day_28_is_placed_first(site):
    calm, pressed = _booked(site), _booked(site)
    late = pressed.sessions.get(number=8)
    TreatmentSession.objects.filter(pk=late.pk).update(
        starts_at=late.starts_at + timedelta(days=4),
        ends_at=late.ends_at + timedelta(days=4),
        local_date=late.local_date + timedelta(days=4),
    )
    day = _close(site, day=7)
    order = [p.session.course_id for p in replanning.propose(site=site, day=day, now=BEFORE).placed]
    assert order == [pressed.pk, calm.pk]


def test_a_broken_chair_moves_only_its_own(site):
    _booked(site)
    _booked(site)
    chair = site.chairs.first()
    hit = set(
        TreatmentSession.objects.on(site, MONDAY.date()).filter(chair=chair).values_list("pk", flat=True)
    )
    day = _close(site, chair=chair)
    assert {p.session.pk for p in replanning.propose(site=site, day=day, now=BEFORE).placed} == hit != set()


def test_where_one_nurse_is_ill_only_those_too_many_have_to_go():
    site = make_staffed_site(chairs=6, nurses=0, patients_per_nurse=2)
    ill = make_shift(site=site, role=Role.NURSE)
    make_shift(site=site, role=Role.NURSE)
    for number, chair in enumerate(site.chairs.all()[:4]):
        start = MONDAY + timedelta(minutes=30 * number)
        make_session(course=make_course(site=site), chair=chair, starts_at=start)
    Shift.objects.filter(pk__in=[s.pk for s in ill]).delete()

    proposal = replanning.propose(site=site, day=MONDAY.date(), now=BEFORE)

    assert len(proposal.placed) == 2
    replanning.replan_day(site=site, day=MONDAY.date(), by=None, now=BEFORE)
    assert conflicts(site, now=BEFORE) == []


def test_what_has_no_place_stays_and_is_told(site):
    _booked(site)
    for day in range(-5, 80):
        _close(site, day=day)
    proposal = replanning.replan_day(site=site, day=MONDAY.date(), by=None, now=BEFORE)
    assert (proposal.placed, [p.start for p in proposal.unplaced]) == ([], [None])
    assert TreatmentSession.objects.on(site, MONDAY.date()).count() == 1


def test_as_many_questions_for_eight_sessions_as_for_two():
    def asked(count):
        site = make_staffed_site(chairs=8, nurses=8)
        for number, chair in enumerate(site.chairs.all()[:count]):
            make_session(course=make_course(site=site), chair=chair, starts_at=MONDAY + number * HOUR / 2)
        day = _close(site)
        with CaptureQueriesContext(connection) as queries:
            assert len(replanning.propose(site=site, day=day, now=BEFORE).placed) == count
        return len(queries)

    asked(1)
    assert asked(2) == asked(8)
