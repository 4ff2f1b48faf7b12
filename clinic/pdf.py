"""Pages for paper: a template becomes a tagged PDF that says what it is, in which language, who printed it and when.

Templates extend `pdf/base.html`, give its `title` block and load nothing but our own static files.
"""

import importlib
from datetime import datetime, tzinfo

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinic import clock, logs
from clinic.errors import Fault, Refused

_log = logs.get(__name__)


class NotInstalled(Refused):
    """This machine lacks a system library that makes PDFs (HTTP 503)."""

    status = 503


def render(
    template: str, context: dict, *, by=None, now: datetime | None = None, zone: tzinfo | None = None
) -> bytes:
    """The PDF in the active language. The foot of each page says who printed it (`by`) and when (`now`).

    Every time in it is shown in `zone`, the site's; without one, in the zone that is active.

    Raises:
        NotInstalled: names the library that is missing and how to get it.
    """
    engine = _engine()
    with timezone.override(zone or timezone.get_current_timezone()):
        printed = {
            "language": get_language() or "en",
            "printed_by": by.display_name if by else "",
            "printed_at": f"{timezone.localtime(now or clock.now()):%Y-%m-%d %H:%M %Z}",
        }
        page = render_to_string(template, {**printed, **context})
    return engine.to_pdf(page)


def answer(content: bytes, name: str) -> HttpResponse:
    """Shown in the browser, from where it is printed or saved. `name` must not say whose it is."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    # Browsers' viewers style their own page; in a PDF of ours there is nothing that runs.
    response._csp_exempt = True  # type: ignore[attr-defined]
    return response


def _engine():
    """WeasyPrint comes in with the first PDF: it is slow to load, and needs libraries that Python cannot bring."""
    try:
        return importlib.import_module("clinic.pdf_engine")
    except (OSError, ImportError) as error:
        _log.error("pdf_library_missing", exc_info=error)
        raise NotInstalled([Fault("pdf_not_installed", _what_to_do(), "", {"library": "pango"})]) from error


def _what_to_do() -> str:
    return _(
        "PDFs cannot be made on this machine yet: the system library Pango is missing. On Debian or Ubuntu, "
        "whoever runs the machine installs it with: apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
        "libharfbuzz-subset0 fonts-dejavu-core. On a Mac: brew install pango. Everything else works without it."
    )
