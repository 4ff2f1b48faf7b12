"""A scanned paper, given to those who may read it."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from clinic import access, clock, documents
from clinic.models import Document


@require_safe
def document(request, document_id):
    """As a download of a neutral name: what somebody else made is never shown as a page of ours."""
    found = access.get_or_404(Document.objects.select_related("site"), request.user, document_id)
    access.require(request.user, documents.READERS[found.kind], found.site)
    content = documents.read(document=found, by=request.user, now=clock.now())
    response = HttpResponse(content, content_type=found.content_type)
    ending = documents.ENDINGS[found.content_type]
    response["Content-Disposition"] = f'attachment; filename="document-{found.pk.hex[-8:]}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
