"""The texts that should exist, made from the book by the site's rules; those that should not, withdrawn.

Safe to run again any time: what waits is made as it should be, what is gone stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery, UUIDField

from clinic.ids import new_id
from clinic.models import House, Patient, Site
from clinic.prepared import Insert, Param, Prepared
from notifications import houses, timing
from notifications.bodies import body
from notifications.enums import PROJECTED, MessageKind, MessageStatus
from notifications.models import Attempt, Message, Suppression
from notifications.timing import When
from scheduling.enums import SessionStatus
from scheduling.models import Course, TreatmentSession

S = MessageStatus
# Reasons for which a text was withdrawn that may cease to hold.
MAY_RETURN = ("moved", "not_booked", "no_consent", "number_changed", "rule_gone")
_SHOWN = ("due_at", "expires_at", "to", "language", "body")
CHUNK = 500
insert_texts = Insert(Message)
_number = Suppression.objects.filter(number=Param("number", CharField()))
_mark = House.objects.filter(site_id=OuterRef("pk")).values("mark")
# Has this number been stopped, and the mark of the site's house, in one question.
_standing = Prepared(
    Site.objects.filter(pk=Param("site", UUIDField())).values_list(Exists(_number), Subquery(_mark))
)
# What is told of: (kind, the rule's name, the instant it speaks of).
Key = tuple[str, str, datetime]


def project_new(sessions: Sequence[TreatmentSession], *, now: datetime) -> None:
    """The texts of one patient's sessions that were inserted a moment ago: reminders, and one notice for all."""
    if not sessions or not _agreed(patient := sessions[0].patient):
        return
    [(stopped, mark)] = _standing(site=sessions[0].site_id, number=patient.number)
    if stopped:
        return
    house = houses.at(sessions[0].site_id, mark)
    rows = [
        built(session, kind, when, house=house, language=language, rule=rule, now=now)
        for session in sessions
        for (kind, rule, _about), (when, language) in _wanted(session, house, (), now).items()
    ]
    first = min(sessions, key=lambda session: session.starts_at)
    when = timing.notice(visit_at=first.starts_at, zone=first.patient.tz, now=now)
    if isinstance(when, When):
        rows.append(built(first, MessageKind.BOOKED, when, house=house, now=now, count=len(sessions)))
    insert_texts(rows)


def project(session: TreatmentSession, *, now: datetime) -> None:
    """Make the texts that `session` should have and withdraw the others."""
    project_all([session], now=now)


def project_all(sessions: Sequence[TreatmentSession], *, now: datetime) -> None:
    """`project` for many sessions, in as many queries as for one."""
    texts = Message.objects.filter(session__in=sessions, kind__in=PROJECTED)
    by_session: dict[Any, list[Message]] = {session.pk: [] for session in sessions}
    for row in texts.select_for_update().order_by("pk"):
        by_session[row.session_id].append(row)
    allowed = who_may_be_texted(sessions)
    known = houses.of({session.site_id for session in sessions})
    plan = _Plan(now)
    for session in sessions:
        rows, house = by_session[session.pk], known[session.site_id]
        may = session.patient_id in allowed
        plan.compare(session, rows, _wanted(session, house, rows, now) if may else {}, house, may)
    plan.carry_out()


def rebuild(site: Site, *, now: datetime) -> int:
    """After another rule or wording: every session ahead, and yesterday's; return how many."""
    ahead = Q(starts_at__gt=now, status=SessionStatus.BOOKED)
    lately = Q(starts_at__gt=now - timedelta(days=14), status=SessionStatus.COMPLETED)
    return project_ids(TreatmentSession.objects.filter(ahead | lately, site=site), now)


def rebuild_patient(patient: Patient, *, now: datetime) -> int:
    """After another number, language, name or consent."""
    ahead = Q(starts_at__gt=now) | Q(messages__status=S.PENDING)
    return project_ids(TreatmentSession.objects.filter(ahead, patient=patient).distinct(), now)


def project_ids(sessions: QuerySet, now: datetime) -> int:
    """`project_all` for any number of sessions, some hundreds in a transaction; return how many."""
    ids = list(sessions.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        rows = TreatmentSession.objects.filter(pk__in=ids[start : start + CHUNK])
        with transaction.atomic():
            project_all(list(rows.select_related("patient__site", "site")), now=now)
    return len(ids)


def may_text(patient: Patient) -> bool:
    """Agreed, is a patient still, has a number, and that number has not been stopped."""
    return _agreed(patient) and not Suppression.objects.filter(number=patient.number).exists()


def _agreed(patient: Patient) -> bool:
    return bool(patient.number) and patient.texts_allowed and patient.active


def who_may_be_texted(sessions: Iterable[TreatmentSession | Course]) -> set[Any]:
    """The patients of `sessions`, or of courses, that `may_text` would allow, in one query."""
    numbers = {session.patient_id: session.patient.number for session in sessions if _agreed(session.patient)}
    stopped = set(Suppression.objects.filter(number__in=numbers.values()).values_list("number", flat=True))
    return {patient for patient, number in numbers.items() if number not in stopped}


def withdraw(message: Message, *, cause: str, now: datetime) -> bool:
    """Take back a text that is still waiting. False when it is on its way already."""
    waiting = Message.objects.filter(pk=message.pk, status=S.PENDING)
    if not waiting.update(status=S.CANCELLED, cause=cause, settled_at=now):
        return False
    message.status, message.cause, message.settled_at = S.CANCELLED, cause, now
    note(message, "withdrawn", now, code=cause)
    return True


def note(message: Message, event: str, now: datetime, *, code: str = "") -> None:
    """One step of a text's story."""
    Attempt.objects.create(
        message=message,
        at=now,
        event=event,
        status=message.status,
        provider_sid=message.provider_sid,
        code=code,
    )


def built(
    session: TreatmentSession,
    kind: str,
    when: When,
    *,
    house: houses.House,
    now: datetime,
    rule: str = "",
    count: int = 1,
    about_at: datetime | None = None,
    language: str = "",
    to: str = "",
    several: Sequence[datetime] = (),
) -> Message:
    """A text about a session, not saved yet."""
    patient, about = session.patient, about_at or session.starts_at
    language = language or patient.language
    words = body(
        kind,
        session.site,
        patient,
        house=house,
        language=language,
        about=about,
        count=count,
        several=several,
    )
    return Message(
        id=new_id(),
        site=session.site,
        patient=patient,
        session=session,
        kind=kind,
        rule=rule,
        about_at=about,
        language=language,
        to=to or patient.number,
        body=words,
        due_at=when.due_at,
        expires_at=when.expires_at,
        created_at=now,
    )


class _Plan:
    """What is to be made, changed and withdrawn; carried out in a few statements whatever the number."""

    def __init__(self, now: datetime):
        self.now = now
        self.new: list[Message] = []
        self.changed: list[Message] = []
        self.unwanted: list[tuple[Message, str]] = []

    def compare(
        self,
        session: TreatmentSession,
        rows: Sequence[Message],
        wanted: Mapping[Key, tuple[When, str]],
        house: houses.House,
        may: bool,
    ) -> None:
        there = {(row.kind, row.rule, row.about_at): row for row in rows}
        for key, row in there.items():
            if row.status == S.PENDING and key not in wanted:
                self.unwanted.append((row, _why_unwanted(session, row, may)))
        for key, (when, language) in wanted.items():
            kind, rule, about = key
            fresh = built(
                session,
                kind,
                when,
                house=house,
                language=language,
                rule=rule,
                now=self.now,
                about_at=about,
            )
            self._keep(there.get(key), fresh)

    def _keep(self, row: Message | None, fresh: Message) -> None:
        if row is None:
            self.new.append(fresh)
        elif row.status == S.PENDING and any(getattr(row, n) != getattr(fresh, n) for n in _SHOWN):
            self._make_alike(row, fresh)
        elif row.status == S.CANCELLED and row.cause in MAY_RETURN and fresh.due_at >= self.now:
            row.status, row.cause, row.settled_at, row.words_removed_at = S.PENDING, "", None, None
            self._make_alike(row, fresh)

    def _make_alike(self, row: Message, fresh: Message) -> None:
        for name in _SHOWN:
            setattr(row, name, getattr(fresh, name))
        self.changed.append(row)

    def carry_out(self) -> None:
        withdraw_all(self.unwanted, self.now)
        if self.changed:
            # Theirs is the lock: nobody can have claimed them meanwhile.
            Message.objects.bulk_update(
                self.changed, [*_SHOWN, "status", "cause", "settled_at", "words_removed_at"]
            )
            _note_all(self.changed, "planned_again", self.now)
        insert_texts(self.new)


def withdraw_all(unwanted: Sequence[tuple[Message, str]], now: datetime) -> None:
    """Take back texts that are still waiting; their rows are held by this transaction."""
    for cause in sorted({cause for _row, cause in unwanted}):
        rows = [row for row, why in unwanted if why == cause]
        Message.objects.filter(pk__in=[row.pk for row in rows], status=S.PENDING).update(
            status=S.CANCELLED, cause=cause, settled_at=now
        )
        for row in rows:
            row.status, row.cause = S.CANCELLED, cause
        _note_all(rows, "withdrawn", now, cause)


def _note_all(rows: Sequence[Message], event: str, now: datetime, code: str = "") -> None:
    Attempt.objects.bulk_create(
        Attempt(message=row, at=now, event=event, status=row.status, code=code) for row in rows
    )


def _wanted(
    session: TreatmentSession, house: houses.House, rows: Sequence[Message], now: datetime
) -> dict[Key, tuple[When, str]]:
    """The texts that a session should have by the rules of its site; `rows`: those that it has."""
    there = {(row.kind, row.rule, row.about_at): row for row in rows}
    kind = {SessionStatus.BOOKED: MessageKind.REMINDER, SessionStatus.COMPLETED: MessageKind.CHECK}.get(
        SessionStatus(session.status)
    )
    found: dict[Key, tuple[When, str]] = {}
    for rule in house.rules_for(str(kind), session.phase) if kind else ():
        key = (str(kind), rule.name, session.starts_at)
        tell = timing.reminder if kind == MessageKind.REMINDER else timing.check
        when = tell(rule, visit_at=session.starts_at, zone=session.patient.tz, now=now)
        if isinstance(when, When):
            found[key] = (when, rule.language)
        elif when.code == "time_passed" and key in there:
            # Due already and not yet taken up: it still should exist, as it is.
            found[key] = (When(there[key].due_at, there[key].expires_at), rule.language)
    return found


def _why_unwanted(session: TreatmentSession, row: Message, may: bool) -> str:
    waits = SessionStatus.BOOKED if row.kind == MessageKind.REMINDER else SessionStatus.COMPLETED
    if session.status != waits:
        return "not_booked"
    if row.about_at != session.starts_at:
        return "moved"
    return "rule_gone" if may else "no_consent"
