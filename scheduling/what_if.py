"""A question about chairs, nurses and new patients, put to the planner over the real book. Changes nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from clinic.errors import Fault, Invalid
from clinic.models import Site
from scheduling import capacity, diary
from scheduling.capacity import Answer, Question

# Beyond the last week that is asked about: a whole induction with its make-ups.
REACH = timedelta(weeks=6)
LIMITS = {"inductions_a_week": (0, 20), "weeks": (1, 8), "nurses": (-10, 10)}
MOST_CHAIRS = 20


def ask(
    *,
    site: Site,
    now: datetime,
    inductions_a_week: int = 5,
    weeks: int = 4,
    chairs: Mapping[int, int] | None = None,
    nurses: int = 0,
) -> Answer:
    """From tomorrow on. `chairs`: more or fewer, by weekday (0 is Monday); `nurses`: more or fewer, every day.

    Raises:
        Invalid: numbers that no clinic has, all of them.
    """
    chairs = dict(chairs or {})
    numbers = {"inductions_a_week": inductions_a_week, "weeks": weeks, "nurses": nurses}
    if faults := _faults(numbers, chairs):
        raise Invalid(faults)
    first = now.astimezone(site.tz).date() + timedelta(days=1)
    book = diary.load(site=site, first=first, last=first + timedelta(weeks=weeks) + REACH, now=now)
    return capacity.answer(book, Question(inductions_a_week, weeks, chairs, nurses), first)


def _faults(numbers: Mapping[str, int], chairs: Mapping[int, int]) -> list[Fault]:
    faults = [
        Fault("out_of_range", _("From %(low)s to %(high)s.") % {"low": low, "high": high}, name)
        for name, (low, high) in LIMITS.items()
        if not low <= numbers[name] <= high
    ]
    for weekday, count in chairs.items():
        if not 0 <= weekday <= 6 or abs(count) > MOST_CHAIRS:
            detail = _("Weekdays 0 (Monday) to 6, each with at most 20 chairs more or fewer.")
            faults.append(Fault("out_of_range", detail, f"chairs.{weekday}"))
    return faults
