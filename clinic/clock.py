"""The one clock: faces and verbs ask here, rules are told.

In a demo clinic the clock can be moved forward (setting `DEMO_CLOCK`), so that a visitor need not wait a
day for a reminder. The shift lives in a file of the data folder, because web, worker and beat are
processes of their own and must agree on it. Production refuses the setting.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings


def now() -> datetime:
    """The present instant, aware, in UTC."""
    present = datetime.now(UTC)
    return present + shift() if settings.DEMO_CLOCK else present


def shift() -> timedelta:
    """How far the demo's clock stands ahead of the real one."""
    try:
        return timedelta(seconds=int(_file().read_text()))
    except (FileNotFoundError, ValueError):
        return timedelta()


def shift_ms() -> int:
    """The same in milliseconds, for clocks that cannot know of it; nothing where no clock is moved."""
    return int(shift().total_seconds() * 1000) if settings.DEMO_CLOCK else 0


def move(by: timedelta) -> timedelta:
    """Move the demo's clock forward and return its whole shift.

    Raises:
        ValueError: when `by` is negative (what happened cannot un-happen), or no demo clock is allowed here.
    """
    if not settings.DEMO_CLOCK:
        raise ValueError("The clock can be moved in a demo clinic only.")
    if by < timedelta():
        raise ValueError("The clock goes forward only.")
    total = shift() + by
    temporary = _file().with_suffix(".new")
    temporary.write_text(str(int(total.total_seconds())))
    temporary.replace(_file())
    return total


def _file() -> Path:
    return Path(settings.DATA_DIR) / "demo_clock"
