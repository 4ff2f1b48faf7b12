"""Which slots: the least bad plan for the sessions that a course wants.

Pure. Each wanted session gets a few candidate days around its ideal one, each day its best slot; the cheapest path
over the days (path.py) weighs the gaps between sessions. The costs are stated in cost.py, the rules in conditions.py.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from scheduling import path, pattern, protocol
from scheduling.candidates import Candidates, is_free
from scheduling.conditions import Refusal, check, free_chairs
from scheduling.cost import COST, Cost, Request
from scheduling.diary_facts import Diary
from scheduling.hours import Interval, NonexistentTime, wall, wall_or_next
from scheduling.path import Option
from scheduling.pattern import Wanted
from scheduling.protocol import Finding


@dataclass(frozen=True, slots=True)
class Planned:
    """A session with its place, and other starts near it that would do."""

    number: int
    week: int
    phase: str
    start: datetime
    end: datetime
    chair: Any
    warnings: list[Finding] = field(default_factory=list)
    alternatives: list[datetime] = field(default_factory=list)


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


NEAREST_WITHIN = 28
APART = timedelta(hours=1)
PATIENT_CANNOT = Refusal("patient_cannot", "The patient cannot come then.")
DAYS_TAKEN = Refusal("same_day", "The days around it are taken by the course's other sessions.")
HOUR_SKIPPED = Refusal("nonexistent_time", "The clock jumps over that time.")


def plan(request: Request, diary: Diary, cost: Cost = COST) -> Plan:
    """Place every wanted session, or say why not."""
    look = Candidates(request, diary, cost)
    wanted = sorted(request.wanted, key=lambda want: (max(want.on, look.today), want.number))
    chosen, price, options = _choose(look, wanted, far=False)
    if price >= cost.gap_short:
        # Something is left out or breaks a rule of practice: look farther.
        chosen, _price, options = _choose(look, wanted, far=True)
    unplaced = [_unplaced(request, diary, want) for want in wanted if want not in chosen]
    return Plan(_placed(request, diary, chosen, options), sorted(unplaced, key=lambda item: item.number))


def _choose(
    look: Candidates, wanted: Sequence[Wanted], *, far: bool
) -> tuple[dict[Wanted, Option], float, dict[Wanted, list[Option]]]:
    """The cheapest path over the candidate days, its price, and what there was to choose from."""
    options = {want: look.options(want, wanted, far=far) for want in wanted}
    steps = [(want, found) for want, found in options.items() if found]
    chosen, price = path.cheapest(look.request, steps, look.cost)
    return chosen, price + look.cost.left_out * (len(wanted) - len(steps)), options


def openings(diary: Diary, first: datetime, last: datetime) -> list[tuple[Interval, list[Any]]]:
    """Every slot from `first` to `last` where a session may be, with its free chairs."""
    legal = (start for start in _starts(diary, first, last) if is_free(diary, start))
    return [(diary.span(start), free_chairs(diary, start)) for start in legal]


def alternatives(
    diary: Diary, near: datetime, *, days: int = 3, limit: int = 12, request: Request | None = None
) -> list[datetime]:
    """Legal starts around `near`, the nearest first, at most `limit`; with a request, those that its patient can."""
    look = Candidates(request, diary, COST) if request else None
    starts = _starts(diary, near - timedelta(days=days), near + timedelta(days=days + 1))
    by_distance = sorted(starts, key=lambda start: abs(start - near))
    legal = (s for s in by_distance if is_free(diary, s) and (look is None or look.patient_can(s)))
    return list(islice(legal, limit))


def other_times(
    request: Request, diary: Diary, near: datetime, *, days: int = 7, a_day: int = 2, limit: int = 6
) -> list[datetime]:
    """Where a session at `near` could be instead: legal, inside the rules of practice, what the patient can; the
    nearest first, on several days, those of a day an hour apart at least.

    `request.held` are the days of the other sessions; `request.wanted` is not looked at.
    """
    look = Candidates(request, diary, COST)
    starts = _starts(diary, near - timedelta(days=days), near + timedelta(days=days + 1))
    found: dict[date, list[datetime]] = {}
    for start in sorted((s for s in starts if s != near), key=lambda start: abs(start - near)):
        same_day = found.setdefault(diary.local_date(start), [])
        crowded = len(same_day) == a_day or any(abs(start - other) < APART for other in same_day)
        if not crowded and look.would_do(start):
            same_day.append(start)
        if sum(map(len, found.values())) == limit:
            break
    return sorted((s for of_day in found.values() for s in of_day), key=lambda start: abs(start - near))


def pick_chair(diary: Diary, start: datetime, usual: Any = None) -> Any:
    """The patient's usual chair where it is free, else the first free one; None when there is none."""
    free = free_chairs(diary, start)
    return usual if usual in free else next(iter(free), None)


def make_ups(request: Request, diary: Diary, *, limit: int = 4) -> list[datetime]:
    """Starts for one session that was lost, the soonest inside the gap rule first, one a day.

    `request.held` are the days that stay; `request.wanted` is not looked at.
    """
    look = Candidates(request, diary, COST)
    found: list[tuple[bool, datetime]] = []
    for on in look.make_up_days():
        best = look.best(on)
        if best:
            found.append((look.breaks_practice(on), best[0]))
        if sum(not breaks for breaks, _start in found) == limit:
            break
    return [start for _breaks, start in sorted(found)[:limit]]


def mend(request: Request, diary: Diary, booked: Mapping[Any, Wanted]) -> Plan | None:
    """Make up what is lost by moving what is booked next as well, where that brings the eighth session sooner.

    `booked`: by its id in the diary, each session that may move, the next first, its day as the ideal one. With as few
    of them as will do; None where none would.
    """
    best, soonest = None, _eighth(request, diary, plan(request, diary))
    for count in range(1, len(booked) + 1):
        lifted = dict(list(booked.items())[:count])
        numbers = {want.number for want in lifted.values()}
        held = {number: on for number, on in request.held.items() if number not in numbers}
        asked = replace(request, wanted=[*request.wanted, *lifted.values()], held=held)
        found = plan(asked, diary.without(set(lifted)))
        eighth = _eighth(asked, diary, found)
        if eighth < soonest:
            best, soonest = found, eighth
    return best


def _eighth(request: Request, diary: Diary, found: Plan) -> date:
    """The day of the eighth session by a plan; none where it leaves something out or breaks a rule of practice."""
    if found.unplaced or _breaks_practice(found):
        return date.max
    placed = {session.number: diary.local_date(session.start) for session in found.sessions}
    days = [on for n, on in {**request.held, **placed}.items() if n <= protocol.INDUCTION_SESSIONS]
    return pattern.projected_eighth(days, course=request.course) or date.max


def _breaks_practice(found: Plan) -> bool:
    codes = {warning.code for session in found.sessions for warning in session.warnings}
    return bool(codes & {"gap_short", "week_full"})


def _starts(diary: Diary, first: datetime, last: datetime) -> list[datetime]:
    """Every start on the site's grid from `first`, or now, up to `last` (not itself)."""
    first = max(first, diary.now)
    on, found = diary.local_date(first), []
    while on <= diary.local_date(last):
        day = diary.day(on)
        found += [start for at in day.starts if first <= (start := day.moment(at)) < last]
        on += timedelta(days=1)
    return found


def _unplaced(request: Request, diary: Diary, want: Wanted) -> Unplaced:
    wish = wall_or_next(want.on, request.at, diary.zone)
    try:
        wall(want.on, request.at, diary.zone)
        reasons = check(diary, wish)
        if not Candidates(request, diary, COST).patient_can(wish):
            reasons.append(PATIENT_CANNOT)
    except NonexistentTime:
        reasons = [HOUR_SKIPPED]
    nearest = alternatives(diary, wish, days=NEAREST_WITHIN, limit=3, request=request)
    return Unplaced(want.number, want.on, reasons or [DAYS_TAKEN], nearest)


def _placed(
    request: Request,
    diary: Diary,
    chosen: Mapping[Wanted, Option],
    options: Mapping[Wanted, Sequence[Option]],
) -> list[Planned]:
    """Chairs, warnings and what else would do, once all days are known."""
    days = {**request.held, **{want.number: option.on for want, option in chosen.items()}}
    first = min(days.values(), default=None)
    usual = request.chair if request.chair is not None else _most_often_free(diary, chosen.values())
    placed = []
    for want, option in sorted(chosen.items(), key=lambda item: item[1].start):
        others = {number: day for number, day in days.items() if number != want.number}
        placed.append(
            Planned(
                number=want.number,
                week=max(1, protocol.week_of(first, option.on)) if first else want.week,
                phase=want.phase,
                start=option.start,
                end=diary.span(option.start).end,
                chair=pick_chair(diary, option.start, usual),
                warnings=protocol.session_findings(
                    request.course, number=want.number, day=option.on, others=others
                ),
                alternatives=_other_days(options[want], option, set(others.values())),
            )
        )
    return placed


def _most_often_free(diary: Diary, options: Iterable[Option]) -> Any:
    """For a patient who has no chair yet: the one in which most of the sessions can be."""
    free = Counter(chair for option in options for chair in free_chairs(diary, option.start))
    return free.most_common(1)[0][0] if free else None


def _other_days(options: Sequence[Option], chosen: Option, taken: set[date]) -> list[datetime]:
    """The best starts of the days around, the cheapest first, without those next to another session."""
    near = {on + timedelta(days=offset) for on in taken for offset in (-1, 0, 1)}
    free = [option for option in options if option.on != chosen.on and option.on not in near]
    return [option.start for option in sorted(free, key=lambda option: option.price)[:3]]
