"""May a session be here? Every reason against it, by the codes that pages and API share.

The planner, the booking and the moving of sessions all ask this one function, so that a plan and its
booking never disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scheduling.diary_facts import Busy, Diary
from scheduling.hours import Interval, cover_at, least_cover, within


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a session cannot be at a place and time."""

    code: str
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)


def check(diary: Diary, start: datetime, chair: Any = None) -> list[Refusal]:
    """Every reason against a session from `start`, in `chair` or, with None, in any chair."""
    span = diary.span(start)
    near = diary.busy_near(span)
    return [
        *_time_refusals(diary, span),
        *_chair_refusals(diary, span, near, chair),
        *_patient_refusals(diary, span),
        *_staff_refusals(diary, span, near),
    ]


def free_chairs(diary: Diary, start: datetime) -> list[Any]:
    """The chairs that nobody holds and that are in use, in the site's order."""
    span = diary.span(start)
    taken = {item.chair for item in diary.busy_near(span)}
    taken |= {closed.chair for closed in diary.closed if closed.span.meets(span)}
    return [c.id for c in diary.chairs if c.id not in taken]


def _time_refusals(diary: Diary, span: Interval) -> list[Refusal]:
    found = []
    if span.start < diary.now:
        found.append(Refusal("in_past", "That time has passed."))
    closures = [closed for closed in diary.closed if closed.chair is None and closed.span.meets(span)]
    if closures:
        found.append(Refusal("closed", f"The site is closed then: {closures[0].reason}."))
    if not within(span, diary.hours_between(span.start, span.end)):
        found.append(Refusal("outside_hours", "The session would not lie within the opening hours."))
    return found


def _chair_refusals(diary: Diary, span: Interval, near: list[Busy], chair: Any) -> list[Refusal]:
    if chair is None:
        return (
            [] if free_chairs(diary, span.start) else [Refusal("chair_taken", "Every chair is taken then.")]
        )
    found = []
    if _chair_closed(diary, span, chair):
        found.append(Refusal("closed", "That chair is out of use then."))
    holder = next((item for item in near if item.chair == chair), None)
    if holder:
        found.append(Refusal("chair_taken", "That chair is taken then.", {"by": str(holder.id)}))
    return found


def _chair_closed(diary: Diary, span: Interval, chair: Any) -> bool:
    return any(closed.chair == chair and closed.span.meets(span) for closed in diary.closed)


def _patient_refusals(diary: Diary, span: Interval) -> list[Refusal]:
    day = diary.local_date(span.start)
    found = []
    if any(own.occupying and own.span.meets(span) for own in diary.own):
        found.append(Refusal("patient_busy", "The patient already has a session at that time."))
    if any(own.on == day for own in diary.own):
        found.append(Refusal("same_day", "Never two sessions on one calendar day."))
    return found


def _staff_refusals(diary: Diary, span: Interval, near: list[Busy]) -> list[Refusal]:
    found = []
    nurses = diary.nurses_near(span)
    if least_cover(span, nurses) == 0:
        found.append(Refusal("no_nurse", "No nurse is on shift for the whole session."))
    elif _too_many(diary, span, near, nurses):
        detail = f"More than {diary.patients_per_nurse} patients for each nurse on shift."
        found.append(Refusal("no_nurse", detail))
    if least_cover(span, diary.prescribers_near(span)) == 0:
        found.append(Refusal("no_prescriber", "No prescriber is on site for the whole session [REMS]."))
    if _starts_crowded(diary, span, near, nurses):
        found.append(Refusal("starts_crowded", "More sessions would begin then than there are nurses."))
    return found


def _too_many(diary: Diary, span: Interval, near: list[Busy], nurses: Sequence[Interval]) -> bool:
    """Minute by minute: the number of patients rises at a start, the number of nurses falls at a shift's end."""
    moments = {span.start}
    moments |= {item.span.start for item in near if span.start < item.span.start}
    moments |= {shift.end for shift in nurses if span.start < shift.end < span.end}
    return any(
        1 + sum(item.span.start <= moment < item.span.end for item in near)
        > cover_at(moment, nurses) * diary.patients_per_nurse
        for moment in moments
    )


def _starts_crowded(diary: Diary, span: Interval, near: list[Busy], nurses: Sequence[Interval]) -> bool:
    slot_end = span.start + timedelta(minutes=diary.slot_minutes)
    same_slot = sum(
        span.start <= item.span.start < slot_end
        or item.span.start <= span.start < item.span.start + timedelta(minutes=diary.slot_minutes)
        for item in near
    )
    on_shift = cover_at(span.start, nurses)
    # Without any nurse the answer is no_nurse; one reason for one fault.
    return on_shift > 0 and same_slot + 1 > on_shift


def local_slots(diary: Diary, first: datetime, last: datetime) -> list[datetime]:
    """Every start on the site's grid from `first` up to `last` (not itself), inside the opening hours."""
    step, length = timedelta(minutes=diary.slot_minutes), timedelta(minutes=diary.session_minutes)
    starts = []
    for hours in diary.hours_between(first, last):
        start = _on_grid(diary, max(hours.start, first))
        while start < last and start + length <= hours.end:
            starts.append(start)
            start += step
    return starts


def _on_grid(diary: Diary, moment: datetime) -> datetime:
    """The first slot at or after `moment`, counted from the whole hour of the wall clock."""
    local = moment.astimezone(diary.zone)
    past = timedelta(
        minutes=local.minute % diary.slot_minutes, seconds=local.second, microseconds=local.microsecond
    )
    return moment if not past else moment - past + timedelta(minutes=diary.slot_minutes)
