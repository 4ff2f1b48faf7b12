"""What a lost signal left undone, found in the book and made good: in the same few queries whatever the history.

The texts of rules are a projection of the book, so they are projected again: where one is missing, where one waits for
what is no more, and each of them shortly before it is due, so that words, language and number are the patient's own of
today. Notices are about what has just happened: what the book says happened in the last day, and nobody was told, is
told now; older news would only surprise.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from clinic import ids, logs
from clinic.models import Site
from notifications import notices, projection
from notifications.enums import PROJECTED, MessageKind, MessageStatus, Told
from notifications.models import Message, ReminderRule
from scheduling.enums import SessionEventKind, SessionStatus
from scheduling.models import SessionEvent, TreatmentSession

DAY = timedelta(days=1)
# What waits wrongly is put right this long before it is due; a claim asks everything again in any case.
BEFORE_DUE = 2 * DAY
# Each text of a rule is looked at in full once it is this near, and in two sweeps of a minute: one may be lost.
NEAR, SLICE = timedelta(minutes=30), timedelta(minutes=2)
# News of this age is still told.
LATELY = DAY
K, S = SessionEventKind, SessionStatus
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What one decision did to visits of one patient: its sessions are told of in one text of this kind."""

    patient: Any
    kind: str
    at: datetime


def repair(*, now: datetime, until: datetime) -> int:
    """Make good what is missing or wrong; return how many sessions were looked at for it.

    `until`: no rule tells of a visit that is later.
    """
    wrong = [_without_reminder(now, until), _without_check(now), _waits_wrongly(now), _soon(now)]
    found = {pk for sessions in wrong for pk in sessions.values_list("pk", flat=True)}
    projected = projection.project_ids(TreatmentSession.objects.filter(pk__in=found), now)
    return projected + tell_untold(now=now)


def tell_untold(*, now: datetime) -> int:
    """Tell what was booked, moved or cancelled in the last day and was not told; return of how many sessions."""
    untold = _untold(_news(now))
    told = sum(_tell(news, sessions, now) for news, sessions in untold.items())
    if told:
        _log.warning("notices_repaired", sessions=told)
    return told


def _without_reminder(now: datetime, until: datetime) -> QuerySet:
    """Visits ahead, of patients who agreed, without a reminder of their time; but not where a site wants none."""
    some = ReminderRule.objects.filter(site=OuterRef("pk"))
    silent = Site.objects.filter(Exists(some), ~Exists(some.filter(active=True, told=Told.REMINDER)))
    ahead = TreatmentSession.objects.filter(status=S.BOOKED, starts_at__gt=now, starts_at__lte=until)
    return ahead.filter(_agreed("patient__"), ~Q(site__in=silent), ~Exists(_about_it(MessageKind.REMINDER)))


def _without_check(now: datetime) -> QuerySet:
    """Visits that took place, where a rule asks how they are and has not, as long as it still could."""
    rules = ReminderRule.objects.filter(active=True, told=Told.CHECK)
    longest = rules.aggregate(days=Max("days"))["days"] or 0
    done = TreatmentSession.objects.filter(
        status=S.COMPLETED,
        starts_at__gt=now - (longest + 1) * DAY,
        starts_at__lte=now,
        site__in=rules.values("site"),
    )
    return (
        done.filter(_agreed("patient__"), ~Exists(_about_it(MessageKind.CHECK))) if longest else done.none()
    )


def _agreed(path: str) -> Q:
    """The patient may be texted, as far as their row tells."""
    return Q(**{f"{path}texts_allowed": True, f"{path}active": True, f"{path}phone__gt": ""})


def _about_it(kind: MessageKind) -> QuerySet:
    rows = Message.objects.filter(session=OuterRef("pk"), kind=kind, about_at=OuterRef("starts_at"))
    return rows.exclude(status=MessageStatus.CANCELLED, cause__in=projection.MAY_RETURN)


def _waits_wrongly(now: datetime) -> QuerySet:
    """Sessions for which a text waits that speaks of another time or state, or goes to another number."""
    waits = Message.objects.filter(status=MessageStatus.PENDING, due_at__lte=now + BEFORE_DUE)
    waits = waits.filter(kind__in=PROJECTED).annotate(number=Cast("patient__phone", CharField()))
    right = Q(about_at=F("session__starts_at"), to=F("number"))
    right &= Q(kind=MessageKind.REMINDER, session__status=S.BOOKED) | Q(
        kind=MessageKind.CHECK, session__status=S.COMPLETED
    )
    return TreatmentSession.objects.filter(pk__in=waits.exclude(right).values("session"))


def _soon(now: datetime) -> QuerySet:
    """Sessions with a text that will be due soon."""
    waits = Message.objects.filter(
        status=MessageStatus.PENDING,
        kind__in=PROJECTED,
        due_at__gt=now + NEAR - SLICE,
        due_at__lte=now + NEAR,
    )
    return TreatmentSession.objects.filter(pk__in=waits.values("session"))


def _news(now: datetime) -> Mapping[News, list[SessionEvent]]:
    """What happened lately to visits that are still ahead, as it stands now: of several moves of one session the last,
    and of what was booked and moved since only the move."""
    # Ids tell when a row was written, in real time: the table has no other order in time.
    written = Q(pk__gte=ids.first_of(datetime.now(UTC) - LATELY))
    happened = Q(at__gt=now - LATELY, at__lte=now)
    booked = Q(kind=K.STATUS, from_status="", to_status=S.BOOKED, session__status=S.BOOKED)
    moved = Q(kind=K.MOVED, left_starts_at__isnull=False, session__status=S.BOOKED)
    off = Q(kind=K.STATUS, from_status=S.BOOKED, to_status=S.CANCELLED, session__status=S.CANCELLED)
    agreed = _agreed("session__patient__")
    rows = SessionEvent.objects.filter(
        written, happened, agreed, booked | moved | off, session__starts_at__gt=now
    )
    last = {
        event.session_id: event
        for event in rows.select_related("session").order_by("at", "pk").defer("detail")
    }
    found = defaultdict(list)
    for event in last.values():
        found[News(event.session.patient_id, _kind_of(event), event.at)].append(event)
    return found


def _kind_of(event: SessionEvent) -> MessageKind:
    if event.kind == K.MOVED:
        return MessageKind.MOVED
    return MessageKind.BOOKED if event.to_status == S.BOOKED else MessageKind.CANCELLED


def _untold(found: Mapping[News, list[SessionEvent]]) -> dict[News, list[Any]]:
    """Those of which no text was made, whatever became of it: news and the ids of its sessions."""
    if not found:
        return {}
    rows = Message.objects.filter(
        patient__in={news.patient for news in found},
        kind__in={news.kind for news in found},
        created_at__in={news.at for news in found},
    )
    told = {News(*values) for values in rows.values_list("patient", "kind", "created_at")}
    return {news: [e.session_id for e in events] for news, events in found.items() if news not in told}


def _tell(news: News, sessions: Iterable[Any], now: datetime) -> int:
    """Nothing that changed meanwhile is told: the sessions are held while the text is made."""
    status = S.CANCELLED if news.kind == MessageKind.CANCELLED else S.BOOKED
    try:
        with transaction.atomic():
            held = TreatmentSession.objects.select_for_update(of=("self",)).filter(
                pk__in=sessions, status=status
            )
            rows = list(held.select_related("patient__site", "site").order_by("starts_at", "pk"))
            return _write(news, rows, now) if rows else 0
    except IntegrityError:
        # Another process was first.
        return 0


def _write(news: News, rows: Sequence[TreatmentSession], now: datetime) -> int:
    before = Message.objects.filter(patient=news.patient).count()
    if news.kind == MessageKind.CANCELLED:
        notices.tell_cancelled(rows[0], now=now, decided_at=news.at)
    else:
        notices.notify_all(rows, MessageKind(news.kind), now=now, decided_at=news.at)
    made = Message.objects.filter(patient=news.patient).count() > before
    return len(rows) if made else 0
