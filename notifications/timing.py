"""When a text goes: after consent's law and before the visit, by day where the patient is. Pure.

Quiet hours: texts go between 09:00 and 20:00 in the patient's zone [law, practice]. What is due outside moves to the
nearest allowed time that is still before the visit; what would come too late is never sent.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FROM, UNTIL = time(9), time(20)
# Nothing is said in the last minutes before a visit: it would be read afterwards.
LAST_BEFORE_VISIT = timedelta(hours=1)
# Nobody reads and decides in less.
SHORTEST_OFFER = timedelta(minutes=5)
REMINDER, CHECK = "reminder", "check"


@dataclass(frozen=True, slots=True)
class Rule:
    """A reminder `days` before the visit at a wall time where the patient is, or `hours` before it.

    A check comes `days` after the visit instead. `phase` "" is every phase, `language` "" the patient's own.
    """

    days: int | None = None
    at: time | None = None
    hours: int | None = None
    told: str = REMINDER
    phase: str = ""
    language: str = ""

    @property
    def name(self) -> str:
        """What messages call it: the same rule has the same name, whoever makes it again."""
        when = f"{self.hours}h" if self.hours is not None else f"{self.days}d-{self.at:%H:%M}"
        return "-".join(part for part in (when, self.phase[:3], self.language) if part)


# The default of every site [practice].
DEFAULT_RULES = (Rule(days=1, at=time(10)),)


@dataclass(frozen=True, slots=True)
class When:
    """Due at; worse than nothing from `expires_at` on. UTC."""

    due_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Never:
    """Why no text goes, as a code and a sentence."""

    code: str
    detail: str


def reminder(rule: Rule, *, visit_at: datetime, zone: ZoneInfo, now: datetime) -> When | Never:
    """When the reminder of a visit goes, or why none does.

    `zone` is the patient's. A reminder whose time has passed is not sent late: the booking said it.
    """
    due = allowed(_wished(rule, visit_at, zone), zone, before=visit_at - LAST_BEFORE_VISIT)
    if due is None:
        return Never("no_allowed_time", "There is no time by day between then and the visit.")
    if due < now:
        return Never("time_passed", "Its time had passed when it was planned.")
    return When(due, expiry(due, zone, visit_at))


def check(rule: Rule, *, visit_at: datetime, zone: ZoneInfo, now: datetime) -> When | Never:
    """When the question on a day after the visit goes: by day, on that day, or not at all."""
    day = visit_at.astimezone(zone).date() + timedelta(days=rule.days or 1)
    due = _forward(_at(day, rule.at or FROM, zone), zone)
    evening = _at(day, UNTIL, zone)
    if due >= evening:
        return Never("no_allowed_time", "There is no time by day left on that day.")
    return Never("time_passed", "Its time had passed.") if due < now else When(due, evening)


def _wished(rule: Rule, visit_at: datetime, zone: ZoneInfo) -> datetime:
    if rule.hours is not None:
        return visit_at - timedelta(hours=rule.hours)
    day = visit_at.astimezone(zone).date() - timedelta(days=rule.days or 0)
    return _at(day, rule.at or FROM, zone)


def notice(*, visit_at: datetime, zone: ZoneInfo, now: datetime) -> When | Never:
    """As soon as it may: now by day, else tomorrow morning, if that is still before the visit."""
    if visit_at <= now:
        return Never("visit_passed", "The visit's time has passed.")
    due = _forward(now, zone)
    if due >= visit_at:
        return Never("no_allowed_time", "There is no time by day between now and the visit.")
    return When(due, expiry(due, zone, visit_at))


def answer(now: datetime) -> When:
    """An answer to the patient's own text goes at once, at any hour."""
    return When(now, now + timedelta(hours=1))


def offer(
    *, starts_at: datetime, minutes: int, notice_minutes: int, zone: ZoneInfo, now: datetime
) -> When | Never:
    """When a freed place is offered to a patient, and until when they may say yes.

    By day; `minutes` for the answer, but not past the moment at which they must know (`notice_minutes` before it).
    """
    due = _forward(now, zone)
    until = min(due + timedelta(minutes=minutes), starts_at - timedelta(minutes=notice_minutes))
    if until - due < SHORTEST_OFFER:
        return Never("too_late", "There is no time left for an answer by day.")
    return When(due, until)


def by_day(now: datetime, zone: ZoneInfo) -> When:
    """What a colleague may learn in the morning: now by day, else when the next day begins; until its evening."""
    due = _forward(now, zone)
    return When(due, _at(due.astimezone(zone).date(), UNTIL, zone))


def allowed(wished: datetime, zone: ZoneInfo, *, before: datetime) -> datetime | None:
    """The nearest moment by day to `wished` that is before `before`; None when there is none."""
    if is_by_day(wished, zone) and wished < before:
        return wished
    candidates = [moment for moment in (_back(wished, zone), _forward(wished, zone)) if moment < before]
    return min(candidates, key=lambda moment: abs(moment - wished), default=None)


def is_by_day(moment: datetime, zone: ZoneInfo) -> bool:
    return FROM <= moment.astimezone(zone).time() < UNTIL


def night_began(now: datetime, zone: ZoneInfo) -> datetime | None:
    """Since when nothing could be told; None by day."""
    return None if is_by_day(now, zone) else _back(now, zone) + timedelta(minutes=1)


def expiry(due: datetime, zone: ZoneInfo, visit_at: datetime) -> datetime:
    """Evening of the day on which it is due, or the visit, whichever comes first: it never arrives at night."""
    evening = _at(due.astimezone(zone).date(), UNTIL, zone)
    return max(min(evening, visit_at), due + timedelta(seconds=1))


def _forward(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment by day from `moment` on."""
    local = moment.astimezone(zone)
    if local.time() < FROM:
        return _at(local.date(), FROM, zone)
    return moment if local.time() < UNTIL else _at(local.date() + timedelta(days=1), FROM, zone)


def _back(moment: datetime, zone: ZoneInfo) -> datetime:
    """The last minute by day up to `moment`."""
    local = moment.astimezone(zone)
    if local.time() >= UNTIL:
        return _at(local.date(), UNTIL, zone) - timedelta(minutes=1)
    return (
        moment
        if local.time() >= FROM
        else _at(local.date() - timedelta(days=1), UNTIL, zone) - timedelta(minutes=1)
    )


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
