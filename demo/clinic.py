"""The whole invented clinic: loaded once, into an empty database."""

from datetime import datetime

from django.db import transaction

from clinic import audit
from clinic.models import AuditEvent
from demo import cabinet, history, places
from demo.people import PASSWORD, SIGN_INS

LOADED = "demo.loaded"


@transaction.atomic
def load(*, now: datetime) -> None:
    """Two sites, their staff and about forty patients, with a floor that is live at `now`."""
    staff = places.make_staff(now=now)
    sites = places.make_sites(staff, now=now)
    for name, site in sites.items():
        places.open_now(site, staff, now=now)
        cabinet.stock_up(site, staff, kits=8 if name == "ohio" else 3, now=now)
    history.make(sites, staff, now=now)
    for site in sites.values():
        cabinet.see_to(site, staff, now=now)
    audit.record(LOADED, by=None, now=now)


def is_loaded() -> bool:
    return AuditEvent.objects.filter(action=LOADED).exists()


def sign_ins() -> str:
    """What a visitor needs to know, a line each."""
    names = ", ".join(member.username for member in SIGN_INS)
    return f"A demo clinic of invented people is loaded. Sign in as {names}; the password is {PASSWORD}."
