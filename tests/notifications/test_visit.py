"""The page of a visit: the link in the texts, what it opens and for how long, what a patient does there."""

import io
import itertools
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.logs import LOGGING
from clinic.models import AuditEvent, Patient, Tries
from clinic.tokens import digest
from notifications import (
    claiming,
    inbox,
    links,
    outbox,
    own_words,
    replies,
    telling,
    visit_words,
    visiting,
    wording,
)
from notifications.models import InboundMessage, Message, TextPolicy, VisitLink
from notifications.views import visit as visit_views
from scheduling import answers, booking, moving
from scheduling.booking import Placement
from scheduling.models import SessionEvent
from tests.api.client import team
from tests.database import one, refused, values
from tests.factories import MONDAY, make_course, make_patient, make_staffed_site, make_user
from tests.notifications.provider import Provider

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 16, tzinfo=UTC)  # Sunday, 11:00 in New York; the visit is on Monday at 9:00
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HOST = "https://care.example.com"
ENDED = 404


@pytest.fixture(autouse=True)
def at(time_machine, settings):
    time_machine.move_to(NOW, tick=False)
    settings.PUBLIC_BASE_URL = HOST


@pytest.fixture
def site():
    return make_staffed_site(alias="Cardinal Care", phone="+16145550100", address="12 High Street, Columbus")


@pytest.fixture
def session(site):
    return book(site, make_patient(site=site, escort_name="", escort_phone=""))


def book(site, patient, start=MONDAY):
    course = make_course(site=site, patient=patient)
    return booking.book_course(course=course, sessions=[Placement(1, start)], by=None, now=NOW - 4 * DAY)[0]


def sent(now=NOW):
    """What went to the provider."""
    provider = Provider()
    outbox.dispatch(now=now, gateway=provider)
    return [text.body for text in provider.sent]


def key_of(session, number=None, about=None):
    """A live key, as a text would have brought it."""
    number, about = number or session.patient.number, about or session.starts_at
    rows = [(session.pk, number, about, session.ends_at, session.site_id)]
    links.open_for(rows, now=NOW)
    return links.address_of(session.pk, number, about).rpartition("/")[2]


def address(name, key):
    return reverse(f"notifications:{name}", args=[key])


def get(key, **query):
    return Client().get(address("visit", key), query)


def post(name, key, **data):
    """By a browser that keeps no cookie and knows no CSRF token."""
    return Client(enforce_csrf_checks=True).post(address(f"visit-{name}", key), data)


def text_of(response):
    """What a person reads."""
    page = re.sub(r"<(head|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


# -- the texts --


def test_texts_about_a_visit_carry_the_link_and_our_rows_do_not(session):
    words = sent(NOW - 4 * DAY) + sent()
    assert len(words) == 2
    key = key_of(session)
    for text in words:
        assert text.endswith(f"All about it: {HOST}/visit/{key}")
        assert wording.length_of(text).segments <= own_words.MOST_SEGMENTS
    for row in Message.objects.all():
        assert row.body.endswith(f"All about it: {links.MASK}")
    assert VisitLink.objects.get().digest == digest(key)
    assert re.fullmatch("[a-z2-7]{16}", key)


def test_a_moved_visit_and_another_number_have_other_links(session):
    old = key_of(session)
    assert key_of(session, about=MONDAY + DAY) != old
    assert key_of(session, number="+16145550142") != old
    assert key_of(session) == old


def test_another_secret_makes_other_links_and_the_old_ones_live_on(session, settings):
    old = key_of(session)
    settings.SECRET_KEY = "another"
    assert key_of(session) != old
    assert get(old).status_code == 200


def test_an_unknown_outcome_is_looked_up_by_the_words_that_went(session):
    reminder = Message.objects.get(kind="reminder")
    Message.objects.filter(pk=reminder.pk).update(status="unknown", look_at=NOW)
    [sought] = claiming.to_look_up(now=NOW)
    assert sought.body.endswith(f"{HOST}/visit/{key_of(session)}")


def test_a_site_that_wants_no_links_has_none(session, site):
    telling.set_policy(site=site, changes={"page_links": False}, by=None, now=NOW)
    [reminder] = Message.objects.filter(kind="reminder")
    assert links.MASK not in reminder.body
    telling.set_words(
        site=site,
        kind="reminder",
        language="en",
        text="{when}, {phone}. C or R. {page}",
        by=None,
        now=NOW,
    )
    reminder.refresh_from_db()
    assert reminder.body.endswith("C or R.")
    telling.set_policy(site=site, changes={"page_links": True}, by=None, now=NOW)
    reminder.refresh_from_db()
    assert reminder.body.endswith(f"C or R. All about it: {links.MASK}")


@pytest.mark.parametrize("host", ["https://spravato-columbus.example", "https://www.ketamine.example"])
def test_a_host_that_tells_the_specialty_is_in_no_text(site, settings, host):
    settings.PUBLIC_BASE_URL = host
    book(site, make_patient(site=site))
    assert all(links.MASK not in body for body in Message.objects.values_list("body", flat=True))


def test_no_link_where_it_would_make_a_text_too_long(site):
    book(site, make_patient(site=site, given_name="名" * 60))
    assert all(links.MASK not in body for body in Message.objects.values_list("body", flat=True))


def test_staff_see_no_link_by_page_or_api(session, site):
    sent()
    key = key_of(session)
    desk = make_user(site=site, role="desk")
    client = Client()
    client.force_login(desk)
    for path in ("/texts/", f"/patients/{session.patient_id}/texts/"):
        page = client.get(path).content.decode()
        assert links.MASK in page
        assert key not in page
    bodies = [item["body"] for item in team(site)["desk"].get("/messages").body["items"]]
    assert len(bodies) == 2
    assert key not in json.dumps(bodies)


# -- what it opens, and for how long --


def test_the_page_tells_when_and_where(session):
    page = text_of(get(key_of(session)))
    for part in (
        "Hello Avery",
        "Monday, March 2",
        "9:00 AM to about 11:30 AM",
        "Cardinal Care",
        "12 High Street",
    ):
        assert part in page
    assert "614-555-0100" in page
    assert "Nothing to eat" not in page


def test_preparation_only_for_who_agreed_to_detail(session):
    Patient.objects.update(detailed_texts=True)
    assert "Nothing to eat for 2 hours before." in text_of(get(key_of(session)))


def test_in_the_patients_language_with_a_switch(session):
    Patient.objects.update(language="es")
    page = text_of(get(key_of(session)))
    assert "Lunes 2 de marzo" in page
    assert "English" in page
    assert "Monday, March 2" in text_of(get(key_of(session), lang="en"))
    assert post("confirm", key_of(session), lang="en")["Location"].endswith("?lang=en#answer")


def test_the_zone_is_named_where_the_patient_lives_in_another(session):
    assert "EST" not in text_of(get(key_of(session)))
    Patient.objects.update(timezone="America/Chicago")
    assert "the clinic's time, EST" in text_of(get(key_of(session)))


def _nothing(session):
    return "a" * 16


def _moved(session):
    key = key_of(session)
    moving.move_session(session=session, starts_at=MONDAY + timedelta(hours=3), by=None, now=NOW)
    return key


def _cancelled(session):
    answers.cancel_session(session=session, reason="Ill", cancelled_by="patient", by=None, now=NOW)
    return key_of(session)


def _missed(session):
    type(session).objects.filter(pk=session.pk).update(status="no_show")
    return key_of(session)


def _other_number(session):
    key = key_of(session)
    Patient.objects.filter(pk=session.patient_id).update(phone="+16145550142")
    return key


def _patient_gone(session):
    Patient.objects.filter(pk=session.patient_id).update(active=False)
    return key_of(session)


def _expired(session):
    key = key_of(session)
    VisitLink.objects.update(expires_at=NOW)
    VisitLink.objects.update(about_at=session.starts_at)
    return key


def _forged(session):
    key = key_of(session)
    return key[:-1] + ("a" if key[-1] != "a" else "b")


ENDS = [_nothing, _moved, _cancelled, _missed, _other_number, _patient_gone, _forged]


@pytest.mark.parametrize("end", ENDS)
def test_a_guessed_and_an_ended_link_are_alike_in_words_status_and_questions(session, end):
    key = end(session)
    get("b" * 16)
    with CaptureQueriesContext(connection) as of_nothing:
        nothing = get("b" * 16)
    with CaptureQueriesContext(connection) as queries:
        answer = get(key)
    assert (answer.status_code, answer.content) == (ENDED, nothing.content)
    assert len(queries) == len(of_nothing)
    assert {**answer.headers} == {**nothing.headers}
    before = SessionEvent.objects.count(), InboundMessage.objects.count(), AuditEvent.objects.count()
    for name in ("confirm", "another-time"):
        assert post(name, key).content == nothing.content
    assert post("ride", key, escort_name="Sam").content == nothing.content
    assert Client().get(address("visit-calendar", key)).content == nothing.content
    assert before == (
        SessionEvent.objects.count(),
        InboundMessage.objects.count(),
        AuditEvent.objects.count(),
    )


def test_it_lives_until_the_sites_hours_after_the_visit(session, site, time_machine):
    TextPolicy.objects.create(site=site, page_hours=2)
    key = key_of(session)
    last = session.ends_at + timedelta(hours=2)
    time_machine.move_to(last - timedelta(seconds=1), tick=False)
    assert get(key).status_code == 200
    time_machine.move_to(last, tick=False)
    assert get(key).status_code == ENDED


def test_a_visit_moved_back_has_its_link_again(session):
    key = _moved(session)
    session.refresh_from_db()
    moving.move_session(session=session, starts_at=MONDAY, by=None, now=NOW)
    assert get(key).status_code == 200


def test_two_patients_on_one_phone_have_a_link_each(session, site):
    other = book(
        site, make_patient(site=site, phone=session.patient.number, given_name="Blake"), MONDAY + HOUR
    )
    assert "Hello Avery" in text_of(get(key_of(session)))
    assert "Hello Blake" in text_of(get(key_of(other)))
    post("confirm", key_of(other))
    session.refresh_from_db()
    other.refresh_from_db()
    assert (session.confirmation, other.confirmation) == ("unconfirmed", "confirmed")


def test_it_stays_in_no_store_no_index_and_no_referrer(session):
    for response in (get(key_of(session)), get("c" * 16), post("confirm", key_of(session))):
        assert response["Cache-Control"] == "no-store, private"
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert not response.cookies
    page = get(key_of(session))
    assert "script-src 'none'" in page["Content-Security-Policy"]
    assert b"<script" not in page.content


# -- what a patient does --


def events():
    return list(AuditEvent.objects.filter(channel="link").order_by("id").values_list("action", flat=True))


def test_opening_it_changes_nothing(session):
    key = key_of(session)
    with CaptureQueriesContext(connection) as queries:
        for name in ("visit", "visit-calendar"):
            Client().get(address(name, key))
            Client().head(address(name, key))
        for name in ("confirm", "another-time", "ride"):
            answer = Client().get(address(f"visit-{name}", key), {"lang": "es"})
            assert answer["Location"].partition("#")[0] == f"{address('visit', key)}?lang=es"
    writes = [q["sql"] for q in queries if re.match("INSERT|UPDATE|DELETE", q["sql"])]
    assert all(Tries._meta.db_table in sql for sql in writes)
    assert events() == []


def test_confirming_twice_is_confirming_once(session):
    key = key_of(session)
    for _ in range(2):
        assert post("confirm", key)["Location"] == f"{address('visit', key)}#answer"
    session.refresh_from_db()
    assert session.confirmation == "confirmed"
    assert events() == ["session.confirmation"]
    page = text_of(get(key))
    assert "You have confirmed" in page
    assert "Yes, I will come" not in page


def test_another_time_is_the_task_that_a_reply_makes(session, site):
    key = key_of(session)
    for _ in range(2):
        post("another-time", key)
    session.refresh_from_db()
    assert session.confirmation == "wants_change"
    wish = InboundMessage.objects.get()
    assert (wish.meaning, wish.needs_person, wish.session, wish.patient) == (
        "change",
        True,
        session,
        session.patient,
    )
    assert events() == ["session.confirmation", "reply.received"]
    assert "We will call you about another time" in text_of(get(key))
    # And one tap takes it back.
    post("confirm", key)
    wish.refresh_from_db()
    assert wish.done == inbox.CONFIRMED


def test_who_texted_r_and_taps_too_makes_one_task(session):
    key = key_of(session)
    sent()
    Message.objects.update(status="delivered", sent_at=NOW)
    number = session.patient.number
    replies.receive(from_number=number, to_number="", body="R", message_sid="SM1", now=NOW)
    post("another-time", key)
    assert InboundMessage.objects.get().provider_sid == "SM1"


def test_r_said_twice_is_one_task_and_another_once_it_was_dealt_with(session):
    key_of(session)
    sent()
    Message.objects.update(status="delivered", sent_at=NOW)

    def says(sid):
        return replies.receive(
            from_number=session.patient.number, to_number="", body="R", message_sid=sid, now=NOW
        )

    first, second = says("SM1"), says("SM2")
    assert [row.needs_person for row in (first, second)] == [True, False]
    assert second.answer.kind == "change_ok"
    inbox.finish(inbound=first, done="Called", by=None, now=NOW)
    assert says("SM3").needs_person


def test_a_refused_ride_shows_what_stands_without_the_colour_of_success(session):
    key = key_of(session)
    post("ride", key, escort_name="Sam Lee", escort_phone="")
    page = post("ride", key, escort_name="Kim", escort_phone="12").content.decode()
    ride = page[page.index('id="ride"') :]
    assert "Noted: Sam Lee" in ride
    assert "said good" not in ride
    assert ride.index("Noted: Sam Lee") < ride.index("Not saved yet.") < ride.index('value="Kim"')
    assert f'action="{address("visit-ride", key)}#ride"' in ride


def test_the_ride_is_saved_once_with_its_number_half_hidden(session):
    key = key_of(session)
    for _ in range(2):
        answer = post("ride", key, escort_name=" Sam Lee ", escort_phone="(614) 555-0177")
        assert answer.status_code == 302
    patient = Patient.objects.get(pk=session.patient_id)
    assert (patient.escort_name, patient.escort_phone.as_e164) == ("Sam Lee", "+16145550177")
    assert events() == ["patient.changed"]
    page = get(key)
    assert "Noted: Sam Lee, number ending in 0177" in text_of(page)
    assert b"555" not in page.content.replace(b"555-0100", b"").replace(b"5550100", b"")


@pytest.mark.parametrize(
    ("name", "phone", "said"),
    [
        ("", "", ["Please write a name."]),
        ("  ", "12", ["Please write a name.", "Not a telephone number."]),
        ("Sam", "call me", ["Not a telephone number."]),
        ("x" * 121, "614-555-0177", ["That is too long."]),
        ("Sam\x00", "", ["There is a sign in it that we cannot keep."]),
    ],
)
def test_faults_of_a_ride_come_all_at_once_and_what_was_typed_stays(session, name, phone, said):
    answer = post("ride", key_of(session), escort_name=name, escort_phone=phone)
    assert answer.status_code == 422
    page = text_of(answer)
    assert all(words in page for words in said)
    assert f'value="{phone}"' in answer.content.decode()
    assert events() == []


def test_once_the_visit_has_begun_nothing_is_asked_any_more(session, time_machine):
    key = key_of(session)
    time_machine.move_to(MONDAY, tick=False)
    for name in ("confirm", "another-time", "ride"):
        post(name, key, escort_name="Sam")
    page = text_of(get(key))
    assert "Yes, I will come" not in page
    assert "Monday, March 2" in page
    assert events() == []


def test_a_visit_that_was_moved_after_the_page_was_asked_for_is_not_answered_for(session):
    link = links.find(key_of(session), now=NOW)
    moving.move_session(session=session, starts_at=MONDAY + timedelta(hours=3), by=None, now=NOW)
    for verb in (visiting.confirm, visiting.want_another_time):
        with pytest.raises(visiting.Refused) as caught:
            verb(link=link, now=NOW)
        assert caught.value.codes == ["over"]
    session.refresh_from_db()
    assert session.confirmation == "unconfirmed"


def test_the_calendar_file_is_neutral_and_in_the_sites_time(session):
    answer = Client().get(address("visit-calendar", key_of(session)))
    body = answer.content.decode().replace("\r\n ", "")
    assert answer["Content-Type"].startswith("text/calendar")
    assert "SUMMARY:Appointment\r\n" in body
    assert "DTSTART;TZID=America/New_York:20260302T090000" in body
    assert "LOCATION:Cardinal Care\\, 12 High Street\\, Columbus" in body
    assert "Avery" not in body
    assert wording.forbidden_in(re.sub(r"UID:.*", "", body)) == []


def test_the_audit_page_says_that_it_was_the_patient(session, site):
    post("confirm", key_of(session))
    manager = Client()
    manager.force_login(make_user(site=site, role="manager"))
    assert "patient, by link" in manager.get("/settings/audit/").content.decode()
    assert "patient by link" in manager.get("/settings/audit/?format=csv").content.decode()


# -- how often --


def test_a_link_that_is_opened_too_often_waits_and_is_told_how_long(session, time_machine, monkeypatch):
    monkeypatch.setattr(visit_views, "OF_LINK", visit_views.Limit("visit-link", 3, timedelta(minutes=10)))
    key = key_of(session)
    assert [get(key).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = get(key)
    assert answer["Retry-After"] == "600"
    assert "try again in 10 minutes" in text_of(answer)
    assert post("confirm", key).status_code == 429
    assert events() == []
    time_machine.move_to(NOW + timedelta(minutes=10), tick=False)
    assert get(key).status_code == 200


def test_an_address_that_guesses_is_stopped_for_live_links_too(session, monkeypatch):
    monkeypatch.setattr(
        visit_views, "OF_ADDRESS", visit_views.Limit("visit-address", 3, timedelta(minutes=10))
    )
    codes = [get(letter * 16).status_code for letter in "abcd"]
    assert codes == [ENDED, ENDED, ENDED, 429]
    assert get(key_of(session)).status_code == 429
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").get(address("visit", key_of(session)))
    assert elsewhere.status_code == 200
    assert not Tries.objects.filter(key__contains="127.0.0.1").exists()


# -- nothing that tells --

TELLING = ["Spravato", "Dr. Ketamine", "Depresión", "56 mg", "Psychiatry", "Ada"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_word_of_the_page_tells_whatever_people_are_called(site, language):
    patient = make_patient(site=site, language=language, detailed_texts=True)
    session = book(site, patient)
    key = key_of(session)
    for alias, name, ride in itertools.product(TELLING, repeat=3):
        type(site).objects.update(alias=alias, address=f"1 {alias} Street")
        Patient.objects.update(given_name=name, escort_name=ride)
        Tries.objects.all().delete()
        assert wording.forbidden_in(text_of(get(key))) == []
    assert wording.forbidden_in(text_of(get("d" * 16, lang=language))) == []


def _all_words(words, preparations):
    return [*words.values(), *preparations]


@pytest.mark.parametrize("language", ["en", "es"])
def test_none_of_our_words_tells(language):
    assert all(
        wording.forbidden_in(words) == []
        for words in _all_words(visit_words.WORDS[language], visit_words.PREPARATIONS[language])
    )
    assert set(visit_words.WORDS["en"]) == set(visit_words.WORDS["es"])


def test_neither_link_nor_patient_is_in_a_log_or_the_trail(session, monkeypatch):
    key = key_of(session)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    formatter = LOGGING["formatters"]["json"]
    handler.setFormatter(formatter["()"](**{k: v for k, v in formatter.items() if k != "()"}))
    logging.getLogger().addHandler(handler)
    try:
        get(key)
        post("ride", key, escort_name="Sam Lee", escort_phone="nonsense")
        post("confirm", key)
        get(key + "x")
        monkeypatch.setattr(visit_views, "_when", lambda *_: 1 / 0)
        failed = Client(raise_request_exception=False).get(address("visit", key))
        assert failed.status_code == 500
        handler.flush()
    finally:
        logging.getLogger().removeHandler(handler)
    assert "ZeroDivisionError" in written.getvalue()
    for secret in (key, "Sam Lee", "nonsense", session.patient.family_name, "Avery"):
        assert secret not in written.getvalue()
    assert key not in json.dumps(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_links_in_the_database(session):
    key_of(session)
    link = VisitLink.objects.get()
    values(
        "visit_link_outlives_the_visit",
        one(link),
        bad=[{"expires_at": link.about_at}],
        good=[{"expires_at": link.about_at + DAY}],
    )
    plain = {"session": session, "number": "1", "about_at": NOW, "expires_at": NOW + DAY, "created_at": NOW}
    refused("visit_link_once", lambda: VisitLink.objects.create(digest=link.digest, **plain))
    VisitLink.objects.create(digest="other", **plain)
