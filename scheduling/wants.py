"""What else a session wants before it can happen, told by whoever is above the book: the devices of its dose.

Every app adds its own with `ask`, in its `AppConfig.ready`; the API lists it among a session's readiness.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from clinic.models import Site
from scheduling.models import TreatmentSession
from scheduling.readiness import Ready

# Of one site's sessions, by their ids, those of which there is something to say.
Ask = Callable[[Site, Collection[TreatmentSession], datetime], Mapping[Any, Ready]]
_asks: list[Ask] = []


def ask(what: Ask) -> None:
    """Add a question: `what(site, sessions, now)`, in a number of queries that does not grow with the sessions."""
    _asks.append(what)


def told(sessions: Collection[TreatmentSession], *, now: datetime) -> dict[Any, list[Ready]]:
    """The further items of each session, each site asked once."""
    by_site: dict[Any, list[TreatmentSession]] = {}
    for session in sessions:
        by_site.setdefault(session.site_id, []).append(session)
    found: dict[Any, list[Ready]] = {}
    for rows in by_site.values():
        for what in _asks:
            for pk, item in what(rows[0].site, rows, now).items():
                found.setdefault(pk, []).append(item)
    return found
