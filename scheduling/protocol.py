"""What the label and practice say about the course: phases, hard stops, what stands out in a plan.

Pure: dates and numbers in, findings out. The figures stand here once, so that a pharmacist can check this
file against docs/clinical.md, which gives the source of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

TRD, MDSI = "trd", "mdsi"
INDUCTION, WEEKLY, MAINTENANCE = "induction", "weekly", "maintenance"
TWICE_WEEKLY, EVERY_WEEK, BIWEEKLY = "twice_weekly", "weekly", "biweekly"

# The trials dosed on these days of the course [label's studies]: gaps of 3 and 4 days in turn.
PATTERN_DAYS = (1, 4, 8, 11, 15, 18, 22, 25)
INDUCTION_WEEKS, LAST_WEEKLY_WEEK = 4, 8  # [label]
INDUCTION_SESSIONS = len(PATTERN_DAYS)
EIGHTH_DUE_DAY = 28
# After its start at which a session has its first device: before it, the questions and the pressure [practice].
FIRST_DEVICE_MINUTES = 15
DOSES_MG = (56, 84)  # two or three devices of 28 mg [label]
MOST_MG = 84  # in one session [label]
ADULT_YEARS = 18  # [label]
# Gaps in induction that are worth a look, in days [practice]; no source gives a minimum.
SHORTEST_GAP, LONGEST_GAP = 2, 4
MOST_IN_A_WEEK = 2  # [label]: twice a week
# Findings with which one goes on only with a reason.
WANT_REASON = ("first_dose_84", "beyond_label")
# Days between two sessions that want a prescriber's decision [practice].
GAP_ON_WEEKLY, GAP_ON_ANY = 14, 28


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stands out. `wants_reason`: going on needs a reason, which is kept; it never blocks."""

    code: str
    detail: str
    wants_reason: bool = False


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """What the rules need to know of a course and its patient."""

    indication: str
    starts_on: date
    weekdays: tuple[int, ...]
    frequency: str = TWICE_WEEKLY
    # Decisions in the order in which they were made: from which day, how often. Before them: `frequency`.
    decided: tuple[tuple[date, str], ...] = ()
    dose_mg: int = 56
    status: str = "planned"
    birth_date: date | None = None
    contraindications: tuple[str, ...] = ()
    enrolled_on: date | None = None
    # What the patient cannot do: these weekdays, anything before or after these wall times.
    never_weekdays: tuple[int, ...] = ()
    not_before: time | None = None
    not_after: time | None = None


def frequency_on(decided: Sequence[tuple[date, str]], before: str, day: date) -> str:
    """How often on `day`: by the last decision that had begun by then, else as `before`.

    `decided`: first day and frequency, in the order in which they were made. A newer one holds from its first day
    on, also over an older one that was to begin later.
    """
    return next((frequency for first, frequency in reversed(decided) if first <= day), before)


def frequency_of_phase(decided: Sequence[tuple[date, str]], before: str, day: date, *, phase: str) -> str:
    """`frequency_on`; where nobody has decided yet, what the label has for the phase: weekly, then every two weeks."""
    frequency = frequency_on(decided, before, day)
    if frequency != TWICE_WEEKLY or any(first <= day for first, _often in decided):
        return frequency
    return {WEEKLY: EVERY_WEEK, MAINTENANCE: BIWEEKLY}.get(phase, frequency)


def next_frequency(decided: Sequence[tuple[date, str]], before: str, today: date) -> tuple[date, str] | None:
    """The next change after `today`: from which day, and how often then."""
    now = frequency_on(decided, before, today)
    ahead = sorted({first for first, _frequency in decided if first > today})
    changes = ((day, frequency_on(decided, before, day)) for day in ahead)
    return next(((day, frequency) for day, frequency in changes if frequency != now), None)


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


def course_findings(course: CourseFacts, *, until: str = "induction") -> list[Finding]:
    """What stands out about the course as a whole."""
    found = []
    # A course is only planned until its first dose has been given.
    if course.indication == TRD and course.dose_mg == MOST_MG and course.status == "planned":
        detail = (
            "A first dose of 84 mg: older label text gives 56 mg on day 1, newer text sets no limit [unsure]."
        )
        found.append(Finding("first_dose_84", detail, wants_reason=True))
    if course.enrolled_on is None:
        detail = "REMS enrolment is not recorded; it is verified before the first dose [REMS]."
        found.append(Finding("not_enrolled", detail))
    if course.indication == MDSI and until != "induction":
        found.append(_beyond_label())
    return found


def session_findings(
    course: CourseFacts, *, number: int, day: date, others: Mapping[int, date]
) -> list[Finding]:
    """What stands out about a session of this course on `day`, given the days of its other sessions."""
    first = min([day, *others.values()])
    week = week_of(first, day)
    found = []
    if course.indication == MDSI and number > INDUCTION_SESSIONS:
        found.append(_beyond_label())
    if number <= INDUCTION_SESSIONS:
        found += _gap_findings(number, day, others)
        if week > INDUCTION_WEEKS:
            detail = f"Session {number} falls in week {week}; induction is weeks 1 to 4 [label]."
            found.append(Finding("late_for_week", detail))
    in_week = sum(week_of(first, other) == week for other in others.values())
    if in_week + 1 > MOST_IN_A_WEEK:
        found.append(Finding("week_full", f"Treatment week {week} holds more than two sessions [practice]."))
    return found


def _gap_findings(number: int, day: date, others: Mapping[int, date]) -> list[Finding]:
    """To the neighbours in time that belong to induction."""
    near = [other for n, other in others.items() if n <= INDUCTION_SESSIONS and other != day]
    before = max((other for other in near if other < day), default=None)
    after = min((other for other in near if other > day), default=None)
    gaps = [abs((day - beside).days) for beside in (before, after) if beside]
    found = []
    if min(gaps, default=SHORTEST_GAP) < SHORTEST_GAP:
        found.append(Finding("gap_short", "Less than two days from the session beside it [practice]."))
    if max(gaps, default=LONGEST_GAP) > LONGEST_GAP:
        detail = f"{max(gaps)} days from the session beside it; four at most [practice]."
        found.append(Finding("gap_long", detail))
    return found


def decision_wanted(
    frequency: str, *, last_given: date | None, eighth_done: bool, next_on: date | None, today: date
) -> Finding | None:
    """After the eighth session: a gap that asks a prescriber how often to go on [practice].

    `next_on` is the next booked session. No number of days decides anything: a person does.
    """
    if last_given is None or not eighth_done:
        return None
    gap = (max(next_on, today) - last_given).days if next_on else (today - last_given).days
    limit = GAP_ON_ANY if frequency == BIWEEKLY else GAP_ON_WEEKLY
    if gap <= limit:
        return None
    return Finding("long_gap", f"{gap} days between sessions; more than {limit} want a decision [practice].")


def missed_maintenance(days: Sequence[date]) -> Finding:
    """`days`: sessions after the eighth to which the patient did not come, since the last that was given [label].

    Whether the frequency holds is a clinician's judgement, together with the symptoms: this only asks.
    """
    detail = f"Missed on {max(days):%d %b}; a clinician may return to the earlier frequency [label]."
    return Finding("missed_maintenance", detail)


def _beyond_label() -> Finding:
    detail = "For this indication nothing beyond week 4 has been studied; a prescriber extends it [label]."
    return Finding("beyond_label", detail, wants_reason=True)
