"""Rows as PostgreSQL's COPY reads them."""

import json
from datetime import date, datetime, time
from typing import Any

from django.db.models import Model

_NULL = r"\N"


class Lines:
    """One model's lines: the columns in `varying` are given for each row, the others hold `same` or their default."""

    def __init__(self, model: type[Model], *varying: str, **same: Any):
        self.model = model
        names = [field.attname for field in model._meta.concrete_fields]
        if unknown := {*varying, *same} - set(names):
            raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
        rest = [field for field in model._meta.concrete_fields if field.attname not in varying]
        fixed = {field.attname: text(same.get(field.attname, field.get_default())) for field in rest}
        columns = {field.attname: field.column for field in model._meta.concrete_fields}
        self.columns = [*(columns[name] for name in varying), *(columns[name] for name in fixed)]
        # Built by % in one go: millions of lines are made.
        tail = "".join("\t" + value.replace("%", "%%") for value in fixed.values())
        self._line = "\t".join(["%s"] * len(varying)) + tail + "\n"
        self._made: list[str] = []

    def add(self, *values: Any) -> None:
        self._made.append(self._line % values)

    def copy(self, cursor) -> int:
        """Write what was added, and forget it."""
        names = ", ".join(f'"{column}"' for column in self.columns)
        with cursor.copy(f'COPY "{self.model._meta.db_table}" ({names}) FROM STDIN') as copying:
            copying.write("".join(self._made))
        count = len(self._made)
        self._made.clear()
        return count


def text(value: Any) -> str:
    """One value in COPY's text format. None of ours holds a tab, a line's end or a backslash."""
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value)
