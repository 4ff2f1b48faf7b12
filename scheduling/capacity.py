"""Where there is room, and what would be if: one more chair on Tuesdays, one nurse less, five more inductions a week.

Pure. The questions are answered by the real planner over the real book: the diary is changed as the question says, then
invented patients are planned into it one after another, as calls come in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from scheduling import pattern, planner, protocol
from scheduling.conditions import check
from scheduling.diary_facts import Busy, ChairFacts, Closed, Diary, Own
from scheduling.hours import Interval, Presence
from scheduling.protocol import CourseFacts

HOUR = timedelta(hours=1)
# The days and times for which callers ask, in turn.
PAIRS = ((0, 3), (1, 4), (0, 3), (2, 4), (1, 4))
TIMES = (time(9), time(10), time(13), time(11), time(14))
CAN_BREAK = {"closed", "outside_hours", "no_nurse", "no_prescriber", "chair_taken"}


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of a day: the most patients at once, the chairs, and how many the nurses on shift may have."""

    at: datetime
    patients: int
    chairs: int
    nurses_may: int
    open: bool

    @property
    def room(self) -> int:
        return max(0, min(self.chairs, self.nurses_may) - self.patients) if self.open else 0


@dataclass(frozen=True, slots=True)
class Question:
    """Changes to the book as it stands. `chairs`: more (or fewer) by weekday; `nurses`: more or fewer all day."""

    inductions_a_week: int = 0
    weeks: int = 4
    chairs: Mapping[int, int] = field(default_factory=dict)
    nurses: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the planner made of it. `use`: booked chair-hours by the chair-hours that are open, 0 to 1."""

    asked: int
    whole: int
    by_day_28: int
    left_out: int
    breaks: int
    use_before: float
    use_after: float


def week(diary: Diary, first: date) -> list[list[Cell]]:
    """Seven days from `first`, each with the hours in which the site is open on any of them."""
    hours = _hours_of(diary, first)
    return [
        [
            _cell(diary, datetime.combine(first + timedelta(days=day), time(hour), diary.zone))
            for hour in hours
        ]
        for day in range(7)
    ]


def answer(diary: Diary, question: Question, first: date) -> Answer:
    """`first` is the day from which callers begin; the diary must reach six weeks beyond their last."""
    changed = _changed(diary, question, first)
    breaks = _broken(diary, changed)
    after, whole, by_28, left_out = changed, 0, 0, 0
    asked = question.inductions_a_week * question.weeks
    for caller in range(asked):
        starts_on = first + timedelta(weeks=caller // max(1, question.inductions_a_week))
        placed, after = _place(after, caller, starts_on)
        whole += len(placed) == protocol.INDUCTION_SESSIONS
        left_out += protocol.INDUCTION_SESSIONS - len(placed)
        last_day = (max(placed) - min(placed)).days + 1 if placed else 0
        in_time = last_day <= protocol.EIGHTH_DUE_DAY
        by_28 += len(placed) == protocol.INDUCTION_SESSIONS and in_time
    span = (first, first + timedelta(weeks=question.weeks))
    return Answer(asked, whole, by_28, left_out, breaks, _use(diary, *span), _use(after, *span))


def _hours_of(diary: Diary, first: date) -> Sequence[int]:
    start = datetime.combine(first, time(), diary.zone)
    near = diary.hours_between(start, start + timedelta(days=7))
    if not near:
        return ()
    opens = min(stretch.start.astimezone(diary.zone).hour for stretch in near)
    closes = max(_closing_hour(stretch, diary) for stretch in near)
    return range(opens, closes) if opens < closes else range(24)


def _closing_hour(stretch: Interval, diary: Diary) -> int:
    begins, ends = stretch.start.astimezone(diary.zone), stretch.end.astimezone(diary.zone)
    return 24 if ends.date() > begins.date() else ends.hour + bool(ends.minute)


def _cell(diary: Diary, at: datetime) -> Cell:
    span = Interval(at, at + HOUR)
    near = [item.span for item in diary.busy_near(span)]
    moments = [at, *(item.start for item in near if at < item.start < span.end)]
    patients = max(sum(item.start <= moment < item.end for item in near) for moment in moments)
    out = {closed.chair for closed in diary.closed if closed.span.meets(span)}
    is_open = bool(diary.hours_between(span.start, span.end)) and None not in out
    nurses = Presence((shift.start, shift.end) for shift in diary.nurses_near(span)).at(at)
    return Cell(
        at,
        patients,
        sum(chair.id not in out for chair in diary.chairs),
        nurses * diary.patients_per_nurse,
        is_open,
    )


def _changed(diary: Diary, question: Question, first: date) -> Diary:
    """The diary as the question has it: chairs that exist on some weekdays only, nurses more or fewer."""
    days = [first + timedelta(days=offset) for offset in range(7 * (question.weeks + 6))]
    chairs, closed = list(diary.chairs), list(diary.closed)
    for weekday, count in question.chairs.items():
        for number in range(abs(count)):
            if count > 0:
                chair = ("more", weekday, number)
                chairs.append(ChairFacts(chair, "+1"))
                closed += [Closed(_day(diary, day), "", chair) for day in days if day.weekday() != weekday]
            elif number < len(diary.chairs):
                chair = diary.chairs[-1 - number].id
                closed += [Closed(_day(diary, day), "", chair) for day in days if day.weekday() == weekday]
    return diary.as_if(chairs=chairs, closed=closed, nurses=_nurses(diary, question.nurses))


def _nurses(diary: Diary, change: int) -> Sequence[Interval]:
    """One more has the longest shift of each day again; one less takes it away."""
    by_day: dict[date, list[Interval]] = {}
    for stretch in diary.nurses:
        by_day.setdefault(diary.local_date(stretch.start), []).append(stretch)
    found: list[Interval] = []
    for stretches in by_day.values():
        longest = sorted(stretches, key=lambda s: s.end - s.start, reverse=True)
        found += longest[-change:] if change < 0 else [*longest, *longest[:1] * change]
    return found


def _day(diary: Diary, day: date) -> Interval:
    midnight = datetime.combine(day, time(), diary.zone)
    return Interval(midnight, midnight + timedelta(days=1))


def _broken(before: Diary, after: Diary) -> int:
    """Booked sessions that kept the rules and would no longer; each that goes makes room for the others."""
    count = 0
    for item in sorted(before.busy, key=lambda busy: busy.span.start, reverse=True):
        if item.span.start < before.now:
            continue
        was = {r.code for r in check(before.without({item.id}), item.span.start, item.chair)} & CAN_BREAK
        now = {r.code for r in check(after.without({item.id}), item.span.start, item.chair)} & CAN_BREAK
        if now - was:
            count += 1
            after = after.without({item.id})
    return count


def _place(diary: Diary, caller: int, starts_on: date) -> tuple[list[date], Diary]:
    pair, at = PAIRS[caller % len(PAIRS)], TIMES[caller % len(TIMES)]
    course = CourseFacts(protocol.TRD, starts_on, pair, enrolled_on=starts_on)
    wanted = pattern.wanted(course, until="induction")
    plan = planner.plan(planner.Request(course, wanted, at), diary.for_patient([]))
    days = []
    for session in plan.sessions:
        span, day = Interval(session.start, session.end), diary.local_date(session.start)
        key = ("caller", caller, session.number)
        diary = diary.with_busy(Busy(key, session.chair, key, span), Own(key, day, span))
        days.append(day)
    return days, diary


def _use(diary: Diary, first: date, last: date) -> float:
    start, end = (datetime.combine(day, time(), diary.zone) for day in (first, last))
    open_hours = sum((min(h.end, end) - max(h.start, start)) / HOUR for h in diary.hours_between(start, end))
    booked = sum(diary.session_minutes / 60 for item in diary.busy if start <= item.span.start < end)
    return round(booked / (open_hours * len(diary.chairs)), 3) if open_hours and diary.chairs else 0.0
