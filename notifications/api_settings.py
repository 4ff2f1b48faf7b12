"""What a site wants told: when, in which words, how many; and what came of it, as JSON. For managers."""

from datetime import timedelta
from typing import Annotated, Any

from django.http import Http404
from ninja import Query, Router
from ninja.responses import Status
from pydantic import StrictBool

from clinic import checks, clock
from clinic.access import May
from clinic.api import site_of
from clinic.enums import Language
from clinic.errors import Fault, Invalid
from clinic.models import Site
from clinic.schemas import Body, Small, Text, Wall
from notifications import by_day, houses, notices, own_words, telling, wording
from notifications.api import fresh
from notifications.models import TextPolicy, Wording
from notifications.own_words import Shown
from notifications.timing import REMINDER, Rule

router = Router(tags=["Texts of a site"])
# Days of an overview.
Days = Annotated[int, Query(ge=1, le=90)]


class RuleIn(Body):
    told: Text = REMINDER
    days: Small | None = None
    at: Wall | None = None
    hours: Small | None = None
    phase: Text = ""
    language: Text = ""


class RulesIn(Body):
    rules: list[RuleIn]


class WordsIn(Body):
    text: Text


class PolicyIn(Body):
    most_a_day: Small | None = None
    most_a_week: Small | None = None
    keep_words_days: Small | None = None
    redact_at_provider: StrictBool | None = None
    offer_minutes: Small | None = None
    call_hours: Small | None = None
    page_links: StrictBool | None = None
    page_hours: Small | None = None


class TestIn(Body):
    number: Text


@router.get("/sites/{site_id}/reminder-rules", response=dict, summary="When texts go")
def get_rules(request, site_id: str):
    """The default rule where the site has set none."""
    return _rules_out(telling.rules_of(site_of(request, site_id, May.MANAGE)))


@router.put("/sites/{site_id}/reminder-rules", response=dict, summary="Replace all rules of when texts go")
def put_rules(request, site_id: str, payload: RulesIn):
    """Each a `reminder` so many `days` before the visit `at` a time where the patient is, or `hours` before it; or a
    `check` so many days after. `phase` and `language` empty are any phase and the patient's language. What is not yet
    sent is made again; an empty list wants no reminder."""
    site = site_of(request, site_id, May.MANAGE)
    rules = [Rule(**rule.dict()) for rule in payload.rules]
    telling.set_rules(site=site, rules=rules, by=request.user, now=clock.now())
    return _rules_out(telling.rules_of(site))


@router.get("/sites/{site_id}/wordings", response=dict, summary="What texts say")
def get_wordings(request, site_id: str):
    """Of each text that a site may say in its own words: what it says now, and how a carrier would cut it."""
    site = site_of(request, site_id, May.MANAGE)
    own = set(Wording.objects.filter(site=site).values_list("kind", "language"))
    items = [
        {**_words_out(kind, language, text), "own": (kind, language) in own}
        for (kind, language), text in telling.words_of(site).items()
    ]
    return {"items": items, "next": None}


@router.put(
    "/sites/{site_id}/wordings/{kind}/{language}", response=dict, summary="Say a text in the site's own words"
)
def put_words(request, site_id: str, kind: str, language: str, payload: WordsIn):
    """An empty `text` goes back to ours. 422 names every fault: `forbidden_word`, `missing_name`, `unknown_name`,
    `opt_out_word`, `no_answer_asked`, `too_long`. What is not yet sent says it in the new words."""
    site = _site_and_kind(request, site_id, kind, language)
    telling.set_words(
        site=site, kind=kind, language=language, text=payload.text, by=request.user, now=clock.now()
    )
    own = Wording.objects.filter(site=site, kind=kind, language=language).exists()
    return {**_words_out(kind, language, telling.words_of(site)[kind, language]), "own": own}


@router.post(
    "/sites/{site_id}/wordings/{kind}/{language}/check",
    response=dict,
    summary="How words would arrive; writes nothing",
)
def check_words(request, site_id: str, kind: str, language: str, payload: WordsIn):
    _site_and_kind(request, site_id, kind, language)
    return _words_out(kind, language, payload.text)


@router.get(
    "/sites/{site_id}/text-policy", response=dict, summary="How many texts, and how long words are kept"
)
def get_policy(request, site_id: str):
    return _policy_out(houses.policy_of(site_of(request, site_id, May.MANAGE)))


@router.patch(
    "/sites/{site_id}/text-policy",
    response=dict,
    summary="Change how many texts, and how long words are kept",
)
def change_policy(request, site_id: str, payload: PolicyIn):
    """Only what is in the body changes. `keep_words_days` null keeps words for ever. `page_links`: texts about a visit
    carry a link to its page, which ends `page_hours` after the visit."""
    site = site_of(request, site_id, May.MANAGE)
    given = payload.dict(exclude_unset=True)
    changes = {name: value for name, value in given.items() if value is not None or name == "keep_words_days"}
    return _policy_out(telling.set_policy(site=site, changes=changes, by=request.user, now=clock.now()))


@router.post(
    "/sites/{site_id}/test-text", response={201: dict}, summary="Send a test to a telephone of yours"
)
def send_test(request, site_id: str, payload: TestIn):
    site = site_of(request, site_id, May.MANAGE)
    values = {"number": payload.number}
    faults = checks.phone(values, "number")
    if not (faults or values["number"]):
        faults = [Fault("required", "This is needed.", "number")]
    if faults:
        raise Invalid(faults)
    return Status(201, fresh(notices.test_text(site, values["number"], by=request.user, now=clock.now())))


@router.get("/sites/{site_id}/texts-by-day", response=dict, summary="What became of texts, by day and kind")
def texts_by_day(request, site_id: str, days: Days = 14):
    """Of the last `days` (1 to 90) of the site's calendar, today the last. `sent` is all that were handed over, or
    should have been: each was `delivered`, `undelivered`, or nobody knows (`unknown`). `asked`: those that asked for a
    confirmation; `confirmed`: how many of their sessions are. For all who see texts."""
    site = site_of(request, site_id, May.TEXTS)
    today = clock.now().astimezone(site.tz).date()
    found = by_day.tallies(site, today - timedelta(days=days - 1), today)
    items = [
        {"date": day, "kind": kind, **{name: getattr(tally, name) for name in by_day.Tally.__slots__}}
        for (day, kind), tally in sorted(found.items())
    ]
    return {"items": items, "next": None}


def _site_and_kind(request, site_id: str, kind: str, language: str) -> Site:
    site = site_of(request, site_id, May.MANAGE)
    if kind not in own_words.EDITABLE or language not in Language.values:
        raise Http404
    return site


def _rules_out(rules: list[Rule]) -> dict[str, Any]:
    items = [
        {
            "name": rule.name,
            "told": rule.told,
            "days": rule.days,
            "at": rule.at.strftime("%H:%M") if rule.at else None,
            "hours": rule.hours,
            "phase": rule.phase,
            "language": rule.language,
        }
        for rule in rules
    ]
    return {"items": items, "next": None}


def _words_out(kind: str, language: str, text: str) -> dict[str, Any]:
    as_shown: Shown = own_words.shown(kind, language, text or wording.ours(kind, language))
    return {
        "kind": kind,
        "language": language,
        "text": text,
        "shown": as_shown.text,
        "encoding": as_shown.length.encoding,
        "units": as_shown.length.units,
        "segments": as_shown.length.segments,
        "faults": [{"code": fault.code, "detail": fault.detail} for fault in as_shown.faults],
    }


def _policy_out(policy: TextPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in telling.POLICY}
