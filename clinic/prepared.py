"""Statements that are put into SQL once and run many times.

Django writes the SQL of a query anew each time, which takes longer than PostgreSQL takes to answer a small one; and
PostgreSQL plans it anew each time, which takes longer than to answer it. The queries and inserts of the daily round are
few and always the same, so their SQL is kept, PostgreSQL keeps their plans (in each connection, unless
`DATABASE_PREPARE` says no), and only values are bound. Rows come out as from any queryset.

    _of_course = Prepared(TreatmentSession.objects.filter(course_id=Param("course", UUIDField())).values_list("number"))
    numbers = _of_course(course=course.pk)
    _insert = Insert(SessionEvent)
    _insert([SessionEvent(session=session, ...)])
    _settle = UpdateEach(Message, "provider_sid", "status")
    _settle({message.pk: "SM1"}, status="sent")
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Field, Model, QuerySet
from django.db.transaction import TransactionManagementError

# Instead of a number of rows, for a statement that takes their columns as arrays.
_ANY_NUMBER = 0


class Param(Expression):
    """A place in a prepared queryset for a value of that name."""

    def __init__(self, name: str, field: Field):
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler, connection):
        return "%s", [_Slot(self.name, self.output_field)]


class _Slot:
    def __init__(self, name: str, field: Field):
        self.name, self.field = name, field

    def bind(self, values: Mapping[str, Any], here: Any) -> Any:
        return self.field.get_db_prep_value(values[self.name], here)


class Prepared:
    """`rows`: a queryset with `Param` where values go. It asks the default database."""

    def __init__(self, rows: QuerySet):
        self._rows = rows
        self._kept: dict[str, _Written] = {}

    def __call__(self, **values: Any) -> list[Any]:
        here = connections[DEFAULT_DB_ALIAS]
        sql, bound = self.bound(here, values)
        with _planned(here) as cursor:
            cursor.execute(sql, bound)
            return self.rows_of(here, cursor.fetchall())

    def bound(self, here: Any, values: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """The statement and its values."""
        if self._rows.query.select_for_update and not here.in_atomic_block:
            raise TransactionManagementError("a lock needs a transaction")
        return (self._kept.get(here.vendor) or self._write(here)).bound(here, values)

    def rows_of(self, here: Any, found: list[Any]) -> list[Any]:
        """As the queryset gives them."""
        iterable: Any = self._rows._iterable_class
        return list(iterable(_Asked(self._rows, self._kept[here.vendor].answered(here, found))))

    def one(self, **values: Any) -> Any:
        """The first row, or None."""
        return next(iter(self(**values)), None)

    def _write(self, here: Any) -> "_Written":
        made = self._kept[here.vendor] = _Written(self._rows.query.get_compiler(connection=here))
        return made


def ask_together(*questions: tuple[Prepared, Mapping[str, Any]]) -> list[list[Any]]:
    """The rows of several queries and their values, which the database is told in one breath where it can be.

    It answers them one after the other all the same: each sees what was committed when the one before had ended, and a
    lock that the first had to wait for is held when the next is asked.
    """
    here = connections[DEFAULT_DB_ALIAS]
    postgres = _postgres(here)
    if postgres is None:
        return [prepared(**values) for prepared, values in questions]
    bound = [prepared.bound(here, values) for prepared, values in questions]
    answers = postgres.in_one_breath(here, bound)
    return [
        prepared.rows_of(here, found) for (prepared, _values), found in zip(questions, answers, strict=True)
    ]


class Insert:
    """Whole new rows of `model`, whose key is known before they are written: a `bulk_create` without options.

    As there, no row's own `save` and no signal of Django's is called. In the default database.
    """

    # SQLite takes 32,766 values in a statement; and each number of rows has a statement that is kept.
    MOST_ROWS = 200

    def __init__(self, model: type[Model]):
        self._model = model
        self._kept: dict[tuple[str, int], str] = {}

    def __call__(self, rows: Sequence[Any]) -> None:
        """Write all of them, in statements of at most `MOST_ROWS`.

        Raises:
            TransactionManagementError: several statements outside a transaction, which could be half done.
            IntegrityError: the database refuses one.
        """
        here = connections[DEFAULT_DB_ALIAS]
        if len(rows) > self.MOST_ROWS and not here.in_atomic_block:
            raise TransactionManagementError("so many rows need a transaction")
        if len(rows) > 1 and here.vendor == "postgresql":
            self._by_columns(rows, here)
        else:
            self._by_rows(rows, here)
        for row in rows:
            _is_written(row)

    def _by_rows(self, rows: Sequence[Any], here: Any) -> None:
        for first in range(0, len(rows), self.MOST_ROWS):
            part = rows[first : first + self.MOST_ROWS]
            values = [value for row in part for value in self.values_of(row, here)]
            with _planned(here) as cursor:
                cursor.execute(self.sql(here, len(part)), values)

    def _by_columns(self, rows: Sequence[Any], here: Any) -> None:
        """Each column as one array: the same statement, and plan, for any number of rows."""
        values = zip(*(self.values_of(row, here) for row in rows), strict=True)
        with _planned(here) as cursor:
            cursor.execute(self._sql_by_columns(here), [list(column) for column in values])

    def values_of(self, row: Any, here: Any) -> list[Any]:
        fields = self._model._meta.local_concrete_fields
        return [field.get_db_prep_save(field.pre_save(row, True), here) for field in fields]

    def sql(self, here: Any, rows: int = 1) -> str:
        kind = (here.vendor, rows)
        if kind not in self._kept:
            meta = self._model._meta
            row = f"({', '.join(['%s'] * len(meta.local_concrete_fields))})"
            self._kept[kind] = f"{self._into(here)} VALUES {', '.join([row] * rows)}"
        return self._kept[kind]

    def _sql_by_columns(self, here: Any) -> str:
        kind = (here.vendor, _ANY_NUMBER)
        if kind not in self._kept:
            arrays = _arrays(self._model._meta.local_concrete_fields, here)
            self._kept[kind] = f"{self._into(here)} {arrays}"
        return self._kept[kind]

    def _into(self, here: Any) -> str:
        quote, meta = here.ops.quote_name, self._model._meta
        columns = ", ".join(quote(field.column) for field in meta.local_concrete_fields)
        return f"INSERT INTO {quote(meta.db_table)} ({columns})"


class InsertTogether:
    """A whole new row for each of two `models`, in one statement where the database can."""

    def __init__(self, *models: type[Model]):
        self._first, self._second = (Insert(model) for model in models)

    def __call__(self, first: Any, second: Any) -> None:
        """Write both.

        Raises:
            TransactionManagementError: outside a transaction.
            IntegrityError: the database refuses one.
        """
        here = connections[DEFAULT_DB_ALIAS]
        if not here.in_atomic_block:
            raise TransactionManagementError("two rows need a transaction")
        if here.vendor != "postgresql":
            self._first([first])
            self._second([second])
            return
        values = self._first.values_of(first, here) + self._second.values_of(second, here)
        with _planned(here) as cursor:
            cursor.execute(f"WITH one AS ({self._first.sql(here)}) {self._second.sql(here)}", values)
        _is_written(first)
        _is_written(second)


def _is_written(row: Any) -> None:
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


class UpdateEach:
    """Give each of some rows a value of its own in `own`, and all of them the same in other fields.

    A `bulk_update` writes a CASE for every row, which for a hundred takes longer than all else; this is a plain
    UPDATE ... FROM. In the default database.
    """

    MOST_ROWS = 200

    def __init__(self, model: type[Model], own: str, *same: str):
        fields = {field.name: field for field in model._meta.local_concrete_fields}
        self._model, self._own = model, fields[own]
        self._same = [fields[name] for name in same]
        self._kept: dict[tuple[str, int], str] = {}

    def __call__(self, own: Mapping[Any, Any], **same: Any) -> None:
        """`own`: each row's key and its value; the keys of rows that are not there change nothing."""
        here, items = connections[DEFAULT_DB_ALIAS], list(own.items())
        key = self._model._meta.pk
        if len(items) > self.MOST_ROWS and not here.in_atomic_block:
            raise TransactionManagementError("so many rows need a transaction")
        plain = [field.get_db_prep_save(same[field.name], here) for field in self._same]
        for first in range(0, len(items), self.MOST_ROWS):
            part = items[first : first + self.MOST_ROWS]
            pairs = [(key.get_db_prep_save(pk, here), self._own.get_db_prep_save(v, here)) for pk, v in part]
            values: list[Any] = [value for pair in pairs for value in pair]
            rows = len(part)
            if here.vendor == "postgresql":
                values, rows = [list(column) for column in zip(*pairs, strict=True)], _ANY_NUMBER
            with _planned(here) as cursor:
                cursor.execute(self._sql(here, rows), [*values, *plain])

    def _sql(self, here: Any, rows: int) -> str:
        kind = (here.vendor, rows)
        if kind not in self._kept:
            quote, meta = here.ops.quote_name, self._model._meta
            changes = [f"{quote(self._own.column)} = one.own"]
            changes += [f"{quote(field.column)} = %s" for field in self._same]
            table = quote(meta.db_table)
            which = f"{table}.{quote(meta.pk.column)} = one.row_key"
            # Names of tables and columns are all that is written into it.
            update = f"UPDATE {table} SET {', '.join(changes)} FROM one WHERE {which}"  # noqa: S608
            self._kept[kind] = f"WITH one (row_key, own) AS ({self._given(here, rows)}) {update}"
        return self._kept[kind]

    def _given(self, here: Any, rows: int) -> str:
        fields = (self._model._meta.pk, self._own)
        if rows == _ANY_NUMBER:
            return _arrays(fields, here)
        row = ", ".join(f"CAST(%s AS {_bare_type(field, here)})" for field in fields)
        return f"VALUES {', '.join([f'({row})'] * rows)}"


def _arrays(fields: Iterable[Any], here: Any) -> str:
    """Rows from an array for each field."""
    places = ", ".join(f"%s::{_bare_type(field, here)}[]" for field in fields)
    # Names of types are all that is written into it.
    return f"SELECT * FROM UNNEST({places})"  # noqa: S608


def _bare_type(field: Any, here: Any) -> str:
    """Without the length of a varchar: a cast would cut what the column refuses."""
    return str(field.db_type(here)).split("(")[0]


class _Written:
    """A compiler of Django's after it has written its SQL once."""

    def __init__(self, compiler: Any):
        self._compiler = compiler
        self._sql, self._slots = compiler.as_sql()
        if compiler.has_extra_select:
            raise ImproperlyConfigured("order by what is selected")
        self._converters = compiler.get_converters([column[0] for column in compiler.select])

    def bound(self, here: Any, values: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        slots = self._slots
        return self._sql, tuple(
            slot.bind(values, here) if isinstance(slot, _Slot) else slot for slot in slots
        )

    def answered(self, here: Any, rows: list[Any]) -> Any:
        """A compiler that has these rows already."""
        made = copy.copy(self._compiler)
        made.connection = here
        made.execute_sql = lambda *_kind, **_chunks: [rows]
        made.get_converters = lambda _columns: self._converters
        return made


def _postgres(here: Any) -> ModuleType | None:
    """What PostgreSQL can do more than others, where it is one whose connections keep plans.

    Not where statements are logged: there they are to be read with their values.
    """
    if here.vendor != "postgresql" or here.queries_logged:
        return None
    from clinic import postgres

    return postgres if postgres.has_plans(here) else None


def _planned(here: Any) -> Any:
    """A cursor whose statements are planned once in each connection, where the database does that; else a plain one."""
    postgres = _postgres(here)
    return postgres.planned_cursor(here) if postgres else here.cursor()


class _Asked:
    """What Django's iterables want of a queryset, its SQL being written."""

    def __init__(self, rows: QuerySet, compiler: Any):
        self.query, self.db = self, DEFAULT_DB_ALIAS
        self._fields = rows._fields  # type: ignore[attr-defined]
        self._known_related_objects: dict[Any, Any] = {}
        self._compiler = compiler

    def get_compiler(self, using=None, connection=None):
        return self._compiler
