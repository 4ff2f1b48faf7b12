"""The demo phone: what a patient would see, and a way to answer. And the demo's clock."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import messages as flash
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.forms import posted
from clinic.ids import new_id
from clinic.models import Patient
from notifications import links, listing, replies
from notifications.models import Message

LONGEST_TEXT = 1600


class ReplyForm(forms.Form):
    body = forms.CharField(label=gettext_lazy("Your reply"), max_length=LONGEST_TEXT, strip=True)


class ClockForm(forms.Form):
    """How far to move the demo's clock: a year at most, so that a slip stays harmless."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes forward"), min_value=1, max_value=366 * 24 * 60, initial=60
    )


def _only_without_a_provider():
    """Where texts really go out, a page that answers for patients must not exist."""
    if settings.TEXTS_PROVIDER != "console":
        raise Http404


@require_safe
def phones(request):
    """Every patient of the site who has been sent a text."""
    _only_without_a_provider()
    site = access.site_in_hand(request, May.TEXTS)
    sent = Message.objects.filter(site=site, sent_at__isnull=False)
    patients = Patient.objects.filter(site=site, pk__in=sent.values("patient")).order_by(
        "family_name", "given_name"
    )
    return render(request, "demo/phones.html", {"patients": patients, "clock_form": ClockForm()})


@require_http_methods(["GET", "HEAD", "POST"])
def phone(request, patient_id):
    _only_without_a_provider()
    patient = access.get_or_404(Patient.objects.select_related("site"), request.user, patient_id)
    access.require(request.user, May.TEXTS, patient.site)
    form = ReplyForm(posted(request))
    if request.method == "POST" and form.is_valid():
        replies.receive(
            from_number=patient.number,
            to_number=patient.site.phone,
            body=form.cleaned_data["body"],
            message_sid=f"demo-{new_id()}",
            now=clock.now(),
        )
        return redirect("demo:phone", patient_id=patient.pk)
    template = "demo/phone.html#bubbles" if request.htmx and request.method == "GET" else "demo/phone.html"
    bubbles = [_as_it_arrived(bubble) for bubble in listing.conversation(patient)]
    context = {"patient": patient, "form": form, "bubbles": bubbles}
    return render(request, template, context, status=422 if form.errors else 200)


def _as_it_arrived(bubble: dict) -> dict:
    """A text with its link to tap: what our own lists never show."""
    message = bubble.get("message")
    if message is None or links.MASK not in message.body or message.session_id is None:
        return bubble
    before, _mask, after = message.body.partition(links.MASK)
    link = links.address_of(message.session_id, message.to, message.about_at)
    # The host that this browser came by: the demo may be open under another name than it gives itself.
    path = link.removeprefix(settings.PUBLIC_BASE_URL)
    return {**bubble, "link": {"before": before, "shown": link, "path": path, "after": after}}


@require_POST
def move_clock(request):
    """Only where a moved clock is allowed at all; `clock.move` says no anywhere else."""
    if not settings.DEMO_CLOCK:
        raise Http404
    form = ClockForm(request.POST)
    if form.is_valid():
        clock.move(timedelta(minutes=form.cleaned_data["minutes"]))
        flash.success(request, _("The demo's clock went forward."))
    else:
        for error in form.errors["minutes"]:
            flash.error(request, str(error))
    return redirect("demo:phones")
