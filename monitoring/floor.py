"""Which chair needs me next: a card for each patient in the building, those that are due first."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, DateField, DateTimeField, OuterRef, Q, Subquery, UUIDField

from clinic.models import Site, User
from clinic.prepared import Param, Prepared
from monitoring import safety, schedule
from monitoring.limits import Limits
from monitoring.models import Alert, Checkpoint, DeviceUse, Observation, PreDose
from monitoring.next_step import ChairFacts, NextStep, next_of
from monitoring.state import VALUES, limits_of, newest, rules_of
from scheduling.enums import IN_HOUSE, SessionStatus
from scheduling.models import TreatmentSession

ARRIVALS_AHEAD = timedelta(hours=2)
# What a card hangs on and shows, and nothing more: everybody's floor looks every few seconds.
_OF_SESSION = (
    "site_id",
    "number",
    "status",
    "starts_at",
    "expected_at",
    "dose_mg",
    "chair__name",
    "patient__family_name",
    "patient__given_name",
    "observation__t0_at",
    "observation__last_device_at",
    "observation__rules",
    "observation__dosing_stopped_reason",
    "observation__nurse__username",
    "observation__nurse__first_name",
    "observation__nurse__last_name",
)
_OF_READING = ("observation_id", "entry", "version", "minute", "measured_at", "not_taken", *VALUES)

_SITE = Param("site", UUIDField())
_expected = Q(
    status=SessionStatus.BOOKED,
    local_date__range=(Param("first", DateField()), Param("last", DateField())),
    starts_at__range=(Param("since", DateTimeField()), Param("until", DateTimeField())),
)
_answers = PreDose.objects.filter(observation=OuterRef("observation")).order_by("-version")
_devices = DeviceUse.objects.filter(observation=OuterRef("observation"), version=1).order_by()
_counted = _devices.values("observation").annotate(number=Count("pk")).values("number")
_here_or_expected = Prepared(
    TreatmentSession.objects.filter(Q(status__in=IN_HOUSE) | _expected, site_id=_SITE)
    .select_related("chair", "patient", "observation__nurse")
    .only(*_OF_SESSION)
    .annotate(may_dose=Subquery(_answers.values("may_dose")[:1]), devices=Subquery(_counted))
    .order_by("starts_at")
)
_readings_of_site = Prepared(
    Checkpoint.objects.filter(
        observation__session__site_id=_SITE, observation__session__status__in=IN_HOUSE
    ).only(*_OF_READING)
)
_open_alerts = Prepared(
    Alert.objects.unacknowledged()
    .filter(site_id=_SITE)
    .select_related("owner", "observation__session__chair")
    .order_by("raised_at", "pk")
)


@dataclass(frozen=True, slots=True)
class Card:
    session: TreatmentSession
    observation: Observation | None
    step: NextStep
    late: bool
    last: Checkpoint | None
    red: list[Alert]
    amber: list[Alert]

    @property
    def nurse(self) -> User | None:
        return self.observation.nurse if self.observation else None


@dataclass(frozen=True, slots=True)
class Tile:
    """What a card shows to whoever looks, and nothing more: equal tiles are drawn once (clinic/templatetags/kept.py).

    `last` is append-only: the same row says the same. On a wall (`wall`) nobody is named.
    """

    pk: Any
    chair: str
    who: str
    number: int
    status: str
    step: NextStep
    late: bool
    last: Checkpoint | None
    nurse: str
    red: tuple[str, ...]
    amber: tuple[str, ...]
    wall: bool
    may_treat: bool
    tz: ZoneInfo

    def get_status_display(self) -> str:
        return str(SessionStatus(self.status).label)


@dataclass(frozen=True, slots=True)
class Load:
    """How many patients a nurse watches, of how many at most."""

    nurse: User
    patients: int
    most: int

    @property
    def over(self) -> bool:
        return self.patients > self.most


@dataclass(frozen=True, slots=True)
class Floor:
    cards: list[Card]
    arrivals: list[TreatmentSession]
    red: list[Alert]
    loads: list[Load]
    unwatched: int


def floor_of(site: Site, *, now: datetime) -> Floor:
    """The floor in three queries, however many patients are there."""
    sessions = _sessions(site, now)
    for session in sessions:
        session.site = site
    in_house = [session for session in sessions if session.status in IN_HOUSE]
    readings, alerts = _readings(site), _alerts(site)
    rules, limits = rules_of(site), limits_of(site)
    cards = [_card(session, readings, alerts, rules, limits, now) for session in in_house]
    return Floor(
        cards=sorted(cards, key=_urgency),
        arrivals=[s for s in sessions if s.status == SessionStatus.BOOKED],
        red=[alert for rows in alerts.values() for alert in rows if alert.level == "red"],
        loads=_loads(cards, site),
        unwatched=sum(card.nurse is None for card in cards),
    )


def tile(card: Card, site: Site, *, wall: bool, may_treat: bool) -> Tile:
    session = card.session
    return Tile(
        pk=session.pk,
        chair=session.chair.name,
        who="" if wall else session.patient.list_name,
        number=session.number,
        status=session.status,
        step=card.step,
        late=card.late,
        last=card.last,
        nurse=card.nurse.display_name if card.nurse and not wall else "",
        red=tuple(alert.detail for alert in card.red),
        amber=tuple(alert.detail for alert in card.amber),
        wall=wall,
        may_treat=may_treat,
        tz=site.tz,
    )


def _sessions(site: Site, now: datetime) -> list[TreatmentSession]:
    """Who is in the building and who is expected, with what their next step hangs on."""
    soon = (now - ARRIVALS_AHEAD, now + ARRIVALS_AHEAD)
    first, last = (moment.astimezone(site.tz).date() for moment in soon)
    return _here_or_expected(site=site.pk, first=first, last=last, since=soon[0], until=soon[1])


def _readings(site: Site) -> dict[Any, list[Checkpoint]]:
    found = defaultdict(list)
    for row in newest(_readings_of_site(site=site.pk), "entry"):
        found[row.observation_id].append(row)
    return found


def _alerts(site: Site) -> dict[Any, list[Alert]]:
    """What nobody has acknowledged, of patients who have left too."""
    found = defaultdict(list)
    for alert in _open_alerts(site=site.pk):
        found[alert.observation_id].append(alert)
    return found


def _observation(session: TreatmentSession) -> Observation | None:
    return getattr(session, "observation", None)


def _card(
    session: TreatmentSession, readings, alerts, rules: schedule.Rules, limits: Limits, now: datetime
) -> Card:
    seen = _observation(session)
    rows = sorted(readings.get(seen.pk, []) if seen else [], key=lambda row: (row.measured_at, row.pk))
    step = next_of(_facts(session, seen, rows, rules, limits, now), now)
    measured = [row for row in rows if not row.not_taken]
    open_alerts = alerts.get(seen.pk, []) if seen else []
    return Card(
        session=session,
        observation=seen,
        step=step,
        late=step.due_at is not None and step.due_at < now,
        last=measured[-1] if measured else None,
        red=[alert for alert in open_alerts if alert.level == "red"],
        amber=[alert for alert in open_alerts if alert.level == "amber"],
    )


def _facts(
    session, seen: Observation | None, rows: list[Checkpoint], of_site: schedule.Rules, limits: Limits, now
) -> ChairFacts:
    """`of_site`: the rules as the site has them now, for whoever has none of their own."""
    t0 = seen.t0_at if seen else None
    last_device = (seen.last_device_at or t0) if seen else None
    if seen is None or t0 is None or last_device is None:
        return ChairFacts(session, session.may_dose)
    rules = schedule.rules_from(seen.rules, of_site.late_minutes) if seen.rules else of_site
    taken = {row.minute for row in rows if row.minute is not None}
    number = session.devices or 0
    more = number < schedule.devices_for(session.dose_mg) and not seen.dosing_stopped_reason
    return ChairFacts(
        session,
        session.may_dose,
        devices=number,
        next_device_at=schedule.next_device_at(last_device) if more else None,
        earliest_leave_at=schedule.earliest_leave_at(t0, last_device, rules),
        open_dues=[d for d in schedule.checkpoints(t0, rules, until=now) if d.minute not in taken],
        last_reading_at=rows[-1].measured_at if rows else None,
        again_at=safety.measure_again_at(rows, limits),
    )


def _loads(cards: list[Card], site: Site) -> list[Load]:
    """The nurses who watch somebody, the busiest first."""
    people = {card.nurse.pk: card.nurse for card in cards if card.nurse}
    counted = Counter(card.nurse.pk for card in cards if card.nurse)
    loads = [Load(people[pk], number, site.patients_per_nurse) for pk, number in counted.items()]
    return sorted(loads, key=lambda load: (-load.patients, load.nurse.display_name))


def _urgency(card: Card) -> tuple[bool, float]:
    """Red first, then by what is due; a patient who only leaves comes last."""
    due = card.step.due_at
    return not card.red, due.timestamp() if due else float("inf")
