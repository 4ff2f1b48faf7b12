import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from clinic import audit, logs
from clinic.models import AuditBlock, AuditEvent, Patient
from tests.factories import make_patient, make_site

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)


def _events(number):
    for n in range(number):
        audit.record("test", by=None, now=NOW, n=n)


def test_seal_covers_every_settled_event_once():
    _events(5)
    assert audit.seal(now=NOW) == 0
    assert audit.seal(now=LATER) == 5
    assert audit.seal(now=LATER) == 0
    _events(2)
    assert audit.seal(now=LATER) == 2
    assert (AuditBlock.objects.count(), audit.broken_block()) == (2, None)
    call_command("audit_check")


def test_a_changed_past_shows():
    _events(3)
    audit.seal(now=LATER)
    table = AuditEvent._meta.db_table
    with connection.cursor() as cursor:
        # Somebody with the keys of the database takes the rule off and rewrites history.
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER audit_written_once_update")
        else:
            # Deferred foreign keys of this test's own rows are checked first: PostgreSQL alters no table before.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER audit_written_once")
        cursor.execute(f"UPDATE {table} SET action = 'other'")
    assert audit.broken_block() == 1
    with pytest.raises(CommandError, match="Block 1"):
        call_command("audit_check")


SECRET = "Zebediah-Quigley"


def _lines(caplog):
    """What the production formatter makes of the records."""
    options = dict(logs.LOGGING["formatters"]["json"])
    formatter = options.pop("()")(**options)
    return [formatter.format(record) for record in caplog.records]


def test_a_log_line_holds_no_text_of_an_exception(caplog):
    site = make_site()
    make_patient(site=site, mrn=SECRET)
    log = logs.get("clinic.test")
    with caplog.at_level(logging.INFO):
        try:
            with transaction.atomic():
                Patient.objects.create(
                    site=site, mrn=SECRET, given_name="x", family_name="y", birth_date="1980-01-01"
                )
        except IntegrityError as error:
            log.error("failed", exc_info=error)
            logging.getLogger("django.request").error(
                "Internal Server Error: %s", f"/x?q={SECRET}", exc_info=error
            )
    lines = _lines(caplog)
    assert len(lines) == 2
    assert not any(SECRET in line for line in lines)
    assert json.loads(lines[0])["exception"] == "IntegrityError"


def test_rows_never_name_a_patient_as_text():
    patient = make_patient(site=make_site(), given_name=SECRET, family_name=SECRET)
    assert SECRET not in f"{patient!r} {patient}"
