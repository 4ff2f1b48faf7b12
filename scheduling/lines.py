"""What the board of a day shows, and nothing more: equal lines are drawn once (clinic/templatetags/kept.py)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from scheduling.enums import Phase, SessionStatus
from scheduling.forms.sessions import LATE_MINUTES


@dataclass(frozen=True, slots=True)
class Load:
    """Half an hour: patients in the building and how many the nurses on shift may have."""

    at: datetime
    patients: int
    capacity: int
    row: int
    rows: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the sessions: chairs by id and name, full hours by row, the nurses' load."""

    chairs: tuple[tuple[Any, str], ...]
    ticks: tuple[tuple[int, datetime], ...]
    load: tuple[Load, ...]
    tz: ZoneInfo

    @property
    def last_column(self) -> int:
        return len(self.chairs) + 2


@dataclass(frozen=True, slots=True)
class Out:
    """A chair that cannot be used for a while, and why."""

    reason: str
    row: int
    rows: int
    column: int


@dataclass(frozen=True, slots=True)
class Rights:
    """What whoever looks may do from the board. `is_today`: only then does anybody arrive, or not."""

    book: bool
    arrive: bool
    is_today: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not ready: whose work it is, and by when; `late`: that has passed."""

    detail: str
    owner: str
    by: datetime
    late: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A session on the board. `first_row` and `rows` count slots from the board's start; times are shown in `tz`."""

    pk: Any
    patient: Any
    course: Any
    who: str
    chair: str
    number: int
    phase: str
    dose_mg: int
    starts_at: datetime
    expected_at: datetime | None
    status: str
    confirmation: str
    missing: tuple[Missing, ...]
    overdue: bool
    first_row: int
    rows: int
    column: int | None
    may: Rights
    tz: ZoneInfo

    @property
    def over(self) -> bool:
        """Nothing is left to do with it today. A no-show still wants somebody on the telephone."""
        return self.status in (SessionStatus.COMPLETED, SessionStatus.CANCELLED)

    @property
    def can_be_placed(self) -> bool:
        return self.may.book and self.status == SessionStatus.BOOKED

    @property
    def late_choices(self):
        return LATE_MINUTES

    def get_status_display(self) -> str:
        return str(SessionStatus(self.status).label)

    def get_phase_display(self) -> str:
        return str(Phase(self.phase).label)
