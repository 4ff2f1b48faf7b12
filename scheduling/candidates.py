"""Candidate days of a session, and the best start of each, for one patient. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from scheduling import cost as costs
from scheduling import protocol
from scheduling.conditions import fits
from scheduling.cost import Cost, Request
from scheduling.day import Day
from scheduling.diary_facts import Diary
from scheduling.hours import wall_or_next
from scheduling.path import Option
from scheduling.pattern import Wanted

# Days from the ideal one that are looked at, and, where too few of them have a place, how far to go on.
DAYS_BEFORE, DAYS_AFTER = 2, 3
FARTHEST_BEFORE, FARTHEST_AFTER = 7, 14
ENOUGH_DAYS = 3
MAKE_UP_DAYS = 42


class Candidates:
    """One patient's look at the book: the best start of each day, found once."""

    def __init__(self, request: Request, diary: Diary, cost: Cost):
        self.request, self.diary, self.cost = request, diary, cost
        self.today = diary.local_date(diary.now)
        self.taken = {*request.held.values(), *(own.on for own in diary.own)}
        self._best: dict[date, tuple[datetime, float] | None] = {}

    def options(self, want: Wanted, wanted: Sequence[Wanted], *, far: bool) -> list[Option]:
        """Candidate days with their best starts. Those that are lost push the others on."""
        lost = sum(other.on < self.today for other in wanted)
        if want.on < self.today:
            return self._make_up_options(want, MAKE_UP_DAYS if far else ENOUGH_DAYS + lost)
        near = range(-DAYS_BEFORE, DAYS_AFTER + 1 + 4 * min(lost, 4))
        found = self._options(want, near)
        for offset in _farther(near, MAKE_UP_DAYS if lost and far else FARTHEST_AFTER):
            if len(found) >= ENOUGH_DAYS and not far and self._too_far(offset, found):
                break
            found += self._options(want, [offset])
        return found

    def _too_far(self, offset: int, found: Sequence[Option]) -> bool:
        """Would the distance alone cost more than the cheapest day and three days of better gaps?"""
        cheapest = min(option.price for option in found)
        return abs(offset) * self.cost.day_off >= cheapest + 3 * self.cost.gap_off

    def best(self, on: date) -> tuple[datetime, float] | None:
        """The cheapest legal start of a day that the patient has, with its price."""
        if on not in self._best:
            course, taken = self.request.course, on in self.taken
            too_soon = on < max(self.today, course.starts_on)
            never = taken or too_soon or on.weekday() in course.never_weekdays
            self._best[on] = None if never else self._search(self.diary.day(on))
        return self._best[on]

    def make_up_days(self) -> Iterable[date]:
        return (self.today + timedelta(days=offset) for offset in range(MAKE_UP_DAYS))

    def breaks_practice(self, on: date) -> bool:
        """Less than two days from a held session, or a third one in its treatment week."""
        held = self.request.held.values()
        if any(abs((on - other).days) < protocol.SHORTEST_GAP for other in held):
            return True
        first = min([on, *held])
        week = protocol.week_of(first, on)
        return sum(protocol.week_of(first, other) == week for other in held) >= protocol.MOST_IN_A_WEEK

    def would_do(self, start: datetime) -> bool:
        """Legal, what the patient can, and no rule of practice is broken."""
        on = self.diary.local_date(start)
        return is_free(self.diary, start) and self.patient_can(start) and not self.breaks_practice(on)

    def patient_can(self, start: datetime) -> bool:
        day = self.diary.day(self.diary.local_date(start))
        earliest, latest = self._patient_hours(day)
        at = day.at(start)
        weekday_can = day.on.weekday() not in self.request.course.never_weekdays
        return weekday_can and earliest <= at and at + day.length <= latest

    def _make_up_options(self, want: Wanted, enough: int) -> list[Option]:
        """Soon, and enough days on which no rule of practice is broken."""
        found: list[Option] = []
        kept = 0
        for on in self.make_up_days():
            option = self._option(want, on)
            if option:
                found.append(option)
                kept += not self.breaks_practice(on)
            if kept >= enough:
                break
        return found

    def _options(self, want: Wanted, offsets: Iterable[int]) -> list[Option]:
        found = (self._option(want, want.on + timedelta(days=offset)) for offset in offsets)
        return [option for option in found if option]

    def _option(self, want: Wanted, on: date) -> Option | None:
        best = self.best(on)
        if best is None:
            return None
        return Option(on, best[0], best[1] + costs.of_day(want, on, self.today, self.cost))

    def _search(self, day: Day) -> tuple[datetime, float] | None:
        """Slots come by distance, so that the search ends where the distance alone costs more."""
        wish = costs.wish_of(self.request, day)
        earliest, latest = self._patient_hours(day)
        earliest = max(earliest, day.at(self.diary.now))
        best: tuple[int, float] | None = None
        for at in day.outward(wish):
            away = abs(at - wish) / day.slot
            if best and away >= best[1]:
                break
            if at < earliest or at + day.length > latest or not fits(day, at):
                continue
            if patient_busy(self.diary, day.moment(at)):
                continue
            price = away + costs.beside_distance(self.request, day, at, wish, self.cost)
            if best is None or price < best[1]:
                best = (at, price)
        return (day.moment(best[0]), best[1]) if best else None

    def _patient_hours(self, day: Day) -> tuple[int, int]:
        course, zone = self.request.course, day.zone
        earliest = day.at(wall_or_next(day.on, course.not_before, zone)) if course.not_before else -day.end
        latest = day.at(wall_or_next(day.on, course.not_after, zone)) if course.not_after else 3 * day.end
        return earliest, latest


def is_free(diary: Diary, start: datetime) -> bool:
    """`check` has nothing against it; `start` is not past."""
    on = diary.local_date(start)
    day = diary.day(on)
    if not fits(day, day.at(start)):
        return False
    return not (any(own.on == on for own in diary.own) or patient_busy(diary, start))


def patient_busy(diary: Diary, start: datetime) -> bool:
    """Has the patient another session then, over midnight or at another site?"""
    if not diary.own:
        return False
    span = diary.span(start)
    return any(own.occupying and own.span.meets(span) for own in diary.own)


def _farther(near: range, last: int) -> Iterable[int]:
    """The days beyond those that were looked at, by their distance."""
    offsets = [*range(-FARTHEST_BEFORE, near.start), *range(near.stop, last + 1)]
    return sorted(offsets, key=abs)
