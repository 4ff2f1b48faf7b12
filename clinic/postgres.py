"""What is PostgreSQL's own. Imported only where the database is one."""

from typing import Any

from psycopg import Connection, Cursor
from psycopg.pq import TransactionStatus


class PlannedCursor(Cursor[Any]):
    """Statements are prepared on the server the first time, and run by their name from then on."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **{**options, "prepare": True})


def has_plans(here: Any) -> bool:
    """Whether statements may be prepared on its connections; not behind a pooler that changes them under one's feet."""
    return here.settings_dict["OPTIONS"].get("prepare_threshold") is not None


def planned_cursor(here: Any) -> Any:
    """`here.cursor()`, whose statements are planned once in each connection."""
    _make_ready(here)
    with here.wrap_database_errors:
        return here.make_cursor(PlannedCursor(here.connection))


def in_one_breath(here: Any, statements: list[tuple[str, tuple[Any, ...]]]) -> list[list[Any]]:
    """The rows of each, in one journey to the server and back (its pipeline mode)."""
    _make_ready(here)
    with here.wrap_database_errors:
        begins = _begins_itself(here.connection)
        with here.connection.pipeline():
            if begins:
                here.connection.execute("BEGIN")
            cursors = [PlannedCursor(here.connection).execute(*statement) for statement in statements]
        return [cursor.fetchall() for cursor in cursors]


def _begins_itself(line: Connection[Any]) -> bool:
    """Whether a transaction is wanted and not yet begun, so that its BEGIN can travel with the first statements.

    The library would send it alone and wait for the answer. Told that the connection commits by itself, which changes
    nothing within a transaction, it leaves that to us; Django says it anew where its own transaction ends.
    """
    idle = line.info.transaction_status == TransactionStatus.IDLE
    if line.autocommit or not idle or line.isolation_level or line.read_only or line.deferrable:
        return False
    line.autocommit = True
    return True


def _make_ready(here: Any) -> None:
    """As `here.cursor()` does first."""
    here.close_if_health_check_failed()
    here.ensure_connection()
    here.validate_thread_sharing()
