"""What is kept in memory of a house is never older than the house, whoever changes it and by whatever tool."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection, transaction

from clinic.models import Chair, House, OpeningHours, Shift
from scheduling import diary as diaries
from scheduling import house
from tests.factories import MONDAY, make_chair, make_course, make_session, make_shift, make_staffed_site

NOW = datetime(2026, 2, 27, 15, tzinfo=UTC)
DAY = MONDAY.date()


def diary(site):
    return diaries.load(site=site, first=DAY, last=DAY, now=NOW)


@pytest.mark.django_db
def test_a_house_that_nobody_changed_is_not_read_again(django_assert_num_queries):
    site = make_staffed_site()
    diary(site)
    with django_assert_num_queries(2):  # the mark, and the sessions
        again = diary(site)
    assert len(again.chairs) == 2
    assert again.nurses


@pytest.mark.django_db
def test_the_mark_comes_with_the_sessions_where_there_are_any(django_assert_num_queries):
    site = make_staffed_site()
    make_session(course=make_course(site=site))
    diary(site)
    with django_assert_num_queries(1):
        assert len(diary(site).busy) == 1


@pytest.mark.django_db
def test_each_change_shows_at_once():
    site = make_staffed_site(chairs=1)
    before = diary(site)
    make_chair(site=site)
    assert len(diary(site).chairs) == len(before.chairs) + 1
    OpeningHours.objects.filter(site=site, weekday=DAY.weekday()).update(closes=time(20))
    assert diary(site).hours != before.hours
    make_shift(site=site, role="nurse")
    assert len(diary(site).nurses) == 2 * len(before.nurses)
    Shift.objects.filter(site=site, role="nurse").delete()
    assert not diary(site).nurses


@pytest.mark.django_db
def test_a_change_by_plain_sql_shows_too():
    site = make_staffed_site(chairs=2)
    assert len(diary(site).chairs) == 2
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_chair SET active = %s WHERE position = 1", [False])
    assert len(diary(site).chairs) == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_is_not_remembered():
    site = make_staffed_site(chairs=1)
    diary(site)
    with transaction.atomic():
        make_chair(site=site)
        assert len(diary(site).chairs) == 2
        transaction.set_rollback(True)
    assert len(diary(site).chairs) == 1
    make_chair(site=site, name="Window")
    assert [chair.name for chair in diary(site).chairs] == ["Chair 1", "Window"]


@pytest.mark.django_db
def test_a_house_without_a_mark_is_read_each_time():
    site = make_staffed_site(chairs=1)
    House.objects.filter(site=site).delete()
    assert len(diary(site).chairs) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM clinic_house")
        assert cursor.fetchone() == (0,)
    house._kept.cache_clear()
    assert len(diary(site).chairs) == 1
    assert house._kept.cache_info().currsize == 0


@pytest.mark.django_db
def test_a_new_zone_or_holiday_of_the_site_shows():
    site = make_staffed_site()
    before = diary(site)
    site.timezone = "America/Los_Angeles"
    assert diary(site).hours[0].start - before.hours[0].start == timedelta(hours=3)
    site.timezone, site.holidays = "America/New_York", "US"
    first = DAY.replace(month=7, day=1)
    book = diaries.load(site=site, first=first, last=first + timedelta(days=7), now=NOW)
    assert book.closed
    assert Chair.objects.filter(site=site).count() == len(book.chairs)
