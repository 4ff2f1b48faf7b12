"""What the label and practice say about the course: phases, the sessions wanted, what stands out in a plan.

Pure: dates and numbers in, findings out. The figures stand here once, so that a pharmacist can check this
file against docs/clinical.md, which gives the source of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

TRD, MDSI = "trd", "mdsi"
INDUCTION, WEEKLY, MAINTENANCE = "induction", "weekly", "maintenance"
TWICE_WEEKLY, EVERY_WEEK, BIWEEKLY = "twice_weekly", "weekly", "biweekly"

# The trials dosed on these days of the course [label's studies]: gaps of 3 and 4 days in turn.
PATTERN_DAYS = (1, 4, 8, 11, 15, 18, 22, 25)
INDUCTION_WEEKS, LAST_WEEKLY_WEEK = 4, 8  # [label]
INDUCTION_SESSIONS = len(PATTERN_DAYS)
EIGHTH_DUE_DAY = 28
DOSES_MG = (56, 84)  # two or three devices of 28 mg [label]
MOST_MG = 84  # in one session [label]
ADULT_YEARS = 18  # [label]
# Gaps in induction that are worth a look, in days [practice]; no source gives a minimum.
SHORTEST_GAP, LONGEST_GAP = 2, 4
MOST_IN_A_WEEK = 2  # [label]: twice a week


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stands out. `wants_reason`: going on needs a reason, which is kept; it never blocks."""

    code: str
    detail: str
    wants_reason: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session that the course should have: its number, treatment week, phase and ideal day at the site."""

    number: int
    week: int
    phase: str
    on: date


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """What the rules need to know of a course and its patient."""

    indication: str
    starts_on: date
    weekdays: tuple[int, ...]
    frequency: str = TWICE_WEEKLY
    dose_mg: int = 56
    status: str = "planned"
    birth_date: date | None = None
    contraindications: tuple[str, ...] = ()
    enrolled_on: date | None = None
    sessions_authorized: int | None = None


def week_of(first_on: date, day: date) -> int:
    """The treatment week of `day`: day 1 is the first session's date, week n is days 7n-6 to 7n [label]."""
    return (day - first_on).days // 7 + 1


def phase_of(week: int) -> str:
    if week <= INDUCTION_WEEKS:
        return INDUCTION
    return WEEKLY if week <= LAST_WEEKLY_WEEK else MAINTENANCE


def phase_of_session(number: int, week: int) -> str:
    """The first eight are induction whenever they happen: a missed one is made up, nothing restarts [label]."""
    return INDUCTION if number <= INDUCTION_SESSIONS else phase_of(max(week, INDUCTION_WEEKS + 1))


def age_on(birth_date: date, day: date) -> int:
    """Whole years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def first_day(starts_on: date, weekdays: Sequence[int]) -> date:
    """The first of the wished weekdays on or after `starts_on`."""
    return min(starts_on + timedelta(days=(weekday - starts_on.weekday()) % 7) for weekday in weekdays)


def wanted(course: CourseFacts, *, until: str, held: Mapping[int, date] | None = None) -> list[Wanted]:
    """The sessions that the course still wants up to a horizon.

    `until` is "induction" (8 sessions) or "week8" (and the weekly ones to week 8). `held` are the numbers that
    are booked or done, with their days; a missed or cancelled session is not held, so its number is wanted
    again: the schedule goes on and nothing restarts [label].

    Raises:
        ValueError: for an unknown horizon.
    """
    if until not in ("induction", "week8"):
        raise ValueError(f"unknown horizon {until!r}")
    held = held or {}
    start = first_held(held) or first_day(course.starts_on, course.weekdays)
    return [session for session in _all(course, start, until) if session.number not in held]


def first_held(held: Mapping[int, date]) -> date | None:
    """The day from which treatment weeks count, once session 1 is booked or done."""
    return held.get(1)


def _all(course: CourseFacts, start: date, until: str) -> list[Wanted]:
    sessions = [
        Wanted(number, week_of(start, on), INDUCTION, on)
        for number, on in enumerate(_induction_days(start, course.weekdays), 1)
    ]
    if until == "week8":
        for week in range(INDUCTION_WEEKS + 1, LAST_WEEKLY_WEEK + 1):
            number = INDUCTION_SESSIONS + week - INDUCTION_WEEKS
            sessions.append(Wanted(number, week, WEEKLY, start + timedelta(weeks=week - 1)))
    return sessions


def _induction_days(start: date, weekdays: Sequence[int]) -> list[date]:
    """Two days in each of four weeks: the wished weekdays, or the trials' days where only one is wished."""
    others = [(weekday - start.weekday()) % 7 for weekday in weekdays]
    second = min((gap for gap in others if gap), default=PATTERN_DAYS[1] - 1)
    return [
        start + timedelta(weeks=week, days=extra) for week in range(INDUCTION_WEEKS) for extra in (0, second)
    ]


def refusals(course: CourseFacts, *, on: date) -> list[Finding]:
    """What forbids any session of this course on `on`: hard stops only."""
    found = []
    if course.status not in ("planned", "active"):
        found.append(Finding("course_not_open", "This course is not open."))
    if course.birth_date and age_on(course.birth_date, on) < ADULT_YEARS:
        found.append(Finding("under_age", "The patient is under 18 on that day [label]."))
    if course.dose_mg > MOST_MG:
        found.append(Finding("over_dose", "84 mg is the most in one session [label]."))
    if course.contraindications:
        found.append(Finding("contraindicated", "A contraindication is recorded for this patient [label]."))
    return found


def course_findings(course: CourseFacts, *, until: str = "induction", sessions: int = 0) -> list[Finding]:
    """What stands out about the course as a whole. `sessions`: how many it would have, all told."""
    found = []
    if course.indication == TRD and course.dose_mg == MOST_MG:
        detail = (
            "A first dose of 84 mg: older label text gives 56 mg on day 1, newer text sets no limit [unsure]."
        )
        found.append(Finding("first_dose_84", detail, wants_reason=True))
    if course.enrolled_on is None:
        detail = "REMS enrolment is not recorded; it is verified before the first dose [REMS]."
        found.append(Finding("not_enrolled", detail))
    if course.indication == MDSI and until != "induction":
        found.append(_beyond_label())
    if course.sessions_authorized is not None and sessions > course.sessions_authorized:
        detail = f"{sessions} sessions; the payer has authorized {course.sessions_authorized}."
        found.append(Finding("authorization_exceeded", detail))
    return found


def session_findings(
    course: CourseFacts, *, number: int, day: date, others: Mapping[int, date]
) -> list[Finding]:
    """What stands out about a session of this course on `day`, given the days of its other sessions."""
    first = min([day, *others.values()]) if number != 1 else day
    week = week_of(first, day) if day >= first else 1
    found = []
    if course.indication == MDSI and number > INDUCTION_SESSIONS:
        found.append(_beyond_label())
    if number <= INDUCTION_SESSIONS:
        found += _gap_findings(number, day, others)
        if week > INDUCTION_WEEKS:
            detail = f"Session {number} falls in week {week}; induction is weeks 1 to 4 [label]."
            found.append(Finding("late_for_week", detail))
    in_week = sum(week_of(first, other) == week for other in others.values() if other >= first)
    if in_week + 1 > MOST_IN_A_WEEK:
        found.append(Finding("week_full", f"Treatment week {week} holds more than two sessions [practice]."))
    return found


def _gap_findings(number: int, day: date, others: Mapping[int, date]) -> list[Finding]:
    """To the neighbours in time that belong to induction."""
    near = [other for n, other in others.items() if n <= INDUCTION_SESSIONS and other != day]
    before = max((other for other in near if other < day), default=None)
    after = min((other for other in near if other > day), default=None)
    gaps = [(day - before).days] if before else []
    short = [gap for gap in [*gaps, *([(after - day).days] if after else [])] if gap < SHORTEST_GAP]
    long = [gap for gap in gaps if gap > LONGEST_GAP]
    found = []
    if short:
        found.append(Finding("gap_short", "Less than two days from the session beside it [practice]."))
    if long:
        found.append(
            Finding("gap_long", f"{long[0]} days since the session before; four at most [practice].")
        )
    return found


def _beyond_label() -> Finding:
    detail = "For this indication nothing beyond week 4 has been studied; a prescriber extends it [label]."
    return Finding("beyond_label", detail, wants_reason=True)


def projected_eighth(days: Sequence[date], *, course: CourseFacts) -> date | None:
    """The day of the eighth session: as held, or by the pattern for those that are not booked yet.

    `days` are the sessions that are booked or done. None where the course wants no eighth any more.
    """
    held = sorted(days)
    if len(held) >= INDUCTION_SESSIONS:
        return held[INDUCTION_SESSIONS - 1]
    if course.status not in ("planned", "active"):
        return None
    if not held:
        return _induction_days(first_day(course.starts_on, course.weekdays), course.weekdays)[-1]
    day = held[-1]
    for _ in range(INDUCTION_SESSIONS - len(held)):
        day = first_day(day + timedelta(days=SHORTEST_GAP), course.weekdays)
    return day
