"""A lookup that Django lacks."""

from typing import Any

from django.db.models import Field
from django.db.models.lookups import In


@Field.register_lookup
class Among(In):
    """`pk__among=ids`: as `pk__in`, for the many ids of a batch.

    PostgreSQL is given them as one array. A place for each makes a statement that is another for each number of ids,
    and taking it apart costs more than answering it.
    """

    lookup_name = "among"

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, left_values = self.process_lhs(compiler, connection)
        _places, values = self.process_rhs(compiler, connection)
        kind = self.lhs.output_field.db_type(connection)
        return f"{left} = ANY(%s::{kind}[])", [*left_values, list(values)]
