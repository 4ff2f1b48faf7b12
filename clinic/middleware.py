"""What every request passes."""

from http import HTTPStatus

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.shortcuts import redirect, render
from django.utils import timezone

from clinic import audit
from clinic.errors import NotAllowed, Refused
from clinic.models import User
from clinic.problems import problem
from clinic.sites import current_site
from clinic.views import errors

# These answer for themselves: by token, by signature, or to anybody.
OPEN = (
    "/api/",
    "/webhooks/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/accounts/",
    "/setup/",
    "/static/",
    "/visit/",
    "/calendar/",
    "/worker.js",
    "/offline/",
    "/clock/",
)


LOGIN = "/accounts/login/"
API_POLICY = "default-src 'none'; frame-ancestors 'none'"


class PolicyMiddleware(CSPMiddleware):
    """For pages their policy, which is put together anew for each; for JSON, which nothing draws, the strictest."""

    def process_response(self, request, response):
        if "json" not in response.headers.get("Content-Type", ""):
            return super().process_response(request, response)
        response.headers[HEADER] = API_POLICY
        return response


class SignedInMiddleware(LoginRequiredMiddleware):
    """Every page wants somebody signed in, unless its address is one of `OPEN`.

    An installation where nobody exists yet leads to its set-up instead.
    """

    def process_view(self, request, view_func, view_args, view_kwargs):
        if request.path.startswith(OPEN):
            if request.path == LOGIN and not User.objects.exists():
                return redirect("clinic:setup")
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)


def _channel_of(path: str) -> str:
    """ "link": a patient, through the link of a text."""
    return "api" if path.startswith("/api/") else "link" if path.startswith("/visit/") else "page"


class RequestContextMiddleware:
    """Names the channel for the audit trail, and activates the zone of the site in hand."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        is_api = request.path.startswith("/api/")
        token = audit.channel.set(_channel_of(request.path))
        try:
            if not is_api and request.user.is_authenticated and (site := current_site(request)):
                timezone.activate(site.tz)
            response = self.get_response(request)
            if not request.path.startswith("/static/"):
                # What is about patients stays in no browser's store.
                response.headers.setdefault("Cache-Control", "no-store")
            return self._same_shape(response) if is_api else response
        finally:
            timezone.deactivate()
            audit.channel.reset(token)

    @staticmethod
    def _same_shape(response):
        """The framework's own refusals (405 and the like) as problem+json too."""
        is_ours = "json" in response.headers.get("Content-Type", "")
        if response.status_code < 400 or is_ours:
            return response
        answer = problem(response.status_code, HTTPStatus(response.status_code).phrase)
        if "Allow" in response.headers:
            answer["Allow"] = response.headers["Allow"]
        return answer

    def process_exception(self, request, exception):
        """A refusal that a page had no better place for, in words and with its status; never a 500."""
        if isinstance(exception, NotAllowed):
            return errors.forbidden(request)
        if isinstance(exception, Refused):
            return render(request, "refused.html", {"faults": exception.faults}, status=exception.status)
        return None
