"""Who is to be telephoned: read from the book and the texts, in the same few queries whatever the number."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from clinic.models import Site
from notifications import call_rules, houses, projection
from notifications.call_rules import LOOK_AHEAD, LOOK_BACK, OF_VISIT, Facts, Told
from notifications.enums import CallAbout, MessageKind, MessageStatus
from notifications.models import Call, Message
from scheduling.enums import Confirmation, SessionStatus
from scheduling.models import TreatmentSession

_ABOUT = {SessionStatus.CANCELLED: CallAbout.CANCELLED, SessionStatus.COMPLETED: CallAbout.CHECK}
# A question comes two weeks after a visit at most.
LONGEST_AGO = LOOK_BACK + timedelta(days=15)
_BAD = (MessageStatus.FAILED, MessageStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Row:
    """One patient to call, and why in one sentence. `call`: what came of it so far, None where nobody has begun."""

    session: TreatmentSession
    about: str
    code: str
    why: str
    call: Call | None

    @property
    def again_at(self) -> datetime | None:
        return self.call.again_at if self.call else None


def rows_of(site: Site, *, now: datetime) -> list[Row]:
    """Those to call now, the soonest visit first; then those to call again later."""
    found = [row for row in _rows(site, _sessions(site, now), now) if not (row.call and row.call.closed_at)]
    return sorted(found, key=lambda r: (_later(r, now), r.session.starts_at, r.session.pk))


def row_of(session: TreatmentSession, *, now: datetime) -> Row | None:
    """The session's own row, dealt with or not; None where nobody needs to call."""
    return next(iter(_rows(session.site, [session], now)), None)


def about_of(session: TreatmentSession) -> str:
    return _ABOUT.get(SessionStatus(session.status), CallAbout.VISIT)


def _later(row: Row, now: datetime) -> bool:
    return bool(row.again_at and row.again_at > now)


def _sessions(site: Site, now: datetime) -> list[TreatmentSession]:
    """Those that may want a call, all but a few of which do."""
    bad = Message.objects.filter(session=OuterRef("pk"), about_at=OuterRef("starts_at"), status__in=_BAD)
    untold = Q(status=SessionStatus.CANCELLED) & Exists(bad.filter(kind=MessageKind.CANCELLED))
    soon = Q(starts_at__lte=now + timedelta(hours=houses.policy_of(site).call_hours))
    waiting = Q(status=SessionStatus.BOOKED, confirmation=Confirmation.UNCONFIRMED)
    ahead = Q(starts_at__gt=now) & (untold | (waiting & (soon | Exists(bad.filter(kind__in=OF_VISIT)))))
    checks = bad.filter(kind=MessageKind.CHECK, due_at__gt=now - LOOK_BACK)
    over = Q(status=SessionStatus.COMPLETED, starts_at__lte=now) & Exists(checks)
    rows = TreatmentSession.objects.filter(
        ahead | over, site=site, starts_at__gt=now - LONGEST_AGO, starts_at__lte=now + LOOK_AHEAD
    )
    return list(rows.select_related("patient__site", "site", "chair"))


def _rows(site: Site, sessions: Sequence[TreatmentSession], now: datetime) -> list[Row]:
    texts, calls = _texts(sessions), _calls(sessions)
    allowed = projection.who_may_be_texted(sessions)
    hours = houses.policy_of(site).call_hours
    found = []
    for session in sessions:
        facts = Facts(
            starts_at=session.starts_at,
            status=session.status,
            confirmation=session.confirmation,
            texts=[_told(text) for text in texts[session.pk] if text.about_at == session.starts_at],
            gets_texts=session.patient_id in allowed,
            hours=hours,
        )
        code = call_rules.why_to_call(facts, now=now)
        if code:
            about = about_of(session)
            call = calls.get((session.pk, about, session.starts_at))
            found.append(Row(session, about, code, _sentence(code, facts), call))
    return found


def _texts(sessions: Sequence[TreatmentSession]) -> Mapping[Any, list[Message]]:
    rows = Message.objects.filter(
        session__in=sessions, kind__in=[*OF_VISIT, MessageKind.CANCELLED, MessageKind.CHECK]
    )
    found: dict[Any, list[Message]] = defaultdict(list)
    for row in rows.defer("body"):
        found[row.session_id].append(row)
    return found


def _calls(sessions: Sequence[TreatmentSession]) -> dict[tuple[Any, str, datetime], Call]:
    rows = Call.objects.filter(session__in=sessions).select_related("owner")
    return {(row.session_id, row.about, row.about_at): row for row in rows}


def _told(text: Message) -> Told:
    return Told(text.kind, text.status, text.due_at, text.sent_at, asked=text.look_at is not None)


def _sentence(code: str, facts: Facts) -> str:
    if code == call_rules.UNCONFIRMED:
        reminded = any(text.kind == "reminder" and text.sent_at for text in facts.texts)
        return _("Reminded, and no answer.") if reminded else _("Not confirmed, and no reminder went.")
    return {
        call_rules.UNDELIVERED: _("The text about this visit did not arrive."),
        call_rules.UNKNOWN: _("Nobody knows whether the text about this visit arrived."),
        call_rules.NO_TEXTS: _("Gets no texts, and has not confirmed."),
        call_rules.NOT_ASKED: _("Asked how they are after the visit, and the text did not arrive."),
        call_rules.NOT_TOLD: _("Does not know that the visit is cancelled: the text did not arrive."),
    }[code]
