"""What the tables of the monitoring form, serious events, enrolment and papers refuse, past all our code."""

from datetime import date, timedelta

import pytest

from clinic.models import Document
from monitoring.models import (
    Certification,
    Enrolment,
    FormAnswer,
    FormEvent,
    FormSending,
    MonitoringForm,
    SeriousEvent,
    SeriousEventStep,
    SiteContact,
)
from tests.database import one, refused, values, written_once
from tests.factories import MONDAY, make_session, make_user

pytestmark = pytest.mark.django_db
DAY, WEEK_LATER = date(2026, 3, 2), date(2026, 3, 9)


@pytest.fixture
def nurse():
    return make_user()


@pytest.fixture
def session():
    return make_session()


@pytest.fixture
def form(session):
    return MonitoringForm.objects.create(
        session=session, site=session.site, definition="2024-12-31", session_on=DAY, due_on=WEEK_LATER
    )


def make_document(session, nurse, **fields):
    facts = {"kind": "proof", "name": "x", "content_type": "application/pdf", "size": 1, "sha256": "0" * 64}
    return Document.objects.create(site=session.site, by=nurse, **{**facts, **fields})


def test_document(session, nurse):
    written_once("document_written_once", make_document(session, nurse))
    refused("document_kind_known", lambda: make_document(session, nurse, kind="poem"))
    refused("document_type_known", lambda: make_document(session, nurse, content_type="text/html"))
    refused("document_is_not_empty", lambda: make_document(session, nurse, size=0))


def test_form(form, session):
    values("form_due_after_session", one(form), bad=[{"due_on": DAY}], good=[{"due_on": WEEK_LATER}])
    values(
        "form_sent_after_session",
        one(form),
        bad=[{"sent_at": MONDAY}, {"sent_on": DAY}, {"sent_at": MONDAY, "sent_on": DAY - timedelta(days=1)}],
        good=[{"sent_at": MONDAY, "sent_on": DAY}],
    )


def test_answer(form, nurse):
    row = FormAnswer.objects.create(form=form, field="sedation", value="no", by=nurse)
    written_once("form_answer_written_once", row)
    refused(
        "form_answer_version_once",
        lambda: FormAnswer.objects.create(form=form, field="sedation", value="yes", by=nurse),
    )
    FormAnswer.objects.create(form=form, field="sedation", value=None, version=2, by=nurse)


def test_event(form, nurse):
    row = FormEvent.objects.create(form=form, kind="reminded", on=DAY)
    written_once("form_event_written_once", row)
    refused("form_event_kind_known", lambda: FormEvent.objects.create(form=form, kind="sung", on=DAY))
    refused("form_reminded_once_a_day", lambda: FormEvent.objects.create(form=form, kind="reminded", on=DAY))
    FormEvent.objects.create(form=form, kind="reminded", on=WEEK_LATER)
    FormEvent.objects.create(form=form, kind="owner", on=DAY)


def test_sending(form, nurse, session):
    usual = {"form": form, "channel": "fax", "sent_at": MONDAY, "by": nurse, "values": {}}
    row = FormSending.objects.create(number=1, reference="R-1", **usual)
    written_once("form_sending_written_once", row)
    refused(
        "form_sending_number_once", lambda: FormSending.objects.create(number=1, reference="R-2", **usual)
    )
    refused(
        "form_sending_channel_known",
        lambda: FormSending.objects.create(number=2, reference="R", **{**usual, "channel": "pigeon"}),
    )
    refused("form_sending_has_proof_or_reason", lambda: FormSending.objects.create(number=2, **usual))
    FormSending.objects.create(number=2, no_proof_reason="The printer ate it", **usual)
    FormSending.objects.create(number=3, proof=make_document(session, nurse), **usual)


def test_serious(session, nurse):
    usual = {"session": session, "site": session.site, "began_at": MONDAY, "flagged_by": nurse}
    refused("serious_event_says_what", lambda: SeriousEvent.objects.create(what="", **usual))
    event = SeriousEvent.objects.create(what="Fainted", **usual)
    usual = {"event": event, "at": MONDAY, "by": nurse}
    step = SeriousEventStep.objects.create(step="flagged", text="Fainted", **usual)
    written_once("serious_step_written_once", step)
    refused("serious_step_known", lambda: SeriousEventStep.objects.create(step="sung", text="x", **usual))
    refused("serious_step_says_what", lambda: SeriousEventStep.objects.create(step="done", text="", **usual))


def test_contact(session, nurse):
    usual = {"site": session.site, "name": "REMS", "phone": "555", "entered_by": nurse}
    refused("site_contact_kind_known", lambda: SiteContact.objects.create(kind="aunt", source="x", **usual))
    refused("site_contact_has_a_source", lambda: SiteContact.objects.create(kind="rems", source="", **usual))
    SiteContact.objects.create(kind="rems", source="The portal", **usual)


def test_enrolment(session, nurse):
    usual = {"patient": session.patient, "on": DAY, "by": nurse}
    row = Enrolment.objects.create(kind="enrolled", prescriber="Dr Vale", **usual)
    written_once("enrolment_written_once", row)
    refused("enrolment_kind_known", lambda: Enrolment.objects.create(kind="wished", note="x", **usual))
    refused("enrolment_names_prescriber", lambda: Enrolment.objects.create(kind="enrolled", **usual))
    refused("enrolment_end_says_why", lambda: Enrolment.objects.create(kind="ended", **usual))
    Enrolment.objects.create(kind="ended", note="Moved away", **usual)


def test_certification(session, nurse):
    usual = {"site": session.site, "on": DAY, "by": nurse}
    row = Certification.objects.create(kind="certified", representative="Ines", **usual)
    written_once("certification_written_once", row)
    refused(
        "certification_kind_known",
        lambda: Certification.objects.create(kind="wished", representative="Ines", **usual),
    )
    refused(
        "certification_names_representative",
        lambda: Certification.objects.create(kind="certified", representative="", **usual),
    )
