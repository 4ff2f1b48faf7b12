"""Papers that people bring: scans and proofs. The row is here, the file lies in the data folder."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic import clock
from clinic.db import AppendOnly
from clinic.enums import DocumentKind, DocumentType
from clinic.ids import new_id

from .patients import Patient
from .places import Site


class Document(models.Model):
    """Written once. `name` is what the sender called it: shown, and trusted for nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="documents")
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="documents", null=True, blank=True
    )
    kind = models.CharField(max_length=16, choices=DocumentKind)
    name = models.CharField(max_length=120)
    # What the file's first bytes say it is, whatever its name or its sender says.
    content_type = models.CharField(max_length=20, choices=DocumentType)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(default=clock.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            AppendOnly(name="document_written_once"),
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_known"),
            models.CheckConstraint(
                condition=Q(content_type__in=DocumentType.values), name="document_type_known"
            ),
            models.CheckConstraint(condition=Q(size__gte=1), name="document_is_not_empty"),
        ]

    def __str__(self):
        return f"document {self.pk}"
