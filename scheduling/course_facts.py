"""From rows to what the rules know of a course."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import UUIDField

from clinic.prepared import Param, Prepared
from scheduling import protocol
from scheduling.enums import Frequency
from scheduling.models import Course, TreatmentSession
from scheduling.protocol import CourseFacts

_counted = Prepared(
    TreatmentSession.objects.filter(course_id=Param("course", UUIDField()))
    .counted()
    .order_by("starts_at")
    .values_list("pk", "number", "local_date", "chair_id")
)


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


def dated_facts(course: Course) -> CourseFacts:
    """`facts_of` with every decision of how often, each from its day on."""
    return replace(facts_of(course), decided=decided_of(course))


def decided_of(course: Course) -> tuple[tuple[date, str], ...]:
    """In the order in which they were made: from which day, how often."""
    return tuple(course.decisions.order_by("at", "pk").values_list("starts_on", "frequency"))


@dataclass(frozen=True, slots=True)
class HowOften:
    """How often now, and the next change that is decided already: from which day, how often then."""

    now: str
    ahead: tuple[date, str] | None

    @property
    def words(self) -> str:
        return str(Frequency(self.now).label)

    @property
    def words_ahead(self) -> str:
        return str(Frequency(self.ahead[1]).label) if self.ahead else ""


def how_often(course: Course, *, today: date) -> HowOften:
    """As it was decided, or, where nobody has decided yet, as the phase has it."""
    decided, phase = decided_of(course), _phase_on(held_days(course), today)
    return HowOften(
        protocol.frequency_of_phase(decided, course.frequency, today, phase=phase),
        protocol.next_frequency(decided, course.frequency, today),
    )


def _phase_on(held: Mapping[int, date], today: date) -> str:
    """That of the next session, or of one today where none is booked."""
    if not held:
        return protocol.INDUCTION
    ahead = [(day, number) for number, day in held.items() if day >= today]
    day, number = min(ahead, default=(today, max(held) + 1))
    return protocol.phase_of_session(number, protocol.week_of(min(held.values()), day))


def held_days(course: Course, *, leave_out: Collection[Any] = ()) -> dict[int, date]:
    """Number and day of the sessions that are booked or done; the lost ones are wanted again."""
    rows = _counted(course=course.pk)
    return {number: day for pk, number, day, _chair in rows if pk not in leave_out}


def held_and_usual(course: Course) -> tuple[dict[int, date], Any]:
    """`held_days`, and the chair in which the patient sat last."""
    rows = _counted(course=course.pk)
    return {number: day for _pk, number, day, _chair in rows}, rows[-1][3] if rows else None
