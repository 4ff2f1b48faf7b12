"""Errors of the API as application/problem+json (RFC 9457), every fault of a request in one answer."""

import json
from http import HTTPStatus

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse

from clinic.errors import Fault, Refused


def problem(status: int, detail: str, faults: list[Fault] | None = None) -> HttpResponse:
    """`type, title, status, detail, errors: [{code, field, detail, ...}]`."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": [fault.as_dict() for fault in faults or []],
    }
    content = json.dumps(body, cls=DjangoJSONEncoder)
    return HttpResponse(content, status=status, content_type="application/problem+json")


def refused(error: Refused) -> HttpResponse:
    """What a verb refused, with all its reasons."""
    return problem(error.status, " ".join(fault.detail for fault in error.faults), error.faults)
