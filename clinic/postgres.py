"""What is PostgreSQL's own. Imported only where the database is one."""

from typing import Any

from psycopg import Cursor


class PlannedCursor(Cursor[Any]):
    """Statements are prepared on the server the first time, and run by their name from then on."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **{**options, "prepare": True})


def planned_cursor(here: Any) -> Any:
    """A cursor whose statements are planned once in each connection; a plain one where `DATABASE_PREPARE` is off."""
    here.close_if_health_check_failed()
    here.ensure_connection()
    if here.connection.prepare_threshold is None:
        return here.cursor()
    here.validate_thread_sharing()
    with here.wrap_database_errors:
        return here.make_cursor(PlannedCursor(here.connection))
