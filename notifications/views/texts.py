"""The Texts page: why did, or did not, this text go; and the replies that need a person."""

from datetime import timedelta

from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.errors import Refused
from clinic.models import Patient
from notifications import by_day, by_hand, listing, watch
from notifications.forms import TextsFilter
from notifications.models import Message
from notifications.reasons import what_for, why

# How many days are shown, today the last.
SPANS = (14, 30)


@require_safe
def texts(request):
    site = access.site_in_hand(request, May.TEXTS)
    form = TextsFilter(request.GET or None)
    chosen = form.cleaned_data if form.is_valid() else {}
    rows = listing.texts_of(site, status=chosen.get("status", ""), day=chosen.get("day"))
    later = 0
    if not any(chosen.values()):
        # Weeks of reminders that wait for their time would hide what went, or did not go, today.
        tomorrow = clock.now().astimezone(site.tz).date() + timedelta(days=1)
        end = listing.until(site, tomorrow)
        later = rows.filter(due_at__gte=end).count()
        rows = rows.filter(due_at__lt=end)
    page = Paginator(rows, listing.PAGE).get_page(request.GET.get("page"))
    for message in page:
        message.why, message.what_for = why(message), what_for(message)
    context = {
        "form": form,
        "page": page,
        "waiting": listing.waiting_replies(site, reader=request.user),
        "later": later,
    }
    context["troubles"] = watch.troubles(now=clock.now())
    part = "#rows" if request.htmx else ""
    return render(request, f"notifications/texts.html{part}", context, status=422 if form.errors else 200)


@require_safe
def delivery(request):
    """What became of the texts of the last days, by day and by kind."""
    site = access.site_in_hand(request, May.TEXTS)
    days = next((n for n in SPANS if str(n) == request.GET.get("days")), SPANS[0])
    today = clock.now().astimezone(site.tz).date()
    found = by_day.tallies(site, today - timedelta(days=days - 1), today)
    context = {
        "site": site,
        "days": days,
        "spans": SPANS,
        "columns": by_day.columns()[1:],
        "by_day": [(day, by_day.cells(tally), tally) for day, tally in by_day.by_day(found)],
        "by_kind": [(kind, by_day.cells(tally)) for kind, tally in by_day.by_kind(found)],
    }
    return render(request, "notifications/by_day.html", context)


@require_safe
def patient_texts(request, patient_id):
    """The part of the patient's page that tells of texts."""
    patient = access.get_or_404(Patient.objects.select_related("site"), request.user, patient_id)
    rows = listing.with_story(Message.objects.filter(patient=patient)).order_by("-due_at", "-pk")[:20]
    for message in rows:
        message.why, message.what_for = why(message), what_for(message)
    return render(request, "notifications/texts.html#list", {"page": rows, "patient": patient})


@require_POST
def cancel(request, message_id):
    return _change(request, message_id, by_hand.cancel_message, _("The text is withdrawn."))


@require_POST
def retry(request, message_id):
    return _change(request, message_id, by_hand.retry_message, _("The text will be sent again."))


def _change(request, message_id, verb, done):
    message = access.get_or_404(Message.objects.select_related("site"), request.user, message_id)
    access.require(request.user, May.TEXTS, message.site)
    try:
        verb(message=message, by=request.user, now=clock.now())
    except Refused as refusal:
        for fault in refusal.faults:
            flash.error(request, fault.detail)
    else:
        flash.success(request, done)
    return redirect("notifications:texts")
