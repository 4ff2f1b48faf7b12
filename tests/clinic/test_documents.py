"""Papers that people bring, and those that lie."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from clinic import documents
from clinic.errors import Invalid, Refused
from clinic.models import AuditEvent, Document
from tests.factories import make_patient, make_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
PDF = b"%PDF-1.7\n<script>alert(1)</script>"


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse")


def keep(site, by, *, content=PDF, name="fax.pdf", **options):
    return documents.keep(site=site, kind="proof", content=content, name=name, by=by, now=NOW, **options)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"II*\x00....", "image/tiff"),
        (b"MM\x00*....", "image/tiff"),
    ],
)
def test_the_first_bytes_decide_what_a_file_is(site, nurse, content, kind):
    row = keep(site, nurse, content=content, name="anything.exe")
    assert (row.content_type, row.size) == (kind, len(content))
    assert documents.read(document=row, by=nurse, now=NOW) == content


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "required"),
        (b"<html><script>alert(1)</script>", "unknown"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "unknown"),
        (b"MZ\x90\x00", "unknown"),
        (b" %PDF-1.7", "unknown"),
        (b"PK\x03\x04", "unknown"),
        (b"%PDF-" + b"x" * (documents.LARGEST - 4), "too_large"),
    ],
)
def test_a_file_that_lies_or_is_too_large_is_refused_and_leaves_nothing(site, nurse, content, code, settings):
    with pytest.raises(Invalid) as caught:
        keep(site, nurse, content=content, name="proof.pdf")
    assert [(f.code, f.field) for f in caught.value.faults] == [(code, "file")]
    assert not Document.objects.exists()
    assert not (Path(settings.DATA_DIR) / "documents").exists()


def test_the_largest_file_goes_in(site, nurse):
    assert keep(site, nurse, content=b"%PDF-" + b"x" * (documents.LARGEST - 5)).size == documents.LARGEST


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ines\\fax.pdf", "fax.pdf"),
        ("a\x00b\n\r.pdf", "ab.pdf"),
        ("", "-"),
        ("/", "-"),
        ("x" * 300, "x" * 120),
        ("\ud800.pdf", ".pdf"),
    ],
)
def test_a_name_is_shown_and_trusted_for_nothing(site, nurse, name, shown, settings):
    row = keep(site, nurse, name=name)
    assert row.name == shown
    files = [path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file()]
    assert [path.name for path in files] == [row.pk.hex]
    assert files[0].stat().st_mode & 0o077 == 0


def test_a_file_that_was_changed_or_is_gone_is_told(site, nurse, settings):
    row = keep(site, nurse)
    path = next(path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file())
    path.write_bytes(PDF + b" ")
    for _time in range(2):
        with pytest.raises(Refused) as caught:
            documents.read(document=row, by=nurse, now=NOW)
        assert caught.value.codes == ["document_lost"]
        path.unlink(missing_ok=True)


def page(user, row):
    client = Client()
    client.force_login(user)
    return client.get(reverse("clinic:document", args=[row.pk]))


def test_a_paper_is_a_download_of_a_neutral_name_that_runs_nothing(site, nurse):
    row = keep(site, nurse, name="Avery Patient.pdf", patient=make_patient(site=site))
    answer = page(nurse, row)
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="document-{row.pk.hex[-8:]}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "no-store"
    event = AuditEvent.objects.get(action="document.read")
    assert (event.actor, event.object_id) == (nurse, row.pk)


def test_who_has_no_right_reads_nothing(site, nurse):
    row = keep(site, nurse)
    assert page(make_user(site=site, role="desk"), row).status_code == 403
    assert page(make_user(site=make_site(), role="nurse"), row).status_code == 404
    assert Client().get(reverse("clinic:document", args=[row.pk])).status_code == 302
    assert not AuditEvent.objects.filter(action="document.read").exists()


def test_a_lost_paper_is_a_page_and_no_500(site, nurse, settings):
    row = keep(site, nurse)
    next(path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file()).unlink()
    assert page(nurse, row).status_code == 409
