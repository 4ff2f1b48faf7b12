"""Trying the database's own rules, past all our code."""

import pytest
from django.db import IntegrityError, connection, transaction


def refused(name, change):
    """`change` is refused by the rule of that name and by no other.

    SQLite names the columns of a uniqueness, never the index: there the kind of error must do.
    """
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        change()
    said = str(caught.value)
    assert name in said or (connection.vendor == "sqlite" and "UNIQUE constraint failed" in said)


def written_once(name, row):
    rows = type(row).objects.filter(pk=row.pk)
    field = next(f.attname for f in row._meta.concrete_fields if not f.primary_key)
    for change in (lambda: rows.update(**{field: getattr(row, field)}), lambda: rows._raw_delete(rows.db)):
        with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
            change()
    assert rows.exists()


def values(name, rows, *, bad, good):
    """Each of `bad` is refused; each of `good` goes in."""
    for changes in bad:
        refused(name, lambda changes=changes: rows.update(**changes))
    for changes in good:
        assert rows.update(**changes) == 1


def one(row):
    return type(row).objects.filter(pk=row.pk)
