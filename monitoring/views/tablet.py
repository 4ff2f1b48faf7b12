"""What a tablet needs to work through lost Wi-Fi: its worker, the clinic's clock, and answers about its entries."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.errors import Invalid, Refused
from clinic.ids import parse
from clinic.moments import read_instant
from monitoring import tablet
from monitoring.tablet import Entry
from scheduling.models import TreatmentSession

OURS = {"csrfmiddlewaretoken", "entry_id", "entry_at", "entry_skew", "entry_by", "entry_kind"}
# A clock that is further off is broken, and the number says no more than that.
MOST_SKEW_MS = 10 * 365 * 24 * 3600 * 1000
FOLDERS = ("js", "css", "vendor/bootstrap")
MORE_ASSETS = ("icon.svg", "django_htmx/htmx-2.min.js")


@require_safe
def worker(request):
    """The service worker, at the root so that the whole site is its scope."""
    context = {"assets": _assets(), "version": _version()}
    page = render(request, "monitoring/worker.js", context, content_type="text/javascript")
    page["Service-Worker-Allowed"] = "/"
    page["Cache-Control"] = "no-cache"
    return page


@require_safe
def offline(request):
    """Where there is no connection, in place of a page that no tablet keeps. Knows nobody."""
    return render(request, "monitoring/offline.html")


@require_safe
def clinic_clock(request):
    """The clinic's time; `shift_ms` is how far a demo has moved it on, which no tablet's clock can know."""
    return JsonResponse({"now": clock.now().isoformat(), "shift_ms": clock.shift_ms()})


@require_POST
def discard(request, session_id):
    """An entry that was refused, and is not wanted any more."""
    sessions = TreatmentSession.objects.select_related("site", "patient")
    session = access.get_or_404(sessions, request.user, session_id)
    access.require(request.user, May.TREAT, session.site)
    entry = entry_in(request.POST, request.POST.get("entry_kind", "").replace("\x00", "")[:20])
    if entry is None:
        raise Invalid.because("required", _("Which entry?"), "entry_id")
    try:
        tablet.discard(
            session=session,
            entry=entry,
            content=request.POST.getlist("shown"),
            reason=request.POST.get("reason", ""),
            by=request.user,
            now=clock.now(),
        )
    except Refused as refusal:
        faults = [fault.as_dict() for fault in refusal.faults]
        return JsonResponse({"state": "refused", "faults": faults}, status=refusal.status)
    return JsonResponse({"state": "discarded"})


def entry_in(posted, kind: str) -> Entry | None:
    """The tablet's entry in a form that was posted; None for a plain form.

    Raises:
        Invalid: an id or a time that cannot be.
    """
    if "entry_id" not in posted:
        return None
    client_id, tapped_at = parse(posted["entry_id"]), read_instant(posted.get("entry_at"))
    if client_id is None or tapped_at is None:
        raise Invalid.because("invalid", _("An entry needs an id and a time."), "entry_id")
    return Entry(
        client_id=client_id,
        kind=kind,
        tapped_at=tapped_at,
        skew_ms=_skew(posted.get("entry_skew", "")),
        by=posted.get("entry_by", ""),
        fields={name: values for name, values in posted.lists() if name not in OURS},
    )


def saved(done: tablet.Taken) -> JsonResponse:
    return JsonResponse({"state": "saved", "words": done.words or _("Saved."), "replayed": done.replayed})


def again(page, form, faults) -> JsonResponse:
    """Refused, or kept with gates that still stand: every fault in words, and the page that shows them."""
    told = [
        {"field": str(form[name].label) if name in form.fields else "", "detail": str(error)}
        for name, errors in form.errors.items()
        for error in errors
    ]
    told += [{"field": "", "detail": fault.detail} for fault in faults]
    state = "refused" if told else "kept"
    return JsonResponse(
        {"state": state, "faults": told, "page": page.content.decode()}, status=page.status_code
    )


def _skew(text: str) -> int | None:
    try:
        value = int(text)
    except ValueError:
        return None
    return value if abs(value) <= MOST_SKEW_MS else None


@cache
def _names() -> list[str]:
    """Every file of ours that a page may want."""
    root = Path(settings.BASE_DIR) / "static"
    files = [path for folder in FOLDERS for path in sorted((root / folder).glob("*.[jc]s*"))]
    return [str(p.relative_to(root)) for p in files if p.suffix in (".js", ".css")] + list(MORE_ASSETS)


@cache
def _assets() -> list[str]:
    return [static(name) for name in _names()]


@cache
def _version() -> str:
    """Another for every other set of files; in production their names hold their sums already."""
    root, digest = Path(settings.BASE_DIR) / "static", hashlib.sha256()
    for name, address in zip(_names(), _assets(), strict=True):
        digest.update(address.encode())
        if (root / name).exists():
            digest.update((root / name).read_bytes())
    return digest.hexdigest()[:12]
