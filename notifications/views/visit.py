"""The page of a visit: for the patient, by the link of a text. No sign-in, no script, no cookie.

The key in the address is all there is: nobody else's page can make a browser send what it does not know, so it stands
for the CSRF token too, and works in browsers that keep no cookie. GET changes nothing, for telephones open links to
show what is behind them. A key that was guessed and one that has ended get the same answer.
"""

import math
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from clinic import clock, limiting
from clinic.enums import Language
from clinic.errors import Invalid, Refused
from clinic.limiting import Limit
from notifications import links, visit_words, visiting
from notifications.bodies import national
from notifications.models import VisitLink
from notifications.visit_words import PREPARATIONS, WORDS
from scheduling import ics
from scheduling.enums import Confirmation

# Many patients of a mobile carrier share an address; a guesser of 80 bits gets nowhere in either.
OF_ADDRESS = Limit("visit-address", 120, timedelta(minutes=10))
OF_LINK = Limit("visit-link", 60, timedelta(minutes=10))
# What a reader of the form may send back at most; longer is refused in words, not cut.
LONGEST = 1000
# Only who taps it is sent there, with the address of the site and from no page that it is told of.
MAPS = "https://www.google.com/maps/search/"
_only_ours: Any = csp_replace(
    {
        "default-src": [NONE],
        "script-src": [NONE],
        "connect-src": [NONE],
        "style-src": [SELF],
        "img-src": [SELF],
        "form-action": [SELF],
    }
)


@_only_ours
@require_safe
def visit(request, key):
    link, refusal = _enter(request, key)
    return refusal or _page(request, link)


@_only_ours
@require_safe
def calendar_file(request, key):
    """One event with a neutral title, at the wall time of the site."""
    link, refusal = _enter(request, key)
    if link is None:
        return refusal
    session, language = link.session, _language(request, link)
    told = _told(link, language)
    entry = ics.Entry(
        uid=f"visit-{session.pk}",
        start=session.starts_at,
        end=session.ends_at,
        zone=session.site.tz,
        title=WORDS[language]["event"],
        changed_at=session.updated_at,
        place=", ".join(filter(None, [told.place, told.address])),
    )
    response = HttpResponse(ics.calendar(told.place, [entry]), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return _private(response)


@csrf_exempt
@_only_ours
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request, key):
    return _answer(request, key, visiting.confirm)


@csrf_exempt
@_only_ours
@require_http_methods(["GET", "HEAD", "POST"])
def another_time(request, key):
    return _answer(request, key, visiting.want_another_time)


@csrf_exempt
@_only_ours
@require_http_methods(["GET", "HEAD", "POST"])
def ride(request, key):
    if request.method != "POST":
        return _back(request, key, "ride")
    link, refusal = _enter(request, key)
    if link is None:
        return refusal
    typed = {name: request.POST.get(name, "")[:LONGEST] for name in ("escort_name", "escort_phone")}
    try:
        visiting.name_ride(link=link, name=typed["escort_name"], phone=typed["escort_phone"], now=clock.now())
    except Invalid as refused:
        language = _language(request, link)
        faults = {f.field: visit_words.fault(language, f.code, f.field) for f in refused.faults}
        return _page(request, link, typed=typed, faults=faults, status=422)
    except Refused:
        pass
    return _back(request, key, "ride")


def _answer(request, key, verb):
    if request.method != "POST":
        # Reloaded, or read in the other language: there is nothing but the page to see.
        return _back(request, key, "answer")
    link, refusal = _enter(request, key)
    if link is None:
        return refusal
    # Where it is refused the page as it now is says it: the visit has begun, or the link has ended.
    with suppress(Refused):
        verb(link=link, now=clock.now())
    return _back(request, key, "answer")


def _enter(request, key) -> tuple[VisitLink | None, Any]:
    """The link, or what to answer instead."""
    now = clock.now()
    again = limiting.count(OF_ADDRESS, limiting.address_of(request), now=now)
    if again:
        return None, _slow(request, again, now)
    link = links.find(key, now=now)
    if link is None:
        return None, _private(_neutral(request, "ended", status=404))
    again = limiting.count(OF_LINK, str(link.pk), now=now)
    return (None, _slow(request, again, now)) if again else (link, None)


def _page(request, link, *, typed=None, faults=None, status=200):
    session, language = link.session, _language(request, link)
    site, words = session.site, WORDS[language]
    told = _told(link, language)
    context = {
        **_frame(language),
        "key": request.resolver_match.kwargs["key"],
        "chosen": _chosen(request) in Language.values,
        "told": told,
        "hello": words["hello"].format(name=told.name) if told.name else "",
        "call": words["call"].format(phone=national(site.phone)) if site.phone else "",
        "phone": site.phone,
        "open": visiting.is_open(session, now=clock.now()),
        "confirmed": session.confirmation == Confirmation.CONFIRMED,
        "wants_change": session.confirmation == Confirmation.WANTS_CHANGE,
        "preparations": PREPARATIONS[language] if session.patient.detailed_texts else (),
        "ride": _ride(session.patient, told, words),
        "typed": typed or {},
        "faults": faults or {},
        "way": f"{MAPS}?{urlencode({'api': 1, 'query': told.address})}" if told.address else "",
        **_when(session, language),
    }
    with translation.override(language):
        return _private(render(request, "notifications/visit.html", context, status=status))


def _when(session, language) -> dict[str, str]:
    """Day and times as they are at the site; its zone where the patient lives in another."""
    words, site = WORDS[language], session.site
    starts, ends = session.starts_at.astimezone(site.tz), session.ends_at.astimezone(site.tz)
    day = r"l j \d\e F" if language == Language.SPANISH else "l, F j"
    with translation.override(language):
        said = date_format(starts, day)
    found = {"day": said[:1].upper() + said[1:]}
    found["times"] = words["from_to"].format(start=_clock(starts), end=_clock(ends))
    elsewhere = session.starts_at.astimezone(session.patient.tz).utcoffset() != starts.utcoffset()
    found["zone"] = words["clinics_time"].format(zone=starts.tzname()) if elsewhere else ""
    return found


def _clock(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local.minute:02}\N{NO-BREAK SPACE}{'AM' if local.hour < 12 else 'PM'}"


def _ride(patient, told, words) -> str:
    """Who is noted to take the patient home; of their number no more than a patient needs to know it again."""
    if not patient.escort_name:
        return ""
    known = words["ride_known"].format(name=told.ride) if told.ride else words["ride_noted"]
    digits = str(getattr(patient.escort_phone, "as_e164", ""))[-4:]
    return f"{known}, {words['ride_number'].format(digits=digits)}" if digits else known


def _told(link, language):
    session = link.session
    site, patient = session.site, session.patient
    return visit_words.told(
        language,
        name=patient.given_name,
        place=site.alias,
        address=site.address,
        ride=patient.escort_name,
    )


def _slow(request, again: datetime, now: datetime):
    seconds = max(1, math.ceil((again - now).total_seconds()))
    language = _language(request)
    wait = visit_words.minutes(language, math.ceil(seconds / 60))
    response = _neutral(request, "slow", status=429, said=WORDS[language]["slow"].format(minutes=wait))
    response["Retry-After"] = str(seconds)
    return _private(response)


def _neutral(request, name: str, *, status: int, said: str = ""):
    """Says the same whoever asks."""
    language = _language(request)
    words = WORDS[language]
    context = {**_frame(language), "title": words[f"{name}_title"], "said": said or words[name]}
    return render(request, "notifications/visit_ended.html", context, status=status)


def _frame(language: str) -> dict[str, object]:
    other = Language.ENGLISH if language == Language.SPANISH else Language.SPANISH
    return {"language": language, "other": str(other), "words": WORDS[language]}


def _language(request, link: VisitLink | None = None) -> str:
    """The one that was chosen on the page, else the patient's, else the browser's."""
    chosen = _chosen(request)
    if chosen in Language.values:
        return chosen
    if link is not None:
        return link.session.patient.language
    return "es" if (translation.get_language() or "").startswith("es") else "en"


def _chosen(request) -> str:
    return request.GET.get("lang") or request.POST.get("lang") or ""


def _back(request, key, where: str):
    """To the page as it now is; the language that was chosen stays."""
    chosen = _chosen(request)
    query = f"?{urlencode({'lang': chosen})}" if chosen in Language.values else ""
    return _private(redirect(f"{reverse('notifications:visit', args=[key])}{query}#{where}"))


def _private(response):
    """Stays in no store, no index, and in no other site's log."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
