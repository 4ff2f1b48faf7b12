"""Settings of a site, for its managers: hours, chairs, closures, shifts, people, tokens, the audit trail."""

import csv
from datetime import datetime, time, timedelta

from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock, moments, people, places, tokens
from clinic.access import May
from clinic.errors import Refused
from clinic.forms import add_faults
from clinic.forms.places import (
    ChairForm,
    HoursForm,
    MemberForm,
    ShiftForm,
    SiteSettingsForm,
    StaffForm,
)
from clinic.models import ApiToken, AuditEvent, Chair, Closure, Membership, OpeningHours, User
from clinic.views.setup import add_weekly

AUDIT_PAGE = 100
MOST_AUDIT_ROWS = 50_000


@require_safe
def index(request):
    return _page(request, _site(request))


@require_POST
def site(request):
    here, form = _site(request), SiteSettingsForm(request.POST)
    return _do(
        request, here, "site", form, lambda data, **who: places.update_site(site=here, changes=data, **who)
    )


@require_POST
def hours(request):
    here, form = _site(request), HoursForm(request.POST)
    return _do(
        request,
        here,
        "hours",
        form,
        lambda data, **who: places.set_hours(site=here, hours=form.rows(), **who),
    )


@require_POST
def add_chair(request):
    here, form = _site(request), ChairForm(request.POST)
    return _do(request, here, "chair", form, lambda data, **who: places.add_chair(site=here, **data, **who))


@require_POST
def toggle_chair(request, chair_id):
    chair = get_object_or_404(Chair, pk=chair_id, site=_site(request))
    places.change_chair(
        chair=chair, name=chair.name, active=not chair.active, by=request.user, now=clock.now()
    )
    return _saved(request)


@require_POST
def reopen(request, closure_id):
    closure = get_object_or_404(Closure, pk=closure_id, site=_site(request))
    places.reopen(closure=closure, by=request.user, now=clock.now())
    return _saved(request)


@require_POST
def add_shift(request):
    here = _site(request)
    form = ShiftForm(request.POST, site=here)
    return _do(request, here, "shift", form, lambda data, **who: add_weekly(here, form, request.user))


@require_POST
def add_person(request):
    here, form = _site(request), StaffForm(request.POST)

    @transaction.atomic
    def verb(data, **who):
        role = data.pop("role")
        people.add_member(site=here, user=people.create_user(**data, **who), role=role, **who)

    return _do(request, here, "person", form, verb)


@require_POST
def add_member(request):
    here, form = _site(request), MemberForm(request.POST)

    def verb(data, **who):
        user = User.objects.filter(username=data["username"], is_active=True).first()
        if user is None:
            raise Refused.because("unknown", _("Nobody has this user name."), "username")
        people.add_member(site=here, user=user, role=data["role"], **who)

    return _do(request, here, "member", form, verb)


@require_POST
def remove_member(request, membership_id):
    membership = get_object_or_404(Membership, pk=membership_id, site=_site(request))
    try:
        people.remove_member(membership=membership, by=request.user, now=clock.now())
    except Refused as refusal:
        for fault in refusal.faults:
            flash.error(request, fault.detail)
        return redirect("clinic:settings")
    return _saved(request)


@require_POST
def revoke_token(request, token_id):
    here = _site(request)
    token = get_object_or_404(ApiToken, pk=token_id, user__memberships__site=here)
    tokens.revoke(token=token, by=request.user, now=clock.now())
    return _saved(request)


@require_http_methods(["GET", "HEAD"])
def audit_trail(request):
    """Who did or saw what: filtered by day and deed, as a page or as a CSV."""
    here = _site(request)
    rows = AuditEvent.objects.filter(site=here).select_related("actor", "patient").order_by("-id")
    day = moments.read_day(request.GET.get("day"))
    if day:
        start = datetime.combine(day, time(), here.tz)
        rows = rows.filter(at__gte=start, at__lt=start + timedelta(days=1))
    action = request.GET.get("action", "")[:60].replace("\x00", "")
    if action:
        rows = rows.filter(action__startswith=action)
    if request.GET.get("format") == "csv":
        return _audit_csv(rows[:MOST_AUDIT_ROWS])
    page = Paginator(rows, AUDIT_PAGE).get_page(request.GET.get("page"))
    context = {"site": here, "page": page, "day": day, "action": action}
    return render(request, "clinic/audit.html", context)


def _audit_csv(rows) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.csv"'
    writer = csv.writer(response)
    writer.writerow(["at", "who", "what", "patient", "object", "through", "reason"])
    for row in rows:
        nobody = "patient by link" if row.channel == "link" else "system"
        who = row.actor.username if row.actor else nobody
        what = [
            row.at.isoformat(),
            who,
            row.action,
            row.patient_id or "",
            row.object_id or "",
            row.channel,
            row.reason,
        ]
        writer.writerow([_harmless(str(cell)) for cell in what])
    return response


def _harmless(cell: str) -> str:
    """A spreadsheet would run a cell that begins like a formula."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell[:1] else cell


def _site(request):
    here = access.site_in_hand(request, May.MANAGE)
    return here


def _do(request, here, name, form, verb):
    """Save one form of the page, or show the page again with everything that was typed."""
    if form.is_valid():
        try:
            verb(dict(form.cleaned_data), by=request.user, now=clock.now())
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            return _saved(request)
    return _page(request, here, bound={name: form}, status=422)


def _saved(request):
    flash.success(request, _("Saved."))
    return redirect("clinic:settings")


def _page(request, here, *, bound=None, status=200):
    lasting = OpeningHours.objects.filter(site=here, valid_from__isnull=True)
    names = SiteSettingsForm.base_fields
    forms = {
        "site": SiteSettingsForm(initial={name: getattr(here, name) for name in names}),
        "hours": HoursForm(initial=HoursForm.initial_of(lasting)),
        "chair": ChairForm(),
        "shift": ShiftForm(site=here),
        "person": StaffForm(auto_id="id_person_%s"),
        "member": MemberForm(auto_id="id_member_%s"),
        **(bound or {}),
    }
    members = here.memberships.select_related("user").order_by("user__last_name", "role")
    context = {
        "site": here,
        "forms": forms,
        "open": next(iter(bound), "") if bound else "",
        "chairs": here.chairs.all(),
        "closures": here.closures.filter(ends_at__gte=clock.now()).select_related("chair", "staff"),
        "extra_hours": OpeningHours.objects.filter(
            site=here, valid_until__gte=clock.now().date() - timedelta(days=1)
        ),
        "shifts": here.shifts.select_related("staff").order_by("staff__last_name", "weekday", "starts_at"),
        "members": members,
        "tokens": ApiToken.objects.filter(user__memberships__site=here).distinct().select_related("user"),
    }
    return render(request, "clinic/settings.html", context, status=status)
