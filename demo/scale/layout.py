"""Who sits where and when, in a large invented book. Pure, and the same for the same numbers.

Each site has six chairs and three starts a day. A lane is one chair at one start on Mondays and Thursdays, or on
Tuesdays and Fridays: 36 of them. A patient has a lane for four weeks (eight sessions), and then two Wednesdays of the
next four weeks. So no two sessions meet, and nobody comes twice on a day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

CHAIRS = 6
NURSES = 3
STARTS = (time(8), time(10, 45), time(13, 30))
SESSION_MINUTES = 150
PAIRS = ((0, 3), (1, 4))
LANES = CHAIRS * len(STARTS) * len(PAIRS)
BLOCK = timedelta(weeks=4)
INDUCTION = 8
MOST_SESSIONS = 10
_WEDNESDAY = 2


@dataclass(frozen=True, slots=True)
class Size:
    sites: int
    patients: int
    sessions: int

    def faults(self) -> list[str]:
        """Why such a book cannot be."""
        found = []
        if min(self.sites, self.patients, self.sessions) < 1:
            found.append("At least one site, one patient and one session.")
        elif not self.patients <= self.sessions <= MOST_SESSIONS * self.patients:
            found.append(f"From 1 to {MOST_SESSIONS} sessions for each patient.")
        elif self.patients < self.sites:
            found.append("At least one patient for each site.")
        return found

    def patients_of(self, site: int) -> range:
        """The numbers of a site's patients, counted over all sites."""
        return range(*_share(site, self.patients, self.sites))

    def sessions_of(self, patient: int) -> int:
        start, end = _share(patient, self.sessions, self.patients)
        return end - start


def _share(index: int, whole: int, parts: int) -> tuple[int, int]:
    """From where to where part `index` of `parts` goes: as even as can be, and nothing left over."""
    return index * whole // parts, (index + 1) * whole // parts


@dataclass(frozen=True, slots=True)
class Place:
    number: int
    on: date
    at: time
    chair: int


def course_start(seat: int, seats: int, monday: date) -> date:
    """The first day of the patient in `seat` (counted within the site); the last block begins on `monday`."""
    blocks = (seats - 1) // LANES + 1
    block_start = monday + BLOCK * (seat // LANES - (blocks - 1))
    return block_start + timedelta(days=pair_of(seat)[0])


def pair_of(seat: int) -> tuple[int, int]:
    return PAIRS[seat % LANES // (CHAIRS * len(STARTS))]


def places(seat: int, start: date, sessions: int) -> Iterator[Place]:
    """The sessions of one patient, in order of time."""
    lane = seat % LANES
    chair = lane % CHAIRS
    at = _staggered(STARTS[lane // CHAIRS % len(STARTS)], chair)
    monday = start - timedelta(days=start.weekday())
    for index, offset in enumerate(_offsets(lane, pair_of(seat))[:sessions]):
        yield Place(index + 1, monday + timedelta(days=offset), at, chair)


def _offsets(lane: int, pair: tuple[int, int]) -> list[int]:
    """Days from the block's Monday."""
    induction = [7 * week + day for week in range(4) for day in pair]
    later = 4 + lane // (CHAIRS * len(STARTS))
    return [*induction, 7 * later + _WEDNESDAY, 7 * (later + 2) + _WEDNESDAY]


def _staggered(at: time, chair: int) -> time:
    """As many begin together as there are nurses; the other chairs a quarter of an hour later."""
    minutes = at.hour * 60 + at.minute + 15 * (chair // NURSES)
    return time(minutes // 60, minutes % 60)
