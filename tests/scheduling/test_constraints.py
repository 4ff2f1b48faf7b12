"""What the database itself refuses, and what it lets through: with any tool, plain SQL included."""

from datetime import time, timedelta

import pytest
from django.db import connection

from clinic.ids import new_id
from clinic.models import Closure, House
from scheduling.enums import OCCUPYING, SessionStatus
from scheduling.models import CalendarFeed, CourseEvent, SessionEvent, SiteDay, TreatmentSession
from tests.database import one, refused, values, written_once
from tests.factories import (
    MONDAY,
    make_chair,
    make_course,
    make_patient,
    make_session,
    make_staffed_site,
    make_user,
)

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=150)


@pytest.mark.parametrize("status", OCCUPYING)
def test_chair_never_double_booked_in_any_occupying_status(status):
    session = make_session()
    other = make_course(site=session.site)
    refused(
        "session_chair_never_double_booked",
        lambda: make_session(course=other, chair=session.chair, status=status),
    )


@pytest.mark.parametrize("status", [s for s in SessionStatus if s not in OCCUPYING])
def test_chair_is_free_for_what_holds_none(status):
    session = make_session()
    make_session(course=make_course(site=session.site), chair=session.chair, status=status)


def test_chair_may_be_taken_when_the_session_before_ends():
    session = make_session()
    other = make_course(site=session.site)
    make_session(course=other, chair=session.chair, starts_at=session.ends_at)
    clash = session.ends_at + LATER - timedelta(seconds=1)
    third = make_course(site=session.site)
    refused(
        "session_chair_never_double_booked",
        lambda: make_session(course=third, chair=session.chair, starts_at=clash),
    )


def test_chair_never_double_booked_by_an_update():
    session = make_session()
    other = make_session(course=make_course(site=session.site), starts_at=MONDAY + LATER, chair=session.chair)
    rows = TreatmentSession.objects.filter(pk=other.pk)
    refused(
        "session_chair_never_double_booked", lambda: rows.update(starts_at=MONDAY + timedelta(minutes=30))
    )


def test_chair_never_double_booked_by_plain_sql():
    session = make_session()
    other = make_course(site=session.site)
    free = make_session(course=other, starts_at=MONDAY + timedelta(days=1), chair=session.chair)
    columns = [field.column for field in TreatmentSession._meta.concrete_fields]
    changed = {
        "id": f"'{new_id().hex if connection.vendor == 'sqlite' else new_id()}'",
        "number": "99",
        "local_date": "'2031-01-01'",
    }
    patient = make_patient(site=session.site).pk
    changed["patient_id"] = f"'{patient.hex if connection.vendor == 'sqlite' else patient}'"
    values = ", ".join(changed.get(column, column) for column in columns)
    table = TreatmentSession._meta.db_table

    def copy():
        with connection.cursor() as cursor:
            key = free.pk.hex if connection.vendor == "sqlite" else str(free.pk)
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE id = %s",
                [key],
            )

    refused("session_chair_never_double_booked", copy)


def test_patient_is_in_one_place_even_at_two_sites():
    session = make_session()
    other = make_staffed_site()
    course = session.course
    elsewhere = {"site": other, "chair": other.chairs.first()}

    def insert(starts_at):
        return TreatmentSession.objects.create(
            course=course,
            patient=course.patient,
            number=50,
            week=1,
            phase="induction",
            starts_at=starts_at,
            ends_at=starts_at + LATER,
            local_date=starts_at.date() + timedelta(days=30),
            dose_mg=56,
            **elsewhere,
        )

    refused("session_patient_in_one_place", lambda: insert(MONDAY + timedelta(hours=1)))
    insert(session.ends_at)


def test_one_session_a_day_counts_what_was_given_and_not_what_was_lost():
    session = make_session(status="completed")
    evening = MONDAY + timedelta(hours=6)
    refused("session_one_a_day", lambda: make_session(course=session.course, starts_at=evening))
    lost = make_session(status="no_show")
    make_session(course=lost.course, starts_at=evening)


def test_number_once_in_a_course_and_again_when_it_was_lost():
    session = make_session(number=3)
    next_day = MONDAY + timedelta(days=1)
    refused(
        "session_number_once_in_course",
        lambda: make_session(course=session.course, number=3, starts_at=next_day),
    )
    lost = make_session(number=3, status="cancelled")
    make_session(course=lost.course, number=3, starts_at=next_day)


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("session_ends_after_it_starts", {"ends_at": MONDAY}, {"ends_at": MONDAY + timedelta(seconds=1)}),
        ("session_status_known", {"status": "asleep"}, {"status": "arrived"}),
        ("session_phase_known", {"phase": "later"}, {"phase": "weekly"}),
        ("session_confirmation_known", {"confirmation": "maybe"}, {"confirmation": "confirmed"}),
        ("session_counts_from_one", {"number": 0}, {"number": 1}),
        ("session_counts_from_one", {"week": 0}, {"week": 1}),
        ("session_dose_is_56_or_84", {"dose_mg": 112}, {"dose_mg": 84}),
    ],
)
def test_session_values(name, bad, good):
    values(name, one(make_session()), bad=[bad], good=[good])


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("course_indication_known", {"indication": "flu"}, {"indication": "mdsi"}),
        ("course_status_known", {"status": "lost"}, {"status": "paused"}),
        ("course_frequency_known", {"frequency": "daily"}, {"frequency": "weekly"}),
        ("course_dose_is_56_or_84", {"dose_mg": 28}, {"dose_mg": 84}),
    ],
)
def test_course_values(name, bad, good):
    values(name, one(make_course()), bad=[bad], good=[good])


def test_one_open_course_for_a_patient():
    course = make_course()
    refused("course_one_open_per_patient", lambda: make_course(patient=course.patient, site=course.site))
    type(course).objects.filter(pk=course.pk).update(status="stopped")
    make_course(patient=course.patient, site=course.site)


def test_events_are_written_once():
    session = make_session()
    event = SessionEvent.objects.create(session=session, kind="status", to_status="booked", at=MONDAY)
    written_once("session_event_written_once", event)
    refused(
        "session_event_kind_known",
        lambda: SessionEvent.objects.create(session=session, kind="odd", to_status="booked", at=MONDAY),
    )
    note = CourseEvent.objects.create(course=session.course, kind="status", at=MONDAY)
    written_once("course_event_written_once", note)


def test_a_site_has_a_day_once():
    site = make_staffed_site()
    SiteDay.objects.create(site=site, date=MONDAY.date())
    refused("site_day_once", lambda: SiteDay.objects.create(site=site, date=MONDAY.date()))
    SiteDay.objects.create(site=make_staffed_site(), date=MONDAY.date())


def test_a_feed_is_of_a_site_or_of_a_person():
    site = make_staffed_site()
    feed = CalendarFeed.objects.create(user=make_user(), kind="own", digest="d" * 64)
    values(
        "feed_of_a_site_or_of_a_person",
        one(feed),
        bad=[{"site": site}, {"kind": "site"}, {"kind": "odd"}],
        good=[{"kind": "site", "site": site}, {"kind": "own", "site": None}],
    )


def test_every_change_of_a_house_gives_it_a_new_mark():
    """chair_marks_house, hours_mark_house, closure_marks_house, shift_marks_house, user_marks_every_house."""
    site, other = make_staffed_site(), make_staffed_site()
    shift, chair, hours = site.shifts.first(), site.chairs.first(), site.hours.first()
    closure = Closure.objects.create(
        site=site, starts_at=MONDAY, ends_at=MONDAY + timedelta(hours=1), reason="x"
    )
    seen = [_marks(site, other)]
    for change in (
        lambda: make_chair(site=site),
        lambda: one(chair).update(active=False),
        lambda: one(hours).update(closes=time(20)),
        lambda: one(closure).update(reason="y"),
        lambda: one(closure).delete(),
        lambda: one(shift).update(ends=time(20)),
        lambda: one(shift).delete(),
        lambda: one(hours).delete(),
    ):
        change()
        seen.append(_marks(site, other))
    assert len({mine for mine, _theirs in seen}) == len(seen)
    assert len({theirs for _mine, theirs in seen}) == 1


def test_who_moves_a_row_to_another_house_marks_both():
    site, other = make_staffed_site(), make_staffed_site()
    before = _marks(site, other)
    one(site.shifts.first()).update(site=other)
    assert not set(before) & set(_marks(site, other))


def test_somebody_who_leaves_marks_every_house_and_a_new_name_marks_none():
    site, other = make_staffed_site(), make_staffed_site()
    staff, before = site.shifts.first().staff, _marks(site, other)
    one(staff).update(first_name="Ada")
    assert _marks(site, other) == before
    one(staff).update(is_active=False)
    assert not set(before) & set(_marks(site, other))


def _marks(*sites):
    return tuple(House.objects.get(site=site).mark for site in sites)
