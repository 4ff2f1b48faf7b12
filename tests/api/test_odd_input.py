"""Words that cannot be kept, and shapes that nobody meant: refused with their field, never a 500."""

import pytest

from monitoring import chairside
from monitoring.models import Observation, PreDose
from tests.api.client import Api
from tests.factories import MONDAY, make_course, make_session, make_staffed_site, make_user
from tests.monitoring.test_chairside import at, device
from tests.monitoring.test_predose import FINE

pytestmark = pytest.mark.django_db
UNFIT = "a\x00b"


@pytest.fixture
def nurse(time_machine):
    time_machine.move_to(at(60), tick=False)
    return make_user(site=make_staffed_site(), role="nurse")


@pytest.fixture
def session(nurse):
    site = nurse.memberships.get().site
    session = make_session(course=make_course(site=site))
    chairside.arrive(session=session, by=nurse, now=MONDAY)
    return session


def _answers(**changes):
    vitals = {"systolic": 120, "diastolic": 76, "heart_rate": 70, "spo2": 98}
    said = {"ate_within_2h": True, "drank_within_30min": False, "nasal_spray_within_1h": False}
    here = {"escort_confirmed": True, "prescriber_on_site": True, "oximeter_on_site": True}
    return {**vitals, **said, **here, "suicidal_thoughts": False, **changes}


@pytest.mark.parametrize("override", [{"food": UNFIT}, {UNFIT: "Why"}])
def test_a_reason_that_cannot_be_kept_is_refused(nurse, session, override):
    answer = Api(nurse).post(f"/sessions/{session.pk}/pre-dose", _answers(override=override))
    assert answer.status == 422
    assert answer.fields[0].startswith("override")
    assert not PreDose.objects.exists()


def test_an_extra_device_says_which_of_its_words_are_too_many(nurse, session):
    chairside.record_pre_dose(session=session, answers=FINE, by=nurse, now=at(-5))
    body = {"number": 1, "started_at": at(0).isoformat(), "lot": "L1", "expires_on": "2027-01-01"}
    body["extra"] = {"reason": "r" * 501, "witness": "w" * 121}
    answer = Api(nurse).post(f"/sessions/{session.pk}/devices", body)
    assert (answer.status, answer.fields) == (422, ["extra.reason", "extra.witness"])


@pytest.mark.parametrize(
    "early",
    [
        {"reason": None, "told": None},
        {"told": "Dr. Raman"},
        {"reason": UNFIT},
        {"reason": "Walked out", "told": ["a"]},
        7,
    ],
)
def test_leaving_early_wants_a_reason_in_words(nurse, session, early):
    chairside.record_pre_dose(session=session, answers=FINE, by=nurse, now=at(-5))
    device(session, nurse, 1, 0)
    body = {"at": at(60).isoformat(), "with_escort": True, "early": early}
    answer = Api(nurse).post(f"/sessions/{session.pk}/leave", body)
    assert answer.status == 422
    assert all(field.startswith("early") for field in answer.fields)
    assert Observation.objects.get().left_at is None
