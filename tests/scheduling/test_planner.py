from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling import hours, pattern, planner, protocol
from scheduling.conditions import check
from scheduling.diary_facts import Busy, ChairFacts, Closed, Diary, Own
from scheduling.hours import Interval, WeeklySpan
from scheduling.protocol import CourseFacts

ZONE = ZoneInfo("America/New_York")
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 2, 27, 15, tzinfo=UTC)


def _at(day, hour, minute=0):
    return datetime.combine(MONDAY + timedelta(days=day), time(hour, minute), ZONE).astimezone(UTC)


def diary(*, opens=time(8), closes=time(18), weekdays=range(5), nurses=1, chairs=2, closed=(), **fields):
    weekly = [WeeklySpan(day, opens, closes) for day in weekdays]
    open_ = hours.merge(hours.spans(weekly, ZONE, MONDAY - timedelta(days=30), MONDAY + timedelta(days=120)))
    return Diary(
        **{
            "zone": ZONE,
            "now": NOW,
            "chairs": [ChairFacts(n, f"Chair {n}") for n in range(chairs)],
            "hours": open_,
            "nurses": open_ * nurses,
            "prescribers": open_,
            "closed": closed,
            **fields,
        }
    )


def request(starts_on=MONDAY, weekdays=(0, 3), at=time(9), **fields):
    course = CourseFacts("trd", starts_on, weekdays)
    wanted = pattern.wanted(course, until="induction", held=fields.get("held"))
    return planner.Request(course, wanted, at, **fields)


def busy(start, chair=0, key="x"):
    return Busy(key, chair, None, Interval(start, start + timedelta(minutes=150)))


@pytest.mark.parametrize(
    ("start", "changes", "codes"),
    [
        (_at(0, 9), {}, []),
        (_at(0, 15, 30), {}, []),
        (_at(0, 15, 45), {}, ["outside_hours", "no_nurse", "no_prescriber"]),
        (_at(0, 7, 45), {}, ["outside_hours", "no_nurse"]),
        (_at(0, 7, 30), {}, ["outside_hours", "no_nurse", "no_prescriber"]),
        (_at(0, 9), {"now": _at(0, 9)}, []),
        (_at(0, 9), {"now": _at(0, 9) + timedelta(seconds=1)}, ["in_past"]),
        (_at(0, 9), {"closed": [Closed(Interval(_at(0, 11), _at(0, 12)), "snow")]}, ["closed"]),
        (_at(0, 9), {"closed": [Closed(Interval(_at(0, 11, 30), _at(0, 12)), "snow")]}, []),
        (_at(0, 9), {"nurses": 0}, ["no_nurse"]),
        (_at(0, 9), {"prescribers": []}, ["no_prescriber"]),
        (_at(0, 9), {"own": [Own("o", MONDAY, Interval(_at(0, 15), _at(0, 17)))]}, ["same_day"]),
        (
            _at(0, 9),
            {"own": [Own("o", MONDAY, Interval(_at(0, 10), _at(0, 12)))]},
            ["patient_busy", "same_day"],
        ),
        (_at(0, 9), {"busy": [busy(_at(0, 8)), busy(_at(0, 10), 1, "y")]}, ["chair_taken"]),
        (_at(0, 9), {"busy": [busy(_at(0, 9), 1)]}, ["starts_crowded"]),
        (_at(0, 9), {"busy": [busy(_at(0, 9, 15), 1)]}, []),
        (_at(0, 9), {"busy": [busy(_at(0, 8, 50), 1)]}, ["starts_crowded"]),
        (_at(0, 9), {"patients_per_nurse": 1, "busy": [busy(_at(0, 11), 1)]}, ["no_nurse"]),
        (_at(0, 9), {"patients_per_nurse": 1, "busy": [busy(_at(0, 11, 30), 1)]}, []),
        (_at(0, 9), {"patients_per_nurse": 2, "busy": [busy(_at(0, 11), 1)]}, []),
    ],
)
def test_check_gives_every_reason_at_the_limits(start, changes, codes):
    assert [r.code for r in check(diary(**changes), start)] == codes


def test_check_of_one_chair_names_who_holds_it():
    [refusal] = check(diary(busy=[busy(_at(0, 10), 1, "held")]), _at(0, 9), 1)
    assert (refusal.code, refusal.extra) == ("chair_taken", {"by": "held"})


def test_check_of_a_chair_out_of_use():
    closed = [Closed(Interval(_at(0, 0), _at(1, 0)), "broken", chair=1)]
    assert [r.code for r in check(diary(closed=closed), _at(0, 9), 1)] == ["closed"]
    assert check(diary(closed=closed), _at(0, 9), 0) == []


def test_plan_of_an_empty_book_is_the_trial_pattern_at_the_wished_time():
    plan = planner.plan(request(), diary())
    starts = [s.start.astimezone(ZONE) for s in plan.sessions]
    assert [(s.date() - MONDAY).days + 1 for s in starts] == list(protocol.PATTERN_DAYS)
    assert {s.time() for s in starts} == {time(9)}
    assert plan.unplaced == []
    assert [w for s in plan.sessions for w in s.warnings] == []


def test_plan_goes_around_a_closed_day():
    closed = [Closed(Interval(_at(7, 0), _at(8, 0)), "holiday")]
    plan = planner.plan(request(), diary(closed=closed))
    days = [(s.start.astimezone(ZONE).date() - MONDAY).days for s in plan.sessions]
    assert (len(days), 7 in days) == (8, False)
    assert days == sorted(set(days))


def test_plan_makes_up_a_lost_session_and_keeps_the_others():
    held = {n: MONDAY + timedelta(days=d) for n, d in ((1, 0), (2, 3), (4, 10))}
    asked = request(held=held)
    plan = planner.plan(asked, diary(now=_at(8, 12)))
    by_number = {s.number: s.start.astimezone(ZONE).date() for s in plan.sessions}
    assert set(by_number) == {3, 5, 6, 7, 8}
    assert by_number[3] >= MONDAY + timedelta(days=8)
    assert len({*by_number.values(), *held.values()}) == 8


def test_plan_says_why_not_and_what_would_do():
    plan = planner.plan(request(), diary(nurses=0))
    assert len(plan.unplaced) == 8
    assert {r.code for u in plan.unplaced for r in u.reasons} == {"no_nurse"}


def test_plan_takes_the_patients_own_chair_where_it_is_free():
    plan = planner.plan(request(chair=1), diary())
    assert {s.chair for s in plan.sessions} == {1}


def test_openings_are_on_the_sites_grid_and_legal():
    book = diary(busy=[busy(_at(0, 9))])
    found = planner.openings(book, _at(0, 0), _at(1, 0))
    starts = [span.start.astimezone(ZONE).time() for span, _chairs in found]
    assert (starts[0], starts[-1], time(9) in starts) == (time(8), time(15, 30), False)
    assert all(check(book, span.start) == [] and chairs for span, chairs in found)


_minutes = st.integers(0, 23).map(lambda h: time(h))


@st.composite
def _books(draw):
    """A site with any hours, closures and sessions of others, around a change of the clock."""
    opens, closes = sorted(draw(st.lists(st.integers(0, 23), min_size=2, max_size=2, unique=True)))
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    closed = [
        Closed(Interval(_at(day, 0), _at(day + length, 0)), "closed")
        for day, length in draw(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=3))
    ]
    taken = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 21), st.integers(0, 1)), max_size=12))
    others = [busy(_at(day, hour), chair, n) for n, (day, hour, chair) in enumerate(taken)]
    return diary(
        opens=time(opens),
        closes=time(closes),
        weekdays=days,
        nurses=draw(st.integers(0, 2)),
        closed=closed,
        busy=others,
        now=_at(draw(st.integers(-3, 10)), 12),
    )


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    book=_books(),
    starts_on=st.dates(MONDAY, MONDAY + timedelta(days=20)),
    weekdays=st.lists(st.integers(0, 6), min_size=2, max_size=2, unique=True),
    at=_minutes,
)
def test_any_plan_keeps_the_rules_or_says_why_not(book, starts_on, weekdays, at):
    asked = request(starts_on, tuple(sorted(weekdays)), at)

    plan = planner.plan(asked, book)

    numbers = [s.number for s in plan.sessions] + [u.number for u in plan.unplaced]
    assert sorted(numbers) == [w.number for w in asked.wanted]
    days = [s.start.astimezone(ZONE).date() for s in plan.sessions]
    assert len(set(days)) == len(days)
    for item in plan.sessions:
        assert check(book, item.start, item.chair) == []
        book = book.with_busy(
            Busy(item.number, item.chair, None, book.span(item.start)),
            Own(item.number, book.local_date(item.start), book.span(item.start)),
        )
    assert all(u.reasons for u in plan.unplaced)
