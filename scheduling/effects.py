"""What a deed would do to a course, shown before it is done: the deed itself, carried out and rolled back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from scheduling.courses import projected_eighth_on
from scheduling.enums import COUNTED
from scheduling.models import Course


@dataclass(frozen=True, slots=True)
class Change:
    """One session: where it was and where it would be; None where it is not."""

    number: int
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class Effect:
    """On the eighth session's date, and on every session that would change."""

    eighth_before: date | None
    eighth_after: date | None
    changes: list[Change]
    result: Any
    # The eighth session was before today: nothing that is done now changes its date.
    eighth_is_past: bool = False

    @property
    def days_lost(self) -> int:
        """Days by which the eighth session comes later; negative where it comes sooner, 0 where there is none."""
        if self.eighth_before is None or self.eighth_after is None:
            return 0
        return (self.eighth_after - self.eighth_before).days


def try_out(course: Course, deed: Callable[[], Any], *, now: datetime) -> Effect:
    """Do it, look, and undo it.

    Raises:
        Refused: whatever the deed itself would be refused for.
    """
    with transaction.atomic():
        before, eighth_before = _book_of(course), projected_eighth_on(course, now=now)
        result = deed()
        fresh = Course.objects.select_related("site", "patient").get(pk=course.pk)
        after, eighth_after = _book_of(fresh), projected_eighth_on(fresh, now=now)
        transaction.set_rollback(True)
    changes = [
        Change(number, before.get(number), after.get(number))
        for number in sorted({*before, *after})
        if before.get(number) != after.get(number)
    ]
    past = eighth_after is not None and eighth_after < now.astimezone(course.site.tz).date()
    return Effect(eighth_before, eighth_after, changes, result, past)


def _book_of(course: Course) -> dict[int, datetime]:
    rows = course.sessions.filter(status__in=COUNTED)
    return dict(rows.values_list("number", "starts_at"))
