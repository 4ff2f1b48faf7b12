"""Who decided that a dose is given all the same, beside who typed it: the verb, the page, the API, the papers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client

from clinic.errors import Invalid
from clinic.ids import new_id
from clinic.models import AuditEvent, Membership
from monitoring import chairside, papers
from monitoring.models import Alert, PreDose
from monitoring.record import record_of
from scheduling.models import TreatmentSession
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user
from tests.monitoring.test_chair_page import ANSWERS, _url
from tests.monitoring.test_papers import words
from tests.monitoring.test_predose import FINE

pytestmark = pytest.mark.django_db
HIGH = replace(FINE, systolic=150)
AGREED = {"blood_pressure": "Known for years"}


@pytest.fixture(autouse=True)
def _monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse", first_name="Nora", last_name="Nurse")


@pytest.fixture
def prescriber(site):
    return make_user(site=site, role="prescriber", first_name="Paul", last_name="Raman")


@pytest.fixture
def session(site, nurse):
    made = make_session(course=make_course(site=site))
    chairside.arrive(session=made, by=nurse, now=MONDAY)
    return made


def record(session, by, decided_by=None, answers=HIGH, override=AGREED):
    return chairside.record_pre_dose(
        session=session, answers=answers, override=override, decided_by=decided_by, by=by, now=MONDAY
    )


def kept(code="blood_pressure"):
    return PreDose.objects.latest("version").overrides[code]


def refusal(*args, **options):
    with pytest.raises(Invalid) as refused:
        record(*args, **options)
    return [(fault.code, fault.field) for fault in refused.value.faults]


def test_a_nurse_writes_down_what_a_prescriber_decided(session, nurse, prescriber):
    assert record(session, nurse, str(prescriber.pk)).may_dose
    given = kept()
    assert (given["by"], given["decided_by"]) == (str(nurse.pk), str(prescriber.pk))
    assert given["decided_by_name"] == prescriber.display_name


@pytest.mark.parametrize("said", [None, ""])
def test_a_prescriber_decides_for_themself_unless_they_name_another(site, session, prescriber, said):
    record(session, prescriber, said)
    assert kept()["decided_by"] == str(prescriber.pk)
    other = make_user(site=site, role="prescriber")
    record(session, prescriber, str(other.pk))
    assert (kept()["decided_by"], kept()["by"]) == (str(other.pk), str(prescriber.pk))


def test_a_nurse_must_say_who_and_every_fault_is_told_at_once(session, nurse):
    for nobody in ("", None):
        assert refusal(session, nurse, nobody) == [("required", "decided_by")]
    impossible = replace(HIGH, spo2=120)
    assert refusal(session, nurse, "", answers=impossible) == [
        ("out_of_range", "spo2"),
        ("required", "decided_by"),
    ]
    assert not PreDose.objects.exists()


def test_only_who_may_decide_here_can_have_decided(site, session, nurse, prescriber):
    elsewhere = make_user(site=make_staffed_site(), role="prescriber")
    manager = make_user(site=site, role="manager")
    gone = make_user(site=site, role="prescriber", is_active=False)
    for said in (nurse, elsewhere, manager, gone):
        assert refusal(session, nurse, str(said.pk)) == [("unknown", "decided_by")]
    for said in ("Dr. Raman", str(new_id()), "\x00"):
        assert refusal(session, nurse, said) == [("unknown", "decided_by")]
    Membership.objects.filter(user=prescriber).delete()
    assert refusal(session, nurse, str(prescriber.pk)) == [("unknown", "decided_by")]


def test_a_warning_wants_a_reason_and_no_decider(session, nurse, prescriber):
    answers = replace(FINE, ate_within_2h=True)
    assert record(session, nurse, "", answers, {"food": "A biscuit"}).may_dose
    assert "decided_by" not in kept("food")
    # Beside a decision, the warning's reason stays the nurse's own.
    both = replace(HIGH, ate_within_2h=True)
    record(session, nurse, str(prescriber.pk), both, {**AGREED, "food": "A biscuit"})
    assert ("decided_by" in kept(), "decided_by" in kept("food")) == (True, False)


def test_the_ride_home_is_a_stop_that_somebody_decides(session, nurse, prescriber):
    answers, override = replace(FINE, escort_confirmed=False), {"escort": "The ward's driver"}
    assert refusal(session, nurse, "", answers=answers, override=override) == [("required", "decided_by")]
    record(session, nurse, str(prescriber.pk), answers, override)
    assert kept("escort")["decided_by"] == str(prescriber.pk)


@pytest.mark.pdf
def test_record_and_paper_say_who_decided_and_who_wrote_it_down(session, nurse, prescriber):
    record(session, nurse, str(prescriber.pk))
    told = f"{prescriber.display_name}, entered by {nurse.display_name}"
    (line,) = [line for line in record_of(session) if line.kind == "pre_dose"]
    assert told in line.text
    assert line.data["overrides"]["blood_pressure"]["decided_by_name"] == prescriber.display_name
    assert told in words(papers.print_summary(session=session, by=nurse, now=MONDAY))
    # Who decides and types at once is named once.
    record(session, prescriber)
    newest = [line for line in record_of(session) if line.kind == "pre_dose"][-1]
    assert f"({prescriber.display_name})" in newest.text


# -- the page --

POSTED = {**ANSWERS, "systolic": "150"}


def page(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_page_asks_who_decided_and_keeps_what_was_typed(session, nurse, prescriber):
    client = page(nurse)
    first = client.post(_url(session, "pre-dose"), POSTED)
    assert (first.status_code, b'name="decided_by"' in first.content) == (409, True)
    assert b" selected>Paul Raman" not in first.content

    reason = {"reason-blood_pressure": "Known for years"}
    refused = client.post(_url(session, "pre-dose"), {**POSTED, **reason, "decided_by": ""})
    text = refused.content.decode()
    assert (refused.status_code, "Say who decided it" in text, "Known for years" in text) == (422, True, True)

    done = client.post(_url(session, "pre-dose"), {**POSTED, **reason, "decided_by": str(prescriber.pk)})
    assert done.status_code == 302
    assert f"{prescriber.display_name}, entered by" in client.get(_url(session)).content.decode()


def test_who_may_decide_is_chosen_already(session, prescriber):
    first = page(prescriber).post(_url(session, "pre-dose"), POSTED).content.decode()
    assert f'<option value="{prescriber.pk}" selected>' in first


def test_a_warning_alone_does_not_ask_who_decided(session, nurse):
    text = page(nurse).post(_url(session, "pre-dose"), {**ANSWERS, "nothing_eaten": ""}).content.decode()
    assert ("reason-food" in text, 'name="decided_by"' in text) == (True, False)


def entry(nurse, seconds, skew=0, **more):
    """What a tablet sends of a decision, made so long ago by its own clock."""
    return {
        **POSTED,
        "reason-blood_pressure": "Known for years",
        "entry_id": str(new_id()),
        "entry_at": (MONDAY - timedelta(seconds=seconds)).isoformat(),
        "entry_skew": str(skew),
        "entry_by": str(nurse.pk),
        **more,
    }


@pytest.mark.parametrize("said", [{}, {"decided_by": ""}])
@pytest.mark.parametrize(("seconds", "skew"), [(0, 0), (60, 0), (600, -540_000), (-100, 160_000)])
def test_a_plain_form_and_an_entry_of_this_moment_must_name_who_decided(session, nurse, said, seconds, skew):
    plain = page(nurse).post(
        _url(session, "pre-dose"), {**POSTED, "reason-blood_pressure": "Known for years", **said}
    )
    assert (plain.status_code, "Say who decided it" in plain.content.decode()) == (422, True)
    answer = page(nurse).post(_url(session, "pre-dose"), entry(nurse, seconds, skew, **said))
    told = answer.json()
    assert (answer.status_code, [fault["field"] for fault in told["faults"]]) == (422, ["Decided by"])
    assert 'name="decided_by"' in told["page"]
    assert not PreDose.objects.exists()


@pytest.mark.parametrize("said", [{}, {"decided_by": ""}])
@pytest.mark.parametrize(("seconds", "skew"), [(61, 0), (600, -539_000), (-100, 161_000)])
def test_an_entry_that_lay_on_a_tablet_is_never_lost_and_asks_for_a_name(
    session, nurse, prescriber, said, seconds, skew
):
    """It comes when nobody stands at the chair any more: once, and once more."""
    sent = entry(nurse, seconds, skew, **said)
    for replayed in (False, True):
        answer = page(nurse).post(_url(session, "pre-dose"), sent)
        assert (answer.status_code, answer.json()["replayed"]) == (200, replayed)
    assert (kept()["name"], kept()["decided_by"]) == (nurse.display_name, "")
    told = f"nobody named who decided, entered by {nurse.display_name}"
    assert told in next(x for x in record_of(session) if x.kind == "pre_dose").text
    alert = Alert.objects.get(code="nobody_named")
    assert (alert.level, alert.code, alert.acknowledged_at) == ("amber", "nobody_named", None)
    text = page(nurse).get(_url(session)).content.decode()
    assert ("Who decided to go on?" in text, "Blood pressure 150/78" in text, alert.detail in text) == (
        True,
    ) * 3


@pytest.fixture
def unnamed(session, nurse):
    chairside.record_pre_dose(
        session=session,
        answers=replace(HIGH, ate_within_2h=True),
        override={**AGREED, "food": "A biscuit"},
        afterwards=True,
        by=nurse,
        now=MONDAY,
    )
    return PreDose.objects.get()


@pytest.mark.parametrize("status", ["arrived", "observing", "completed"])
def test_somebody_names_them_afterwards(session, nurse, prescriber, unnamed, status):
    TreatmentSession.objects.filter(pk=session.pk).update(status=status)
    client, address = page(nurse), _url(session, "decided-by")
    for wrong in ("", str(nurse.pk), "\x00"):
        refused = client.post(address, {"decided_by": wrong})
        assert (refused.status_code, "Who decided to go on?" in refused.content.decode()) == (422, True)
    assert client.post(address, {"decided_by": str(prescriber.pk)}).status_code == 302
    row = PreDose.objects.latest("version")
    assert (row.version, row.may_dose, row.by, row.measured_at) == (2, True, nurse, unnamed.measured_at)
    assert (kept()["decided_by_name"], kept()["reason"]) == (prescriber.display_name, "Known for years")
    assert "decided_by" not in kept("food")
    alert = Alert.objects.get(code="nobody_named")
    assert (alert.acknowledged_by, alert.action) == (nurse, f"Named: {prescriber.display_name}.")
    assert "Who decided to go on?" not in client.get(_url(session)).content.decode()
    assert client.post(address, {"decided_by": str(prescriber.pk)}).status_code == 409
    assert AuditEvent.objects.filter(action="predose.decider_named").count() == 1


def test_answers_that_name_them_or_decide_nothing_ask_no_more(session, nurse, prescriber, unnamed):
    record(session, nurse, answers=FINE, override={})
    assert Alert.objects.get(code="nobody_named").action == "Answered again."


def test_naming_is_for_who_treats_here(site, session, unnamed):
    assert page(make_user(site=site, role="desk")).post(_url(session, "decided-by")).status_code == 403
    elsewhere = make_user(site=make_staffed_site(), role="nurse")
    assert page(elsewhere).post(_url(session, "decided-by")).status_code == 404


def test_by_the_api_the_decision_has_its_person(session, nurse, prescriber):
    body = {
        "systolic": 150,
        "diastolic": 80,
        "heart_rate": 70,
        "spo2": 98,
        "ate_within_2h": False,
        "drank_within_30min": False,
        "nasal_spray_within_1h": False,
        "suicidal_thoughts": False,
        "escort_confirmed": True,
        "prescriber_on_site": True,
        "oximeter_on_site": True,
        "override": AGREED,
    }
    api, path = Api(nurse), f"/sessions/{session.pk}/pre-dose"
    for nobody in ({}, {"decided_by": None}, {"decided_by": ""}):
        bare = api.post(path, {**body, **nobody})
        assert (bare.status, bare.codes, bare.fields) == (422, ["required"], ["decided_by"])
    assert not PreDose.objects.exists()
    own = Api(prescriber).post(path, body)
    assert own.body["overrides"]["blood_pressure"]["decided_by"] == str(prescriber.pk)
    said = api.post(path, {**body, "decided_by": str(prescriber.pk)})
    assert said.body["overrides"]["blood_pressure"]["decided_by"] == str(prescriber.pk)
    wrong = api.post(path, {**body, "decided_by": "Dr. Raman"})
    assert (wrong.status, wrong.codes, wrong.fields) == (422, ["unknown"], ["decided_by"])
