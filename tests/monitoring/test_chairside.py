"""The chairside's verbs against the database."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic import patients
from clinic.errors import Invalid, ReasonRequired, Refused
from clinic.models import AuditEvent
from monitoring import alerts as alert_verbs
from monitoring import chairside, dosing, leaving, readings, signals, state
from monitoring.floor import floor_of
from monitoring.models import Alert, Checkpoint, Deviation, DeviceUse, Observation, PreDose
from monitoring.record import record_of
from monitoring.uses import Extra
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user
from tests.monitoring.test_predose import FINE
from tests.monitoring.test_safety import CALM

pytestmark = pytest.mark.django_db
T0 = MONDAY + timedelta(minutes=20)


def at(minute):
    return T0 + timedelta(minutes=minute)


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse")


@pytest.fixture
def witness(site):
    return make_user(site=site, role="nurse")


@pytest.fixture
def session(site):
    return make_session(course=make_course(site=site))


@pytest.fixture
def cleared(session, nurse):
    chairside.arrive(session=session, by=nurse, now=MONDAY)
    chairside.record_pre_dose(session=session, answers=FINE, by=nurse, now=at(-5))
    return session


@pytest.fixture
def dosed(cleared, nurse):
    for number in (1, 2):
        device(cleared, nurse, number, 5 * (number - 1))
    return cleared


def device(session, nurse, number, minute, **options):
    facts = {"lot": "L1", "expires_on": date(2027, 1, 1), **options}
    now = facts.pop("now", at(minute))
    facts = {"started_at": at(minute), **facts}
    return dosing.start_device(session=session, number=number, by=nurse, now=now, **facts)


def read(session, nurse, after, values=CALM, **options):
    """A reading `after` so many minutes, written down at once."""
    facts = {"client_id": uuid4(), "measured_at": at(after), "now": at(after), **options}
    return readings.record_checkpoint(session=session, values=values, by=nurse, **facts)


@pytest.mark.parametrize("days", [1, 9000])
def test_nothing_is_given_or_measured_before_the_day_of_the_arrival(cleared, nurse, days):
    """A wrong date would end the two hours at once, and let an expired device pass."""
    earlier = at(0) - timedelta(days=days)
    with pytest.raises(Invalid) as given:
        device(cleared, nurse, 1, 0, started_at=earlier, now=at(0), expires_on=earlier.date())
    with pytest.raises(Invalid) as asked:
        chairside.record_pre_dose(session=cleared, answers=FINE, measured_at=earlier, by=nurse, now=at(0))
    device(cleared, nurse, 1, 0)
    with pytest.raises(Invalid) as corrected:
        dosing.correct_device(
            session=cleared, number=1, started_at=earlier, reason="Typo", by=nurse, now=at(1)
        )

    assert (given.value.codes, asked.value.codes, corrected.value.codes) == (["before_arrival"],) * 3
    assert Observation.objects.get(session=cleared).t0_at == at(0)


@pytest.mark.parametrize(
    "changes", [{"rems_enrolled_on": None}, {"contraindications": ["aneurysmal_vascular_disease"]}]
)
def test_a_stop_that_comes_after_the_answers_refuses_the_device_all_the_same(cleared, nurse, changes):
    patients.update_patient(patient=cleared.patient, changes=changes, by=nurse, now=at(-1))
    with pytest.raises(Refused) as refused:
        device(cleared, nurse, 1, 0)

    assert refused.value.codes == ["not_cleared"]
    assert not DeviceUse.objects.exists()


def test_an_extra_device_keeps_every_word_of_its_reason_or_says_that_it_is_too_long(dosed, nurse, witness):
    with pytest.raises(Invalid) as refused:
        device(dosed, nurse, 3, 10, extra=Extra("r" * 501, None))
    device(dosed, nurse, 3, 10, extra=Extra("r" * 500, witness))

    assert [(f.code, f.field) for f in refused.value.faults] == [
        ("too_long", "extra.reason"),
        ("required", "extra.witness"),
    ]
    assert len(DeviceUse.objects.get(number=3).extra_reason) == 500


def test_a_reason_that_is_too_long_is_refused_and_never_cut(cleared, nurse):
    device(cleared, nurse, 1, 0)
    for verb in (
        lambda: dosing.stop_dosing(session=cleared, reason="x" * 501, by=nurse, now=at(1)),
        lambda: dosing.correct_device(
            session=cleared, number=1, started_at=at(-1), reason="x" * 501, by=nurse, now=at(1)
        ),
    ):
        with pytest.raises(Invalid) as refused:
            verb()
        assert [(f.code, f.field) for f in refused.value.faults] == [("too_long", "reason")]


def test_arrive_begins_the_observation_with_its_nurse(session, nurse):
    chairside.arrive(session=session, by=nurse, now=MONDAY)
    assert Observation.objects.get(session=session).nurse == nurse
    assert session.status == "arrived"


def test_pre_dose_that_is_not_cleared_is_kept_and_refuses_the_first_device(session, nurse):
    chairside.arrive(session=session, by=nurse, now=MONDAY)
    answers = replace(FINE, systolic=150)
    first = chairside.record_pre_dose(session=session, answers=answers, by=nurse, now=at(-5))

    with pytest.raises(Refused) as refused:
        device(session, nurse, 1, 0)
    reasons = {"blood_pressure": "Known, agreed"}
    prescriber = make_user(site=session.site, role="prescriber")
    second = chairside.record_pre_dose(
        session=session,
        answers=answers,
        override=reasons,
        decided_by=str(prescriber.pk),
        by=nurse,
        now=at(-4),
    )

    assert (first.may_dose, refused.value.codes, second.may_dose) == (False, ["not_cleared"], True)
    assert second.pre_dose.overrides["blood_pressure"]["name"] == nurse.display_name
    assert list(PreDose.objects.values_list("version", "may_dose").order_by("version")) == [
        (1, False),
        (2, True),
    ]
    assert set(Alert.objects.values_list("level", "code")) == {("amber", "bp_before_amber")}


def test_pre_dose_names_every_impossible_value(session, nurse):
    chairside.arrive(session=session, by=nurse, now=MONDAY)
    answers = replace(FINE, systolic=20, spo2=120, medicines=("tea",))
    with pytest.raises(Invalid) as refused:
        chairside.record_pre_dose(session=session, answers=answers, by=nurse, now=at(-5))
    assert {f.field for f in refused.value.faults} == {"systolic", "diastolic", "spo2", "medicines"}


def test_devices_set_t0_and_the_status(cleared, nurse):
    first = device(cleared, nurse, 1, 0)
    cleared.refresh_from_db()
    assert (cleared.status, first.next_device_at, first.earliest_leave_at) == ("dosing", at(5), at(120))
    second = device(cleared, nurse, 2, 5)
    cleared.refresh_from_db()
    assert (cleared.status, second.next_device_at) == ("observing", None)
    assert Observation.objects.get(session=cleared).t0_at == T0


@pytest.mark.parametrize(
    ("number", "minute", "options", "code"),
    [
        (2, 4, {}, "too_soon"),
        (3, 10, {}, "out_of_order"),
        (2, 5, {"expires_on": date(2026, 3, 1)}, "expired"),
    ],
)
def test_devices_are_refused(cleared, nurse, number, minute, options, code):
    device(cleared, nurse, 1, 0)
    with pytest.raises(Refused) as refused:
        device(cleared, nurse, number, minute, **options)
    assert code in refused.value.codes


def test_a_device_expires_at_the_end_of_its_day(cleared, nurse):
    device(cleared, nurse, 1, 0, expires_on=date(2026, 3, 2))


def test_an_extra_device_wants_a_reason_and_a_witness(dosed, nurse, witness):
    with pytest.raises(Refused) as refused:
        device(dosed, nurse, 3, 10)
    assert refused.value.codes == ["over_dose"]
    with pytest.raises(Invalid):
        device(dosed, nurse, 3, 10, extra=Extra(" ", witness))
    device(dosed, nurse, 3, 10, extra=Extra("Dropped", witness))
    started = AuditEvent.objects.filter(action="device.started").order_by("-at").first()
    assert (DeviceUse.objects.get(number=3).witness, started.detail["witness"]) == (
        witness.display_name,
        str(witness.pk),
    )


@pytest.mark.parametrize("who", ["nobody", "myself", "stranger", "desk"])
def test_the_witness_of_an_extra_device_is_a_second_person_of_the_staff(dosed, nurse, site, who):
    people = {
        "nobody": lambda: None,
        "myself": lambda: nurse,
        "stranger": lambda: make_user(site=make_staffed_site(name="Elsewhere"), role="nurse"),
        "desk": lambda: make_user(site=site, role="desk"),
    }
    with pytest.raises(Invalid) as refused:
        device(dosed, nurse, 3, 10, extra=Extra("Dropped", people[who]()))
    assert [fault.field for fault in refused.value.faults] == ["extra.witness"]
    assert DeviceUse.objects.count() == 2


def test_a_device_told_twice_is_one_device(cleared, nurse):
    device(cleared, nurse, 1, 0)
    device(cleared, nurse, 1, 0)
    with pytest.raises(Refused) as refused:
        device(cleared, nurse, 1, 0, lot="L2")
    assert (refused.value.codes, DeviceUse.objects.count()) == (["device_recorded"], 1)


def test_a_corrected_t0_moves_every_due_time_and_keeps_the_old(dosed, nurse):
    done = dosing.correct_device(
        session=dosed, number=1, started_at=at(-2), reason="Clock was wrong", by=nurse, now=at(8)
    )
    assert done.checkpoints[0].due_at == at(13)
    assert list(DeviceUse.objects.filter(number=1).values_list("version", "started_at")) == [
        (1, T0),
        (2, at(-2)),
    ]


def test_a_corrected_t0_never_comes_after_a_reading(dosed, nurse):
    read(dosed, nurse, 6)
    with pytest.raises(Refused) as refused:
        dosing.correct_device(session=dosed, number=1, started_at=at(7), reason="x", by=nurse, now=at(20))
    assert "reading_before_t0" in refused.value.codes


def test_dosing_may_be_stopped_with_a_reason(cleared, nurse, witness):
    device(cleared, nurse, 1, 0)
    with pytest.raises(Invalid):
        dosing.stop_dosing(session=cleared, reason=" ", by=nurse, now=at(3))
    dosing.stop_dosing(session=cleared, reason="Nausea", by=nurse, now=at(3))
    cleared.refresh_from_db()
    assert (cleared.status, state.load(cleared).next_device_at) == ("observing", None)
    with pytest.raises(Refused) as refused:
        device(cleared, nurse, 2, 9)
    assert refused.value.codes == ["over_dose"]
    device(cleared, nurse, 2, 9, extra=Extra("The prescriber asked for it", witness))
    assert DeviceUse.objects.count() == 2


def test_a_reading_answers_its_checkpoint_and_is_late_after_five_minutes(dosed, nurse):
    on_time, late = read(dosed, nurse, 20), read(dosed, nurse, 36)
    assert (on_time.checkpoint.minute, on_time.checkpoint.late) == (15, False)
    assert (late.checkpoint.minute, late.checkpoint.late) == (40, False)
    overdue = read(dosed, nurse, 66)
    assert (overdue.checkpoint.minute, overdue.checkpoint.late) == (60, True)


def test_a_reading_written_down_long_after_is_late(dosed, nurse):
    found = read(dosed, nurse, 15, now=at(31))
    assert found.checkpoint.late is True


@pytest.mark.parametrize(
    ("values", "options", "field"),
    [
        ({}, {}, "not_taken"),
        ({**CALM, "not_taken": "asleep"}, {}, "not_taken"),
        ({"systolic": 120}, {}, "diastolic"),
        ({"spo2": 10}, {}, "spo2"),
        (CALM, {"measured_at": at(-1)}, "measured_at"),
        (CALM, {"measured_at": at(18)}, "measured_at"),
        (CALM, {"minute": 17}, "minute"),
    ],
)
def test_a_reading_that_cannot_be_names_its_field(dosed, nurse, values, options, field):
    with pytest.raises(Invalid) as refused:
        read(dosed, nurse, 15, values, **options)
    assert [f.field for f in refused.value.faults] == [field]


def test_a_reading_may_be_two_minutes_ahead_of_our_clock(dosed, nurse):
    read(dosed, nurse, 15, measured_at=at(17))


def test_a_reading_that_could_not_be_taken_has_its_reason(dosed, nurse):
    found = read(dosed, nurse, 15, {"not_taken": "asleep"})
    assert (found.checkpoint.minute, found.checkpoint.not_taken) == (15, "asleep")


def test_an_entry_that_comes_late_may_be_the_first_of_two(dosed, nurse):
    high = {"systolic": 185, "diastolic": 90}
    second = read(dosed, nurse, 46, high)
    assert [a.code for a in second.alerts] == ["bp_rise"]
    read(dosed, nurse, 40, high, now=at(47))
    assert set(Alert.objects.filter(source=second.checkpoint.entry).values_list("code", flat=True)) == {
        "bp_rise",
        "bp_high_twice",
    }


def test_a_correction_is_a_version_and_a_stale_one_is_refused(dosed, nurse):
    first = read(dosed, nurse, 15).checkpoint
    changes = {"systolic": 130}
    second = readings.correct_checkpoint(
        checkpoint=first, changes=changes, reason="Typo", by=nurse, now=at(16)
    )
    assert (second.checkpoint.version, second.checkpoint.diastolic) == (2, 80)
    with pytest.raises(Refused) as refused:
        readings.correct_checkpoint(checkpoint=first, changes=changes, reason="Typo", by=nurse, now=at(17))
    assert refused.value.codes == ["superseded"]
    assert [row.systolic for row in state.load(dosed).checkpoints] == [130]


def test_a_corrected_time_is_late_or_on_time_by_itself_and_its_reason_is_kept_whole(dosed, nurse):
    first = read(dosed, nurse, 66).checkpoint
    assert (first.minute, first.late) == (60, True)

    def correct(**options):
        facts = {"changes": {"measured_at": at(61)}, "by": nurse, "now": at(100)}
        return readings.correct_checkpoint(checkpoint=first, **{**facts, **options}).checkpoint

    with pytest.raises(Invalid) as refused:
        correct(reason="x" * 501)
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [("too_long", "reason")]
    assert not correct(reason="Typed the wrong minute").late


def test_nothing_is_measured_after_the_patient_left_but_a_note_may_be_written(dosed, nurse):
    told = {"with_escort": True, "early": "Wanted to go", "told": "Dr. N."}
    leaving.leave(session=dosed, at=at(50), by=nurse, now=at(50), **told)
    with pytest.raises(Invalid) as refused:
        read(dosed, nurse, 60, now=at(70))
    assert "after_leaving" in [fault.code for fault in refused.value.faults]
    assert read(dosed, nurse, 49, now=at(70)).checkpoint.systolic
    readings.record_checkpoint(
        session=dosed,
        client_id=uuid4(),
        measured_at=at(69),
        values={"note": "Telephoned, is at home"},
        by=nurse,
        now=at(70),
    )


def test_ready_lists_what_is_missing_and_then_says_who(dosed, nurse):
    with pytest.raises(Refused) as refused:
        leaving.mark_ready(session=dosed, at=at(119), clinician="N", by=nurse, now=at(119))
    assert {"minutes_120", "reading_now", "instructions"} <= set(refused.value.codes)
    read(dosed, nurse, 118)
    leaving.mark_ready(
        session=dosed, at=at(120), clinician="N. Nurse", instructions_given=True, by=nurse, now=at(120)
    )
    seen = Observation.objects.get(session=dosed)
    assert (seen.ready_at, seen.ready_by, seen.ready_name) == (at(120), nurse, "N. Nurse")


def test_after_a_reopen_escort_and_instructions_are_asked_for_again_and_every_time_stays(dosed, nurse):
    read(dosed, nurse, 118)
    leaving.note_escort(session=dosed, by=nurse, now=at(100))
    leaving.mark_ready(
        session=dosed, at=at(120), clinician="N", instructions_given=True, by=nurse, now=at(120)
    )
    leaving.reopen(session=dosed, reason="Dizzy again", by=nurse, now=at(125))
    seen = Observation.objects.get(session=dosed)
    assert (seen.escort_reached_at, seen.instructions_given_at) == (None, None)
    with pytest.raises(Refused) as refused:
        leaving.mark_ready(session=dosed, at=at(130), clinician="N", by=nurse, now=at(130))
    assert refused.value.codes == ["instructions"]
    leaving.note_escort(session=dosed, by=nurse, now=at(140))
    leaving.note_instructions(session=dosed, by=nurse, now=at(141))
    seen.refresh_from_db()
    assert (seen.escort_reached_at, seen.instructions_given_at) == (at(140), at(141))
    lines = record_of(dosed)
    assert [(line.title, line.at) for line in lines if line.kind == "noted"] == [
        ("Escort here, or reached", at(100)),
        ("Escort here, or reached", at(140)),
        ("Instructions given", at(141)),
    ]
    again = next(line for line in lines if line.text.startswith("Dizzy again"))
    assert again.text == (
        "Dizzy again; escort reached at 11:00, asked again; instructions given at 11:20, asked again"
    )


def test_who_judged_a_patient_ready_and_why_stays_when_they_are_observed_again(dosed, nurse):
    read(dosed, nurse, 118)
    leaving.note_instructions(session=dosed, by=nurse, now=at(119))
    leaving.mark_ready(
        session=dosed,
        at=at(120),
        clinician="N. Nurse",
        escort_reached=False,
        override={"escort": "Calls from the car park"},
        by=nurse,
        now=at(120),
    )
    leaving.reopen(session=dosed, reason="Dizzy again", by=nurse, now=at(125))

    lines = record_of(dosed)
    ready = next(line for line in lines if line.data.get("ready_at"))
    assert ready.text == "judged by N. Nurse; escort not met: Calls from the car park"
    assert [(line.title, line.who) for line in lines if line.kind == "noted"] == [
        ("Instructions given", nurse.display_name)
    ]


def test_an_alert_that_the_clinic_learnt_of_later_says_so_in_the_record(dosed, nurse):
    read(dosed, nurse, 30, {"spo2": 88}, now=at(50))
    (line,) = [line for line in record_of(dosed) if line.kind == "alert"]
    assert (line.at, line.recorded_at, line.later) == (at(30), at(50), True)


def test_who_saw_a_patient_out_and_every_word_of_it_is_kept_or_refused(dosed, nurse):
    words = {
        "early": "e" * 501,
        "told": "t" * 201,
        "clinician": "c" * 121,
        "override": {"no_escort": "x\x00"},
    }
    with pytest.raises(Invalid) as refused:
        leaving.leave(session=dosed, at=at(50), with_escort=False, by=nurse, now=at(50), **words)
    words = {"early": "Walked out", "told": "Dr. Raman", "clinician": "P. Porter"}
    leaving.leave(session=dosed, at=at(50), with_escort=True, by=nurse, now=at(50), **words)

    assert {(f.code, f.field) for f in refused.value.faults} == {
        ("too_long", "early"),
        ("too_long", "told"),
        ("too_long", "clinician"),
        ("unreadable", "override.no_escort"),
    }
    (left,) = [line for line in record_of(dosed) if line.data.get("left_at")]
    assert left.text == "Walked out; seen out by P. Porter"


def test_what_was_done_about_an_alert_is_never_cut(dosed, nurse):
    (alert,) = read(dosed, nurse, 30, {"spo2": 88}).alerts
    with pytest.raises(Invalid) as refused:
        alert_verbs.acknowledge_alert(alert=alert, action="x" * 501, by=nurse, now=at(31))
    done = alert_verbs.acknowledge_alert(alert=alert, action="x" * 500, by=nurse, now=at(31))

    assert [(f.code, f.field) for f in refused.value.faults] == [("too_long", "action")]
    assert len(done.action) == 500


def test_ready_before_two_hours_cannot_be_overridden(dosed, nurse):
    read(dosed, nurse, 118)
    reasons = {"minutes_120": "In a hurry", "escort": "Calls later", "instructions": "On paper"}
    with pytest.raises(Refused) as refused:
        leaving.mark_ready(session=dosed, at=at(119), clinician="N", override=reasons, by=nurse, now=at(119))
    assert refused.value.codes == ["minutes_120"]


def test_leaving_early_is_a_deviation_with_its_reason(dosed, nurse):
    with pytest.raises(Refused):
        leaving.leave(session=dosed, at=at(50), with_escort=True, by=nurse, now=at(50))
    why = {"early": "Walked out", "told": "Dr. Raman"}
    leaving.leave(session=dosed, at=at(50), with_escort=False, **why, by=nurse, now=at(50))
    assert Observation.objects.get(session=dosed).left_early_reason == "Walked out"
    found = Deviation.objects.order_by("kind").values_list("kind", "reason", "told")
    assert list(found) == [
        ("left_alone", "Walked out", "Dr. Raman"),
        ("left_early", "Walked out", "Dr. Raman"),
    ]
    assert AuditEvent.objects.filter(action="session.deviation", reason="Walked out").count() == 2


def test_leaving_alone_wants_a_reason(dosed, nurse):
    read(dosed, nurse, 118)
    leaving.mark_ready(
        session=dosed, at=at(120), clinician="N", instructions_given=True, by=nurse, now=at(120)
    )
    with pytest.raises(ReasonRequired):
        leaving.leave(session=dosed, at=at(125), with_escort=False, by=nurse, now=at(125))
    reasons = {"no_escort": "Taxi, agreed with the prescriber"}
    leaving.leave(session=dosed, at=at(125), with_escort=False, override=reasons, by=nurse, now=at(125))
    dosed.refresh_from_db()
    assert dosed.status == "completed"


def test_somebody_ready_may_be_observed_again(dosed, nurse):
    read(dosed, nurse, 118)
    leaving.mark_ready(
        session=dosed, at=at(120), clinician="N", instructions_given=True, by=nurse, now=at(120)
    )
    leaving.reopen(session=dosed, reason="Dizzy", by=nurse, now=at(122))
    dosed.refresh_from_db()
    assert (dosed.status, Observation.objects.get(session=dosed).ready_at) == ("observing", None)


def test_the_record_is_in_order_of_time_and_shows_every_version(dosed, nurse):
    first = read(dosed, nurse, 15).checkpoint
    readings.correct_checkpoint(checkpoint=first, changes={"spo2": 97}, reason="Typo", by=nurse, now=at(16))
    lines = record_of(dosed)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert [(line.kind, line.replaced) for line in lines if line.kind == "checkpoint"] == [
        ("checkpoint", True),
        ("checkpoint", False),
    ]


def test_a_receiver_that_fails_never_stops_a_nurse(dosed, nurse):
    def fails(**kwargs):
        raise RuntimeError("no text today")

    signals.alert_raised.connect(fails, weak=False, dispatch_uid="fails")
    try:
        found = read(dosed, nurse, 40, {"systolic": 210, "diastolic": 90})
    finally:
        signals.alert_raised.disconnect(dispatch_uid="fails")
    assert "bp_very_high" in [alert.code for alert in found.alerts]
    assert Checkpoint.objects.count() == 1


def test_the_floor_asks_the_same_number_of_times_for_one_patient_and_for_five(nurse):
    site = make_staffed_site(chairs=6)
    counts = []
    for wanted in (1, 5):
        while site.sessions.count() < wanted:
            patient = make_patient(site=site)
            chair = site.chairs.all()[site.sessions.count()]
            row = make_session(course=make_course(patient=patient, site=site), chair=chair)
            chairside.arrive(session=row, by=nurse, now=MONDAY)
        with CaptureQueriesContext(connection) as queries:
            cards = floor_of(site, now=at(0)).cards
        assert len(cards) == wanted
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"systolic": 39, "diastolic": 30}, False),
        ({"systolic": 40, "diastolic": 30}, True),
        ({"systolic": 90, "diastolic": 90}, False),
        ({"systolic": 90}, False),
        ({"spo2": 101}, False),
        ({"spo2": 100}, True),
        ({"heart_rate": 19}, False),
        ({"heart_rate": 20}, True),
        ({"respiratory_rate": 61}, False),
        ({"respiratory_rate": 60}, True),
        ({"sedation": 6}, False),
        ({"sedation": 0}, True),
        ({"dissociation": "odd"}, False),
        ({"dissociation": "mild"}, True),
        ({"version": 2}, False),
        ({"version": 2, "correction_reason": "x"}, True),
    ],
)
def test_checkpoint_values_in_the_database(dosed, nurse, changes, fine):
    observation = Observation.objects.get(session=dosed)

    def insert():
        facts = {"observation": observation, "client_id": uuid4(), "measured_at": T0, "by": nurse}
        Checkpoint.objects.create(**{**facts, **changes})

    _either(insert, fine)


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"ready_at": T0}, False),
        ({"left_at": T0}, False),
        ({"left_early_reason": "x"}, True),
    ],
)
def test_observation_values_in_the_database(dosed, changes, fine):
    rows = Observation.objects.filter(session=dosed)
    _either(lambda: rows.update(**changes), fine)


def test_observation_left_early_has_a_reason_in_the_database(dosed, nurse):
    rows = Observation.objects.filter(session=dosed)
    left = {"left_at": T0, "left_by": nurse, "left_with_escort": True}
    _either(lambda: rows.update(**left), False)
    _either(lambda: rows.update(**left, left_early_reason="x"), True)


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"number": 0}, False),
        ({"version": 2}, False),
        ({"extra_reason": "dropped"}, False),
        ({"extra_reason": "dropped", "witness": "W"}, True),
        ({"number": 1}, False),
        ({"number": 7}, True),
    ],
)
def test_device_values_in_the_database(dosed, nurse, changes, fine):
    observation = Observation.objects.get(session=dosed)
    facts = {"observation": observation, "number": 8, "started_at": T0, "by": nurse, "lot": "L"}

    def insert():
        DeviceUse.objects.create(**{**facts, "expires_on": date(2027, 1, 1), **changes})

    _either(insert, fine)


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"systolic": 60, "diastolic": 70}, False),
        ({"spo2": 49}, False),
        ({"version": 1}, False),
        ({"version": 3}, True),
    ],
)
def test_pre_dose_values_in_the_database(dosed, nurse, changes, fine):
    observation = Observation.objects.get(session=dosed)
    facts = {"version": 2, "measured_at": T0, "by": nurse, "answers": {}, "gates": [], "may_dose": True}
    vitals = {"systolic": 120, "diastolic": 80, "heart_rate": 70, "spo2": 98}
    _either(lambda: PreDose.objects.create(observation=observation, **{**facts, **vitals, **changes}), fine)


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"level": "green"}, False),
        ({"level": "red"}, True),
        ({"action": "x"}, False),
        ({"acknowledged_at": T0}, False),
    ],
)
def test_alert_values_in_the_database(dosed, nurse, changes, fine):
    read(dosed, nurse, 15, {"spo2": 94})
    _either(lambda: Alert.objects.update(**changes), fine)
    rows = Alert.objects.filter(code="spo2_low")
    _either(lambda: rows.update(acknowledged_at=T0, acknowledged_by=nurse, action="Oxygen"), True)


def test_an_alert_is_raised_once_for_a_reading(dosed, nurse):
    read(dosed, nurse, 15, {"spo2": 94})
    alert = Alert.objects.get()
    alert.pk = uuid4()
    _either(lambda: alert.save(force_insert=True), False)


def test_a_client_id_is_used_once(dosed, nurse):
    row = read(dosed, nurse, 15).checkpoint
    row.pk, row.entry = uuid4(), uuid4()
    _either(lambda: row.save(force_insert=True), False)


@pytest.mark.parametrize("model", [Checkpoint, DeviceUse, PreDose])
def test_what_was_written_at_the_chair_is_written_once(dosed, nurse, model):
    read(dosed, nurse, 15)
    rows = model.objects.filter(pk=model.objects.first().pk)
    _either(lambda: rows.update(recorded_at=at(99)), False)
    _either(lambda: rows._raw_delete("default"), False)


def _either(change, fine):
    if fine:
        change()
        return
    with pytest.raises(IntegrityError), transaction.atomic():
        change()
