from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clinic import imports
from clinic.models import AuditEvent, Patient
from tests.clinic.test_access import client_for
from tests.factories import make_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
HEAD = "mrn,given_name,family_name,birth_date,phone\n"
GOOD = HEAD + "A1,Ada,Lovelace,1980-12-10,614-555-0101\nA2,Bo,Diddley,12/30/1968,\n"


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def desk(site):
    return make_user(site=site, role="desk")


def faults(text, site):
    content = text if isinstance(text, bytes) else text.encode()
    return [(f.row, f.column) for f in imports.preview(content, site=site, now=NOW).faults]


def test_a_file_is_previewed_without_changing_anything(site):
    found = imports.preview(GOOD.encode(), site=site, now=NOW)
    assert (len(found.new), found.faults, found.may_import, Patient.objects.count()) == (2, [], True, 0)


def test_the_same_file_twice_changes_nothing(site, desk):
    imports.carry_out(GOOD.encode(), site=site, by=desk, now=NOW)
    before = list(Patient.objects.order_by("mrn").values())
    events = AuditEvent.objects.filter(action="patient.changed").count()
    again = imports.carry_out(GOOD.encode(), site=site, by=desk, now=NOW)
    assert (again.unchanged, again.new, again.changed) == (2, [], [])
    assert list(Patient.objects.order_by("mrn").values()) == before
    assert AuditEvent.objects.filter(action="patient.changed").count() == events


def test_a_changed_row_changes_only_what_the_file_says(site, desk):
    imports.carry_out(GOOD.encode(), site=site, by=desk, now=NOW)
    Patient.objects.filter(mrn="A1").update(escort_name="Sam")
    imports.carry_out(GOOD.replace("Lovelace", "Byron").encode(), site=site, by=desk, now=NOW)
    patient = Patient.objects.get(mrn="A1")
    assert (patient.family_name, patient.escort_name) == ("Byron", "Sam")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "mrn"), (1, "given_name"), (1, "family_name"), (1, "birth_date")]),
        ("mrn,given_name\n", [(1, "family_name"), (1, "birth_date")]),
        ("mrn,mrn,given_name,family_name,birth_date\n", [(1, "mrn")]),
        (HEAD + "A1,,Lovelace,1980-12-10,\n", [(2, "given_name")]),
        (HEAD + "A1,Ada,Lovelace,1980-13-10,\n", [(2, "birth_date")]),
        (HEAD + "A1,Ada,Lovelace,2030-01-01,\n", [(2, "birth_date")]),
        (HEAD + "A1,Ada,Lovelace,1980-12-10,12\n", [(2, "phone")]),
        (HEAD + "A1,A,B,1980-12-10,\nA1,C,D,1980-12-10,\n", [(3, "mrn")]),
        (
            HEAD + ",,,nope,nope\n",
            [(2, c) for c in ("birth_date", "mrn", "given_name", "family_name", "phone")],
        ),
        (HEAD + "A1,Ada,L,1980-12-10,,extra\n", [(2, "")]),
        (b"\x00\x01\x02", [(1, "")]),
        (HEAD + f"A1,{'x' * 81},L,1980-12-10,\n", [(2, "given_name")]),
    ],
)
def test_every_fault_has_its_row_and_column(site, text, expected):
    assert faults(text, site) == expected


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode(),
        GOOD.encode("utf-8-sig"),
        GOOD.replace("Ada", "José").encode("cp1252"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("given_name", "First Name").replace("birth_date", "DOB").encode(),
        (GOOD + "\n,,,,\n").encode(),
    ],
)
def test_files_as_other_systems_write_them(site, content):
    found = imports.preview(content, site=site, now=NOW)
    assert (found.faults, len(found.new)) == ([], 2)


def test_a_file_with_one_fault_brings_in_nothing(site, desk):
    client = client_for(desk)
    bad = SimpleUploadedFile("p.csv", (GOOD + "A3,,X,1980-01-01,\n").encode())
    shown = client.post("/patients/import/", {"file": bad})
    refused = client.post("/patients/import/confirm/")
    listed = client.get("/patients/import/faults.csv")
    assert (shown.status_code, refused.status_code, Patient.objects.count()) == (200, 409, 0)
    assert b"4,given_name" in listed.content


def test_the_pages_bring_a_file_in(site, desk):
    client = client_for(desk)
    shown = client.post("/patients/import/", {"file": SimpleUploadedFile("p.csv", GOOD.encode())})
    assert b"2 new, 0 changed, 0 the same" in shown.content
    assert client.post("/patients/import/confirm/").status_code == 302
    assert Patient.objects.count() == 2
    assert client.post("/patients/import/confirm/", follow=True).status_code == 200


def test_the_template_can_be_brought_in(site):
    assert imports.preview(imports.template().encode(), site=site, now=NOW).faults == []
