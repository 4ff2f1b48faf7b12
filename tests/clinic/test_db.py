"""The constraints of our own making, where Django has none: they must outlive a re-made SQLite table."""

import pytest
from django.db import IntegrityError, connection, models, transaction

from clinic.db import AppendOnly, NoOverlap
from clinic.models import AuditEvent
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_session

pytestmark = pytest.mark.django_db


def _refused(change):
    with pytest.raises(IntegrityError), transaction.atomic():
        change()


def test_append_only_lets_a_row_in_and_refuses_update_and_delete():
    event = AuditEvent.objects.create(action="test", at=MONDAY)

    _refused(lambda: AuditEvent.objects.filter(pk=event.pk).update(action="other"))
    _refused(lambda: AuditEvent.objects.filter(pk=event.pk)._raw_delete("default"))

    assert AuditEvent.objects.get(pk=event.pk).action == "test"


def test_append_only_refuses_plain_sql():
    event = AuditEvent.objects.create(action="test", at=MONDAY)
    table = AuditEvent._meta.db_table

    def delete():
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")

    _refused(delete)
    assert AuditEvent.objects.filter(pk=event.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_constraints_survive_a_table_that_django_remakes():
    if connection.vendor != "sqlite":
        return  # PostgreSQL alters a table in place; there is nothing to survive
    before = _triggers()

    with connection.schema_editor() as editor:
        editor._remake_table(TreatmentSession)
        editor._remake_table(AuditEvent)

    assert _triggers() == before
    session = make_session()
    _refused(lambda: make_session(course=session.course, starts_at=MONDAY))


def _triggers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.parametrize(
    "constraint",
    [NoOverlap(name="n", group="chair", statuses=["booked"]), AppendOnly(name="a")],
    ids=["NoOverlap", "AppendOnly"],
)
def test_constraint_round_trips_through_a_migration(constraint):
    path, args, kwargs = constraint.deconstruct()

    again = type(constraint)(*args, **kwargs)

    assert path == f"clinic.db.{type(constraint).__name__}"
    assert again == constraint
    assert constraint != models.UniqueConstraint(fields=["x"], name="n")
