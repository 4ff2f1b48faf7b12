"""Which slots: the least bad plan for the sessions that a course wants.

Pure. Each wanted session gets a few candidate days around its ideal one, each day its best slot; a path over
the days (dynamic programming) then weighs the gaps between sessions. The costs are stated in `Cost`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from scheduling import protocol
from scheduling.conditions import Refusal, check, free_chairs, local_slots
from scheduling.diary_facts import Busy, Diary, Own
from scheduling.hours import Interval, NonexistentTime, cover_at, wall
from scheduling.pattern import Wanted
from scheduling.protocol import CourseFacts, Finding


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan pays for, in units of "one slot away from the wished time"."""

    day_off: float = 12  # each day from the ideal day
    gap_off: float = 8  # each day that a gap differs from the pattern's
    gap_short: float = 400  # less than two days between sessions [practice]
    outside_wish: float = 60  # beyond the minutes that the patient can be flexible
    load: float = 0.2  # each other patient in the building at the start
    other_chair: float = 1  # not the chair that the patient knows
    hands_full: float = 0.4  # each moment at which every nurse's hands would be full: between equals only


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `at` is wall time at the site; `held` the numbers already booked or done."""

    course: CourseFacts
    wanted: Sequence[Wanted]
    at: time
    flexible_minutes: int | None = None
    held: Mapping[int, date] = field(default_factory=dict)
    chair: Any = None


@dataclass(frozen=True, slots=True)
class Planned:
    number: int
    week: int
    phase: str
    start: datetime
    end: datetime
    chair: Any
    warnings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Unplaced:
    """No slot on any candidate day: why not at the wished time, and the nearest that would do."""

    number: int
    on: date
    reasons: list[Refusal]
    nearest: list[datetime]


@dataclass(frozen=True, slots=True)
class Plan:
    sessions: list[Planned]
    unplaced: list[Unplaced]


@dataclass(frozen=True, slots=True)
class _Option:
    on: date
    cost: float
    start: datetime | None = None  # None for a session that is held already


# A session (None where it is held) with its candidate days; with the price and the way to each.
_Step = tuple[Wanted | None, list[_Option]]
_Row = tuple[Wanted | None, list[tuple[_Option, float, int]]]

COST = Cost()
# Minutes after its start at which a session wants a nurse's hands: the dose, the 40-minute pressure, the leaving.
HANDS = (15, 55, 135)
HANDS_MINUTES = 5
_MINUTE = timedelta(minutes=1)
# Days between two sessions for which nothing is paid. Week 5 begins 4 days after a Thursday's eighth session.
IDEAL_GAPS = {protocol.INDUCTION: (3, 4), protocol.WEEKLY: (3, 4, 7), protocol.MAINTENANCE: (7, 14)}
NEAR_DAYS = (0, 1, -1, 2, -2, 3)
MAKE_UP_DAYS = 42
_KEPT_SLOTS = 12


def plan(request: Request, diary: Diary, cost: Cost = COST) -> Plan:
    """Place every wanted session, or say why not."""
    today = diary.local_date(diary.now)
    lost = [want for want in request.wanted if want.on < today]
    ahead = [want for want in request.wanted if want.on >= today]
    chosen, unplaced = _path(request, diary, ahead, cost)
    for want in lost:
        start = _make_up(request, diary, want, chosen, cost)
        if start is None:
            unplaced.append(_unplaced(request, diary, want))
        else:
            chosen[want] = start
    return Plan(_placed(request, diary, chosen), sorted(unplaced, key=lambda u: u.number))


def openings(diary: Diary, first: datetime, last: datetime) -> list[tuple[Interval, list[Any]]]:
    """Every slot from `first` to `last` where a session may be, with its free chairs."""
    found = []
    for start in local_slots(diary, max(first, diary.now), last):
        if not check(diary, start):
            found.append((diary.span(start), free_chairs(diary, start)))
    return found


def alternatives(diary: Diary, near: datetime, *, days: int = 3, limit: int = 12) -> list[datetime]:
    """Legal starts around `near`, the nearest first, at most `limit`."""
    first, last = near - timedelta(days=days), near + timedelta(days=days + 1)
    slots = sorted(local_slots(diary, max(first, diary.now), last), key=lambda s: abs(s - near))
    found = []
    for start in slots:
        if not check(diary, start):
            found.append(start)
        if len(found) == limit:
            break
    return found


def pick_chair(diary: Diary, start: datetime, usual: Any = None) -> Any:
    """The patient's usual chair where it is free, else the first free one; None when there is none."""
    free = free_chairs(diary, start)
    return usual if usual in free else next(iter(free), None)


def make_ups(request: Request, diary: Diary, *, limit: int = 4) -> list[datetime]:
    """Starts for one session that was lost, the soonest inside the gap rule first, one a day.

    `request.held` are the days that stay; `request.wanted` is not looked at.
    """
    taken, today = set(request.held.values()), diary.local_date(diary.now)
    found: list[tuple[float, datetime]] = []
    for offset in range(MAKE_UP_DAYS):
        on = today + timedelta(days=offset)
        best = None if on in taken else _best_slot(request, diary, on, COST)
        if best:
            found.append((offset + (COST.gap_short if _too_near(on, taken) else 0), best[0]))
        if len([price for price, _start in found if price < COST.gap_short]) == limit:
            break
    return [start for _price, start in sorted(found)[:limit]]


def _path(
    request: Request, diary: Diary, ahead: Sequence[Wanted], cost: Cost
) -> tuple[dict[Wanted, datetime], list[Unplaced]]:
    """The cheapest way through the candidate days of all sessions, the held ones standing fast."""
    steps: list[_Step] = [
        (None, [_Option(on, 0)]) for number, on in request.held.items() if on not in _days(ahead)
    ]
    unplaced = []
    for want in ahead:
        options = _options(request, diary, want, cost)
        if options:
            steps.append((want, options))
        else:
            unplaced.append(_unplaced(request, diary, want))
    steps.sort(key=lambda step: step[0].on if step[0] else step[1][0].on)
    chosen, blocked = _cheapest(steps, cost)
    return chosen, unplaced + [_unplaced(request, diary, want) for want in blocked]


def _days(wanted: Sequence[Wanted]) -> set[date]:
    return {want.on for want in wanted}


def _options(request: Request, diary: Diary, want: Wanted, cost: Cost) -> list[_Option]:
    held = set(request.held.values())
    options = []
    for offset in NEAR_DAYS:
        on = want.on + timedelta(days=offset)
        found = None if on in held else _best_slot(request, diary, on, cost)
        if found:
            start, price = found
            options.append(_Option(on, price + abs(offset) * cost.day_off, start))
    return options


def _best_slot(request: Request, diary: Diary, on: date, cost: Cost) -> tuple[datetime, float] | None:
    """The cheapest legal start of a day. Slots come by distance, so a few legal ones are enough to compare."""
    if on.weekday() in request.course.never_weekdays:
        return None
    wish = _wish(diary, on, request.at)
    midnight = datetime.combine(on, time(), diary.zone)
    slots = local_slots(diary, midnight, midnight + timedelta(days=1))
    best: tuple[datetime, float] | None = None
    legal = 0
    for start in sorted(slots, key=lambda s: (abs(s - wish), s)):
        away = abs(start - wish) / timedelta(minutes=diary.slot_minutes)
        if best and (away >= best[1] or legal >= _KEPT_SLOTS):
            break
        if _patient_cannot(request, diary, start) or check(diary, start):
            continue
        legal += 1
        price = away + _place_cost(request, diary, start, wish, cost)
        if best is None or price < best[1]:
            best = (start, price)
    return best


def _patient_cannot(request: Request, diary: Diary, start: datetime) -> bool:
    """Outside of the hours that the patient has."""
    course, span = request.course, diary.span(start)
    begins, ends = span.start.astimezone(diary.zone), span.end.astimezone(diary.zone)
    too_early = course.not_before is not None and begins.time() < course.not_before
    over_midnight = ends.date() > begins.date()
    too_late = course.not_after is not None and (over_midnight or ends.time() > course.not_after)
    return too_early or too_late


def _hands_full(diary: Diary, start: datetime) -> int:
    """How often as many patients want hands at once as there are nurses, counted in five minutes."""
    span = diary.span(start)
    # In minutes from this start: plain numbers, for this is asked for every slot.
    others = [(item.span.start - start) / _MINUTE for item in diary.busy_near(span)]
    nurses, times = diary.nurses_near(span), 0
    for mine in HANDS:
        same = sum(
            -HANDS_MINUTES < other + theirs - mine < HANDS_MINUTES for other in others for theirs in HANDS
        )
        times += same > 0 and same >= cover_at(start + timedelta(minutes=mine), nurses)
    return times


def _wish(diary: Diary, on: date, at: time) -> datetime:
    try:
        return wall(on, at, diary.zone)
    except NonexistentTime:
        return datetime.combine(on, at, diary.zone)


def _place_cost(request: Request, diary: Diary, start: datetime, wish: datetime, cost: Cost) -> float:
    price = cost.load * sum(item.span.start <= start for item in diary.busy_near(diary.span(start)))
    price += cost.hands_full * _hands_full(diary, start)
    flexible = request.flexible_minutes
    if flexible is not None and abs(start - wish) > timedelta(minutes=flexible):
        price += cost.outside_wish
    if request.chair is not None and request.chair not in free_chairs(diary, start):
        price += cost.other_chair
    return price


def _cheapest(steps: Sequence[_Step], cost: Cost) -> tuple[dict[Wanted, datetime], list[Wanted]]:
    """Forward over the steps, keeping for each candidate the cheapest way to it; then back along that way."""
    blocked: list[Wanted] = []
    table: list[_Row] = []
    for want, options in steps:
        ideal = IDEAL_GAPS[want.phase if want else protocol.WEEKLY]
        row = [_arrive(option, table, ideal, cost) for option in options]
        reached = [(option, price, back) for option, price, back in row if price < float("inf")]
        if reached:
            table.append((want, reached))
        elif want is not None:
            blocked.append(want)
    chosen: dict[Wanted, datetime] = {}
    index = min(range(len(table[-1][1])), key=lambda i: table[-1][1][i][1]) if table else -1
    for want, row in reversed(table):
        option, _price, back = row[index]
        if want is not None and option.start is not None:
            chosen[want] = option.start
        index = back
    return chosen, blocked


def _arrive(
    option: _Option, table: Sequence[_Row], ideal: Sequence[int], cost: Cost
) -> tuple[_Option, float, int]:
    if not table:
        return option, option.cost, -1
    prices = [price + _gap_cost(before.on, option.on, ideal, cost) for before, price, _back in table[-1][1]]
    best = min(range(len(prices)), key=prices.__getitem__)
    return option, prices[best] + option.cost, best


def _gap_cost(before: date, after: date, ideal: Sequence[int], cost: Cost) -> float:
    gap = (after - before).days
    if gap < 1:
        return float("inf")
    price = cost.gap_short if gap < protocol.SHORTEST_GAP else 0.0
    return price + cost.gap_off * min(abs(gap - days) for days in ideal)


def _make_up(
    request: Request, diary: Diary, want: Wanted, chosen: Mapping[Wanted, datetime], cost: Cost
) -> datetime | None:
    """A slot for a session whose day has passed: soon, but with the gap rule kept on both sides."""
    taken = {*request.held.values(), *(diary.local_date(start) for start in chosen.values())}
    today = diary.local_date(diary.now)
    best: tuple[float, datetime] | None = None
    for offset in range(MAKE_UP_DAYS):
        on = today + timedelta(days=offset)
        price = offset + (cost.gap_short if _too_near(on, taken) else 0)
        if on in taken or (best and price >= best[0]):
            continue
        found = _best_slot(request, diary, on, cost)
        if found and (best is None or price + found[1] / 100 < best[0]):
            best = (price + found[1] / 100, found[0])
    return best[1] if best else None


def _too_near(on: date, taken: set[date]) -> bool:
    return any(abs((on - other).days) < protocol.SHORTEST_GAP for other in taken)


def _unplaced(request: Request, diary: Diary, want: Wanted) -> Unplaced:
    try:
        wish = wall(want.on, request.at, diary.zone)
        reasons = check(diary, wish)
        if want.on.weekday() in request.course.never_weekdays or _patient_cannot(request, diary, wish):
            reasons = [*reasons, Refusal("patient_cannot", "The patient cannot come then.")]
    except NonexistentTime:
        wish = _wish(diary, want.on, request.at)
        reasons = [Refusal("nonexistent_time", "The clock jumps over that time.")]
    return Unplaced(want.number, want.on, reasons, alternatives(diary, wish, days=14, limit=3))


def _placed(request: Request, diary: Diary, chosen: Mapping[Wanted, datetime]) -> list[Planned]:
    """Chairs and warnings, once all days are known. Each session is in the book for those after it."""
    days = {**request.held, **{want.number: diary.local_date(start) for want, start in chosen.items()}}
    first = days.get(1) or min(days.values(), default=None)
    placed = []
    for want, start in sorted(chosen.items(), key=lambda item: item[1]):
        chair = pick_chair(diary, start, request.chair)
        on = diary.local_date(start)
        week = max(1, protocol.week_of(first, on)) if first else want.week
        others = {number: day for number, day in days.items() if number != want.number}
        warnings = protocol.session_findings(request.course, number=want.number, day=on, others=others)
        span = diary.span(start)
        placed.append(Planned(want.number, week, want.phase, start, span.end, chair, warnings))
        diary = diary.with_busy(
            Busy(("plan", want.number), chair, None, span), Own(("plan", want.number), on, span)
        )
    return placed
