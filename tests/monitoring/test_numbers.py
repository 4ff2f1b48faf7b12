"""Numbers of the chair against sessions whose figures are known beforehand, their page and their CSV."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import numbers
from monitoring import alerts, leaving, readings
from monitoring.numbers import (
    alerts_answered,
    deviations,
    first_device,
    forms_on_time,
    readings_on_time,
    ready_after,
)
from tests.factories import MONDAY, make_user
from tests.monitoring.test_chairside import (  # noqa: F401 - fixtures
    at,
    cleared,
    dosed,
    nurse,
    read,
    session,
    site,
)

pytestmark = pytest.mark.django_db
WEEK = (MONDAY.date(), MONDAY.date() + timedelta(days=6))


@pytest.fixture(autouse=True)
def now(time_machine):
    time_machine.move_to(at(200), tick=False)
    return time_machine


@pytest.fixture
def played(dosed, nurse):  # noqa: F811
    """15 on time, 30 late, 40 corrected to be on time, 60 not taken, 90 never, 120 at the limit of five minutes."""
    read(dosed, nurse, 16)
    read(dosed, nurse, 36, minute=30)
    wrong = read(dosed, nurse, 49, minute=40).checkpoint
    readings.correct_checkpoint(
        checkpoint=wrong, changes={"measured_at": at(41)}, reason="Clock", by=nurse, now=at(50)
    )
    read(dosed, nurse, 60, {"not_taken": "asleep"}, minute=60)
    red = next(a for a in read(dosed, nurse, 100, {"spo2": 85}, minute=None).alerts if a.level == "red")
    alerts.acknowledge_alert(alert=red, action="Oxygen", by=nurse, now=at(103))
    read(dosed, nurse, 125, minute=120)
    leaving.mark_ready(
        session=dosed, at=at(126), clinician="N", instructions_given=True, by=nurse, now=at(126)
    )
    reasons = {"no_escort": "Taxi"}
    leaving.leave(session=dosed, at=at(130), with_escort=False, override=reasons, by=nurse, now=at(130))
    return dosed


def test_readings_on_time_are_counted_by_the_newest_version(played, site):  # noqa: F811
    # The reading at 100 minutes answers the 90th: it is late.
    assert list(readings_on_time(site, *WEEK).rows) == [(MONDAY.date().isoformat(), 6, 3, 2, 1, 50)]


def test_alerts_by_level_with_how_fast(played, site):  # noqa: F811
    assert list(alerts_answered(site, *WEEK).rows) == [("Red", 1, 1, 3.0, 3.0, 100, 0)]


def test_the_first_device_and_ready_by_phase_and_dose(played, site):  # noqa: F811
    assert list(first_device(site, *WEEK).rows) == [(MONDAY.date().isoformat(), 1, 20.0, 20.0)]
    assert list(ready_after(site, *WEEK).rows) == [("Induction", 56, 1, 126.0, 126.0)]


def test_deviations_and_forms(played, site):  # noqa: F811
    assert [row[1] for row in deviations(site, *WEEK).rows] == [1]
    assert list(forms_on_time(site, *WEEK).rows) == [(MONDAY.date().isoformat(), 0, 0, 0, 1, None)]


def test_nothing_of_another_site_or_week_is_counted(played, site):  # noqa: F811
    from tests.factories import make_site

    later = (WEEK[1] + timedelta(days=1), WEEK[1] + timedelta(days=7))
    for make in (readings_on_time, alerts_answered, first_device, ready_after, deviations, forms_on_time):
        assert list(make(site, *later).rows) == []
        assert list(make(make_site(), *WEEK).rows) == []


@pytest.fixture
def page(site):  # noqa: F811
    client = Client()
    client.force_login(make_user(site=site, role="manager"))
    return client


SPAN = f"?from={WEEK[0]}&to={WEEK[1]}"


def test_the_page_shows_every_section_and_its_csv(page, played):
    content = page.get(reverse("clinic:numbers") + SPAN).content.decode()
    assert "50 % (3/6)" in content
    for code in numbers.codes():
        answer = page.get(reverse("clinic:numbers-csv", args=[code]) + SPAN)
        assert answer["Content-Type"].startswith("text/csv")
        assert len(answer.content.decode().splitlines()) >= 1
    rows = page.get(reverse("clinic:numbers-csv", args=["readings-on-time"]) + SPAN).content.decode()
    assert rows.splitlines()[1] == f"{MONDAY.date()},6,3,2,1,50"


@pytest.mark.parametrize(
    "query", ["?from=x&to=y", "?from=2026-03-09&to=2026-03-01", "?from=2020-01-01&to=2026-01-01"]
)
def test_days_that_cannot_be_show_the_usual_ones(page, query):
    answer = page.get(reverse("clinic:numbers") + query)
    assert answer.status_code == 422
    assert b"the last four weeks are shown" in answer.content


def test_an_unknown_section_is_nowhere_and_the_desk_sees_none(page, site):  # noqa: F811
    assert page.get(reverse("clinic:numbers-csv", args=["wages"])).status_code == 404
    desk = Client()
    desk.force_login(make_user(site=site, role="desk"))
    assert desk.get(reverse("clinic:numbers")).status_code == 403


def test_the_page_asks_as_often_for_many_readings_as_for_few(page, dosed, nurse):  # noqa: F811
    def asked():
        with CaptureQueriesContext(connection) as queries:
            page.get(reverse("clinic:numbers") + SPAN)
        return len(queries)

    read(dosed, nurse, 15)
    asked()
    few = asked()
    for minute in (30, 40, 60):
        read(dosed, nurse, minute)
    assert asked() == few
