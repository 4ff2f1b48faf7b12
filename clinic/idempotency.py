"""`Idempotency-Key` for every POST of the API: same key and body, same answer and nothing done twice.

The key's row and the deed are one transaction, so a crash leaves both or neither; a second request with the
same key waits at the unique index until the first has ended.
"""

import hashlib

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from clinic import clock, outage, tokens
from clinic.errors import Fault
from clinic.models import IdempotencyRecord
from clinic.problems import problem

LONGEST_KEY = 255
TRIES = 4


class IdempotencyMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key or not request.path.startswith("/api/"):
            return self.get_response(request)
        if len(key) > LONGEST_KEY:
            return _refusal("key_too_long", _("An Idempotency-Key has at most 255 characters."))
        try:
            user = _user(request)
            if user is None:
                return self.get_response(request)
            request.token_user = user
            return self._patiently(request, user, key)
        except outage.AWAY:
            return outage.unavailable()

    def _patiently(self, request, user, key):
        """The transaction is ours, so it is ours to try again where the database chose it to yield."""
        for _try in range(TRIES):
            request.yielded = False
            response = self._once(request, user, key)
            if not request.yielded:
                break
        return response

    def _once(self, request, user, key):
        digest = _digest(request)
        try:
            with transaction.atomic():
                record = IdempotencyRecord.objects.create(
                    user=user, key=key, request_digest=digest, created_at=clock.now()
                )
                response = self.get_response(request)
                if response.status_code >= 500:
                    raise _NotDone(response)
                _keep(record, response)
                return response
        except _NotDone as failure:
            return failure.response
        except IntegrityError:
            return _replay(user, key, digest)


class _NotDone(Exception):
    """Rolls back the key as well, so that the same request may be tried again."""

    def __init__(self, response):
        super().__init__()
        self.response = response


def _keep(record, response) -> None:
    record.status = response.status_code
    record.answer = response.content.decode()
    record.content_type = response.headers.get("Content-Type", "")
    record.save(update_fields=["status", "answer", "content_type"])


def _replay(user, key, digest):
    record = IdempotencyRecord.objects.filter(user=user, key=key).first()
    if record is None:
        return _refusal(
            "key_in_use", _("A request with this key was just being answered. Send it again."), 409
        )
    if record.request_digest != digest:
        return _refusal("key_reused", _("This Idempotency-Key was sent before with another request."))
    answer = HttpResponse(record.answer, status=record.status, content_type=record.content_type)
    answer["Idempotency-Replayed"] = "true"
    return answer


def _user(request):
    scheme, _space, raw = request.headers.get("Authorization", "").partition(" ")
    return tokens.user_for(raw.strip(), now=clock.now()) if scheme.lower() == "bearer" else None


def _digest(request) -> str:
    return hashlib.sha256(f"{request.path}\n".encode() + request.body).hexdigest()


def _refusal(code: str, detail: str, status: int = 422):
    return problem(status, detail, [Fault(code, detail, "Idempotency-Key")])
