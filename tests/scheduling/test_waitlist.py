"""A freed chair: only for whom it is right, who gains most first, an offer that expires, the first yes."""

from datetime import time, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from clinic.errors import Invalid, Refused
from scheduling import answers, authorizations, booking, offers, waitlist
from scheduling.booking import Placement
from scheduling.models import FrequencyDecision, Offer, OfferEvent, TreatmentSession
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
NOW = MONDAY - timedelta(hours=5)
DAY = timedelta(days=1)


@pytest.fixture
def site():
    return make_staffed_site(chairs=1, nurses=1)


def _course(site, *offsets, now=NOW - 10 * DAY):
    course = make_course(site=site, patient=make_patient(site=site))
    placements = [Placement(n, MONDAY + timedelta(days=d, hours=h)) for n, (d, h) in enumerate(offsets, 1)]
    booking.book_course(course=course, sessions=placements, by=None, now=now)
    return course


def _free(course, number=1):
    session = course.sessions.get(number=number)
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW)
    return session.starts_at


def _listed(course, **options):
    return waitlist.add_to_waitlist(course=course, by=None, now=NOW, **{"notice_minutes": 60, **options})


@pytest.fixture
def freed(site):
    """09:00 on Monday has just been given up."""
    return _free(_course(site, (0, 0)))


def test_a_freed_place_is_found_until_somebody_has_it(site, freed):
    assert [(p.starts_at, p.chairs) for p in waitlist.freed_places(site, now=NOW)] == [(freed, 1)]
    _course(site, (0, 0), now=NOW)
    assert waitlist.freed_places(site, now=NOW) == []


def test_only_those_for_whom_it_is_right_and_who_gains_most_first(site, freed):
    little = _course(site, (1, 0), (8, 0))
    much = _course(site, (4, 0))
    same_day = _course(site, (0, 4), (7, 4))
    too_near = _course(site, (2, 0), (7, 0))
    make_course(site=site)
    for course in (little, much, same_day, too_near):
        _listed(course)
    far = _listed(_course(site, (9, 0)), notice_minutes=6 * 60)

    found = waitlist.candidates(site, freed, now=NOW)

    assert far.course not in [c.entry.course for c in found]
    assert [c.entry.course for c in found][:1] == [much]
    assert little in [c.entry.course for c in found]
    assert [c.days_sooner for c in found] == sorted((c.days_sooner for c in found), reverse=True)


@pytest.mark.parametrize(
    ("often", "days_before", "right"),
    [
        ("", 5, True),
        ("", 4, False),
        ("biweekly", 12, True),
        ("biweekly", 7, False),
        ("twice_weekly", 2, True),
        ("twice_weekly", 1, False),
    ],
)
def test_after_the_eighth_nobody_is_offered_another_frequency(site, freed, often, days_before, right):
    course = _course(site, (10, 0))
    course.sessions.update(number=10)
    induction = [(number, 48 - number) for number in range(1, 9)]
    for number, offset in (*induction, (9, days_before)):
        make_session(
            course=course, number=number, starts_at=MONDAY - offset * DAY, status="completed", phase="weekly"
        )
    if often:
        FrequencyDecision.objects.create(
            course=course,
            frequency=often,
            starts_on=(MONDAY - 30 * DAY).date(),
            reason="-",
            decided_by="-",
            at=NOW,
        )
    _listed(course)
    assert bool(waitlist.candidates(site, freed, now=NOW)) is right


@pytest.mark.parametrize(
    ("cannot", "right"),
    [
        ({"never_weekdays": [1]}, True),
        ({"never_weekdays": [0]}, False),
        ({"not_before": time(9)}, True),
        ({"not_before": time(10)}, False),
        ({"not_after": time(11)}, False),
    ],
)
def test_nobody_is_offered_a_time_at_which_they_never_can(site, freed, cannot, right):
    course = _course(site, (4, 0))
    for name, value in cannot.items():
        setattr(course, name, value)
    course.save()
    _listed(course)
    assert bool(waitlist.candidates(site, freed, now=NOW)) is right


def test_a_place_is_not_right_before_the_payer_has_authorized_anything(site, freed):
    course = _course(site, (4, 0))
    _listed(course)
    authorizations.expect_authorization(course=course, wanted=True, by=None, now=NOW)
    assert waitlist.candidates(site, freed, now=NOW) == []
    authorizations.add_authorization(
        course=course,
        payer="Buckeye Health",
        number="A1",
        valid_from=(NOW - DAY).date(),
        valid_until=(NOW + 90 * DAY).date(),
        sessions_allowed=8,
        owner=make_user(site=site, role="desk"),
        by=None,
        now=NOW,
    )
    assert [found.entry.course for found in waitlist.candidates(site, freed, now=NOW)] == [course]


def test_a_lost_session_of_induction_is_made_up_in_a_freed_place(site):
    course = _course(site, (-7, 0), (-4, 0), (7, 0))
    lost = course.sessions.get(number=2)
    TreatmentSession.objects.filter(course=course, number=1).update(status="completed")
    TreatmentSession.objects.filter(pk=lost.pk).update(status="no_show")
    freed = _free(_course(site, (0, 0)))
    _listed(course)
    [candidate] = waitlist.candidates(site, freed, now=NOW)
    assert (candidate.number, candidate.session, candidate.eighth_gain > 0) == (2, None, True)
    offer = offers.make_offer(course=course, starts_at=freed, by=None, now=NOW)
    session = offers.accept_offer(offer=offer, by=None, now=NOW)
    assert (session.number, session.starts_at) == (2, freed)


def test_the_first_yes_has_it_and_the_other_is_told(site, freed):
    first, second = _course(site, (4, 0)), _course(site, (5 + 2, 0))
    for course in (first, second):
        _listed(course)
    one, two = (offers.make_offer(course=c, starts_at=freed, by=None, now=NOW) for c in (first, second))
    moved = offers.accept_offer(offer=one, by=None, now=NOW)
    assert moved.starts_at == freed
    two.refresh_from_db()
    assert two.status == "gone"
    with pytest.raises(Refused) as caught:
        offers.accept_offer(offer=two, by=None, now=NOW)
    assert caught.value.codes == ["offer_settled"]
    assert list(OfferEvent.objects.filter(offer=two).values_list("status", flat=True)) == ["open", "gone"]


def test_a_place_that_somebody_booked_meanwhile_is_told_as_gone(site, freed):
    course = _course(site, (4, 0))
    _listed(course)
    offer = offers.make_offer(course=course, starts_at=freed, by=None, now=NOW)
    _course(site, (0, 0), now=NOW)
    with pytest.raises(Refused) as caught:
        offers.accept_offer(offer=offer, by=None, now=NOW)
    assert caught.value.codes[0] == "offer_gone"
    offer.refresh_from_db()
    assert offer.status == "gone"
    assert course.sessions.get(number=1).starts_at == MONDAY + 4 * DAY


@pytest.mark.parametrize(("minutes", "works"), [(29, True), (30, False)])
def test_an_offer_ends_when_it_said(site, freed, minutes, works):
    course = _course(site, (4, 0))
    _listed(course)
    offer = offers.make_offer(course=course, starts_at=freed, minutes=30, by=None, now=NOW)
    later = NOW + timedelta(minutes=minutes)
    if works:
        assert offers.accept_offer(offer=offer, by=None, now=later).starts_at == freed
    else:
        with pytest.raises(Refused) as caught:
            offers.accept_offer(offer=offer, by=None, now=later)
        assert caught.value.codes == ["offer_expired"]
        assert Offer.objects.get().status == "expired"


def test_an_offer_never_outlives_its_place(site, freed):
    course = _course(site, (4, 0))
    _listed(course, notice_minutes=0)
    now = freed - timedelta(minutes=10)
    assert offers.make_offer(course=course, starts_at=freed, minutes=60, by=None, now=now).expires_at == freed


def test_who_is_not_on_the_list_is_not_offered_and_nobody_twice(site, freed):
    course = _course(site, (4, 0))
    with pytest.raises(Refused) as caught:
        offers.make_offer(course=course, starts_at=freed, by=None, now=NOW)
    assert caught.value.codes == ["not_right"]
    _listed(course)
    with pytest.raises(Refused) as caught:
        _listed(course)
    assert caught.value.codes == ["on_waitlist"]
    offers.make_offer(course=course, starts_at=freed, by=None, now=NOW)
    with pytest.raises(Refused) as caught:
        offers.make_offer(course=course, starts_at=freed, by=None, now=NOW)
    assert caught.value.codes == ["offered"]
    for minutes in (0, 24 * 60 + 1):
        with pytest.raises(Invalid):
            offers.make_offer(course=course, starts_at=freed, minutes=minutes, by=None, now=NOW)


def test_declining_ends_one_offer_and_no_other(site, freed):
    first, second = _course(site, (4, 0)), _course(site, (7, 0))
    made = []
    for course in (first, second):
        _listed(course)
        made.append(offers.make_offer(course=course, starts_at=freed, by=None, now=NOW))
    offers.decline_offer(offer=made[0], by=None, now=NOW)
    with pytest.raises(Refused):
        offers.decline_offer(offer=made[0], by=None, now=NOW)
    assert [offer.course for offer in offers.open_offers(site, now=NOW)] == [second]


def test_off_the_list_is_off_the_list(site, freed):
    entry = _listed(_course(site, (4, 0)))
    for _ in range(2):
        waitlist.remove_from_waitlist(entry=entry, by=None, now=NOW)
    assert waitlist.candidates(site, freed, now=NOW) == []


@pytest.mark.django_db(transaction=True)
def test_two_who_say_yes_at_once_are_not_both_given_it(site, freed):
    made = []
    for day in (4, 7):
        course = _course(site, (day, 0))
        _listed(course)
        made.append(offers.make_offer(course=course, starts_at=freed, by=None, now=NOW))
    gate, said = Barrier(2), []

    def accept(offer):
        gate.wait()
        try:
            offers.accept_offer(offer=offer, by=None, now=NOW)
            said.append("yes")
        except Refused as refusal:
            said.append(refusal.codes[0])
        finally:
            connection.close()

    threads = [Thread(target=accept, args=[offer]) for offer in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said) in (["offer_gone", "yes"], ["offer_settled", "yes"])
    assert TreatmentSession.objects.filter(starts_at=freed, status="booked").count() == 1
    assert sorted(Offer.objects.values_list("status", flat=True)) == ["accepted", "gone"]
