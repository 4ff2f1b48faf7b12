"""What production will not start with."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from clinic import texts_settings


def refuse_unsafe(settings: Mapping[str, Any]) -> None:
    """Raises ImproperlyConfigured naming every unsafe setting at once."""
    if faults := unsafe(settings):
        raise ImproperlyConfigured("Not safe for production: " + " ".join(faults))


def unsafe(settings: Mapping[str, Any]) -> list[str]:
    """One sentence for each setting that a clinic must not run with."""
    database = settings["DATABASES"]["default"]
    checks = [
        (len(settings["SECRET_KEY"]) < 40, "SECRET_KEY must be set, random and at least 40 characters long."),
        (settings["DEBUG"], "DEBUG must be off."),
        (settings["DEMO_CLOCK"], "DEMO_CLOCK must be off."),
        (
            not settings["ALLOWED_HOSTS"] or "*" in settings["ALLOWED_HOSTS"],
            "ALLOWED_HOSTS must name the hosts, without *.",
        ),
        (not settings["PUBLIC_BASE_URL"].startswith("https://"), "PUBLIC_BASE_URL must begin with https://."),
        (not database["ENGINE"].endswith("postgresql"), "DATABASE_URL must name a PostgreSQL database."),
        (bool(settings["TWILIO_API_URL"]), "TWILIO_API_URL is for tests only."),
    ]
    texts = [fault.detail for fault in texts_settings.faults(settings) if fault.fatal]
    return [sentence for is_unsafe, sentence in checks if is_unsafe] + texts
