"""Which forms are due: the late ones first, with owner, what is missing and what repeats."""

from dataclasses import dataclass
from datetime import date, timedelta

from clinic.models import Site
from monitoring import form_rules
from monitoring.form_reading import Filled, read_forms
from monitoring.models import MonitoringForm

# Those that were sent stay in sight for a while.
SENT_SHOWN = timedelta(days=14)
MOST = 200


@dataclass(frozen=True, slots=True)
class Row:
    filled: Filled
    today: date

    @property
    def form(self) -> MonitoringForm:
        return self.filled.form

    @property
    def age(self) -> int:
        return form_rules.age(self.form.session_on, self.today)

    @property
    def days_left(self) -> int:
        return (self.form.due_on - self.today).days

    @property
    def days_late(self) -> int:
        return -self.days_left


@dataclass(frozen=True, slots=True)
class Board:
    late: list[Row]
    today: list[Row]
    coming: list[Row]
    changed: list[Row]
    sent: list[MonitoringForm]


def board_of(site: Site, *, today: date) -> Board:
    """The open forms by what is left of their seven days, and those that were sent lately."""
    rows = [
        Row(filled, today)
        for filled in read_forms(list(with_all(MonitoringForm.objects.open(), site)[:MOST]))
    ]
    lately = with_all(MonitoringForm.objects.sent(), site).filter(session_on__gte=today - SENT_SHOWN)
    sent = list(lately.order_by("-sent_at")[:MOST])
    return Board(
        late=[row for row in rows if row.days_left < 0],
        today=[row for row in rows if row.days_left == 0],
        coming=[row for row in rows if row.days_left > 0],
        changed=[Row(filled, today) for filled in read_forms(sent) if filled.is_changed_since_sent],
        sent=sent,
    )


def with_all(rows, site: Site):
    """With everything that a line of the board shows; the oldest first."""
    related = rows.filter(site=site).select_related("site", "owner", "session__patient", "session__site")
    return related.order_by("due_on", "session__starts_at", "pk")


def tasks_of(user, site: Site, *, today: date) -> list[MonitoringForm]:
    """Their own open forms that are late, due today or due tomorrow."""
    own = with_all(MonitoringForm.objects.open().owned_by(user), site)
    return list(own.filter(due_on__lte=today + timedelta(days=1))[:MOST])
