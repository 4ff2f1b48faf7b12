"""A Monday morning; one session that has ended, and its monitoring form. A module may have its own site or session."""

import pytest

from clinic import documents
from monitoring.models import MonitoringForm
from tests.factories import MONDAY, make_course, make_patient, make_staffed_site, make_user
from tests.monitoring.rems_stage import LEFT, answer, go_through


@pytest.fixture
def at(time_machine):
    """Monday at nine, standing still; a test moves it on."""
    time_machine.move_to(MONDAY, tick=False)
    return time_machine


@pytest.fixture
def site():
    return make_staffed_site(phone="+16145550100", address="1 Main Street, Columbus")


@pytest.fixture
def nurse(site):
    return make_user(site=site, role="nurse", email="nora@clinic.example", first_name="Nora")


@pytest.fixture
def course(site):
    return make_course(site=site, patient=make_patient(site=site, sex="female"))


@pytest.fixture
def session(course, nurse):
    return go_through(course, nurse)


@pytest.fixture
def form(session):
    return MonitoringForm.objects.get(session=session)


@pytest.fixture
def proof(site, nurse):
    return documents.keep(
        site=site, kind="proof", name="fax.pdf", content=b"%PDF-1.7 report", by=nurse, now=LEFT
    )


@pytest.fixture
def complete(form, nurse):
    answer(form, nurse, serious_event="no")
    return form
