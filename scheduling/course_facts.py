"""From rows to what the rules know of a course."""

from collections.abc import Collection
from datetime import date
from typing import Any

from scheduling.models import Course
from scheduling.protocol import CourseFacts


def facts_of(course: Course) -> CourseFacts:
    patient = course.patient
    return CourseFacts(
        indication=course.indication,
        starts_on=course.starts_on,
        weekdays=tuple(course.weekdays),
        frequency=course.frequency,
        dose_mg=course.dose_mg,
        status=course.status,
        birth_date=patient.birth_date,
        contraindications=tuple(patient.contraindications),
        enrolled_on=patient.rems_enrolled_on,
        never_weekdays=tuple(course.never_weekdays),
        not_before=course.not_before,
        not_after=course.not_after,
    )


def held_days(course: Course, *, leave_out: Collection[Any] = ()) -> dict[int, date]:
    """Number and day of the sessions that are booked or done; the lost ones are wanted again."""
    rows = course.sessions.counted().values_list("pk", "number", "local_date")
    return {number: day for pk, number, day in rows if pk not in leave_out}
