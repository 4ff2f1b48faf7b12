"""The link to the page of a visit: who holds it may answer for the patient, so it is kept nowhere.

Its key is derived from the visit, its time and the number that gets it, with the installation's secret: every text
about one visit carries the same short link, a moved one another. Rows hold a digest. The words of a text hold
`MASK`; the link takes its place at the moment of sending, so no list, file or log of ours ever shows one.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings

from clinic.tokens import digest
from notifications import houses, wording
from notifications.models import VisitLink

# What stands in the words of a text for its link, wherever they are kept or shown.
MASK = wording.MASK
PATH = "/visit/"
# 80 bits in 16 letters and digits that nobody confuses on paper: beyond guessing, and short, for segments are paid.
_BYTES = 10
KEY_LENGTH = 16


class Told(Protocol):
    """What a text must say of itself for its link to be known: a `Message`, or a `Candidate` of the sender."""

    @property
    def body(self) -> str: ...

    @property
    def to(self) -> str: ...

    @property
    def about_at(self) -> datetime: ...


def address_of(session: Any, number: str, about_at: datetime) -> str:
    """The whole link of a visit at a time, for a number. `session`: its id."""
    return f"{settings.PUBLIC_BASE_URL}{PATH}{_key(session, number, about_at)}"


def filled(text: Told, session: Any) -> str:
    """The words of a text as they go out, the link in its place."""
    if session is None or MASK not in text.body:
        return text.body
    return text.body.replace(MASK, address_of(session, text.to, text.about_at))


def may_be_sent() -> bool:
    """Not where the name of our own machine would tell the specialty to whoever sees the text."""
    return not wording.forbidden_in(urlsplit(settings.PUBLIC_BASE_URL).netloc)


def example() -> str:
    """As long as a real one."""
    return f"{settings.PUBLIC_BASE_URL}{PATH}{'a' * KEY_LENGTH}"


def open_for(rows: Iterable[tuple[Any, str, datetime, datetime, Any]], *, now: datetime) -> None:
    """Texts with these links are about to go: (session, number, its time, its end, site), ids where rows are meant.

    A link lives until its site's hours after the end of the visit.
    """
    rows = list(rows)
    if not rows:
        return
    policies = houses.policies({site for *_rest, site in rows})
    links = [
        VisitLink(
            digest=digest(_key(session, number, about)),
            session_id=session,
            number=number,
            about_at=about,
            expires_at=max(ends, about) + timedelta(hours=policies[site].page_hours),
            created_at=now,
        )
        for session, number, about, ends, site in rows
    ]
    VisitLink.objects.bulk_create(links, ignore_conflicts=True)


def find(key: str, *, now: datetime) -> VisitLink | None:
    """The link of this key while it lives; None for one that has ended and one that never was."""
    rows = VisitLink.objects.live(digest(key), now)
    return rows.select_related("session__site", "session__patient__site").first()


def _key(session: Any, number: str, about_at: datetime) -> str:
    secret = hashlib.sha256(f"visit link {settings.SECRET_KEY}".encode()).digest()
    said = f"{session}|{number}|{int(about_at.timestamp())}"
    signed = hmac.new(secret, said.encode(), hashlib.sha256).digest()[:_BYTES]
    return base64.b32encode(signed).decode().lower()
