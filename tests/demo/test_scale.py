"""The large invented book: the same from the same seed, as many rows as asked for, and no rule broken."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from clinic.models import AuditEvent, Patient, Site
from demo.scale import filling, layout
from demo.scale.layout import Size
from scheduling import diary as diaries
from scheduling.conditions import check
from scheduling.models import Course, SessionEvent, TreatmentSession
from tests.factories import make_site

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SMALL = Size(sites=2, patients=150, sessions=1433)
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="COPY is PostgreSQL's; SQLite's refusal has its own test"
)


def test_everything_is_shared_out_to_the_last_one():
    assert [len(SMALL.patients_of(site)) for site in range(2)] == [75, 75]
    shares = [SMALL.sessions_of(patient) for patient in range(SMALL.patients)]
    assert sum(shares) == SMALL.sessions
    assert set(shares) == {9, 10}


@pytest.mark.parametrize("size", [(0, 1, 1), (1, 1, 11), (1, 2, 1), (3, 2, 20)])
def test_a_book_that_cannot_be_is_refused(size):
    assert Size(*size).faults()


def test_no_chair_and_no_patient_is_in_two_places():
    length = timedelta(minutes=layout.SESSION_MINUTES)
    by_chair: dict[int, list[datetime]] = {}
    for seat in range(150):
        start = layout.course_start(seat, 150, MONDAY)
        places = list(layout.places(seat, start, 10))
        assert len({place.on for place in places}) == 10
        for place in places:
            by_chair.setdefault(place.chair, []).append(datetime.combine(place.on, place.at))
    assert len(by_chair) == layout.CHAIRS
    for starts in by_chair.values():
        assert all(after - before >= length for before, after in pairwise(sorted(starts)))


def test_the_same_seed_makes_the_same_lines_and_another_seed_others():
    def lines(seed):
        writer = filling._Writer(filling.Wish(SMALL, seed, MONDAY))
        writer.site(0)
        return [file._made for file in writer.files]

    assert lines(1) == lines(1)
    assert lines(1) != lines(2)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's refusal")
@pytest.mark.django_db
def test_sqlite_is_refused_in_words():
    with pytest.raises(CommandError, match="PostgreSQL"):
        call_command("make_scale", sites=1, patients=1, sessions=1)


@on_postgresql
@pytest.mark.django_db
def test_a_database_that_is_not_empty_is_left_alone():
    make_site()
    with pytest.raises(CommandError, match="empty"):
        call_command("make_scale", sites=1, patients=1, sessions=1)
    assert Site.objects.count() == 1


@on_postgresql
@pytest.mark.django_db
def test_the_book_is_whole_and_breaks_no_rule():
    filling.fill(filling.Wish(SMALL, 1, MONDAY), now=NOW)

    rows = TreatmentSession.objects.select_related("course", "site")
    assert (Site.objects.count(), Patient.objects.count(), rows.count()) == (2, 150, 1433)
    assert SessionEvent.objects.count() == 1433
    assert AuditEvent.objects.filter(action="course.started").count() == Course.objects.count()
    ahead = rows.filter(status="booked")
    assert ahead
    site = Site.objects.first()
    book = diaries.load(site=site, first=MONDAY, last=MONDAY + timedelta(days=70), now=NOW)
    for row in ahead.filter(site=site):
        assert check(book.without({row.pk}), row.starts_at, row.chair_id) == []
