"""Enrolment of patients and certification of sites."""

from datetime import date, timedelta

import pytest

from clinic import documents
from clinic.errors import Invalid, Refused
from monitoring import chairside, dosing, enrolment
from monitoring.models import Enrolment
from tests.factories import MONDAY, make_course, make_patient, make_session, make_staffed_site, make_user
from tests.monitoring.test_predose import FINE

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)


@pytest.fixture
def site():
    return make_staffed_site()


@pytest.fixture
def desk(site):
    return make_user(site=site, role="desk")


@pytest.fixture
def patient(site):
    return make_patient(site=site, rems_enrolled_on=None)


def enrol(patient, desk, **options):
    facts = {"on": TODAY, "prescriber": "Dr Vale", "now": MONDAY, **options}
    return enrolment.enrol(patient=patient, by=desk, **facts)


def paper(site, desk, kind="enrolment"):
    return documents.keep(site=site, kind=kind, name="f.pdf", content=b"%PDF-1", by=desk, now=MONDAY)


def test_no_first_dose_without_enrolment_and_none_after_its_end(site, patient, desk):
    nurse = make_user(site=site, role="nurse")
    session = make_session(course=make_course(site=site, patient=patient))
    chairside.arrive(session=session, by=nurse, now=MONDAY)

    def ask():
        return chairside.record_pre_dose(session=session, answers=FINE, by=nurse, now=MONDAY)

    def stops(cleared):
        return [g.code for g in cleared.gates if g.kind == "stop" and not g.ok]

    assert stops(ask()) == ["enrolment"]
    with pytest.raises(Refused):
        dosing.start_device(
            session=session,
            number=1,
            started_at=MONDAY,
            lot="L1",
            expires_on=date(2027, 1, 1),
            by=nurse,
            now=MONDAY,
        )
    enrol(patient, desk, document=paper(site, desk))
    assert stops(ask()) == []
    enrolment.end_enrolment(patient=patient, on=TODAY, note="Moved away", by=desk, now=MONDAY)
    assert stops(ask()) == ["enrolment"]


def test_the_enrolment_keeps_its_date_prescriber_and_form(site, patient, desk):
    form = paper(site, desk)
    row = enrol(patient, desk, document=form)
    patient.refresh_from_db()
    assert patient.rems_enrolled_on == TODAY
    assert (row.kind, row.on, row.prescriber, row.document, row.by) == (
        "enrolled",
        TODAY,
        "Dr Vale",
        form,
        desk,
    )


def test_an_enrolment_that_cannot_be_is_refused_with_all_its_faults(site, patient, desk):
    with pytest.raises(Invalid) as caught:
        enrol(
            patient, desk, on=TODAY + timedelta(days=1), prescriber=" ", document=paper(site, desk, "proof")
        )
    assert {f.field for f in caught.value.faults} == {"on", "prescriber", "document"}
    with pytest.raises(Invalid) as caught:
        enrol(patient, desk, on=None)
    assert [f.field for f in caught.value.faults] == ["on"]
    assert not Enrolment.objects.exists()


def test_a_transfer_is_told_to_the_rems_while_enrolled(patient, desk):
    facts = {
        "patient": patient,
        "on": TODAY,
        "note": "To Lakeside, told by telephone",
        "by": desk,
        "now": MONDAY,
    }
    with pytest.raises(Refused) as caught:
        enrolment.tell_transfer(**facts)
    assert caught.value.codes == ["not_enrolled"]
    enrol(patient, desk)
    assert enrolment.tell_transfer(**facts).kind == "transfer_told"
    with pytest.raises(Invalid):
        enrolment.tell_transfer(**{**facts, "note": ""})
    with pytest.raises(Invalid):
        enrolment.end_enrolment(**{**facts, "note": ""})


def test_a_new_representative_certifies_again(site):
    manager = make_user(site=site, role="manager")
    who = {"site": site, "by": manager, "now": MONDAY}
    assert not enrolment.standing_of(site).is_certified
    with pytest.raises(Refused):
        enrolment.representative_left(on=TODAY, note="", **who)

    enrolment.certify(on=TODAY - timedelta(days=30), representative="Ines Moreau", **who)
    site.refresh_from_db()
    standing = enrolment.standing_of(site)
    assert (standing.is_certified, standing.representative) == (True, "Ines Moreau")
    assert site.rems_certified_on == TODAY - timedelta(days=30)

    later = {**who, "now": MONDAY + timedelta(hours=1)}
    left = enrolment.representative_left(on=TODAY, note="New post", **later)
    assert left.representative == "Ines Moreau"
    standing = enrolment.standing_of(site)
    assert (standing.is_certified, standing.again) == (False, True)
    with pytest.raises(Refused):
        enrolment.representative_left(on=TODAY, note="", **later)

    again = {**who, "now": MONDAY + timedelta(hours=2)}
    enrolment.certify(
        on=TODAY, representative="Piotr Novak", document=paper(site, manager, "certification"), **again
    )
    assert enrolment.standing_of(site).representative == "Piotr Novak"


def test_a_certification_that_cannot_be_is_refused_with_all_its_faults(site, desk):
    with pytest.raises(Invalid) as caught:
        enrolment.certify(
            site=site,
            on=TODAY + timedelta(days=1),
            representative="",
            note="x" * 501,
            document=paper(site, desk),
            by=desk,
            now=MONDAY,
        )
    assert {f.field for f in caught.value.faults} == {"on", "representative", "note", "document"}


def test_before_any_paper_the_date_in_the_settings_counts(site):
    site.rems_certified_on = TODAY
    assert enrolment.standing_of(site).is_certified
