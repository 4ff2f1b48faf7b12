"""The JSON API: one NinjaAPI, its sign-in by token, its errors. The apps bring their own routers, named here
by strings, as all upper apps are at the front door."""

import uuid

from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from clinic import clock, logs, outage, problems, tokens
from clinic.errors import Fault, Refused

_log = logs.get(__name__)


class Bearer(HttpBearer):
    def authenticate(self, request, token):
        # The idempotency middleware has asked already where a key was sent.
        user = getattr(request, "token_user", None) or tokens.user_for(token, now=clock.now())
        if user is not None:
            request.user = user
        return user


api = NinjaAPI(
    title="Spravato clinic",
    version="1",
    urls_namespace="api",
    auth=Bearer(),
    docs_url="/docs",
    description="The book, the chair and the texts of a Spravato clinic. Pages and API call the same functions.",
)


# An address is looked for in this order: the busiest first.
ROUTERS = (
    "monitoring.api",
    "scheduling.api",
    "clinic.api",
    "scheduling.api_life",
    "scheduling.api_authorizations",
    "scheduling.api_boards",
    "scheduling.api_closures",
    "scheduling.api_shifts",
    "scheduling.api_feeds",
    "monitoring.api_drug",
    "monitoring.api_drug_records",
    "monitoring.api_floor",
    "monitoring.api_limits",
    "monitoring.api_rems",
    "monitoring.api_papers",
    "notifications.api",
    "notifications.api_settings",
    "notifications.api_calls",
    "notifications.api_talk",
)
for _router in ROUTERS:
    api.add_router("", f"{_router}.router")


@api.exception_handler(Refused)
def _refused(request, error):
    return problems.refused(error)


@api.exception_handler(Http404)
def _not_found(request, error):
    return problems.problem(
        404, _("Nothing here by that id."), [Fault("not_found", _("Nothing here by that id."))]
    )


@api.exception_handler(AuthenticationError)
def _no_token(request, error):
    answer = problems.problem(
        401, _("A valid token is needed."), [Fault("no_token", _("A valid token is needed."))]
    )
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(ValidationError)
def _invalid(request, error):
    faults = [_fault_of(item) for item in error.errors]
    return problems.problem(422, _("Some values cannot be."), faults)


@api.exception_handler(HttpError)
def _http(request, error):
    code = "malformed" if error.status_code == 400 else "error"
    return problems.problem(error.status_code, str(error), [Fault(code, str(error))])


@api.exception_handler(RequestDataTooBig)
def _too_big(request, error):
    return problems.problem(
        413, _("The body is too large."), [Fault("too_large", _("The body is too large."))]
    )


def _away(request, error):
    _log.warning("database_away", error=type(error).__name__)
    # Whoever holds a transaction around this one may try it again.
    request.yielded = outage.yielded(error)
    return outage.unavailable()


for _error in outage.AWAY:
    api.add_exception_handler(_error, _away)


@api.exception_handler(Exception)
def _unexpected(request, error):
    reference = str(uuid.uuid4())
    _log.error("api_failed", reference=reference, exc_info=error)
    return problems.problem(500, _("Something went wrong here. Reference: %s") % reference)


def _fault_of(item) -> Fault:
    """One of pydantic's errors, without the value that was sent: it may be a patient's."""
    path = [part for part in item["loc"] if part not in ("body", "query", "path", "payload")]
    field = ""
    for part in path:
        field += f"[{part}]" if isinstance(part, int) else (f".{part}" if field else str(part))
    return Fault(str(item["type"]), str(item["msg"]).removeprefix("Value error, "), field)
