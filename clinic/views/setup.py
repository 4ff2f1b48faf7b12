"""The first minutes of a clinic: its manager, its site, chairs, hours and staff. Runs once."""

from django.contrib import messages as flash
from django.contrib.auth import login
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinic import access, clock, people, places
from clinic.access import May
from clinic.db import one_at_a_time
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from clinic.forms.places import ChairsForm, HoursForm, PersonForm, ShiftForm, SiteForm, StaffForm
from clinic.models import Site, User

STEPS = [gettext_lazy("You"), gettext_lazy("The site"), gettext_lazy("People"), gettext_lazy("Shifts")]
BACKEND = "clinic.backends.Backend"


@require_http_methods(["GET", "HEAD", "POST"])
def manager(request):
    """Only while nobody exists: after that this page does not."""
    if User.objects.exists():
        raise Http404
    form = PersonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            user = _first_manager(form.cleaned_data)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            login(request, user, backend=BACKEND)
            return redirect("clinic:setup-site")
    return _step(request, 0, form, _("Who runs this clinic? You will add everybody else."))


@require_http_methods(["GET", "HEAD", "POST"])
def site(request):
    """The first site of somebody who has none yet."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    if Site.objects.visible_to(request.user).exists() or Site.objects.exists():
        return redirect("clinic:home")
    site_form, chairs = SiteForm(posted(request)), ChairsForm(posted(request))
    times = {f"{which}_{day}": at for day in range(5) for which, at in _NINE_TO_SIX}
    hours = HoursForm(posted(request), initial=times)
    forms = [site_form, chairs, hours]
    if request.method == "POST" and sum(not form.is_valid() for form in forms) == 0:
        try:
            places.create_site(
                **site_form.cleaned_data,
                chairs=chairs.names(),
                hours=hours.rows(),
                by=request.user,
                now=clock.now(),
            )
        except Refused as refusal:
            for fault in refusal.faults:
                add_faults(_form_of(fault.field, forms), [fault], {"hours": ""})
        else:
            return redirect("clinic:setup-staff")
    return _step(request, 1, forms, _("Where are patients treated?"))


@require_http_methods(["GET", "HEAD", "POST"])
def staff(request):
    """One person after the other; the list grows until the manager goes on."""
    here = _own_site(request)
    form = StaffForm(posted(request))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        role = data.pop("role")
        try:
            with transaction.atomic():
                user = people.create_user(**data, by=request.user, now=clock.now())
                people.add_member(site=here, user=user, role=role, by=request.user, now=clock.now())
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("%s was added.") % user.display_name)
            return redirect("clinic:setup-staff")
    members = here.memberships.select_related("user").order_by("pk")
    intro = _("Who works here? A prescriber and a nurse must be on site for every session.")
    return _step(request, 2, form, intro, members=members, onward="clinic:setup-shifts")


@require_http_methods(["GET", "HEAD", "POST"])
def shifts(request):
    here = _own_site(request)
    form = ShiftForm(posted(request), site=here)
    if request.method == "POST" and form.is_valid():
        try:
            add_weekly(here, form, request.user)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("The shifts are written down."))
            return redirect("clinic:setup-shifts")
    rows = here.shifts.select_related("staff").order_by("staff__last_name", "weekday")
    intro = _("When are they here? Sessions are only booked while a nurse and a prescriber are on site.")
    return _step(request, 3, form, intro, shifts=rows, onward="clinic:home")


@transaction.atomic
def add_weekly(site, form, by):
    """A weekly shift on each chosen day."""
    role, _colon, user_id = form.cleaned_data["staff"].partition(":")
    person = User.objects.get(pk=user_id)
    for weekday in form.cleaned_data["weekdays"]:
        places.add_shift(
            site=site,
            role=role,
            staff=person,
            weekday=weekday,
            starts=form.cleaned_data["starts"],
            ends=form.cleaned_data["ends"],
            by=by,
            now=clock.now(),
        )


_NINE_TO_SIX = (("opens", "08:00"), ("closes", "18:00"))


@transaction.atomic
def _first_manager(data):
    """The first user, and no second first one: whoever is later finds somebody there."""
    one_at_a_time("first-manager")
    if User.objects.exists():
        raise Refused.because("set_up", _("Somebody has set this clinic up in the meantime."))
    user = people.create_user(**data, by=None, now=clock.now())
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])
    return user


def _own_site(request):
    site = Site.objects.visible_to(request.user).first() if request.user.is_authenticated else None
    if site is None:
        raise Http404
    access.require(request.user, May.MANAGE, site)
    return site


def _form_of(field, forms):
    name = field.partition("[")[0]
    return next((form for form in forms if name in form.fields), forms[2] if name == "hours" else forms[0])


def _step(request, number, forms, intro, **context):
    listed = forms if isinstance(forms, list) else [forms]
    status = 422 if any(form.is_bound and form.errors for form in listed) else 200
    context |= {"forms": listed, "steps": STEPS, "number": number, "intro": intro}
    return render(request, "clinic/setup.html", context, status=status)
