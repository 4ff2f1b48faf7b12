"""The first page after signing in, and the switch between sites."""

from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from clinic import access
from clinic.enums import Role
from clinic.ids import parse
from clinic.models import Site
from clinic.sites import choose_site, current_site


@require_safe
def home(request):
    """Nurses begin at the Floor, everybody else at Today; nobody's clinic yet begins at the set-up."""
    site = current_site(request)
    if site is None:
        return redirect("clinic:no-site")
    roles = access.roles_at(request.user, site)
    return redirect(
        "monitoring:floor" if Role.NURSE in roles and Role.DESK not in roles else "scheduling:today"
    )


@require_POST
def switch_site(request):
    site = access.get_or_404(Site.objects.all(), request.user, parse(request.POST.get("site", "")))
    choose_site(request, site)
    back = request.POST.get("next", "/")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/")


@require_safe
def no_site(request):
    """Signed in, but nowhere yet."""
    if current_site(request):
        return redirect("clinic:home")
    if not Site.objects.exists() and request.user.is_superuser:
        return redirect("clinic:setup-site")
    return render(request, "clinic/no_site.html")
