"""The benchmarks in memory do what they say: the same year for both ways, and conflicts that would be seen."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from benchmarks import multivisit
from benchmarks._chart import chart
from benchmarks._desks import ByHand, ByPlanner
from benchmarks._year import DAY, Assumed, Clinic, Fate
from benchmarks.multivisit import Booked


def test_many_visits_are_placed_without_a_conflict():
    found = multivisit.run(7, 12, 1, 4)
    assert found["conflicts"] == 0
    assert found["visits placed"] > 0.9 * found["visits wanted"]


@pytest.mark.parametrize(
    ("second", "kinds"),
    [
        ({}, {"chair twice", "patient twice a day", "nurse needed alone twice"}),
        ({"chair": 1, "patient": 1}, {"nurse needed alone twice"}),
        ({"chair": 1, "patient": 1, "move": 135}, {"nurse needed alone twice"}),
        ({"chair": 1, "patient": 1, "move": 120}, set()),
        ({"chair": 1, "move": 15}, {"patient twice a day"}),
        ({"chair": 9, "patient": 1, "move": 15}, {"no such chair"}),
        ({"patient": 1, "chair": 1, "move": 16 * 15 + 15}, {"outside the hours"}),
        ({"patient": 1, "chair": 1, "move": 20}, {"off the grid"}),
    ],
)
def test_the_checker_sees_each_kind_of_conflict(second, kinds):
    start = multivisit.instant(multivisit.MONDAY, multivisit.time(12))
    first = Booked(0, 0, start)
    move = timedelta(minutes=second.pop("move", 0)) if "move" in second else timedelta()
    other = replace(first, start=start + move, **second)
    found = multivisit.conflicts([first, other], nurses=1, chairs=4)
    assert {kind for kind, number in found.items() if number} == kinds


def test_too_many_to_watch_are_seen():
    start = multivisit.instant(multivisit.MONDAY, multivisit.time(9))
    visits = [Booked(n, n, start + n * multivisit.SLOT) for n in range(5)]
    assert multivisit.conflicts(visits, nurses=1, chairs=9)["too many to watch"] > 0


def test_both_ways_live_the_same_year():
    """The same people call, and the same happens at somebody's n-th visit."""
    clinics = [Clinic(Fate(5, Assumed()), policy) for policy in (ByPlanner, ByHand)]
    for clinic in clinics:
        clinic.fate.days = clinic.fate.days[:35]
        clinic.live()
    by_planner, by_hand = clinics
    assert [(p.key, p.course, p.at) for p in by_planner.people] == [
        (p.key, p.course, p.at) for p in by_hand.people
    ]
    assert by_planner.people
    assert any(person.given for person in by_planner.people)
    for ours, theirs in zip(by_planner.people, by_hand.people, strict=True):
        for visit in ours.booked.values():
            same = [other for other in theirs.booked.values() if other.attempt == visit.attempt]
            assert all(by_planner.fate_of(visit) == by_hand.fate_of(other) for other in same)


@pytest.mark.parametrize("policy", [ByPlanner, ByHand])
def test_no_way_gives_two_sessions_within_two_days_or_a_third_in_a_week(policy):
    clinic = Clinic(Fate(6, Assumed(no_show=0.2, cancelled=0.2)), policy)
    clinic.fate.days = clinic.fate.days[:70]
    clinic.live()
    for person in clinic.people:
        days = sorted(person.given.values())
        assert all(b - a >= 2 * DAY for a, b in pairwise(days))
        weeks = [(day - days[0]).days // 7 for day in days]
        assert all(weeks.count(week) <= 2 for week in weeks)
        assert not {day.weekday() for day in days} & set(person.course.never_weekdays)
        assert all(day >= person.authorized_on for day in days)


def test_the_chart_is_whole_and_says_in_words_what_it_shows():
    runs = {
        "planner": [{"inductions begun": 4, "eighth days": [25, 25, 28, 40]}],
        "first-fit": [{"inductions begun": 4, "eighth days": [25, 32, 40]}],
    }
    root = ElementTree.fromstring(chart(runs))  # noqa: S314 our own text
    space = {"s": "http://www.w3.org/2000/svg"}
    assert "planner: 75% by day 28; first-fit: 25% by day 28" in root.find("s:desc", space).text
    assert root.find("s:title", space).text
    assert len(root.findall("s:polyline", space)) == 2
