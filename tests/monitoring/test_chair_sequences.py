"""Any sequence of devices, corrections and late entries: nothing is due before T0, no official checkpoint is lost,
and nobody is ready or gone before the two hours without it being written down."""

from contextlib import suppress
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.errors import Refused
from monitoring import chairside, dosing, leaving, readings, state
from monitoring.models import Checkpoint
from monitoring.uses import Extra
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user
from tests.monitoring.test_predose import FINE
from tests.monitoring.test_safety import CALM

pytestmark = pytest.mark.django_db
T0 = MONDAY + timedelta(minutes=20)
MINUTE = st.integers(-15, 200)
STEPS = st.one_of(
    st.tuples(st.just("device"), st.integers(1, 4), MINUTE),
    st.tuples(st.just("correct"), st.integers(1, 3), MINUTE),
    st.tuples(st.just("read"), st.just(0), MINUTE),
    st.tuples(st.just("stop"), st.just(0), st.just(0)),
    st.tuples(st.just("ready"), st.just(0), MINUTE),
    st.tuples(st.just("leave"), st.just(0), MINUTE),
    st.tuples(st.just("leave early"), st.just(0), MINUTE),
)
LONG_AGO = [("device", 1, 0), ("device", 2, 5), ("read", 0, 119), ("ready", 0, 120)]


class Chair:
    """One patient in one chair, and a nurse who tries everything. It is long past every time that she enters."""

    NOW = T0 + timedelta(minutes=240)

    def __init__(self, from_last: bool, flagged: bool):
        site = make_staffed_site(observe_from_last_device=from_last)
        self.nurse, self.witness = (make_user(site=site, role="nurse") for _ in range(2))
        self.session = make_session(course=make_course(site=site))
        chairside.arrive(session=self.session, by=self.nurse, now=MONDAY)
        answers = FINE if not flagged else type(FINE)(**{**_plain(FINE), "medicines": ("opioids",)})
        chairside.record_pre_dose(
            session=self.session, answers=answers, by=self.nurse, now=T0 - timedelta(minutes=19)
        )

    def do(self, kind, number, minute):
        at, who = T0 + timedelta(minutes=minute), {"by": self.nurse, "now": self.NOW}
        with suppress(Refused):
            if kind == "device":
                extra = Extra("Dropped", self.witness) if number > 2 else None
                kit = {"lot": "L", "expires_on": date(2027, 1, 1), "extra": extra}
                dosing.start_device(session=self.session, number=number, started_at=at, **kit, **who)
            elif kind == "correct":
                dosing.correct_device(
                    session=self.session, number=number, started_at=at, reason="Clock", **who
                )
            elif kind == "read":
                readings.record_checkpoint(
                    session=self.session, client_id=uuid4(), measured_at=at, values=CALM, **who
                )
            elif kind == "stop":
                dosing.stop_dosing(session=self.session, reason="Nausea", **who)
            elif kind == "ready":
                leaving.mark_ready(session=self.session, at=at, clinician="N", instructions_given=True, **who)
            else:
                early = "Walked out" if kind == "leave early" else ""
                leaving.leave(session=self.session, at=at, with_escort=True, early=early, **who)

    def look(self):
        self.session.refresh_from_db()
        known = state.load(self.session)
        if known.t0 is None:
            return
        dues, seen = known.dues(self.NOW), known.observation
        assert known.t0 == known.devices[0].started_at
        assert all(due.due_at > known.t0 for due in dues)
        assert {40, 120} <= {due.minute for due in dues if due.required}
        assert known.flagged is ({50, 75, 105} <= {due.minute for due in dues})
        assert known.taken <= {due.minute for due in dues}
        if self.session.status == "ready":
            assert seen.ready_at >= known.earliest_leave_at
        if seen.left_at and seen.left_at < known.earliest_leave_at:
            assert seen.deviations.exclude(kind="left_alone").exists()


def _plain(answers):
    return {name: getattr(answers, name) for name in answers.__dataclass_fields__}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=8), st.booleans(), st.booleans(), st.booleans())
def test_no_sequence_loses_a_checkpoint_or_hides_an_early_leave(more, played, from_last, flagged):
    chair = Chair(from_last, flagged)
    for step in [*(LONG_AGO if played else []), *more]:
        chair.do(*step)
        chair.look()


def _played(*steps, from_last=False):
    chair = Chair(from_last, flagged=False)
    for step in [*LONG_AGO, *steps]:
        chair.do(*step)
    chair.session.refresh_from_db()
    return chair


def test_a_t0_that_was_later_than_told_takes_ready_back():
    chair = _played(("correct", 2, 6), ("correct", 1, 1))
    assert chair.session.status == "observing"
    assert state.load(chair.session).observation.ready_at is None


def test_a_t0_that_was_later_than_told_makes_a_deviation_of_one_who_has_left():
    chair = _played(("leave", 0, 120), ("correct", 2, 6), ("correct", 1, 1))
    assert chair.session.status == "completed"
    kinds = [row.kind for row in state.load(chair.session).observation.deviations.all()]
    assert kinds == ["short_stay"]


def test_where_the_last_device_counts_its_correction_takes_ready_back():
    chair = Chair(from_last=True, flagged=False)
    for step in [*LONG_AGO[:3], ("ready", 0, 125), ("correct", 2, 7)]:
        chair.do(*step)
    chair.session.refresh_from_db()
    assert chair.session.status == "observing"


def test_the_checkpoints_of_a_session_are_those_of_its_first_device():
    chair = Chair(from_last=False, flagged=True)
    chair.do("device", 1, 0)
    site = chair.session.site
    type(site).objects.filter(pk=site.pk).update(checkpoint_minutes=[20], flagged_minutes=[])
    chair.session.refresh_from_db()
    minutes = [due.minute for due in state.load(chair.session).dues()]
    assert minutes == [15, 30, 40, 50, 60, 75, 90, 105, 120]


def test_a_reading_close_before_a_quarter_answers_it_even_after_ready():
    chair = _played(("read", 0, 130))
    assert set(Checkpoint.objects.values_list("minute", flat=True)) == {120, 135}
    chair.look()


def test_what_comes_late_for_a_quarter_after_the_two_hours_is_kept():
    """Offline: measured at 136 minutes, sent when the patient had been judged ready."""
    chair = Chair(from_last=False, flagged=False)
    for step in [*LONG_AGO[:3], ("read", 0, 148), ("ready", 0, 150), ("read", 0, 136)]:
        chair.do(*step)
    assert set(Checkpoint.objects.values_list("minute", flat=True)) == {120, 150, 135}
    chair.look()


@pytest.mark.parametrize(("value", "minutes"), [(None, [50, 75, 105]), ([], []), ([10, 40], [10])])
def test_a_site_says_how_closely_flagged_patients_are_watched(value, minutes):
    site = make_staffed_site(flagged_minutes=value)
    usual, flagged = state.rules_of(site).minutes, state.rules_of(site, flagged=True).minutes
    assert sorted(set(flagged) - set(usual)) == minutes
