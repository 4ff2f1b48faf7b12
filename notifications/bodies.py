"""What a text says, from rows: the site's own words where it has some, else ours."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from clinic.models import Patient, Site
from notifications import links, wording
from notifications.enums import MessageKind
from notifications.houses import House
from notifications.own_words import MOST_SEGMENTS


def body(
    kind: str,
    site: Site,
    patient: Patient | None,
    *,
    house: House,
    language: str,
    about: datetime | None = None,
    count: int = 1,
    chair: str = "",
    until: datetime | None = None,
    several: Sequence[datetime] = (),
) -> str:
    """The whole text, `wording.MASK` where a link to the page of the visit will be. Preparation, and a ride, are spoken
    of only to those who agreed to detail. `several`: the times of all the visits that it tells of, in place of `about`
    and `count`."""
    count, about = len(several) or count, several[0] if several else about
    facts = wording.Facts(
        place=site.alias,
        phone=national(site.phone),
        given_name=patient.given_name if patient else "",
        at=about.astimezone(site.tz) if about else None,
        count=count,
        several=tuple(moment.astimezone(site.tz) for moment in several),
        chair=chair,
        until=until.astimezone(site.tz) if until else None,
        companion=patient.escort_name if patient else "",
        asks_ride=bool(patient and patient.detailed_texts and not patient.escort_name),
    )
    name = variant(kind, count=count, detailed=bool(patient and patient.detailed_texts))
    own = house.words.get((name, language))
    with_link = name in wording.ABOUT_A_VISIT and house.page_links and links.may_be_sent()
    # Never at the price of a text that is longer than any may be: first without the question, then without the link.
    for more in _parts(facts, with_link=with_link):
        text = wording.render(name, language, more, own)
        if wording.length_of(text.replace(links.MASK, links.example())).segments <= MOST_SEGMENTS:
            return text
    return wording.render(name, language, replace(facts, asks_ride=False), own)


def _parts(facts: wording.Facts, *, with_link: bool) -> Iterator[wording.Facts]:
    for link in (links.MASK, "") if with_link else ("",):
        for asks in (True, False) if facts.asks_ride else (False,):
            yield replace(facts, link=link, asks_ride=asks)


def variant(kind: str, *, count: int = 1, detailed: bool = False) -> str:
    """Which of a kind's wordings: for several visits, or with the preparation."""
    if count > 1 and f"{kind}_many" in wording.kinds():
        return f"{kind}_many"
    return "reminder_detailed" if detailed and kind == MessageKind.REMINDER else str(kind)


def national(number: str) -> str:
    """+16145550100 as people here say it: 614-555-0100."""
    us = number.startswith("+1") and len(number) == 12
    return f"{number[2:5]}-{number[5:8]}-{number[8:]}" if us else number
