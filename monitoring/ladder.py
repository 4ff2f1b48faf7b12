"""To whom a red alert goes when nobody acknowledges it, and when. Pure.

The owner first; then, each time the site's minutes have passed, further people by their role [practice].
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

NURSE, PRESCRIBER, MANAGER = "nurse", "prescriber", "manager"
LADDER = (NURSE, PRESCRIBER, MANAGER)


def step_due(recorded_at: datetime, now: datetime, minutes: int) -> int:
    """How far up the ladder an alert that still waits should be by `now`; 0 is with its owner alone."""
    waited = now - recorded_at
    return min(max(0, waited // timedelta(minutes=max(1, minutes))), len(LADDER))


def people_of(
    step: int,
    owner: str,
    members: Iterable[tuple[str, str]],
    on_shift: Mapping[str, Sequence[str]],
) -> list[str]:
    """Whose task it becomes at `step`: those of that role who are on shift, else all of that role.

    `members` are (role, person) of the site. A role that has nobody but the owner passes it to the next one.
    """
    known = sorted(set(members))
    for role in LADDER[step - 1 :]:
        on_site = [person for person in on_shift.get(role, ()) if person != owner]
        found = on_site or [person for has, person in known if has == role and person != owner]
        if found:
            return sorted(set(found))
    return []
