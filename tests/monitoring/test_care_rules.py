"""The database's own rules about alerts' events, assignments and deviations: refused, and let through."""

import pytest

from monitoring.models import Alert, AlertEvent, Assignment, Deviation, Observation
from tests.database import refused, written_once
from tests.factories import MONDAY, make_session, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def observation():
    return Observation.objects.create(session=make_session())


def test_alert_events(observation):
    from clinic.ids import new_id

    alert = Alert.objects.create(
        observation=observation,
        site=observation.session.site,
        source=new_id(),
        level="red",
        code="bp_very_high",
        detail="x",
        raised_at=MONDAY,
    )

    def event(kind="escalated", step=1):
        return AlertEvent.objects.create(alert=alert, kind=kind, step=step, at=MONDAY)

    written_once("alert_event_written_once", event())
    refused("alert_event_kind_known", lambda: event("forgotten"))
    refused("alert_escalates_once_a_step", event)
    event(step=2)
    event("handed_on")
    event("handed_on")


def test_assignments(observation):
    row = Assignment.objects.create(observation=observation, nurse=make_user(), at=MONDAY)
    written_once("assignment_written_once", row)


def test_deviations(observation):
    def deviation(**fields):
        usual = {"kind": "left_early", "reason": "Walked out", "at": MONDAY}
        return Deviation.objects.create(observation=observation, **{**usual, **fields})

    written_once("deviation_written_once", deviation(told="Dr. Raman"))
    refused("deviation_kind_known", lambda: deviation(kind="odd"))
    refused("deviation_has_a_reason", lambda: deviation(reason=""))
    deviation(kind="short_stay")
