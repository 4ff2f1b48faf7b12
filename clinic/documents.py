"""Papers that people bring: taken in, and given out again to those who may read them.

A file lies under a name of ours in the data folder, outside of everything that is served. Its sender's name and
claimed type are trusted for nothing: the first bytes decide what it is.
"""

import hashlib
import os
import re
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.access import May
from clinic.enums import DocumentKind, DocumentType
from clinic.errors import Fault, Invalid, Refused
from clinic.ids import new_id
from clinic.models import Document, Patient, Site

LARGEST = 10 * 1024 * 1024
# The first bytes of each type, and the ending that its copy gets.
_BEGINNINGS = (
    (b"%PDF-", DocumentType.PDF),
    (b"\x89PNG\r\n\x1a\n", DocumentType.PNG),
    (b"\xff\xd8\xff", DocumentType.JPEG),
    (b"II*\x00", DocumentType.TIFF),
    (b"MM\x00*", DocumentType.TIFF),
)
ENDINGS = {
    DocumentType.PDF: "pdf",
    DocumentType.PNG: "png",
    DocumentType.JPEG: "jpg",
    DocumentType.TIFF: "tiff",
}
# Who may read what.
READERS = {
    DocumentKind.PROOF: May.REPORT,
    DocumentKind.SERIOUS_EVENT: May.REPORT,
    DocumentKind.ENROLMENT: May.ENROL,
    DocumentKind.CERTIFICATION: May.SEE,
}
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@transaction.atomic
def keep(
    *,
    site: Site,
    kind: DocumentKind,
    name: str,
    content: bytes,
    by,
    now: datetime,
    patient: Patient | None = None,
) -> Document:
    """Take a file in. A transaction that fails afterwards leaves a file without a row, which nobody can reach.

    Raises:
        Invalid: empty, too large, or none of the types that a scanner makes.
    """
    found = type_of(content)
    if found is None or len(content) > LARGEST:
        raise Invalid(_faults(content))
    document = Document(
        id=new_id(),
        site=site,
        patient=patient,
        kind=kind,
        name=_shown(name),
        content_type=found,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        at=now,
        by=by,
    )
    _write(_path(document), content)
    document.save(force_insert=True)
    audit.record("document.kept", by=by, now=now, site=site, patient=patient, on=document, kind=str(kind))
    return document


def read(*, document: Document, by, now: datetime) -> bytes:
    """The file as it was taken in; who read it is kept.

    Raises:
        Refused: `document_lost`: it is gone from the data folder, or is no longer the same.
    """
    try:
        content = _path(document).read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise Refused.because(
            "document_lost", _("The file is not as it was taken in. Tell whoever runs the machine.")
        )
    audit.record(
        "document.read", by=by, now=now, site=document.site_id, patient=document.patient_id, on=document
    )
    return content


def type_of(content: bytes) -> DocumentType | None:
    return next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), None)


def _faults(content: bytes) -> list[Fault]:
    if not content:
        return [Fault("required", _("The file is empty."), "file")]
    if len(content) > LARGEST:
        return [Fault("too_large", _("At most %s MB.") % (LARGEST // 1024**2), "file")]
    return [Fault("unknown", _("A PDF, or a picture as PNG, JPEG or TIFF."), "file")]


def _shown(name: str) -> str:
    """The last part of what the sender called it, without what cannot be kept."""
    last = re.split(r"[/\\]", name)[-1]
    return _UNFIT.sub("", last).strip()[-120:] or "-"


def _path(document: Document) -> Path:
    return Path(settings.DATA_DIR) / "documents" / document.pk.hex[-2:] / document.pk.hex


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and on the disk before the row says so."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
