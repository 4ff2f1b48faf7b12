"""What became of a site's texts, by the day on which they were due there: one query, whatever the number."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from clinic import numbers
from clinic.models import Site
from clinic.numbers import Bar, Section, share
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message
from scheduling.enums import Confirmation

S = MessageStatus
K = TypeVar("K", date, str)
# Texts that were handed over, or should have been: what waits, was withdrawn or may not go is no delivery.
_TRIED = (S.SENT, S.DELIVERED, S.FAILED, S.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Tally:
    """`sent`: all that were tried; each of them arrived, did not, or nobody knows. `asked`: how many of them asked
    for a confirmation; `confirmed`: how many of their sessions are."""

    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    unknown: int = 0
    asked: int = 0
    confirmed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def share(self) -> int | None:
        """Per cent that arrived."""
        return share(self.delivered, self.sent)


def register() -> None:
    numbers.section("texts-by-day", as_section)


def tallies(site: Site, first: date, last: date) -> dict[tuple[date, str], Tally]:
    """By day, in the site's zone, and kind; both days included. Days without a text are left out."""
    start = datetime.combine(first, time(), site.tz)
    end = datetime.combine(last + timedelta(days=1), time(), site.tz)
    rows = Message.objects.filter(site=site, due_at__gte=start, due_at__lt=end, status__in=_TRIED)
    confirmed = Q(kind=MessageKind.REMINDER, session__confirmation=Confirmation.CONFIRMED)
    counted = (
        rows.order_by()
        .values_list(TruncDate("due_at", tzinfo=site.tz), "kind", "status")
        .annotate(number=Count("pk"), agreed=Count("session", filter=confirmed, distinct=True))
    )
    found: dict[tuple[date, str], Tally] = defaultdict(Tally)
    for day, kind, status, number, agreed in counted:
        found[day, kind] += _tally(kind, status, number, agreed)
    return dict(found)


def by_day(found: dict[tuple[date, str], Tally]) -> list[tuple[date, Tally]]:
    """All kinds together, newest day first."""
    return sorted(_together((day, tally) for (day, _kind), tally in found.items()), reverse=True)


def by_kind(found: dict[tuple[date, str], Tally]) -> list[tuple[str, Tally]]:
    """All days together, in words, the most frequent kind first."""
    kinds = _together((kind, tally) for (_day, kind), tally in found.items())
    return [
        (str(MessageKind(kind).label), tally)
        for kind, tally in sorted(kinds, key=lambda item: (-item[1].sent, item[0]))
    ]


def as_section(site: Site, first: date, last: date) -> Section:
    """For the page of numbers and its CSV."""
    days = list(reversed(by_day(tallies(site, first, last))))
    return Section(
        _("Texts that arrived"),
        _(
            "Of the texts due on a day, how many the provider says arrived; and how many reminders were confirmed."
        ),
        columns(),
        [(day.isoformat(), *cells(tally)) for day, tally in days],
        [Bar(day.isoformat(), t.share or 0, f"{t.share} % ({t.delivered}/{t.sent})") for day, t in days],
        scale=100,
    )


def columns() -> Sequence[str]:
    return [
        _("Day"),
        _("Sent"),
        _("Arrived"),
        _("Did not arrive"),
        _("Nobody knows"),
        _("Reminders"),
        _("Confirmed"),
        _("Arrived, %"),
    ]


def cells(tally: Tally) -> tuple[int | None, ...]:
    return (*(getattr(tally, name) for name in Tally.__slots__), tally.share)


def _tally(kind: str, status: str, number: int, confirmed: int) -> Tally:
    asked = number if kind == MessageKind.REMINDER else 0
    return Tally(
        sent=number,
        delivered=number if status == S.DELIVERED else 0,
        undelivered=number if status == S.FAILED else 0,
        unknown=number if status in (S.SENT, S.UNKNOWN) else 0,
        asked=asked,
        confirmed=confirmed,
    )


def _together(parts: Iterable[tuple[K, Tally]]) -> list[tuple[K, Tally]]:
    found: dict[K, Tally] = defaultdict(Tally)
    for key, tally in parts:
        found[key] += tally
    return list(found.items())
