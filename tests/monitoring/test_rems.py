"""The monitoring form's verbs against the database."""

from datetime import date, timedelta

import pytest

from clinic import documents
from clinic.errors import Invalid, Refused
from clinic.models import AuditEvent
from monitoring import chairside, leaving, readings, rems, serious, signals
from monitoring.form_board import board_of, tasks_of
from monitoring.form_numbers import on_time_by_week
from monitoring.form_reading import read_form, story_of
from monitoring.models import FormAnswer, FormSending, MonitoringForm
from scheduling.models import TreatmentSession
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user
from tests.monitoring.rems_stage import DAY, LEFT, answer, go_through, send
from tests.monitoring.test_chairside import at, device
from tests.monitoring.test_predose import FINE

pytestmark = pytest.mark.django_db


# -- made --


def test_leaving_makes_the_form_with_its_clock_owner_and_version(form, nurse, session):
    assert (form.session_on, form.due_on) == (date(2026, 3, 2), date(2026, 3, 9))
    assert (form.owner, form.definition, form.sent_at) == (nurse, "2024-12-31", None)
    assert (
        AuditEvent.objects.filter(action="form.made", object_id=form.pk, patient=session.patient).count() == 1
    )


def test_the_form_is_filled_from_the_record_and_misses_only_a_persons_word(form):
    filled = read_form(form)
    assert [item.field.code for item in filled.missing] == ["serious_event"]
    assert (filled.values["lots"], filled.values["dose"], filled.values["monitored_minutes"]) == (
        "L1, L1",
        "56",
        121,
    )


def test_made_again_it_is_the_same_form(form, session, nurse):
    assert rems.open_form(session=session, by=nurse, now=LEFT) == form
    assert form.events.count() == 1


def test_a_leave_that_is_refused_makes_no_form(course, nurse):
    session = make_session(course=course)
    chairside.arrive(session=session, by=nurse, now=MONDAY)
    with pytest.raises(Refused):
        leaving.leave(session=session, at=LEFT, with_escort=True, by=nurse, now=LEFT)
    assert not MonitoringForm.objects.exists()


def test_leaving_early_makes_a_form_that_ends_with_the_leaving(course, nurse):
    session = make_session(course=course)
    chairside.arrive(session=session, by=nurse, now=MONDAY)
    chairside.record_pre_dose(session=session, answers=FINE, by=nurse, now=at(-5))
    device(session, nurse, 1, 0)
    leaving.leave(session=session, at=at(50), with_escort=False, early="Walked out", by=nurse, now=at(50))
    values = read_form(MonitoringForm.objects.get()).values
    assert (values["monitored_minutes"], values["dose"], values["dose_other"]) == (50, "other", 28)


# -- answered --


def test_an_answer_is_kept_apart_from_the_record_with_who_and_when(form, nurse):
    filled = answer(form, nurse, serious_event="no")
    item = next(item for item in filled.items if item.field.code == "serious_event")
    assert (item.answered.value, item.answered.who, item.answered.at) == ("no", nurse.display_name, LEFT)
    assert item.derived is None
    assert filled.missing == []


def test_every_fault_of_the_answers_comes_at_once_and_nothing_is_kept(form, nurse):
    with pytest.raises(Invalid) as caught:
        answer(form, nurse, serious_event="perhaps", pressure_40="40/80", nothing="x", escort="no")
    assert {fault.field for fault in caught.value.faults} == {
        "answers.serious_event",
        "answers.pressure_40",
        "answers.nothing",
    }
    assert not FormAnswer.objects.exists()


def test_what_differs_from_the_record_wants_a_reason_each(form, nurse):
    with pytest.raises(Refused) as caught:
        answer(form, nurse, ready_minutes=75, monitored_minutes=130, serious_event="no")
    assert [f.extra["warning"] for f in caught.value.faults] == ["ready_minutes", "monitored_minutes"]
    assert not FormAnswer.objects.exists()

    reasons = {"ready_minutes": "Walked well at 75", "monitored_minutes": "Watched until the door"}
    filled = answer(form, nurse, reasons=reasons, ready_minutes=75, monitored_minutes=130)
    assert (filled.values["ready_minutes"], filled.values["monitored_minutes"]) == (75, 130)


def test_the_same_answer_again_writes_nothing_and_none_takes_it_back(form, nurse):
    answer(form, nurse, serious_event="no")
    answer(form, nurse, serious_event="no")
    assert form.answers.count() == 1
    filled = answer(form, nurse, serious_event=None)
    assert [item.field.code for item in filled.missing] == ["serious_event"]
    assert list(form.answers.order_by("version").values_list("version", "value")) == [(1, "no"), (2, None)]


def test_the_record_corrected_is_the_form_corrected(form, session, nurse):
    row = session.observation.checkpoints.get(minute=40)
    changes = {"systolic": 150}
    readings.correct_checkpoint(checkpoint=row, changes=changes, reason="Typing", by=nurse, now=LEFT + DAY)
    assert read_form(form).values["pressure_40"].startswith("150/")


def test_an_owner_is_somebody_who_may_send(form, site, nurse):
    with pytest.raises(Invalid):
        rems.assign_form(form=form, owner=make_user(site=site, role="desk"), by=nurse, now=LEFT)
    other = make_user(site=site, role="prescriber")
    rems.assign_form(form=form, owner=other, by=nurse, now=LEFT)
    form.refresh_from_db()
    assert form.owner == other
    assert [line.text for line in story_of(form) if line.title == "Owner"] == [other.display_name]


# -- sent --


def test_sent_with_channel_time_proof_person_and_the_values_that_went_out(complete, nurse, proof):
    sending = send(complete, nurse, proof=proof, channel="fax", reference="")
    complete.refresh_from_db()
    assert (sending.channel, sending.sent_at, sending.proof, sending.by) == ("fax", LEFT, proof, nurse)
    assert sending.values == read_form(complete).values
    assert (complete.sent_at, complete.sent_on, complete.is_late) == (LEFT, date(2026, 3, 2), False)


def test_missing_answers_refuse_each_by_name_unless_there_is_a_reason(form, nurse):
    with pytest.raises(Refused) as caught:
        send(form, nurse)
    assert [(f.code, f.field) for f in caught.value.faults] == [
        ("missing_answer", "answers.serious_event"),
        ("reason_required", "override.missing_answers"),
    ]
    sending = send(form, nurse, override={"missing_answers": "The portal does not ask it"})
    assert sending.missing_reason == "The portal does not ask it"


@pytest.mark.parametrize(("days", "late"), [(6, False), (7, False), (8, True)])
def test_late_begins_after_the_seventh_day_and_wants_a_reason(complete, nurse, days, late):
    when = LEFT + days * DAY
    if late:
        with pytest.raises(Refused) as caught:
            send(complete, nurse, when)
        assert [f.extra["warning"] for f in caught.value.faults] == ["late"]
        send(complete, nurse, when, override={"late": "The portal was down"})
    else:
        send(complete, nurse, when)
    complete.refresh_from_db()
    assert complete.is_late == late


def test_the_day_is_the_sites_and_not_utcs(complete, nurse):
    """23:30 on the seventh day in New York is the eighth in UTC."""
    when = at(0) + 7 * DAY + timedelta(hours=13, minutes=10)
    assert when.date() == date(2026, 3, 10)
    send(complete, nurse, when)
    complete.refresh_from_db()
    assert (complete.sent_on, complete.is_late) == (date(2026, 3, 9), False)


def test_no_proof_wants_a_reason_and_a_confirmation_number_is_a_proof(complete, nurse):
    with pytest.raises(Refused) as caught:
        send(complete, nurse, reference="  ")
    assert [f.extra["warning"] for f in caught.value.faults] == ["no_proof"]
    assert send(complete, nurse, reference="C-77").reference == "C-77"


def test_everything_that_stands_in_the_way_comes_at_once(form, nurse):
    with pytest.raises(Refused) as caught:
        send(form, nurse, LEFT + 9 * DAY, reference="")
    warnings = [f.extra["warning"] for f in caught.value.faults if f.code == "reason_required"]
    assert warnings == ["missing_answers", "late", "no_proof"]


def test_a_sending_that_cannot_be_is_refused_with_all_its_faults(complete, nurse, site):
    other = make_staffed_site()
    foreign = documents.keep(site=other, kind="proof", name="x.pdf", content=b"%PDF-1", by=nurse, now=LEFT)
    with pytest.raises(Invalid) as caught:
        send(complete, nurse, channel="pigeon", sent_at=LEFT + DAY, proof=foreign, reference="x" * 81)
    assert {f.field for f in caught.value.faults} == {"channel", "sent_at", "proof", "reference"}
    with pytest.raises(Invalid) as caught:
        send(complete, nurse, sent_at=LEFT - DAY)
    assert [f.field for f in caught.value.faults] == ["sent_at"]


def test_sent_again_only_when_something_changed_and_both_stay(complete, nurse, session):
    send(complete, nurse)
    with pytest.raises(Refused) as caught:
        send(complete, nurse)
    assert caught.value.codes == ["already_sent"]
    answer(complete, nurse, ready_minutes=75, reasons={"ready_minutes": "Looked again"})
    assert read_form(complete).is_changed_since_sent
    send(complete, nurse, LEFT + DAY, reference="C-2")
    assert [s.values["ready_minutes"] for s in complete.sendings.all()] == [40, 75]
    complete.refresh_from_db()
    assert complete.sent_at == LEFT


# -- the board, the reminder, the numbers --


def test_the_board_is_in_the_order_of_what_is_left(course, nurse, site):
    forms = [MonitoringForm.objects.get(session=go_through(course, nurse, days)) for days in (0, 3, 7)]
    board = board_of(site, today=date(2026, 3, 12))
    assert [[row.form for row in rows] for rows in (board.late, board.today, board.coming)] == [
        [forms[0]],
        [forms[1]],
        [forms[2]],
    ]
    assert (board.late[0].days_late, board.late[0].age, board.coming[0].days_left) == (3, 10, 4)


def test_a_value_as_in_the_last_session_is_marked(course, nurse, site):
    go_through(course, nurse)
    second = MonitoringForm.objects.get(session=go_through(course, nurse, 3))
    repeated = {item.field.code for item in read_form(second).repeated}
    assert repeated == {"pressure_before", "pressure_40", "pressure_end"}


def test_the_value_that_was_sent_is_what_is_compared(course, nurse):
    first = MonitoringForm.objects.get(session=go_through(course, nurse))
    answer(first, nurse, serious_event="no", pressure_end="118/74", reasons={"pressure_end": "Taken by hand"})
    send(first, nurse)
    second = MonitoringForm.objects.get(session=go_through(course, nurse, 3))
    repeated = {item.field.code for item in read_form(second).repeated}
    assert repeated == {"pressure_before", "pressure_40"}


def test_the_board_asks_as_often_for_many_as_for_few(course, nurse, site, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked():
        with CaptureQueriesContext(connection) as queries:
            board_of(site, today=date(2026, 3, 12))
        return len(queries)

    go_through(course, nurse)
    go_through(course, nurse, 1)
    few = asked()
    for days in (2, 3, 4, 7):
        go_through(course, nurse, days)
    assert asked() == few


def test_owners_are_reminded_once_a_day_from_the_day_before_it_is_due(form, nurse):
    told = []

    def listen(sender, form, owner, now, **more):
        told.append((form.pk, owner.pk))

    signals.form_due.connect(listen)
    try:
        assert [rems.sweep(now=LEFT + days * DAY) for days in (0, 5, 6, 6, 7, 9)] == [0, 0, 1, 0, 1, 1]
    finally:
        signals.form_due.disconnect(listen)
    assert told == [(form.pk, nurse.pk)] * 3
    assert tasks_of(nurse, form.site, today=date(2026, 3, 7)) == []
    assert tasks_of(nurse, form.site, today=date(2026, 3, 8)) == [form]


def test_a_form_that_was_sent_reminds_nobody(complete, nurse):
    send(complete, nurse)
    assert rems.sweep(now=LEFT + 6 * DAY) == 0
    assert tasks_of(nurse, complete.site, today=date(2026, 3, 8)) == []


def test_the_sweep_makes_the_form_that_a_crash_left_out(session, form):
    other = make_session(course=make_course(site=session.site), chair=session.site.chairs.last())
    TreatmentSession.objects.filter(pk=other.pk).update(status="completed")
    rems.sweep(now=LEFT)
    assert MonitoringForm.objects.filter(session=other).exists()


def test_forms_on_time_by_week(course, nurse, site):
    forms = [MonitoringForm.objects.get(session=go_through(course, nurse, days)) for days in (0, 3, 7, 8)]
    for form in forms:
        answer(form, nurse, serious_event="no")
    send(forms[0], nurse, LEFT + 7 * DAY)
    send(forms[1], nurse, LEFT + 11 * DAY, override={"late": "Forgotten"})
    weeks = on_time_by_week(site, first=date(2026, 3, 1), last=date(2026, 3, 31), today=date(2026, 3, 17))
    assert [(w.monday, w.on_time, w.late, w.never, w.waiting) for w in weeks] == [
        (date(2026, 3, 2), 1, 1, 0, 0),
        (date(2026, 3, 9), 0, 0, 1, 1),
    ]
    assert [w.share for w in weeks] == [0.5, 0.0]


# -- serious adverse events --


@pytest.fixture
def event(session, nurse):
    return serious.flag_serious(session=session, what="Fainted", began_at=at(50), by=nurse, now=at(51))


def test_flagged_at_once_it_is_told_and_asked_about_on_the_form(session, nurse, form):
    told = []

    def listen(sender, event, now, **more):
        told.append(event)

    signals.serious_flagged.connect(listen)
    try:
        event = serious.flag_serious(session=session, what=" Fainted ", began_at=at(50), by=nurse, now=at(51))
    finally:
        signals.serious_flagged.disconnect(listen)
    assert told == [event]
    assert [(s.step, s.text) for s in event.steps.all()] == [("flagged", "Fainted")]
    filled = read_form(form)
    assert filled.values["serious_event"] == "yes"
    assert {i.field.code for i in filled.missing} == {"serious_event_what", "serious_event_outcome"}


def test_a_flagged_event_is_denied_on_the_form_only_with_a_reason(event, form, nurse):
    with pytest.raises(Refused) as caught:
        answer(form, nurse, serious_event="no")
    assert caught.value.codes == ["reason_required"]


@pytest.mark.parametrize(
    ("what", "minute", "fields"),
    [
        ("", 50, ["what"]),
        ("x", 60 * 24, ["began_at"]),
        ("x", -60 * 24, ["began_at"]),
        ("x" * 4001, 50, ["what"]),
    ],
)
def test_an_event_that_cannot_be(session, nurse, what, minute, fields):
    with pytest.raises(Invalid) as caught:
        serious.flag_serious(session=session, what=what, began_at=at(minute), by=nurse, now=at(51))
    assert [f.field for f in caught.value.faults] == fields


def test_the_story_is_written_step_by_step_and_closed_and_opened_again(event, nurse):
    def step(kind, text, minute):
        return serious.add_step(event=event, step=kind, text=text, at=at(minute), by=nurse, now=at(minute))

    step("called", "The prescriber came", 53)
    step("closed", "Went home well", 90)
    event.refresh_from_db()
    assert event.closed_at == at(90)
    with pytest.raises(Refused):
        step("closed", "Again", 91)
    step("reopened", "A new symptom by telephone", 300)
    event.refresh_from_db()
    assert event.closed_at is None
    assert [s.step for s in event.steps.all()] == ["flagged", "called", "closed", "reopened"]


def test_a_step_that_cannot_be_is_refused_with_all_its_faults(event, nurse, proof):
    with pytest.raises(Invalid) as caught:
        serious.add_step(
            event=event, step="flagged", text="", at=at(900), by=nurse, now=at(60), document=proof
        )
    assert {f.field for f in caught.value.faults} == {"step", "text", "at", "document"}
    with pytest.raises(Refused) as caught:
        serious.add_step(event=event, step="reopened", text="x", at=at(60), by=nurse, now=at(60))
    assert caught.value.codes == ["wrong_state"]


def test_only_numbers_that_the_site_entered_are_known(site, nurse):
    assert serious.contacts_of(site) == []
    assert len(serious.missing_contacts([])) == 4
    facts = {"kind": "rems", "name": "REMS", "phone": "555", "source": "The portal's front page"}
    contact = serious.add_contact(site=site, by=nurse, now=LEFT, **facts)
    assert "The REMS" not in serious.missing_contacts(serious.contacts_of(site))
    serious.remove_contact(contact=contact, by=nurse, now=LEFT)
    assert serious.contacts_of(site) == []
    with pytest.raises(Invalid) as caught:
        serious.add_contact(site=site, kind="aunt", name="", phone="", source="", by=nurse, now=LEFT)
    assert {f.field for f in caught.value.faults} == {"kind", "name", "phone", "source"}


def test_no_sending_is_ever_lost_from_the_story(complete, nurse):
    send(complete, nurse)
    assert [line.title for line in story_of(complete)] == ["Made", "Serious adverse event", "Sent by portal"]
    assert FormSending.objects.count() == 1
