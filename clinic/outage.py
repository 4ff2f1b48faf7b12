"""When the database is away for a moment, or chose a transaction to yield: which it was, and what a caller is told."""

from django.db import Error, InterfaceError, OperationalError
from django.utils.translation import gettext as _

from clinic.errors import Fault
from clinic.problems import problem

# A deadlock, a failed serialisation, a lock that could not be had on PostgreSQL.
_YIELDED = ("40P01", "40001", "55P03")
AWAY = (OperationalError, InterfaceError)


def yielded(error: Error) -> bool:
    """Trying the whole transaction again will do. On SQLite: a lock that was held too long."""
    code = getattr(error.__cause__, "sqlstate", "")
    return code in _YIELDED or "database is locked" in str(error)


def unavailable():
    """Nobody can know whether the deed was done. With an Idempotency-Key, asking again gives the one answer."""
    detail = _("The database does not answer at this moment. Send it again, with the same Idempotency-Key.")
    answer = problem(503, detail, [Fault("unavailable", detail)])
    answer["Retry-After"] = "1"
    return answer
