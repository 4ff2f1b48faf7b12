from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import Invalid, ReasonRequired, Refused
from clinic.models import AuditEvent
from scheduling import answers, booking, courses, house, moving, statuses
from scheduling.booking import Placement
from scheduling.enums import MOVES, SessionStatus
from scheduling.models import SessionEvent, TreatmentSession
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 27, 15, tzinfo=UTC)


@pytest.fixture
def site():
    return make_staffed_site(nurses=2)


@pytest.fixture
def course(site):
    return make_course(site=site)


@pytest.fixture
def desk(site):
    return make_user(site=site, role="desk")


def _plan(course, until="induction", now=NOW):
    proposal = courses.plan_course(course=course, until=until, now=now)
    return [Placement(s.number, s.start) for s in proposal.plan.sessions]


def _book(course, desk, placements=None, **options):
    placements = placements or _plan(course)
    return booking.book_course(course=course, sessions=placements, by=desk, now=NOW, **options)


def test_book_course_books_what_was_planned_and_writes_its_history(course, desk):
    rows = _book(course, desk)

    assert [(r.number, r.week, r.phase, r.status) for r in rows] == [
        (n, (n + 1) // 2, "induction", "booked") for n in range(1, 9)
    ]
    assert {r.starts_at.astimezone(course.site.tz).time() for r in rows} == {time(9)}
    assert SessionEvent.objects.filter(to_status="booked", by=desk, at=NOW).count() == 8
    assert AuditEvent.objects.filter(action="session.booked", actor=desk, patient=course.patient).count() == 8


def test_book_course_reads_the_same_number_of_times_for_one_session_and_for_twelve(site, desk):
    counts = []
    # In a book with somebody in it: an empty one wants one question more.
    first = make_course(site=site)
    _book(first, desk, _plan(first, "week8"))
    for until, take in (("induction", 1), ("week8", 12)):
        course = make_course(site=site)
        placements = _plan(course, until)[:take]
        house._kept.cache_clear()
        with CaptureQueriesContext(connection) as queries:
            _book(course, desk, placements)
        counts.append(len([q for q in queries if "notifications_" not in q["sql"]]))
    assert counts[0] == counts[1]


def test_book_course_books_nothing_when_one_session_clashes(course, desk):
    placements = _plan(course)
    taken = placements[4].starts_at
    for chair in course.site.chairs.all():
        make_session(course=make_course(site=course.site), starts_at=taken, chair=chair)

    with pytest.raises(Refused) as refused:
        _book(course, desk, placements)

    assert [(f.code, f.field) for f in refused.value.faults] == [
        ("chair_taken", "sessions[4]"),
        ("starts_crowded", "sessions[4]"),
    ]
    assert not course.sessions.exists()


def test_book_course_checks_the_sessions_against_each_other(course, desk):
    same_day = [Placement(1, MONDAY), Placement(2, MONDAY + timedelta(hours=4))]
    with pytest.raises(Refused) as refused:
        _book(course, desk, same_day)
    assert [(f.code, f.field) for f in refused.value.faults] == [("same_day", "sessions[1]")]


def test_book_course_names_every_impossible_value(course, desk):
    placements = [Placement(1, MONDAY, "no-chair"), Placement(1, MONDAY)]
    with pytest.raises(Invalid) as refused:
        _book(course, desk, placements)
    assert [(f.code, f.field) for f in refused.value.faults] == [
        ("unknown", "sessions[0].chair"),
        ("duplicate", "sessions[1].number"),
    ]


def test_book_course_refuses_a_number_that_is_held(course, desk):
    _book(course, desk)
    with pytest.raises(Refused) as refused:
        _book(course, desk, [Placement(3, MONDAY + timedelta(days=28))])
    assert "number_taken" in refused.value.codes


def test_book_course_wants_a_reason_for_a_first_dose_of_84_once(site, desk):
    course = make_course(site=site, dose_mg=84)
    with pytest.raises(ReasonRequired):
        _book(course, desk)

    _book(course, desk, override={"first_dose_84": "From hospital"})

    course.refresh_from_db()
    assert course.overrides["first_dose_84"]["reason"] == "From hospital"
    assert course.overrides["first_dose_84"]["by"] == str(desk.pk)


def test_book_course_asks_a_prescriber_on_site_for_the_whole_session(desk):
    site = make_staffed_site(prescribers=0)
    course = make_course(site=site)
    with pytest.raises(Refused) as refused:
        _book(course, desk, [Placement(1, MONDAY)])
    assert refused.value.codes == ["no_prescriber"]


def test_move_session_moves_one_and_asks_again_for_confirmation(course, desk):
    rows = _book(course, desk)
    answers.confirm_session(session=rows[2], by=None, now=NOW)

    moving.move_session(session=rows[2], starts_at=rows[2].starts_at + timedelta(days=1), by=desk, now=NOW)

    fresh = TreatmentSession.objects.get(pk=rows[2].pk)
    assert (fresh.local_date, fresh.confirmation) == (date(2026, 3, 10), "unconfirmed")
    assert SessionEvent.objects.get(session=fresh, kind="moved").detail["from"]["starts_at"] == (
        rows[2].starts_at.isoformat()
    )


@pytest.mark.parametrize("days", [1, -1, 7])
def test_move_session_takes_those_that_follow_along(course, desk, days):
    rows = _book(course, desk)
    target = rows[2].starts_at + timedelta(days=days)
    if days < 0:
        target = rows[2].starts_at + timedelta(minutes=30)
        days = 0

    moved = moving.move_session(session=rows[2], starts_at=target, scope="following", by=desk, now=NOW)

    assert [m.number for m in moved] == [3, 4, 5, 6, 7, 8]
    gaps = {(m.local_date - r.local_date).days for m, r in zip(moved, rows[2:], strict=True)}
    assert gaps == {days}


def test_move_session_leaves_alone_what_stands_there_already(course, desk):
    rows = _book(course, desk)
    odd = moving.move_session(
        session=rows[4], starts_at=rows[4].starts_at + timedelta(hours=2), by=desk, now=NOW
    )
    answers.confirm_session(session=odd[0], by=None, now=NOW)
    events = SessionEvent.objects.count()
    assert moving.move_session(session=rows[2], starts_at=rows[2].starts_at, by=desk, now=NOW) == []
    assert SessionEvent.objects.count() == events

    later = rows[2].starts_at + timedelta(hours=1)
    moved = moving.move_session(session=rows[2], starts_at=later, scope="following", by=desk, now=NOW)

    # The fifth has a time of its own and keeps it, with the patient's word for it.
    assert [m.number for m in moved] == [3, 4, 6, 7, 8]
    assert course.sessions.get(number=5).confirmation == "confirmed"


def test_move_session_moves_nothing_when_one_of_them_clashes(course, desk):
    rows = _book(course, desk)
    blocked = rows[5].starts_at + timedelta(days=1)
    for chair in course.site.chairs.all():
        make_session(course=make_course(site=course.site), starts_at=blocked, chair=chair)

    target = rows[2].starts_at + timedelta(days=1)
    with pytest.raises(Refused) as refused:
        moving.move_session(session=rows[2], starts_at=target, scope="following", by=desk, now=NOW)

    assert {f.extra["number"] for f in refused.value.faults} == {6}
    days = list(course.sessions.order_by("number").values_list("local_date", flat=True))
    assert days == [r.local_date for r in rows]


def test_move_session_refuses_one_that_is_no_longer_booked(course, desk):
    [row] = _book(course, desk, [Placement(1, MONDAY)])
    answers.mark_no_show(session=row, by=desk, now=NOW)
    with pytest.raises(Refused) as refused:
        moving.move_session(session=row, starts_at=MONDAY + timedelta(days=1), by=desk, now=NOW)
    assert refused.value.codes == ["wrong_state"]
    assert desk.display_name in refused.value.faults[0].detail


def test_a_make_up_is_another_time_than_the_one_that_is_lost(course, desk):
    rows = _book(course, desk)
    slots = courses.make_up_slots(course=course, number=3, now=NOW)
    assert (len(slots), rows[2].starts_at in slots) == (4, False)


def test_a_cancelled_session_frees_its_chair_and_is_wanted_again(course, desk):
    rows = _book(course, desk)
    answers.cancel_session(session=rows[1], reason="Ill", cancelled_by="patient", by=desk, now=NOW)

    assert [p.number for p in _plan(course)] == [2]
    make_session(course=make_course(site=course.site), starts_at=rows[1].starts_at, chair=rows[1].chair)


def test_cancel_session_wants_who_and_why(course, desk):
    [row] = _book(course, desk, [Placement(1, MONDAY)])
    with pytest.raises(Invalid) as refused:
        answers.cancel_session(session=row, reason=" ", cancelled_by="nobody", by=desk, now=NOW)
    assert [f.field for f in refused.value.faults] == ["reason", "by"]


def test_undo_of_a_no_show_is_refused_when_the_chair_is_given_away(course, desk):
    [row] = _book(course, desk, [Placement(1, MONDAY)])
    answers.mark_no_show(session=row, by=desk, now=NOW)
    make_session(course=make_course(site=course.site), starts_at=MONDAY, chair=row.chair)

    with pytest.raises(Refused) as refused:
        answers.undo(session=row, by=desk, now=NOW)

    assert refused.value.codes == ["chair_taken"]
    row.refresh_from_db()
    assert row.status == "no_show"


@pytest.mark.parametrize("source", SessionStatus.values)
@pytest.mark.parametrize("target", SessionStatus.values)
def test_change_status_follows_the_table_and_nothing_else(source, target):
    session = make_session(status=source)
    allowed = target in MOVES[SessionStatus(source)]
    if allowed:
        statuses.change_status(session=session, to=SessionStatus(target), by=None, now=NOW)
    else:
        with pytest.raises(Refused, match="wrong_state"):
            statuses.change_status(session=session, to=SessionStatus(target), by=None, now=NOW)
    session.refresh_from_db()
    assert session.status == (target if allowed else source)
    assert session.events.count() == (1 if allowed else 0)


def test_mark_late_keeps_within_the_session_and_six_hours(course, desk):
    [row] = _book(course, desk, [Placement(1, MONDAY)])
    for minutes, fine in ((-1, False), (0, True), (360, True), (361, False)):
        expected = MONDAY + timedelta(minutes=minutes)
        if fine:
            answers.mark_late(session=row, expected_at=expected, by=desk, now=NOW)
        else:
            with pytest.raises(Invalid):
                answers.mark_late(session=row, expected_at=expected, by=desk, now=NOW)


def test_start_course_names_every_impossible_value(site, desk):
    patient = make_patient(site=site)
    with pytest.raises(Invalid) as refused:
        courses.start_course(
            patient=patient,
            site=site,
            indication="other",
            starts_on=date(2020, 1, 1),
            weekdays=[1, 1],
            time=time(9),
            dose_mg=60,
            by=desk,
            now=NOW,
        )
    assert {f.field for f in refused.value.faults} == {"indication", "starts_on", "weekdays", "dose_mg"}


def test_start_course_keeps_one_open_course_for_a_patient(course, desk):
    facts = {
        "indication": "trd",
        "starts_on": MONDAY.date(),
        "weekdays": [0, 3],
        "time": time(9),
        "dose_mg": 56,
    }
    with pytest.raises(Refused) as refused:
        courses.start_course(patient=course.patient, site=course.site, by=desk, now=NOW, **facts)
    assert refused.value.codes == ["course_open"]


def test_start_course_refuses_more_than_84_mg(site, desk):
    facts = {
        "indication": "trd",
        "starts_on": MONDAY.date(),
        "weekdays": [0, 3],
        "time": time(9),
        "dose_mg": 112,
    }
    with pytest.raises(Refused) as refused:
        courses.start_course(patient=make_patient(site=site), site=site, by=desk, now=NOW, **facts)
    assert refused.value.codes == ["over_dose"]


def test_plan_course_keeps_wall_time_over_the_change_of_the_clock(course):
    starts = [p.starts_at.astimezone(course.site.tz) for p in _plan(course)]
    assert {s.time() for s in starts} == {time(9)}
    assert len({s.utcoffset() for s in starts}) == 2
