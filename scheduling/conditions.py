"""May a session be here? Every reason against it, by the codes that pages and API share.

The planner, the booking and the moving of sessions all ask this file, so that a plan and its booking never
disagree: `check` gives every reason, `fits` answers quickly from the same rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scheduling.day import MINUTE, Day, Held
from scheduling.diary_facts import Diary
from scheduling.protocol import FIRST_DEVICE_MINUTES


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a session cannot be at a place and time."""

    code: str
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)


NOBODY = Refusal("no_nurse", "No nurse is on shift for the whole session.")
NO_PRESCRIBER = Refusal(
    "no_prescriber", "No prescriber is on site from the first device to the end of the session [REMS]."
)
CROWDED = Refusal("starts_crowded", "More sessions would begin then than there are nurses.")


def check(diary: Diary, start: datetime, chair: Any = None) -> list[Refusal]:
    """Every reason against a session from `start`, in `chair` or, with None, in any chair."""
    day = diary.day(diary.local_date(start))
    at = day.at(start)
    near = day.near(at)
    return [
        *([Refusal("in_past", "That time has passed.")] if start < diary.now else []),
        *_time_refusals(day, at),
        *_chair_refusals(day, at, near, chair),
        *_patient_refusals(diary, start),
        *_staff_refusals(day, at, near),
    ]


def fits(day: Day, at: int) -> bool:
    """Has `check` nothing against it, for a patient without other sessions and a time that is not past?"""
    known = day.legal.get(at)
    if known is None:
        refused = _time_refusals(day, at) or not day.free_chairs(at) or _staff_refusals(day, at, day.near(at))
        known = day.legal[at] = not refused
    return known


def free_chairs(diary: Diary, start: datetime) -> list[Any]:
    """The chairs that nobody holds and that are in use, in the site's order."""
    day = diary.day(diary.local_date(start))
    return day.free_chairs(day.at(start))


def _time_refusals(day: Day, at: int) -> list[Refusal]:
    end, found = at + day.length, []
    closures = [reason for span, reason in day.closed if span[0] < end and at < span[1]]
    if closures:
        found.append(Refusal("closed", f"The site is closed then: {closures[0]}."))
    if not any(opens <= at and end <= closes for opens, closes in day.hours):
        found.append(Refusal("outside_hours", "The session would not lie within the opening hours."))
    return found


def _chair_refusals(day: Day, at: int, near: Sequence[Held], chair: Any) -> list[Refusal]:
    if chair is None:
        return [] if day.free_chairs(at) else [Refusal("chair_taken", "Every chair is taken then.")]
    found, end = [], at + day.length
    if chair not in day.chairs:
        found.append(Refusal("closed", "That chair is no longer in use."))
    if any(out == chair and span[0] < end and at < span[1] for span, out in day.out):
        found.append(Refusal("closed", "That chair is out of use then."))
    holder = next((held for held in near if held.chair == chair), None)
    if holder:
        found.append(Refusal("chair_taken", "That chair is taken then.", {"by": str(holder.id)}))
    return found


def _patient_refusals(diary: Diary, start: datetime) -> list[Refusal]:
    if not diary.own:
        return []
    day, span, found = diary.local_date(start), diary.span(start), []
    if any(own.occupying and own.span.meets(span) for own in diary.own):
        found.append(Refusal("patient_busy", "The patient already has a session at that time."))
    if any(own.on == day for own in diary.own):
        found.append(Refusal("same_day", "Never two sessions on one calendar day."))
    return found


def _staff_refusals(day: Day, at: int, near: Sequence[Held]) -> list[Refusal]:
    found, end = [], at + day.length
    if day.nurses_on_shift.least(at, end) == 0:
        found.append(NOBODY)
    elif _too_many(day, at, near):
        found.append(
            Refusal("no_nurse", f"More than {day.patients_per_nurse} patients for each nurse on shift.")
        )
    if day.prescribers_on_shift.least(at + FIRST_DEVICE_MINUTES * MINUTE, end) == 0:
        found.append(NO_PRESCRIBER)
    if _starts_crowded(day, at, near):
        found.append(CROWDED)
    return found


def _too_many(day: Day, at: int, near: Sequence[Held]) -> bool:
    """Minute by minute: the number of patients rises at a start, the number of nurses falls at a shift's end."""
    end = at + day.length
    moments = {at, *(held.start for held in near if at < held.start)}
    moments.update(to for _from, to in day.nurses if at < to < end)
    return any(
        1 + sum(held.start <= moment < held.end for held in near)
        > day.nurses_on_shift.at(moment) * day.patients_per_nurse
        for moment in moments
    )


def _starts_crowded(day: Day, at: int, near: Sequence[Held]) -> bool:
    """In no stretch of one slot may more begin than there are nurses then, whoever was booked first."""
    if day.nurses_on_shift.at(at) == 0:
        return False  # the answer is no_nurse; one reason for one fault
    starts = [at, *(held.start for held in near if -day.slot < held.start - at < day.slot)]
    stretches = ([s for s in starts if first <= s < first + day.slot] for first in starts if first <= at)
    return any(len(together) > _nurses_of(day, together) for together in stretches)


def _nurses_of(day: Day, starts: Sequence[int]) -> int:
    """The fewest on shift at any of these starts; where nobody is, that session has its own reason."""
    return min(on_shift for start in starts if (on_shift := day.nurses_on_shift.at(start)))
