"""What every page knows."""

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from clinic import clock, sealing
from clinic.access import May, may, roles_at
from clinic.sites import current_site, sites_of

# Label, URL name, icon, right. Upper apps are named by their URLs only.
NAV = [
    (_("Today"), "scheduling:today", "calendar-day", May.SEE),
    (_("Week"), "scheduling:week", "calendar-week", May.SEE),
    (_("Book a course"), "scheduling:book", "calendar-plus", May.BOOK),
    (_("Inductions"), "scheduling:inductions", "flag-fill", May.SEE),
    (_("Decisions"), "scheduling:decisions", "clipboard2-check", May.DECIDE),
    (_("Freed chairs"), "scheduling:freed", "arrow-repeat", May.BOOK),
    (_("Patients"), "clinic:patients", "people", May.SEE),
    (_("Floor"), "monitoring:floor", "grid", May.SEE),
    (_("Forms"), "monitoring:forms", "clipboard2-check", May.SEE),
    (_("Drug"), "monitoring:drug", "box-seam", May.COUNT_DRUG),
    (_("Numbers"), "clinic:numbers", "activity", May.NUMBERS),
    (_("Texts"), "notifications:texts", "chat-left-text", May.TEXTS),
    (_("Call list"), "notifications:calls", "telephone", May.TEXTS),
    (_("Settings"), "clinic:settings", "gear", May.MANAGE),
]


def page(request):
    shared = {"server_now": clock.now(), "clock_shift": clock.shift_ms(), "demo": settings.DEMO_CLOCK}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return shared
    site = current_site(request)
    roles = roles_at(user, site) if site else frozenset()
    shared["tablet_key"] = sealing.key_of(user)
    shared["may_text"] = site is not None and may(user, May.TEXTS, site)
    return {**shared, "site": site, "sites": sites_of(request), "roles": roles, "nav": _nav(request, site)}


def _nav(request, site):
    if site is None:
        return []
    return [
        {"label": label, "url": url, "icon": icon, "active": request.path.startswith(url)}
        for label, name, icon, right in NAV
        if (url := _url(name)) and may(request.user, right, site)
    ]


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
