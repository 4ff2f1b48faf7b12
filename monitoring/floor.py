"""Which chair needs me next: a card for each patient in the building, those that are due first."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.models import Site
from monitoring.models import Alert, Checkpoint, DeviceUse, Observation, PreDose
from monitoring.next_step import NextStep, next_step
from monitoring.state import ChairState
from scheduling.enums import SessionStatus
from scheduling.models import TreatmentSession

ARRIVALS_AHEAD = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Card:
    state: ChairState
    step: NextStep
    late: bool
    last: Checkpoint | None
    red: list[Alert]
    amber: list[Alert]

    @property
    def session(self) -> TreatmentSession:
        return self.state.session


@dataclass(frozen=True, slots=True)
class Floor:
    cards: list[Card]
    arrivals: list[TreatmentSession]
    red: list[Alert]


def floor_of(site: Site, *, now: datetime) -> Floor:
    """The floor in a fixed number of queries."""
    sessions = (
        TreatmentSession.objects.filter(site=site).in_house().select_related("chair", "patient", "site")
    )
    cards = [_card(state, now) for state in states_of(list(sessions))]
    arrivals = TreatmentSession.objects.filter(
        site=site,
        status=SessionStatus.BOOKED,
        starts_at__gte=now - ARRIVALS_AHEAD,
        starts_at__lte=now + ARRIVALS_AHEAD,
    ).select_related("chair", "patient")
    return Floor(
        cards=sorted(cards, key=_urgency),
        arrivals=list(arrivals.order_by("starts_at")),
        red=sorted((a for card in cards for a in card.red), key=lambda alert: alert.raised_at),
    )


def states_of(sessions: list[TreatmentSession]) -> list[ChairState]:
    """Everything of many sessions, in five queries."""
    observations = {
        o.session_id: o for o in Observation.objects.filter(session__in=sessions).select_related("nurse")
    }
    ids = [o.pk for o in observations.values()]
    parts = {model: _by_observation(model, ids) for model in (PreDose, DeviceUse, Checkpoint, Alert)}
    found = []
    for session in sessions:
        observation = observations.get(session.pk)
        rows = {model: part[observation.pk] if observation else [] for model, part in parts.items()}
        found.append(
            ChairState(session, observation, rows[PreDose], rows[DeviceUse], rows[Checkpoint], rows[Alert])
        )
    return found


def _by_observation(model, ids):
    rows = defaultdict(list)
    for row in model.objects.filter(observation__in=ids):
        rows[row.observation_id].append(row)
    return rows


def _card(known: ChairState, now: datetime) -> Card:
    step = next_step(known, now)
    open_alerts = known.open_alerts
    measured = [row for row in known.checkpoints if not row.not_taken]
    return Card(
        state=known,
        step=step,
        late=step.due_at is not None and step.due_at < now,
        last=measured[-1] if measured else None,
        red=[alert for alert in open_alerts if alert.level == "red"],
        amber=[alert for alert in open_alerts if alert.level == "amber"],
    )


def _urgency(card: Card) -> tuple[bool, float]:
    """Red first, then by what is due; a patient who only leaves comes last."""
    due = card.step.due_at
    return not card.red, due.timestamp() if due else float("inf")
