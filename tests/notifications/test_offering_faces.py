# ruff: noqa: F811 - fixtures of the rounds
"""A freed place by text: what happens at once, what it costs, and how pages and API show it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from notifications import offering
from notifications.models import Message, OfferRound, OfferText
from scheduling import offers
from scheduling.models import Offer
from tests.api.client import team
from tests.factories import make_staffed_site, make_user
from tests.notifications.test_offering import (  # noqa: F401 - fixtures
    HALF,
    NOW,
    arrives,
    freed,
    held,
    says,
    site,
    start,
    turn_of,
    two,
)
from tests.scheduling.test_race import race

pytestmark = pytest.mark.django_db


# -- at once --


@pytest.mark.django_db(transaction=True)
def test_two_yes_at_once_one_has_it_and_the_other_is_told(site, freed, two):
    start(site, freed)
    first = arrives(two[0])
    # The second has it from the desk, by text as well: two who may say yes at the same moment.
    offer = offers.make_offer(course=two[1], starts_at=freed, by=None, now=NOW)
    message = Message.objects.get(pk=first.message_id)
    message.pk = message.id = None
    message.id = Message._meta.pk.get_default()
    message.rule, message.to, message.patient = "second", two[1].patient.number, two[1].patient
    message.session = offer.session
    message.save(force_insert=True)
    OfferText.objects.create(round=first.round, offer=offer, message=message)

    results = race([lambda c=course: says(c, "C") for course in two])

    assert sorted(r.answer.kind for r in results) == ["offer_gone", "offer_ok"]
    assert len(held(freed)) == 1
    assert sorted(Offer.objects.values_list("status", flat=True)) == ["accepted", "gone"]


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_ask_one_patient(site, freed, two):
    start(site, freed)
    race([lambda: offering.tick(now=NOW + HALF) for _ in range(4)])
    assert sorted(Offer.objects.values_list("status", flat=True)) == ["expired", "open"]
    assert OfferText.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_stop_and_ticks_at_once_lose_nothing_and_ask_the_next_once(site, freed, two):
    start(site, freed)
    arrives(two[0])
    later = NOW + timedelta(minutes=5)
    results = race([lambda: says(two[0], "STOP"), *[lambda: offering.tick(now=later) for _ in range(3)]])
    assert not [result for result in results if isinstance(result, Exception)]
    offering.tick(now=later)
    assert sorted(Offer.objects.values_list("status", flat=True)) == ["open", "withdrawn"]
    assert turn_of(two[1]).message.status == "pending"


@pytest.mark.django_db(transaction=True)
def test_a_yes_and_the_end_of_its_time_at_once_give_one_outcome(site, freed, two):
    start(site, freed)
    arrives(two[0])
    late = NOW + HALF
    results = race([lambda: says(two[0], "C", late - timedelta(seconds=1)), lambda: offering.tick(now=late)])
    inbound = results[0]
    took = inbound.answer.kind == "offer_ok"
    assert held(freed) == ([two[0]] if took else [])
    offering.tick(now=late)
    assert OfferText.objects.count() == (1 if took else 2)


# -- cost, pages, API --


def test_an_idle_tick_asks_once(site, freed, two):
    with CaptureQueriesContext(connection) as queries:
        offering.tick(now=NOW)
    assert len(queries) == 1
    start(site, freed)
    arrives(two[0])
    with CaptureQueriesContext(connection) as queries:
        offering.tick(now=NOW)
    assert len(queries) == 1


def _read(answer):
    return " ".join(strip_tags(answer.content.decode()).split())


def test_the_page_shows_who_is_asked_and_who_is_next(site, freed, two, time_machine):
    time_machine.move_to(NOW, tick=False)
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    assert "Offer by text" in desk.get(reverse("scheduling:freed")).content.decode()
    answer = desk.post(reverse("notifications:offer-by-text"), {"starts_at": freed.isoformat()}, follow=True)
    assert "notice-success" in answer.content.decode()
    page = desk.get(reverse("notifications:offers")).content.decode()
    assert two[0].patient.list_name in page
    assert f"Next: {two[1].patient.list_name}" in page
    places = _read(desk.get(reverse("scheduling:freed")))
    assert "Offer by text" not in places
    assert f"{two[0].patient.list_name} has it until Sun 1 Mar, 11:30 AM; the text goes" in places
    arrives(two[0])
    today = _read(desk.get(reverse("scheduling:freed-today"), {"day": "2026-03-02"}))
    assert f"{two[0].patient.list_name} has it until Sun 1 Mar, 11:30 AM" in today
    assert "the text goes" not in today
    again = desk.post(reverse("notifications:offer-by-text"), {"starts_at": freed.isoformat()}, follow=True)
    assert "being offered by text already" in again.content.decode()
    assert desk.post(reverse("notifications:offer-by-text"), {"starts_at": "soon"}).status_code == 302
    round_ = OfferRound.objects.get()
    stranger = Client()
    stranger.force_login(make_user(site=make_staffed_site(), role="desk"))
    back = reverse("notifications:offer-take-back", args=[round_.pk])
    assert stranger.post(back).status_code == 404
    after = desk.post(back, {"back": "freed"}, follow=True)
    assert after.redirect_chain == [(reverse("scheduling:freed"), 302)]
    assert "Taken back" in after.content.decode()
    assert "Offer by text" in after.content.decode()
    assert desk.post(back).url == reverse("notifications:offers")


def test_between_two_turns_the_place_says_that_the_next_is_asked(site, freed, two, time_machine):
    time_machine.move_to(NOW, tick=False)
    start(site, freed)
    offers.decline_offer(offer=turn_of(two[0]).offer, by=None, now=NOW)
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    page = desk.get(reverse("scheduling:freed")).content.decode()
    assert "The next is asked in a moment." in page


def test_by_the_api_the_same(site, freed, two, time_machine):
    time_machine.move_to(NOW, tick=False)
    api = team(site)
    base = f"/sites/{site.pk}/text-offers"
    made = api["desk"].post(base, {"starts_at": freed.isoformat(), "minutes": 60})
    assert (made.status, made.body["minutes"], made.body["end"]) == (201, 60, None)
    assert made.body["turns"][0]["patient"] == str(two[0].patient_id)
    assert api["desk"].post(base, {"starts_at": freed.isoformat()}).codes == ["running"]
    assert api["desk"].post(base, {"starts_at": freed.isoformat(), "minutes": 1}).status == 422
    assert [item["id"] for item in api["desk"].get(base).body["items"]] == [made.body["id"]]
    assert api["nurse"].get(base).status == 403
    back = f"{base}/{made.body['id']}/take-back"
    assert api["desk"].post(back).body["end"] == "back"
    assert api["desk"].post(f"{base}/nonsense/take-back").status == 404
