"""The words of old texts leave our rows after a site's days, and the provider's records where the site asks for it;
ended links to visits' pages leave at once.

Each tick takes one small batch in one short transaction; the rows say what was removed and redacted, and when, so a
crash loses nothing and a second process finds nothing left to do. The provider is asked outside of any transaction;
what it cannot do now is tried later, further and further apart. Nothing here holds a row that waits to be sent.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

from clinic import audit, logs
from clinic.models import Site
from notifications import houses
from notifications.gateways import provider
from notifications.gateways.base import Gateway
from notifications.models import InboundMessage, Message, TextPolicy, VisitLink

BATCH = 500
REDACTED_AT_ONCE = 100
IN_FLIGHT = 4
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=10), timedelta(days=1)
KINDS: tuple[tuple[str, Any], ...] = (("messages", Message), ("replies", InboundMessage))
_log = logs.get(__name__)


@transaction.atomic
def remove_words(*, now: datetime, batch: int = BATCH) -> int:
    """Empty the bodies of up to `batch` texts and as many replies that are older than their site keeps them."""
    policies = houses.policies(Site.objects.values_list("pk", flat=True))
    removed: dict[Any, dict[str, Any]] = defaultdict(dict)
    for name, model in KINDS:
        for site, number in _remove(model, policies, now, batch).items():
            removed[site][name] = number
    for site, counts in removed.items():
        audit.record("texts.words_removed", by=None, now=now, site=site, **counts)
    return sum(sum(counts.values()) for counts in removed.values())


def remove_links(*, now: datetime, batch: int = BATCH) -> int:
    """Links that have ended open nothing any more, and the numbers that they went to are of no use."""
    ended = (
        VisitLink.objects.filter(expires_at__lte=now)
        .order_by("expires_at")
        .values_list("pk", flat=True)[:batch]
    )
    return VisitLink.objects.filter(pk__in=list(ended)).delete()[0]


def redact(*, now: datetime, gateway: Gateway | None = None, batch: int = REDACTED_AT_ONCE) -> int:
    """Take words from the provider's records; return of how many texts they are gone. Safe to call twice."""
    rows = [row for _name, model in KINDS for row in model.objects.to_redact(now)[:batch]]
    if not rows:
        return 0
    with ThreadPoolExecutor(1) as thread:
        # A thread of its own: the caller's may have a loop already.
        work = _ask(gateway or provider(), [row.provider_sid for row in rows])
        done = thread.submit(asyncio.run, work).result()
    _settle(rows, done, now)
    return len(done)


def _remove(model: Any, policies: Mapping[Any, TextPolicy], now: datetime, batch: int) -> Counter[Any]:
    """How many of each site."""
    skip = connection.features.has_select_for_update_skip_locked
    removed: Counter[Any] = Counter()
    for sites, before in _older_than(policies, now):
        old = model.objects.with_old_words(sites, before, now).select_for_update(skip_locked=skip)
        found = list(old.values_list("pk", "site_id", "provider_sid")[: batch - removed.total()])
        asked = {pk for pk, site, sid in found if sid and site and policies[site].redact_at_provider}
        for pks, more in ((asked, {"redact_at": now}), ({pk for pk, *_more in found} - asked, {})):
            if pks:
                model.objects.filter(pk__in=pks).update(body="", words_removed_at=now, **more)
        removed.update(site for _pk, site, _sid in found)
    return removed


def _older_than(policies: Mapping[Any, TextPolicy], now: datetime) -> list[tuple[list[Any] | None, datetime]]:
    """Sites, and the moment before which their words go: sites of equal days together, what has no site by the
    default (None)."""
    by_days: dict[int, list[Any]] = defaultdict(list)
    for site, policy in policies.items():
        if policy.keep_words_days is not None:
            by_days[policy.keep_words_days].append(site)
    groups: list[tuple[list[Any] | None, int]] = [(sites, days) for days, sites in by_days.items()]
    groups.append((None, TextPolicy().keep_words_days or 0))
    return [(sites, now - timedelta(days=days)) for sites, days in groups]


async def _ask(gateway: Gateway, sids: Sequence[str]) -> set[str]:
    """The ids of which the provider says that the words are gone."""
    gate, done = asyncio.Semaphore(IN_FLIGHT), set()

    async def one(sid: str) -> None:
        async with gate:
            try:
                if await gateway.redact(sid):
                    done.add(sid)
            except Exception as error:
                _log.error("redaction_failed", exc_info=error)

    async with gateway:
        await asyncio.gather(*(one(sid) for sid in sids))
    return done


@transaction.atomic
def _settle(rows: Iterable[Any], done: set[str], now: datetime) -> None:
    redacted: Counter[Any] = Counter()
    for row in rows:
        waiting = type(row).objects.filter(pk=row.pk, redact_at__isnull=False)
        if row.provider_sid not in done:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(row.redact_tries, 20))
            waiting.update(redact_at=now + wait, redact_tries=models.F("redact_tries") + 1)
        elif waiting.update(redact_at=None, redacted_at=now):
            redacted[row.site_id] += 1
    for site, number in redacted.items():
        audit.record("texts.words_redacted", by=None, now=now, site=site, texts=number)
