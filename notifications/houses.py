"""A site's rules, words and limits for texts: read for many sites at once, or kept in memory while its mark stands."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from clinic.models import Site
from notifications import timing
from notifications.models import ReminderRule, TextPolicy, Wording
from notifications.timing import Rule


@dataclass(frozen=True, slots=True)
class House:
    """What one site has said; what it has not said is the default."""

    rules: Sequence[Rule] = timing.DEFAULT_RULES
    words: Mapping[tuple[str, str], str] = field(default_factory=dict)
    # Texts about a visit carry a link to its page.
    page_links: bool = True

    def rules_for(self, told: str, phase: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.told == told and rule.phase in ("", phase)]


# For the sites that one process serves.
KEPT = 512


def at(site: Any, mark: UUID | None) -> House:
    """Of the site with this id, whose mark (clinic/marks.py) has been read a moment ago; None: it has none yet."""
    return _kept(site, mark) if mark else of([site])[site]


@lru_cache(KEPT)
def _kept(site: Any, _mark: UUID) -> House:
    return of([site])[site]


def of(sites: Iterable[Any]) -> dict[Any, House]:
    """By site id, in three queries whatever the number."""
    ids = {getattr(site, "pk", site) for site in sites}
    rules: dict[Any, list[Rule]] = defaultdict(list)
    said = set()
    for row in ReminderRule.objects.filter(site__in=ids):
        said.add(row.site_id)
        if row.active:
            rules[row.site_id].append(rule_of(row))
    words: dict[Any, dict[tuple[str, str], str]] = defaultdict(dict)
    for wording in Wording.objects.filter(site__in=ids):
        words[wording.site_id][wording.kind, wording.language] = wording.text
    wanted = policies(ids)
    return {
        site: House(
            rules[site] if site in said else timing.DEFAULT_RULES,
            words.get(site, {}),
            wanted[site].page_links,
        )
        for site in ids
    }


def rule_of(row: ReminderRule) -> Rule:
    return Rule(row.days, row.at, row.hours, row.told, row.phase, row.language)


def policies(sites: Iterable[Any]) -> dict[Any, TextPolicy]:
    """By site id; a site that has said nothing has the default."""
    ids = set(sites)
    found = {row.site_id: row for row in TextPolicy.objects.filter(site__in=ids)}
    return {site: found.get(site) or TextPolicy(site_id=site) for site in ids}


def policy_of(site: Site) -> TextPolicy:
    return policies([site.pk])[site.pk]
