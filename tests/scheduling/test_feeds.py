"""Calendar links: who may read what, what is told of a patient, and that a revoked link opens nothing."""

import re
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from clinic.enums import Role
from clinic.models import AuditEvent, Closure
from scheduling import feeds
from scheduling.models import CalendarFeed, TreatmentSession
from tests.api.client import Api
from tests.factories import (
    MONDAY,
    make_course,
    make_patient,
    make_session,
    make_shift,
    make_site,
    make_staffed_site,
    make_user,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SUNDAY = MONDAY - DAY
TREATMENT = re.compile(r"spravato|esketamine|ketamine|dose|mg\b|treat|induction|depress|psych|session", re.I)


@pytest.fixture(autouse=True)
def _sunday(time_machine):
    time_machine.move_to(SUNDAY, tick=False)


@pytest.fixture
def site():
    return make_staffed_site(alias="North Care")


def _client(user):
    client = Client()
    client.force_login(user)
    return client


def _link(user, site=None):
    """Made on the page, as a person does; the path of the link that the page showed."""
    page = _client(user).post(reverse("scheduling:calendars"), {"what": site.pk if site else "own"})
    return re.search(r'value="http://testserver(/calendar/[^"]+)"', page.content.decode()).group(1)


def _events(answer):
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def _session(site, mrn="MRN-77", **fields):
    patient = make_patient(site=site, given_name="Ada", family_name="Quill", mrn=mrn)
    return make_session(course=make_course(site=site, patient=patient), **fields)


def test_a_sites_link_shows_its_sessions_and_nothing_of_the_treatment(site):
    session = _session(site)
    _session(make_staffed_site())
    answer = Client().get(_link(make_user(site=site, role=Role.DESK), site))
    [event] = _events(answer)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert (event["SUMMARY"], event["LOCATION"]) == ("Visit A.Q.", f"{session.chair.name}, North Care")
    assert event.start == MONDAY
    text = answer.content.decode()
    assert not TREATMENT.search(text)
    assert "Quill" not in text


@pytest.mark.parametrize(
    ("shows", "title"),
    [
        ("nothing", "Visit"),
        ("initials", "Visit A.Q."),
        ("number", "Visit MRN-77"),
        ("names", "Visit Quill, Ada"),
    ],
)
def test_of_a_patient_it_tells_what_the_site_allows(site, shows, title):
    site.calendar_names = shows
    site.save()
    _session(site)
    [event] = _events(Client().get(_link(make_user(site=site, role=Role.DESK), site)))
    assert event["SUMMARY"] == title


def test_what_was_cancelled_is_told_as_cancelled(site):
    _session(site, status="cancelled")
    [event] = _events(Client().get(_link(make_user(site=site, role=Role.DESK), site)))
    assert event["STATUS"] == "CANCELLED"


def test_an_unchanged_calendar_is_not_sent_again_and_a_changed_one_is(site):
    session = _session(site)
    link = _link(make_user(site=site, role=Role.DESK), site)
    first = Client().get(link)
    again = Client().get(link, HTTP_IF_NONE_MATCH=first["ETag"])
    TreatmentSession.objects.filter(pk=session.pk).update(
        starts_at=MONDAY + DAY, ends_at=MONDAY + 1.1 * DAY, updated_at=SUNDAY + DAY / 2
    )
    changed = Client().get(link, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert changed.status_code == 200
    before, after = _events(first)[0], _events(changed)[0]
    assert (before["UID"], before["SEQUENCE"] < after["SEQUENCE"]) == (after["UID"], True)


def test_a_persons_own_link_shows_their_shifts_and_the_sessions_in_them(site):
    nurse = make_user(site=site, role=Role.NURSE)
    make_shift(site=site, role=Role.NURSE, staff=nurse, weekday=0, starts="08:00", ends="12:00")
    _session(site)
    _session(site, mrn="MRN-78", starts_at=MONDAY + DAY)
    events = _events(Client().get(_link(nurse)))
    shifts = [event.start for event in events if event["SUMMARY"] == "Shift"]
    assert [event.start for event in events if event["SUMMARY"] != "Shift"] == [MONDAY]
    # Eight in the morning by the wall, before and after the clock change of 8 March.
    assert [
        (start.strftime("%m-%d %H:%M"), start.utcoffset() / timedelta(hours=1)) for start in shifts[1:4]
    ] == [
        ("02-23 08:00", -5),
        ("03-02 08:00", -5),
        ("03-09 08:00", -4),
    ]


def test_a_shift_on_which_somebody_is_away_is_not_shown(site):
    nurse = make_user(site=site, role=Role.NURSE)
    make_shift(site=site, role=Role.NURSE, staff=nurse, weekday=0, starts="08:00", ends="12:00")
    Closure.objects.create(site=site, staff=nurse, starts_at=SUNDAY, ends_at=MONDAY + DAY, reason="ill")
    days = {event.start.date().isoformat() for event in _events(Client().get(_link(nurse)))}
    assert "2026-03-02" not in days
    assert "2026-03-09" in days


def test_a_revoked_link_and_a_wrong_one_open_nothing(site):
    user = make_user(site=site, role=Role.DESK)
    link = _link(user, site)
    assert Client().get(link).status_code == 200
    _client(user).post(reverse("scheduling:calendar-revoke", args=[CalendarFeed.objects.get().pk]))
    assert Client().get(link).status_code == 404
    assert Client().get("/calendar/nobody-knows-this.ics").status_code == 404
    actions = (
        AuditEvent.objects.filter(action__startswith="feed").order_by("id").values_list("action", flat=True)
    )
    assert list(actions) == ["feed.made", "feed.revoked"]


@pytest.mark.parametrize("loss", ["role", "account"])
def test_who_works_there_no_more_reads_no_more(site, loss):
    user = make_user(site=site, role=Role.DESK)
    link = _link(user, site)
    if loss == "role":
        user.memberships.all().delete()
    else:
        type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert Client().get(link).status_code == 404


def test_a_secret_is_kept_nowhere_and_logged_nowhere(site, tmp_path, capsys, caplog):
    user = make_user(site=site, role=Role.DESK)
    link = _link(user, site)
    secret = link.removeprefix("/calendar/").removesuffix(".ics")
    Client().get(link)
    Client().get(link.replace(secret[:4], "zzzz"))
    call_command("dumpdata", output=str(tmp_path / "all.json"), exclude=["sessions"])
    said = capsys.readouterr()
    assert len(secret) >= 43
    assert secret not in (tmp_path / "all.json").read_text() + said.out + said.err + caplog.text
    assert secret not in _client(user).get(reverse("scheduling:calendars")).content.decode()


def test_nobody_makes_a_link_of_a_site_where_they_do_not_work(site):
    user, other = make_user(site=site, role=Role.DESK), make_site()
    answer = _client(user).post(reverse("scheduling:calendars"), {"what": other.pk})
    assert (answer.status_code, CalendarFeed.objects.count()) == (422, 0)


def test_a_manager_revokes_the_links_of_their_people_and_no_others(site):
    nurse, manager = make_user(site=site, role=Role.NURSE), make_user(site=site, role=Role.MANAGER)
    stranger = make_user(site=make_site(), role=Role.MANAGER)
    now = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
    feed, raw = feeds.make_feed(user=nurse, kind="own", by=nurse, now=now)
    listed = Api(manager).get("/calendars").body["items"]
    assert [(item["id"], item["username"]) for item in listed] == [(str(feed.pk), nurse.username)]
    assert raw not in str(listed)
    assert Api(stranger).get("/calendars").body["items"] == []
    assert Api(stranger).post(f"/calendars/{feed.pk}/revoke").status == 404
    assert Api(manager).post(f"/calendars/{feed.pk}/revoke").status == 200
    assert Client().get(f"/calendar/{raw}.ics").status_code == 404
