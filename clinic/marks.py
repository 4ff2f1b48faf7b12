"""A new mark for a house with every change of it, made by the database itself."""

from django.db.models import BaseConstraint

from clinic.db import _final_table


class MarksHouse(BaseConstraint):
    """Every change of a row gives its site a new mark in `clinic_house`, whatever tool makes it.

    A mark never comes twice, so what is kept in memory of a house is right as long as its mark stands. With `when` (a
    column of a table that belongs to no site), a change of that column marks every house.
    """

    def __init__(self, *, name: str, when: str = ""):
        super().__init__(name=name)
        self.when = when

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "when": self.when}

    def __eq__(self, other):
        return isinstance(other, MarksHouse) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

    def constraint_sql(self, model, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        else:
            schema_editor.deferred_sql.extend(self._triggers(model))
        return None

    def create_sql(self, model, schema_editor):
        if self.when:
            function, body = "mark_every_house", "UPDATE clinic_house SET mark = gen_random_uuid();"
            event = f'UPDATE OF "{self.when}"'
            condition = f'WHEN (OLD."{self.when}" IS DISTINCT FROM NEW."{self.when}") '
        else:
            function, event, condition = "mark_house", "INSERT OR UPDATE OR DELETE", ""
            body = "".join(
                f"IF TG_OP <> '{other}' THEN {_new_mark(row, 'gen_random_uuid()')}; END IF; "
                for row, other in (("OLD", "INSERT"), ("NEW", "DELETE"))
            )
        return (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{body} RETURN NULL; END $$; "
            f'CREATE TRIGGER "{self.name}" AFTER {event} ON "{model._meta.db_table}" '
            f"FOR EACH ROW {condition}EXECUTE FUNCTION {function}()"
        )

    def remove_sql(self, model, schema_editor):
        return f'DROP TRIGGER "{self.name}" ON "{model._meta.db_table}"'

    def validate(self, model, instance, exclude=None, using="default"):
        """Refuses nothing."""

    def _triggers(self, model) -> list[str]:
        table, random = _final_table(model), "lower(hex(randomblob(16)))"
        bodies = {
            "INSERT": [_new_mark("NEW", random)],
            "UPDATE": [_new_mark("OLD", random), _new_mark("NEW", random)],
            "DELETE": [_new_mark("OLD", random)],
        }
        if self.when:
            bodies = {f'UPDATE OF "{self.when}"': [f"UPDATE clinic_house SET mark = {random}"]}  # noqa: S608
        return [
            f'CREATE TRIGGER IF NOT EXISTS "{self.name}_{event.split()[0].lower()}" AFTER {event} ON "{table}" '
            f"FOR EACH ROW BEGIN {'; '.join(statements)}; END"
            for event, statements in bodies.items()
        ]


def _new_mark(row: str, random: str) -> str:
    return (
        f"INSERT INTO clinic_house (site_id, mark) VALUES ({row}.site_id, {random}) "  # noqa: S608 - ours
        "ON CONFLICT (site_id) DO UPDATE SET mark = excluded.mark"
    )
