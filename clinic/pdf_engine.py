"""The only module that knows WeasyPrint. `clinic.pdf` imports it when the first PDF is wanted."""

import mimetypes
from pathlib import Path

from django.contrib.staticfiles import finders
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

# Addresses in a template are relative to this; nothing answers there, and nobody asks.
_STATIC = "https://static.invalid/"

__all__ = ["FatalURLFetchingError", "to_pdf"]


class OnlyOurFiles(URLFetcher):
    """Reads from our static files and refuses the network, the disk and everything else."""

    def __init__(self):
        super().__init__(fail_on_errors=True, allow_redirects=False)

    def fetch(self, url, headers=None):
        path = finders.find(url.removeprefix(_STATIC)) if url.startswith(_STATIC) else None
        if not isinstance(path, str) or not Path(path).is_file():
            raise ValueError("only our own static files go onto paper")
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return URLFetcherResponse(url, Path(path).read_bytes(), {"Content-Type": kind})


def to_pdf(html: str) -> bytes:
    """PDF/UA: tagged, with title and language."""
    document = HTML(string=html, base_url=_STATIC, url_fetcher=OnlyOurFiles())
    return document.write_pdf(pdf_variant="pdf/ua-1")
