"""At most so many tries in a stretch of time, counted in the database: one count for all web processes."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils.crypto import salted_hmac

from clinic.models import Tries

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` tries of one caller in a stretch that begins with their first."""

    name: str
    most: int
    within: timedelta


def count(limit: Limit, caller: str, *, now: datetime) -> datetime | None:
    """Count one try of `caller`; where it is one too many, the moment from which they are heard again."""
    key = salted_hmac(limit.name, caller, algorithm="sha256").hexdigest()
    rows = Tries.objects.filter(key=key)
    if not rows.filter(began_at__gt=now - limit.within).update(count=F("count") + 1):
        Tries.objects.update_or_create(key=key, defaults={"began_at": now, "count": 1})
        return None
    began_at, tries = rows.values_list("began_at", "count").get()
    return began_at + limit.within if tries > limit.most else None


def forget(*, now: datetime) -> None:
    """Stretches that ended long ago."""
    Tries.objects.filter(began_at__lt=now - KEPT).delete()


def address_of(request) -> str:
    """Whence a request comes. In production the proxy before us says so, last in its list; what a caller wrote into
    the header stands before that. Of a version 6 address its network: a household has one, and addresses without end.
    """
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.PRODUCTION else ""
    address = forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)
