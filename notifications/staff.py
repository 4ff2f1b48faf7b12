"""Texts to staff: needed at a chair, a form is due, something serious was written down.

They name no patient, go only to somebody who agreed, and say no more than where to look. What is urgent goes at
once, at any hour; STOP holds for staff as for anybody.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

from django.db.models import Q

from clinic.ids import new_id
from clinic.models import Site, User
from monitoring import escalation, ladder
from monitoring.models import Alert, MonitoringForm, SeriousEvent
from notifications import houses, timing
from notifications.bodies import body
from notifications.candidates import Candidate
from notifications.enums import MessageKind
from notifications.models import Message
from notifications.timing import When
from scheduling.models import TreatmentSession

ALERT, FORM, SERIOUS = "alert", "form", "serious"


def call_to_chair(
    session: TreatmentSession, alert: Alert, people: Iterable[User], step: int, *, now: datetime
) -> None:
    """Nobody answered a red alert: one text to each of those who have it since this step."""
    _write(
        session.site,
        people,
        f"{ALERT}-{step}",
        "staff",
        timing.answer(now),
        about=alert.recorded_at,
        now=now,
        session=session,
    )


def remind_of_forms(site: Site, owner: User, *, now: datetime) -> None:
    """Forms of theirs are due: one text a day, by day, however many they are."""
    day = datetime.combine(now.astimezone(site.tz).date(), time(), site.tz)
    when = timing.by_day(now, site.tz)
    _write(site, [owner], FORM, "staff_form", when, about=day, now=now)


def tell_of_serious(event: SeriousEvent, *, now: datetime) -> None:
    """Prescribers and managers, but for whoever wrote it down."""
    people = [
        person
        for role in (ladder.PRESCRIBER, ladder.MANAGER)
        for person in escalation.people_at(
            event.site, ladder.LADDER.index(role) + 1, now=now, leaving_out=event.flagged_by_id
        )
    ]
    _write(
        event.site,
        people,
        SERIOUS,
        "staff_serious",
        timing.answer(now),
        about=event.flagged_at,
        now=now,
        session=event.session,
    )


def no_longer_wanted(found: Sequence[Candidate]) -> dict[Any, str]:
    """Texts to staff about what has been dealt with since, or to somebody who wants none any more: id and cause."""
    texts = [candidate for candidate in found if candidate.staff is not None]
    if not texts:
        return {}
    agreed = User.objects.filter(pk__in={text.staff for text in texts}, texts_agreed_at__isnull=False)
    numbers = dict(agreed.filter(is_active=True).values_list("pk", "mobile"))
    waiting, owners = _waiting_alerts(texts), _owners_of_due_forms(texts)
    causes = {}
    for text in texts:
        if numbers.get(text.staff) != text.to:
            causes[text.pk] = "staff_no_consent"
        elif _is_dealt_with(text, waiting, owners):
            causes[text.pk] = "answered"
    return causes


def _is_dealt_with(text: Candidate, waiting: set[tuple[Any, datetime]], owners: set[tuple[Any, Any]]) -> bool:
    if text.rule == FORM:
        return (text.staff, text.site) not in owners
    return text.rule.startswith(ALERT) and (text.session, text.about_at) not in waiting


def _waiting_alerts(texts: Sequence[Candidate]) -> set[tuple[Any, datetime]]:
    sessions = {text.session for text in texts if text.rule.startswith(ALERT)}
    if not sessions:
        return set()
    rows = Alert.objects.waiting_red().filter(observation__session__in=sessions)
    return set(rows.values_list("observation__session", "recorded_at"))


def _owners_of_due_forms(texts: Sequence[Candidate]) -> set[tuple[Any, Any]]:
    owners = {text.staff for text in texts if text.rule == FORM}
    if not owners:
        return set()
    return set(MonitoringForm.objects.open().filter(owner__in=owners).values_list("owner", "site"))


def _write(
    site: Site,
    people: Iterable[User],
    rule: str,
    wording: str,
    when: When,
    *,
    about: datetime,
    now: datetime,
    session: TreatmentSession | None = None,
) -> None:
    """A row for each of them who agreed, in their language; what is there already stays as it is."""
    reachable = {person.pk: person for person in people if person.texts_agreed_at and person.mobile}
    there = Message.objects.filter(
        Q(session=session) if session else Q(session__isnull=True),
        staff__in=reachable,
        site=site,
        rule=rule,
        about_at=about,
    )
    told = set(there.values_list("staff_id", flat=True))
    house, chair = houses.of([site.pk])[site.pk], session.chair.name if session else ""
    Message.objects.bulk_create(
        Message(
            id=new_id(),
            site=site,
            staff=person,
            session=session,
            kind=MessageKind.STAFF,
            rule=rule,
            about_at=about,
            language=person.language,
            to=person.mobile,
            body=body(wording, site, None, house=house, language=person.language, chair=chair),
            due_at=when.due_at,
            expires_at=when.expires_at,
            created_at=now,
        )
        for person in reachable.values()
        if person.pk not in told
    )
