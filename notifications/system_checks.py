"""Django's own check (`manage.py check`, every command, the worker) asks whether the provider's settings can work."""

from typing import Any

from django.conf import settings
from django.core import checks

from clinic import texts_settings

TAG = "texts"


@checks.register(TAG)
def provider_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """An error for what no text can go with, a warning for the rest."""
    found: list[checks.CheckMessage] = []
    for fault in texts_settings.faults(as_mapping()):
        level, code = (checks.Error, "E") if fault.fatal else (checks.Warning, "W")
        found.append(level(fault.detail, hint=fault.hint, id=f"{TAG}.{code}.{fault.name}"))
    return found


def as_mapping() -> dict[str, Any]:
    return {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
