"""Pages for what went wrong. They say what to do next and never show what was sent."""

from django.http import HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _

from clinic.problems import problem


def bad_request(request, exception=None):
    return _answer(request, 400, _("This request could not be understood."))


def forbidden(request, exception=None):
    return _answer(request, 403, _("This is not allowed."))


def not_found(request, exception=None):
    return _answer(request, 404, _("Nothing here by that address."))


def _answer(request, status, detail):
    if request.path.startswith("/api/"):
        return problem(status, detail)
    return render(request, f"{status}.html", status=status)


def csrf_failure(request, reason=""):
    page = render(request, "403.html", {"form_expired": True}, status=403)
    page["X-Form-Expired"] = "yes"
    return page


def server_error(request):
    # Without a request: the context processors may be what failed.
    return HttpResponse(loader.render_to_string("500.html"), status=500)
