"""Authorizations by a payer: writing them down, changing and ending them, and reading what is used of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import DateField, F, FilteredRelation, Q, QuerySet, UUIDField
from django.http import Http404
from django.utils.translation import gettext as _

from clinic import access, audit
from clinic.errors import Fault, Invalid, Refused
from clinic.models import Site, User
from clinic.prepared import Param, Prepared
from scheduling import authorized
from scheduling.authorized import Authorized, Standing, Visit
from scheduling.enums import COUNTED, AuthorizationCode, AuthorizationEventKind
from scheduling.models import Authorization, AuthorizationEvent, Course, TreatmentSession
from scheduling.protocol import Finding

MOST = 1000
TEXTS = {"payer": 120, "number": 60, "renewal_score": 200}
FIELDS = (*TEXTS, "code", "valid_from", "valid_until", "sessions_allowed", "devices_allowed", "owner")


@dataclass(slots=True)
class Known:
    """A course's authorizations, and its sessions that are booked or given, by their number."""

    authorized: dict[Any, Authorized] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)

    def standing(self, number: int) -> Standing | None:
        return authorized.standing(self.authorized.values(), self.visits.values(), number)

    def allows(self, number: int, on: date, dose_mg: int) -> bool:
        """May the session of that number be on that day, and none of the others goes past by it?"""
        new = {number: Visit(number, on, authorized.devices_of(dose_mg))}
        return authorized.exceeded(self.authorized.values(), self.visits, new) is None


@dataclass(frozen=True, slots=True)
class Shown:
    """An authorization as people see it. `status`: ahead, open, nearly, used, over or ended."""

    row: Authorization
    used: int
    remaining: int
    status: str

    @property
    def allowed(self) -> int:
        return self.used + self.remaining


def shown(course: Course, *, now: datetime) -> list[Shown]:
    """All of a course, the newest first, with what is used of each."""
    rows = course.authorizations.select_related("course__site", "owner").prefetch_related("events__by")
    known = known_for([course.pk]).get(course.pk, Known())
    used = authorized.account(known.authorized.values(), known.visits.values()).used
    today = now.astimezone(course.site.tz).date()
    found = [_shown(row, used.get(row.pk, 0), today) for row in rows.order_by("-valid_from", "-pk")]
    return sorted(found, key=lambda item: item.status in ("over", "ended"))


def _shown(row: Authorization, used: int, today: date) -> Shown:
    facts = facts_of(row)
    status = "ended" if row.ended_on else authorized.status(facts, used, today)
    return Shown(row, used, facts.allowed - used, status)


def visible_or_404(user, pk) -> Authorization:
    """The authorization, if its course is at a site of this person."""
    row = (
        Authorization.objects.select_related("course__site", "course__patient", "owner").filter(pk=pk).first()
        if pk
        else None
    )
    if row is None or not access.roles_at(user, row.course.site_id):
        raise Http404
    return row


def _with_visits(rows: QuerySet[Authorization]) -> QuerySet[Authorization]:
    """Each of them once for each session of its course that counts."""
    visit = FilteredRelation("course__sessions", condition=Q(course__sessions__status__in=COUNTED))
    numbers = {"visit_number": "visit__number", "visit_on": "visit__local_date", "visit_mg": "visit__dose_mg"}
    return (
        rows.annotate(visit=visit)
        .select_related("owner")
        .annotate(**{name: F(path) for name, path in numbers.items()})
    )


_of_course = Prepared(_with_visits(Authorization.objects.filter(course_id=Param("course", UUIDField()))))
_of_day = Prepared(
    _with_visits(
        Authorization.objects.filter(
            course__in=TreatmentSession.objects.filter(
                site_id=Param("site", UUIDField()), local_date=Param("day", DateField())
            ).values("course")
        )
    )
)


def known_for(courses: Collection[Any]) -> dict[Any, Known]:
    """By the ids of courses, in one query; where no payer was asked, nothing is known."""
    if len(courses) == 1:
        return _known(_of_course(course=next(iter(courses))))
    return _known(_with_visits(Authorization.objects.filter(course__in=courses)))


def known_on(site: Site, day: date) -> dict[Any, Known]:
    """`known_for` the courses of the site's sessions of that day."""
    return _known(_of_day(site=site.pk, day=day))


def _known(rows: Iterable[Any]) -> dict[Any, Known]:
    found: dict[Any, Known] = defaultdict(Known)
    for row in rows:
        known = found[row.course_id]
        if row.ended_on is None or row.ended_on >= row.valid_from:
            known.authorized[row.pk] = facts_of(row)
        if row.visit_number is not None:
            devices = authorized.devices_of(row.visit_mg)
            known.visits[row.visit_number] = Visit(row.visit_number, row.visit_on, devices)
    return found


def standing_of(known: Mapping[Any, Known], course: Any, number: int, *, wanted: bool) -> Standing | None:
    """Is session `number` of the course with this id covered? None where nothing is `wanted` and nothing known."""
    if (payer := known.get(course)) and (found := payer.standing(number)):
        return found
    return authorized.NOTHING_YET if wanted else None


@transaction.atomic
def expect_authorization(*, course: Course, wanted: bool, by, now: datetime) -> None:
    """The payer wants to authorize this course, or does not. Twice is the same as once."""
    if Course.objects.filter(pk=course.pk, payer_authorizes=not wanted).update(payer_authorizes=wanted):
        common = {"by": by, "now": now, "site": course.site_id, "patient": course.patient_id, "on": course}
        audit.record("course.payer_authorizes", wanted=wanted, **common)


def facts_of(row: Authorization) -> Authorized:
    last = row.valid_until if row.ended_on is None else min(row.valid_until, row.ended_on)
    allowed = row.sessions_allowed, row.devices_allowed
    return Authorized(row.pk, row.payer, row.number, row.valid_from, last, *allowed, row.owner.display_name)


def with_visits(known: Mapping[Any, Known], rows: Iterable[TreatmentSession]) -> Mapping[Any, Known]:
    """The same with these sessions, which have been booked since it was read."""
    for row in rows:
        if row.course_id in known:
            visit = Visit(row.number, row.local_date, authorized.devices_of(row.dose_mg))
            known[row.course_id].visits[row.number] = visit
    return known


def warning(
    course: Course, new_days: Mapping[int, date], held: Mapping[int, date], known_of: Mapping[Any, Known]
) -> list[Finding]:
    """What stands out when the course has sessions on `new_days` beside those of `held`: at most one finding."""
    known = known_of.get(course.pk)
    if known is None:
        return []
    devices = authorized.devices_of(course.dose_mg)
    stays = {number: visit for number, visit in known.visits.items() if number in held}
    new = {number: Visit(number, day, devices) for number, day in new_days.items()}
    found = authorized.exceeded(known.authorized.values(), stays, new)
    return [found] if found else []


@transaction.atomic
def add_authorization(
    *,
    course: Course,
    payer: str,
    number: str,
    valid_from: date,
    valid_until: date,
    owner: User,
    by,
    now: datetime,
    sessions_allowed: int | None = None,
    devices_allowed: int | None = None,
    code: str = "",
    renewal_score: str = "",
) -> Authorization:
    """Write down what a payer has authorized. Without a code, the one of its first day.

    Raises:
        Invalid: values that cannot be, all of them.
        Refused: `authorization_known` where this number of the payer stands there already.
    """
    row = Authorization(course=course, added_at=now, by=by)
    given = {
        "payer": payer,
        "number": number,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "owner": owner,
        "sessions_allowed": sessions_allowed,
        "devices_allowed": devices_allowed,
        "code": code or authorized.code_on(valid_from),
        "renewal_score": renewal_score,
    }
    _set(row, given)
    _save(row)
    _tell(row, AuthorizationEventKind.ADDED, "", {}, by, now)
    return row


@transaction.atomic
def change_authorization(
    *, authorization: Authorization, reason: str, by, now: datetime, **changes: Any
) -> Authorization:
    """Set some of its fields anew; what stood there before is kept. Nothing new is no change.

    Raises:
        Invalid: no reason, or values that cannot be.
        Refused: `wrong_state` where it was ended; `authorization_known`.
    """
    row = _held(authorization)
    before = {name: _told(row, name) for name in FIELDS}
    _set(row, changes, () if reason.strip() else [Fault("required", _("Say why."), "reason")])
    after = {name: _told(row, name) for name in FIELDS}
    changed = {name: [before[name], after[name]] for name in FIELDS if before[name] != after[name]}
    if changed:
        _save(row)
        _tell(row, AuthorizationEventKind.CHANGED, reason.strip(), changed, by, now)
    return row


@transaction.atomic
def end_authorization(
    *, authorization: Authorization, reason: str, by, now: datetime, ended_on: date | None = None
) -> Authorization:
    """It holds to `ended_on`, or today, and no longer; before its first day, it never held.

    Raises:
        Invalid: no reason.
        Refused: `wrong_state` where it was ended.
    """
    if not reason.strip():
        raise Invalid.because("required", _("Say why."), "reason")
    row = _held(authorization)
    row.ended_on = ended_on or now.astimezone(row.course.site.tz).date()
    row.save(update_fields=["ended_on"])
    detail = {"ended_on": [None, row.ended_on.isoformat()]}
    _tell(row, AuthorizationEventKind.ENDED, reason.strip(), detail, by, now)
    return row


def _held(authorization: Authorization) -> Authorization:
    rows = Authorization.objects.select_for_update(of=("self",)).select_related("course__site", "owner")
    row = rows.get(pk=authorization.pk)
    if row.ended_on is not None:
        raise Refused.because("wrong_state", _("This authorization was ended."), present="ended")
    return row


def _set(row: Authorization, values: Mapping[str, Any], faults: Iterable[Fault] = ()) -> None:
    for name, value in values.items():
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    found = [*faults, *_text_faults(row), *_span_faults(row), *_amount_faults(row), *_owner_faults(row)]
    if found:
        raise Invalid(found)


def _text_faults(row: Authorization) -> Iterable[Fault]:
    for name, longest in TEXTS.items():
        text = getattr(row, name)
        if not text and name != "renewal_score":
            yield Fault("required", _("This is needed."), name)
        if len(text) > longest:
            yield Fault("too_long", _("At most %s characters.") % longest, name)
    if row.code not in AuthorizationCode.values:
        yield Fault("unknown", _("One of %s.") % ", ".join(AuthorizationCode.values), "code")


def _span_faults(row: Authorization) -> Iterable[Fault]:
    if row.valid_until < row.valid_from:
        yield Fault("impossible", _("Not before its first day."), "valid_until")


def _amount_faults(row: Authorization) -> Iterable[Fault]:
    given = {name: getattr(row, name) for name in ("sessions_allowed", "devices_allowed")}
    numbers = {name: value for name, value in given.items() if value is not None}
    if len(numbers) != 1:
        yield Fault("impossible", _("Either sessions or devices, one of the two."), "sessions_allowed")
    for name, value in numbers.items():
        if not 1 <= value <= MOST:
            yield Fault("impossible", _("From 1 to 1000."), name)


def _owner_faults(row: Authorization) -> Iterable[Fault]:
    if not row.owner.memberships.filter(site=row.course.site_id).exists():
        yield Fault("unknown", _("Nobody of that name works at this site."), "owner")


def _save(row: Authorization) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        detail = _("This number of this payer stands there already.")
        raise Refused.because("authorization_known", detail, "number") from error


def _told(row: Authorization, name: str) -> Any:
    value = row.owner.username if name == "owner" else getattr(row, name)
    return value.isoformat() if isinstance(value, date) else value


def _tell(row: Authorization, kind, reason: str, detail: dict[str, Any], by, now: datetime) -> None:
    AuthorizationEvent.objects.create(
        authorization=row, kind=kind, at=now, by=by, reason=reason[:500], detail=detail
    )
    course = row.course
    common = {"by": by, "now": now, "site": course.site_id, "patient": course.patient_id, "on": row}
    # The payer's number is the patient's: the trail names the fields, the history holds the values.
    audit.record(f"authorization.{kind}", reason=reason, fields=sorted(detail), **common)
