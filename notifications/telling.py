"""What a site wants told: its rules, its words, its limits. Each change makes again what is not yet sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.enums import Language
from clinic.errors import Fault, Invalid
from clinic.models import Site
from notifications import own_words, projection, wording
from notifications.enums import Told
from notifications.houses import rule_of
from notifications.models import ReminderRule, TextPolicy, Wording
from notifications.timing import DEFAULT_RULES, Rule
from scheduling.enums import Phase

MOST_RULES = 8
POLICY = (
    "most_a_day",
    "most_a_week",
    "keep_words_days",
    "redact_at_provider",
    "offer_minutes",
    "call_hours",
    "page_links",
    "page_hours",
)


def rules_of(site: Site) -> list[Rule]:
    """The earliest before the visit first, then the checks after it."""
    rows = list(ReminderRule.objects.filter(site=site))
    rules = [rule_of(row) for row in rows if row.active] if rows else list(DEFAULT_RULES)
    return sorted(rules, key=_order)


@transaction.atomic
def set_rules(*, site: Site, rules: Sequence[Rule], by, now: datetime) -> list[Rule]:
    """Replace the site's rules; what is not yet sent is made again.

    Raises:
        Invalid: rules that cannot be, all faults with the field `rules[i].name`.
    """
    if faults := _faults_of_rules(rules):
        raise Invalid(faults)
    before = rules_of(site)
    ReminderRule.objects.filter(site=site, active=True).update(active=False)
    rows = [
        ReminderRule(
            site=site,
            name=rule.name,
            told=rule.told,
            days=rule.days,
            at=rule.at,
            hours=rule.hours,
            phase=rule.phase,
            language=rule.language,
        )
        for rule in rules
    ]
    # A site that wants no reminder at all has said so: one retired row keeps the default from coming back.
    rows = rows or [ReminderRule(site=site, name="none", told=Told.REMINDER, hours=1, active=False)]
    ReminderRule.objects.bulk_create(rows)
    _audit("texts.rules", site, by, now, old=[r.name for r in before], new=[r.name for r in rules])
    projection.rebuild(site, now=now)
    return list(rules)


@transaction.atomic
def set_words(*, site: Site, kind: str, language: str, text: str, by, now: datetime) -> None:
    """A site's own words for a text; empty goes back to ours.

    Raises:
        Invalid: every fault of the words.
    """
    # As a browser sends the end of a line.
    text = text.strip().replace("\r\n", "\n")
    if faults := _faults_of_words(kind, language, text):
        raise Invalid(faults)
    old = Wording.objects.filter(site=site, kind=kind, language=language)
    said = old.values_list("text", flat=True).first() or ""
    if not text or text == wording.ours(kind, language):
        old.delete()
    else:
        Wording.objects.update_or_create(site=site, kind=kind, language=language, defaults={"text": text})
    _audit("texts.wording", site, by, now, kind=kind, language=language, old=said, new=text)
    projection.rebuild(site, now=now)


@transaction.atomic
def set_policy(*, site: Site, changes: Mapping[str, Any], by, now: datetime) -> TextPolicy:
    """How many reminders a patient may get, how long words are kept, and links to the page of a visit.

    Raises:
        Invalid: values that cannot be.
    """
    if faults := faults_of_policy(changes):
        raise Invalid(faults)
    policy, _new = TextPolicy.objects.get_or_create(site=site)
    changed = {n: [getattr(policy, n), v] for n, v in changes.items() if getattr(policy, n) != v}
    for name, value in changes.items():
        setattr(policy, name, value)
    policy.save()
    if changed:
        _audit("texts.policy", site, by, now, changed=changed)
    if "page_links" in changed:
        projection.rebuild(site, now=now)
    return policy


def faults_of_policy(changes: Mapping[str, Any]) -> list[Fault]:
    """What cannot be among new limits."""
    limits = {
        "most_a_day": (1, 5),
        "most_a_week": (1, 20),
        "keep_words_days": (7, 3650),
        "offer_minutes": (5, 600),
        "call_hours": (1, 72),
        "page_hours": (1, 336),
    }
    faults = [Fault("unknown", _("No such field."), name) for name in sorted(set(changes) - set(POLICY))]
    for name, (low, high) in limits.items():
        value = changes.get(name)
        if name not in changes or (name == "keep_words_days" and value is None):
            continue
        if not isinstance(value, int) or not low <= value <= high:
            faults.append(
                Fault("out_of_range", _("From %(low)s to %(high)s.") % {"low": low, "high": high}, name)
            )
    return faults


def words_of(site: Site) -> dict[tuple[str, str], str]:
    """What stands for each editable text now: the site's own words, or ours."""
    own = {(w.kind, w.language): w.text for w in Wording.objects.filter(site=site)}
    return {
        (kind, language): own.get((kind, language)) or wording.ours(kind, language)
        for kind in own_words.EDITABLE
        for language in Language.values
    }


def _order(rule: Rule) -> tuple[bool, int, str]:
    hours = rule.hours if rule.hours is not None else 24 * (rule.days or 0)
    after = rule.told == Told.CHECK
    return after, hours if after else -hours, rule.name


def _faults_of_rules(rules: Sequence[Rule]) -> list[Fault]:
    faults = []
    if len(rules) > MOST_RULES:
        faults.append(Fault("too_many", _("At most %s rules.") % MOST_RULES, "rules"))
    for index, rule in enumerate(rules):
        faults += [Fault(code, detail, f"rules[{index}].{field}") for code, detail, field in _faults_of(rule)]
    names = [(rule.told, rule.name) for rule in rules if _whole(rule)]
    if len(set(names)) < len(names):
        faults.append(Fault("duplicate", _("The same rule stands here twice."), "rules"))
    return faults


def _whole(rule: Rule) -> bool:
    return (rule.hours is not None) != (rule.days is not None and rule.at is not None)


def _faults_of(rule: Rule) -> list[tuple[str, str, str]]:
    found = []
    if rule.told not in Told.values:
        found.append(("unknown", _("A reminder, or a check."), "told"))
    if rule.phase not in ("", *Phase.values):
        found.append(("unknown", _("No such phase."), "phase"))
    if rule.language not in ("", *Language.values):
        found.append(("unknown", _("English, Spanish, or the patient's own."), "language"))
    if not _whole(rule):
        found.append(("incomplete", _("Days and a time of day, or hours."), "days"))
    if rule.hours is not None and not 1 <= rule.hours <= 72:
        found.append(("out_of_range", _("From 1 to 72 hours."), "hours"))
    least = 1 if rule.told == Told.CHECK else 0
    if rule.days is not None and not least <= rule.days <= 14:
        found.append(("out_of_range", _("From %s to 14 days.") % least, "days"))
    if rule.told == Told.CHECK and rule.hours is not None:
        found.append(("impossible", _("A check comes on a later day, at a time of day."), "hours"))
    return found


def _faults_of_words(kind: str, language: str, text: str) -> list[Fault]:
    if kind not in own_words.EDITABLE:
        return [Fault("unknown", _("No such text."), "kind")]
    if language not in Language.values:
        return [Fault("unknown", _("No such language."), "language")]
    if not text:
        return []
    if any(ord(character) < 32 and character != "\n" for character in text):
        return [Fault("unreadable", _("There is a character in it that cannot be kept."), "text")]
    return [Fault(f.code, f.detail, "text") for f in own_words.shown(kind, language, text).faults]


def _audit(action: str, site: Site, by, now: datetime, **detail: Any) -> None:
    audit.record(action, by=by, now=now, site=site, on=site, **detail)
