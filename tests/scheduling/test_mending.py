"""What an induction has lost is made up, the next sessions moving for it: one transaction, page and API alike."""

from datetime import timedelta

import pytest
from django.test import Client

from clinic.errors import Refused
from clinic.models import AuditEvent
from scheduling import answers, booking, courses, effects, mending
from scheduling.booking import Placement
from scheduling.models import TreatmentSession
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
BEFORE = MONDAY - timedelta(days=4)
# The third session's Monday is over, and nobody came.
THAT_EVENING = MONDAY + timedelta(days=7, hours=7)


@pytest.fixture
def course():
    """Mondays and Thursdays; Tuesdays cannot be. The third was missed, the two before it were given."""
    made = make_course(site=make_staffed_site(), never_weekdays=[1])
    plan = courses.plan_course(course=made, until="induction", now=BEFORE).plan
    places = [Placement(s.number, s.start, s.chair) for s in plan.sessions]
    booking.book_course(course=made, sessions=places, by=None, now=BEFORE)
    for number in (1, 2):
        made.sessions.filter(number=number).update(status="completed")
    type(made).objects.filter(pk=made.pk).update(status="active")
    made.refresh_from_db()
    answers.mark_no_show(session=made.sessions.get(number=3), by=None, now=THAT_EVENING)
    return made


def _days(course):
    rows = TreatmentSession.objects.filter(course=course, status="booked")
    return {row.number: (row.local_date - MONDAY.date()).days for row in rows}


def test_wednesday_and_friday_instead_of_thursday(course):
    before = _days(course)
    done = mending.mend_course(course=course, by=None, now=THAT_EVENING)
    assert ([row.number for row in done.moved], [row.number for row in done.added]) == ([4], [3])
    assert done.unplaced == []
    assert _days(course) == {**before, 3: 9, 4: 11}
    audited = AuditEvent.objects.filter(action__in=("session.moved", "session.booked"))
    assert {"session.moved", "session.booked"} <= set(audited.values_list("action", flat=True))


def test_it_can_be_looked_at_first(course):
    def deed():
        return mending.mend_course(course=course, by=None, now=THAT_EVENING)

    before = _days(course)
    found = effects.try_out(course, deed, now=THAT_EVENING)
    assert {change.number for change in found.changes} == {3, 4}
    assert found.days_lost < 0
    assert _days(course) == before


def test_nothing_lost_is_nothing_to_mend(course):
    mending.mend_course(course=course, by=None, now=THAT_EVENING)
    assert not mending.is_missing(course)
    with pytest.raises(Refused) as refused:
        mending.mend_course(course=course, by=None, now=THAT_EVENING)
    assert refused.value.codes == ["nothing_lost"]


def test_a_course_that_is_not_open_is_left_alone(course):
    type(course).objects.filter(pk=course.pk).update(status="paused")
    with pytest.raises(Refused) as refused:
        mending.mend_course(course=course, by=None, now=THAT_EVENING)
    assert refused.value.codes == ["course_not_open"]


def test_the_page_offers_it_shows_it_and_does_it(course, time_machine):
    time_machine.move_to(THAT_EVENING, tick=False)
    client = Client()
    client.force_login(make_user(site=course.site, role="desk"))
    page = f"/courses/{course.pk}/"
    assert "Make up what was lost" in client.get(page).content.decode()
    before = _days(course)
    shown = client.post(f"{page}decide/mend/", {"step": "preview"})
    assert shown.status_code == 200
    assert _days(course) == before
    assert client.post(f"{page}decide/mend/", {"step": "do"}).status_code == 302
    assert _days(course)[3] == 9
    assert "Make up what was lost" not in client.get(page).content.decode()


def test_the_api_tries_it_and_does_it(course, time_machine):
    time_machine.move_to(THAT_EVENING, tick=False)
    api = Api(make_user(site=course.site, role="desk"))
    tried = api.post(f"/courses/{course.pk}/mend", {"dry_run": True})
    assert (tried.status, {c["number"] for c in tried.body["changes"]}) == (200, {3, 4})
    done = api.post(f"/courses/{course.pk}/mend", {})
    assert done.status == 200
    assert len(done.body["moved"]) == len(done.body["added"]) == 1
    again = api.post(f"/courses/{course.pk}/mend", {})
    assert (again.status, again.codes) == (409, ["nothing_lost"])
