"""How a person is reached: their own e-mail and telephones, and whether they want texts about work."""

from django.contrib import messages as flash
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic import clock, people
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from clinic.forms.places import ReachForm


@require_http_methods(["GET", "HEAD", "POST"])
def reach(request):
    user = request.user
    stands = {"email": user.email, "phone": user.phone, "mobile": user.mobile, "language": user.language}
    form = ReachForm(posted(request), initial={**stands, "texts": user.texts_agreed_at is not None})
    if request.method == "POST" and form.is_valid():
        try:
            people.set_reach(user=user, by=user, now=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            flash.success(request, _("Saved."))
            return redirect("clinic:reach")
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "clinic/reach.html", {"form": form}, status=status)
