"""Ways out: one file a provider."""

from importlib import import_module

from django.conf import settings

from .base import Gateway

_PROVIDERS = {
    "console": "notifications.gateways.console.ConsoleGateway",
    "twilio": "notifications.gateways.twilio.TwilioGateway",
}


def provider() -> Gateway:
    """The gateway that the settings name.

    Raises:
        KeyError: for a provider that does not exist; production refuses it at start.
    """
    module, _dot, name = _PROVIDERS[settings.TEXTS_PROVIDER].rpartition(".")
    return getattr(import_module(module), name)()
