"""Forms on time, week by week: for whoever shows numbers."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from clinic.models import Site
from monitoring.models import MonitoringForm


@dataclass(frozen=True, slots=True)
class FormWeek:
    """Forms of the sessions of one week, which begins on `monday`. `waiting`: not sent, and still in time."""

    monday: date
    on_time: int
    late: int
    never: int
    waiting: int

    @property
    def share(self) -> float | None:
        """Of those whose time is over or that were sent, how many went out in time."""
        settled = self.on_time + self.late + self.never
        return self.on_time / settled if settled else None


def on_time_by_week(site: Site, *, first: date, last: date, today: date) -> list[FormWeek]:
    """Weeks from Monday to Sunday that hold a form, by the day of its session."""
    rows = MonitoringForm.objects.filter(site=site, session_on__range=(first, last))
    counts: Counter[tuple[date, str]] = Counter()
    for session_on, due_on, sent_on in rows.order_by().values_list("session_on", "due_on", "sent_on"):
        counts[session_on - timedelta(days=session_on.weekday()), _state(due_on, sent_on, today)] += 1
    mondays = sorted({monday for monday, _state in counts})
    names = ("on_time", "late", "never", "waiting")
    return [FormWeek(monday, **{name: counts[monday, name] for name in names}) for monday in mondays]


def _state(due_on: date, sent_on: date | None, today: date) -> str:
    if sent_on is not None:
        return "on_time" if sent_on <= due_on else "late"
    return "waiting" if today <= due_on else "never"
