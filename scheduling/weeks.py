"""Treatment weeks are counted from the first session [label]: when another becomes the first, all the others follow."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from scheduling import protocol
from scheduling.models import TreatmentSession


def follow(courses: Collection[Any], *, seen: Iterable[TreatmentSession] = ()) -> None:
    """Set week and phase of every session that counts, by the first of its course as the book now stands.

    `courses` are ids; `seen` the rows that the caller holds and goes on with: they are set as well.
    """
    known = {row.pk: row for row in seen}
    by_course: dict[Any, list[TreatmentSession]] = defaultdict(list)
    for row in TreatmentSession.objects.filter(course__in=courses).counted().order_by("local_date"):
        by_course[row.course_id].append(known.get(row.pk, row))
    changed = [row for rows in by_course.values() for row in rows if _set(row, rows[0].local_date)]
    if changed:
        TreatmentSession.objects.bulk_update(changed, ["week", "phase"])


def _set(row: TreatmentSession, first) -> bool:
    week = protocol.week_of(first, row.local_date)
    phase = protocol.phase_of_session(row.number, week)
    if (row.week, row.phase) == (week, phase):
        return False
    row.week, row.phase = week, phase
    return True
