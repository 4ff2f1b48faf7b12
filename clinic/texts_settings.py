"""Whether the settings of the texts' provider can work, asked before the first text. Pure; repeats no value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ACCOUNT, _SERVICE = re.compile(r"AC[0-9a-fA-F]{32}"), re.compile(r"MG[0-9a-fA-F]{32}")
# A number in E.164, or a short code.
_FROM = re.compile(r"\+[1-9]\d{6,14}|\d{5,6}")


@dataclass(frozen=True, slots=True)
class Fault:
    """`detail` is a sentence that begins with the setting's name; `hint` says what to do. Fatal: no text can go."""

    name: str
    detail: str
    hint: str
    fatal: bool = True


def faults(settings: Mapping[str, Any]) -> list[Fault]:
    """Every one of them at once; none where texts go to no provider."""
    provider = settings["TEXTS_PROVIDER"]
    if provider == "console":
        return []
    if provider != "twilio":
        return [Fault("TEXTS_PROVIDER", "TEXTS_PROVIDER must be console or twilio.", "Set one of the two.")]
    return [*_account(settings), *_origin(settings), *_rate(settings), *_address(settings)]


def _account(settings: Mapping[str, Any]) -> list[Fault]:
    found, where = [], "It stands on the first page of Twilio's console."
    sid, token = settings["TWILIO_ACCOUNT_SID"], settings["TWILIO_AUTH_TOKEN"]
    if not sid:
        found.append(Fault("TWILIO_ACCOUNT_SID", "TWILIO_ACCOUNT_SID is missing.", where))
    elif not _ACCOUNT.fullmatch(sid):
        found.append(Fault("TWILIO_ACCOUNT_SID", "TWILIO_ACCOUNT_SID must be AC and 32 hex digits.", where))
    if not token:
        found.append(Fault("TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN is missing.", where))
    elif token != token.strip():
        detail = "TWILIO_AUTH_TOKEN begins or ends with a space or a line's end."
        found.append(Fault("TWILIO_AUTH_TOKEN", detail, "Copy it again."))
    return found


def _origin(settings: Mapping[str, Any]) -> list[Fault]:
    service, number = settings["TWILIO_MESSAGING_SERVICE_SID"], settings["TWILIO_FROM"]
    if not service and not number:
        detail = "TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM is missing."
        hint = "A messaging service is what a registered campaign in the United States needs."
        return [Fault("TWILIO_MESSAGING_SERVICE_SID", detail, hint)]
    found = []
    if service and not _SERVICE.fullmatch(service):
        name = "TWILIO_MESSAGING_SERVICE_SID"
        found.append(Fault(name, f"{name} must be MG and 32 hex digits.", "It stands beside the service."))
    if number and not _FROM.fullmatch(number):
        detail = "TWILIO_FROM must be a number such as +16145550100, or a short code."
        found.append(Fault("TWILIO_FROM", detail, "Write it with + and the country's code, without spaces."))
    return found


def _rate(settings: Mapping[str, Any]) -> list[Fault]:
    found, kinds = [], settings["SEGMENTS_PER_SECOND"]
    if settings["TWILIO_SENDER"] not in kinds:
        detail = f"TWILIO_SENDER must be one of {', '.join(kinds)}."
        found.append(Fault("TWILIO_SENDER", detail, "It says what kind of number the texts come from."))
    if settings["TEXTS_PER_SECOND"] < 0:
        found.append(Fault("TEXTS_PER_SECOND", "TEXTS_PER_SECOND must not be below 0.", "0 is no limit."))
    if settings["TEXTS_IN_FLIGHT"] < 1:
        found.append(Fault("TEXTS_IN_FLIGHT", "TEXTS_IN_FLIGHT must be 1 or more.", "32 is the default."))
    return found


def _address(settings: Mapping[str, Any]) -> list[Fault]:
    if settings["PUBLIC_BASE_URL"].startswith("https://") or settings["TWILIO_API_URL"]:
        return []
    detail = (
        "PUBLIC_BASE_URL does not begin with https://: what became of a text, and replies, will not reach us."
    )
    return [Fault("PUBLIC_BASE_URL", detail, "Set it to the address that the world sees.", fatal=False)]
