# ruff: noqa: F811 - fixtures of the chairside
"""The text to the escort: asked for once, sent when the readings allow it, and to nobody without consent."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.errors import Refused
from clinic.models import AuditEvent
from monitoring import leaving
from monitoring.models import Observation
from notifications import escorts, outbox, wording
from notifications.enums import MessageStatus
from notifications.models import Message, Suppression
from notifications.reasons import why
from tests.api.client import Api
from tests.database import one
from tests.factories import make_user
from tests.monitoring.test_chairside import (  # noqa: F401 - fixtures
    at,
    cleared,
    dosed,
    nurse,
    read,
    session,
    site,
)
from tests.monitoring.test_safety import CALM
from tests.notifications.provider import Provider

pytestmark = pytest.mark.django_db
S = MessageStatus
ESCORT = "+16145550199"


@pytest.fixture
def watched(dosed, nurse):
    one(dosed.patient).update(detailed_texts=True)
    dosed.patient.refresh_from_db()
    read(dosed, nurse, 40)
    dosed.refresh_from_db()
    return dosed


def call(session, nurse, minute):
    return escorts.call(session=session, by=nurse, now=at(minute))


def dispatch(minute):
    provider = Provider()
    outbox.dispatch(now=at(minute), gateway=provider)
    return [text for text in provider.sent if text.to == ESCORT]


@pytest.mark.parametrize(("asked", "due"), [(45, 105), (104.9, 105), (105, 105), (118, 118), (140, 140)])
def test_it_goes_fifteen_minutes_before_the_two_hours_or_at_once(watched, nurse, asked, due):
    read(watched, nurse, asked - 1)
    message = call(watched, nurse, asked)
    assert (message.due_at, message.to) == (at(due), ESCORT)
    assert dispatch(due - 1 / 60) == []
    read(watched, nurse, due - 0.5)  # an old reading is no sign of now
    [text] = dispatch(due)
    assert text.body == f"{watched.site.alias}: Avery can be picked up in about 15 minutes. Questions: "
    assert wording.forbidden_in(text.body) == []
    assert AuditEvent.objects.filter(action="escort.text", actor=nurse).count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"sedation": 4},
        {"dissociation": "mild"},
        {"spo2": 93},
        {"respiratory_rate": 8},
        {"systolic": 175, "diastolic": 101},
        {"systolic": 210},
    ],
)
def test_nobody_is_called_while_the_last_reading_does_not_allow_it(watched, nurse, values):
    message = call(watched, nurse, 45)
    read(watched, nurse, 100, {**CALM, **values})
    assert dispatch(105) == []
    message.refresh_from_db()
    assert (message.status, message.cause) == (S.CANCELLED, "slipped")
    assert why(message) == "The patient was not on course to leave, so nobody was called."


def test_when_it_is_well_again_it_can_be_asked_for_again_and_goes_once(watched, nurse):
    first = call(watched, nurse, 45)
    read(watched, nurse, 100, {**CALM, "sedation": 4})
    dispatch(105)
    read(watched, nurse, 115)
    again = call(watched, nurse, 116)
    assert (again.pk, again.due_at) == (first.pk, at(116))
    assert (len(dispatch(116)), len(dispatch(117))) == (1, 0)
    with pytest.raises(Refused) as refused:
        call(watched, nurse, 118)
    assert refused.value.codes == ["already_told"]
    assert Message.objects.filter(kind="escort").count() == 1


def test_two_hours_that_were_corrected_to_a_later_time_call_nobody_too_early(watched, nurse):
    call(watched, nurse, 45)
    Observation.objects.update(t0_at=at(10), last_device_at=at(15))
    assert dispatch(105) == []
    assert Message.objects.get(kind="escort").cause == "slipped"
    call(watched, nurse, 106)
    read(watched, nurse, 114)
    assert len(dispatch(115)) == 1


def test_whoever_was_judged_ready_can_be_fetched_whatever_the_numbers(watched, nurse):
    read(watched, nurse, 121)
    leaving.mark_ready(
        session=watched,
        at=at(122),
        clinician="N",
        escort_reached=True,
        instructions_given=True,
        by=nurse,
        now=at(122),
    )
    assert call(watched, nurse, 123).due_at == at(123)
    assert len(dispatch(123)) == 1


def test_a_patient_who_has_left_needs_nobody(watched, nurse):
    call(watched, nurse, 45)
    leaving.leave(
        session=watched, at=at(90), with_escort=True, early="Insists", told="Dr R", by=nurse, now=at(90)
    )
    assert dispatch(105) == []
    assert Message.objects.get(kind="escort").cause == "gone"


def test_late_it_is_not_sent(watched, nurse):
    call(watched, nurse, 45)
    assert dispatch(125) == []
    assert Message.objects.get(kind="escort").cause == "expired"


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"detailed_texts": False}, ["no_consent"]),
        ({"escort_phone": ""}, ["no_number"]),
        ({"escort_phone": "", "detailed_texts": False}, ["no_number", "no_consent"]),
    ],
)
def test_without_consent_or_number_it_is_refused_with_every_reason(watched, nurse, changes, codes):
    one(watched.patient).update(**changes)
    with pytest.raises(Refused) as refused:
        call(watched, nurse, 45)
    assert refused.value.codes == codes
    assert not Message.objects.filter(kind="escort").exists()


def test_stop_of_the_escort_holds_before_and_after_asking(watched, nurse):
    call(watched, nurse, 45)
    Suppression.objects.create(number=ESCORT, since=at(50), source="STOP")
    assert dispatch(105) == []
    assert Message.objects.get(kind="escort").status == S.SUPPRESSED
    with pytest.raises(Refused) as refused:
        call(watched, nurse, 110)
    assert refused.value.codes == ["stopped", "already_told"]


@pytest.mark.parametrize("changes", [{"detailed_texts": False}, {"escort_phone": "+16145550198"}])
def test_consent_or_number_that_changed_meanwhile_stops_it(watched, nurse, changes):
    call(watched, nurse, 45)
    one(watched.patient).update(**changes)
    assert dispatch(105) == []
    assert Message.objects.get(kind="escort").cause == "escort_no_consent"


@pytest.mark.parametrize("status", ["booked", "arrived", "dosing", "completed", "cancelled", "no_show"])
def test_it_is_asked_for_only_while_somebody_is_observed(watched, nurse, status):
    one(watched).update(status=status)
    with pytest.raises(Refused) as refused:
        call(watched, nurse, 45)
    assert refused.value.codes == ["wrong_state"]


# -- at the chair --


@pytest.fixture
def page(nurse):
    client = Client()
    client.force_login(nurse)
    return client


def test_the_nurse_asks_sees_when_and_withdraws(watched, page, time_machine):
    time_machine.move_to(at(45), tick=False)
    url = reverse("notifications:escort", args=[watched.pk])
    assert url in page.get(reverse("monitoring:chair", args=[watched.pk])).content.decode()
    assert "Can be picked up in about 15 minutes" in page.get(url).content.decode()
    assert page.post(url).status_code == 302
    assert "if the readings then allow it" in page.get(url).content.decode()
    again = page.post(url)
    assert (again.status_code, "one is enough" in again.content.decode()) == (409, True)
    assert page.post(url, {"withdraw": "1"}).status_code == 302
    assert Message.objects.get(kind="escort").cause == "by_hand"
    assert "Somebody withdrew it." in page.get(url).content.decode()


def test_without_consent_the_page_says_why_and_whom_to_call(watched, page, time_machine):
    time_machine.move_to(at(45), tick=False)
    one(watched.patient).update(detailed_texts=False)
    html = page.get(reverse("notifications:escort", args=[watched.pk])).content.decode()
    assert "The patient has not agreed to detailed texts." in html
    assert f'href="tel:{ESCORT}"' in html
    assert 'class="btn btn-lg btn-primary"' not in html


def test_the_desk_may_not_ask_and_another_site_knows_nothing(watched, site):
    client = Client()
    client.force_login(make_user(site=site, role="desk"))
    url = reverse("notifications:escort", args=[watched.pk])
    assert client.post(url).status_code == 403
    client.force_login(make_user())
    assert client.post(url).status_code == 404


def test_the_api_asks_in_the_same_words(watched, nurse, time_machine):
    time_machine.move_to(at(45), tick=False)
    api, path = Api(nurse), f"/sessions/{watched.pk}/escort-text"
    answer = api.post(path)
    assert (answer.status, answer.body["kind"], answer.body["status"]) == (201, "escort", "pending")
    assert answer.body["due_at"] == at(105).astimezone(watched.site.tz).isoformat()
    assert (api.post(path).status, api.post(path).codes) == (409, ["already_told"])


# -- a person knows --


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "failed", "cause": "30005"}, "refused it for good"),
        ({"status": "unknown"}, "nobody knows whether it went"),
        ({"status": "suppressed"}, "said no to texts"),
        ({"status": "cancelled", "cause": "slipped"}, "not on course to leave"),
        ({"status": "delivered"}, ""),
        ({"status": "cancelled", "cause": "by_hand"}, ""),
    ],
)
def test_the_floor_says_whose_escort_no_text_reached(watched, nurse, changes, words):
    message = call(watched, nurse, 45)
    one(message).update(**changes)
    client = Client()
    client.force_login(nurse)
    page = " ".join(client.get("/texts/now/").content.decode().split())
    assert (f"{watched.chair.name}: the escort has no text. Call them." in page) == bool(words)
    assert words in page
    assert (ESCORT in page, watched.patient.given_name in page) == (False, False)
    desk = Client()
    desk.force_login(make_user(site=watched.site, role="desk"))
    assert "has no text" not in desk.get("/texts/now/").content.decode()


def test_once_the_patient_has_gone_nobody_is_to_be_called(watched, nurse):
    message = call(watched, nurse, 45)
    one(message).update(status="failed", cause="30005")
    one(watched).update(status="completed")
    assert escorts.unreached(watched.site) == []
