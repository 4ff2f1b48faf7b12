"""What the database itself refuses, on PostgreSQL and on SQLite alike."""

from collections.abc import Sequence

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import BaseConstraint, Func, Q


class _TimeSpan(Func):
    """The half-open interval [start, end) as a PostgreSQL range."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()

    def __init__(self, start, end):
        super().__init__(start, end, RangeBoundary())


class NoOverlap(BaseConstraint):
    """Rows of one `group` (a chair, a patient) in one of `statuses` never overlap in [starts_at, ends_at).

    PostgreSQL: an exclusion constraint. SQLite has none, so the same rule is a pair of triggers there.
    They are written as deferred SQL because SQLite drops a table's triggers when Django re-makes it.
    """

    def __init__(self, *, name: str, group: str, statuses: Sequence[str], violation_error_message=None):
        super().__init__(name=name, violation_error_message=violation_error_message)
        self.group, self.statuses = group, tuple(str(s) for s in statuses)

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "group": self.group, "statuses": self.statuses}

    def __eq__(self, other):
        return isinstance(other, NoOverlap) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

    def constraint_sql(self, model, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            return self._exclusion().constraint_sql(model, schema_editor)
        schema_editor.deferred_sql.extend(self._triggers(model))
        return None

    def create_sql(self, model, schema_editor):
        return self._exclusion().create_sql(model, schema_editor)

    def remove_sql(self, model, schema_editor):
        return self._exclusion().remove_sql(model, schema_editor)

    def validate(self, model, instance, exclude=None, using="default"):
        """The rule as a form error, so that the Django admin answers with a sentence."""
        group = getattr(instance, f"{self.group}_id")
        if instance.status not in self.statuses or None in (group, instance.starts_at, instance.ends_at):
            return
        others = model._default_manager.using(using).exclude(pk=instance.pk)
        overlap = Q(starts_at__lt=instance.ends_at, ends_at__gt=instance.starts_at, status__in=self.statuses)
        if others.filter(overlap, **{self.group: group}).exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def _exclusion(self) -> ExclusionConstraint:
        span = (_TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS)
        return ExclusionConstraint(
            name=self.name,
            expressions=[(self.group, RangeOperators.EQUAL), span],
            condition=Q(status__in=self.statuses),
        )

    def _triggers(self, model) -> list[str]:
        table = _final_table(model)
        statuses = ", ".join(f"'{status}'" for status in self.statuses)
        clash = (
            f'NEW.status IN ({statuses}) AND EXISTS (SELECT 1 FROM "{table}" AS other '  # noqa: S608 - names of ours
            f"WHERE other.{self.group}_id = NEW.{self.group}_id AND other.id <> NEW.id "
            f"AND other.status IN ({statuses}) "
            "AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at)"
        )
        return [
            f'CREATE TRIGGER IF NOT EXISTS "{self.name}_{event.lower()}" BEFORE {event} ON "{table}" '
            f"FOR EACH ROW WHEN {clash} BEGIN SELECT RAISE(ABORT, '{self.name}'); END"
            for event in ("INSERT", "UPDATE")
        ]


class AppendOnly(BaseConstraint):
    """Rows are written once: the database refuses UPDATE and DELETE."""

    def __eq__(self, other):
        return isinstance(other, AppendOnly) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]

    def constraint_sql(self, model, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        else:
            schema_editor.deferred_sql.extend(self._triggers(model))
        return None

    def create_sql(self, model, schema_editor):
        return (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$; "
            f'CREATE TRIGGER "{self.name}" BEFORE UPDATE OR DELETE ON "{model._meta.db_table}" '
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )

    def remove_sql(self, model, schema_editor):
        return f'DROP TRIGGER "{self.name}" ON "{model._meta.db_table}"'

    def validate(self, model, instance, exclude=None, using="default"):
        if not instance._state.adding:
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def _triggers(self, model) -> list[str]:
        table = _final_table(model)
        return [
            f'CREATE TRIGGER IF NOT EXISTS "{self.name}_{event.lower()}" BEFORE {event} ON "{table}" '
            f"FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'rows of {table} are written once'); END"
            for event in ("UPDATE", "DELETE")
        ]


class Unbroken(BaseConstraint):
    """Rows of one `group` are numbered from 1, and each begins where the one before it ended.

    The first begins at `origin`. With `AppendOnly` beside it, a chain cannot be forked, cut or jumped.
    """

    def __init__(self, *, name: str, group: str, number: str, begins: str, ends: str, origin: str):
        super().__init__(name=name)
        self.group, self.number, self.begins, self.ends, self.origin = group, number, begins, ends, origin

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        own = ("group", "number", "begins", "ends", "origin")
        return path, args, {**kwargs, **{name: getattr(self, name) for name in own}}

    def __eq__(self, other):
        return isinstance(other, Unbroken) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

    def constraint_sql(self, model, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        else:
            table = _final_table(model)
            schema_editor.deferred_sql.append(
                f'CREATE TRIGGER IF NOT EXISTS "{self.name}" BEFORE INSERT ON "{table}" FOR EACH ROW '
                f"WHEN NOT ({self._joins(table)}) BEGIN SELECT RAISE(ABORT, '{self.name}'); END"
            )
        return None

    def create_sql(self, model, schema_editor):
        table = model._meta.db_table
        return (
            f'CREATE OR REPLACE FUNCTION "{self.name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
            f"IF NOT ({self._joins(table)}) THEN RAISE EXCEPTION '{self.name}' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$; "
            f'CREATE TRIGGER "{self.name}" BEFORE INSERT ON "{table}" '
            f'FOR EACH ROW EXECUTE FUNCTION "{self.name}"()'
        )

    def remove_sql(self, model, schema_editor):
        return f'DROP TRIGGER "{self.name}" ON "{model._meta.db_table}"'

    def validate(self, model, instance, exclude=None, using="default"):
        """Left to the database: nothing but a verb writes such rows."""

    def _joins(self, table: str) -> str:
        return (
            f"(NEW.{self.number} = 1 AND NEW.{self.begins} = '{self.origin}') OR EXISTS ("  # noqa: S608
            f'SELECT 1 FROM "{table}" AS before WHERE before.{self.group}_id = NEW.{self.group}_id '
            f"AND before.{self.number} = NEW.{self.number} - 1 AND before.{self.ends} = NEW.{self.begins})"
        )


def one_at_a_time(name: str) -> None:
    """Within a transaction: wait until every other one that called this with `name` has ended.

    For rules about what does not exist yet, where there is no row to lock. SQLite's writers queue anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])


def _final_table(model) -> str:
    """The table's lasting name: SQLite re-makes a table as `new__name` and renames it afterwards."""
    return model._meta.db_table.removeprefix("new__")
