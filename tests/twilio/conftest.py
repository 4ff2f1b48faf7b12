"""A stand-in of Twilio, and settings that lead to it."""

import pytest

from tests.twilio.stand_in import StandIn


@pytest.fixture
def provider(settings):
    with StandIn() as stand_in:
        settings.TWILIO_API_URL = stand_in.url
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "1" * 32, "secret"
        settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "MG" + "2" * 32, ""
        settings.PUBLIC_BASE_URL = "https://clinic.example"
        yield stand_in
