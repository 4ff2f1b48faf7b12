"""The form, the summary and the instructions on paper, read back with a PDF reader."""

import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from clinic.models import AuditEvent
from monitoring import chairside, leaving, papers, serious
from monitoring.models import Alert
from tests.factories import make_session
from tests.monitoring.rems_stage import LEFT, answer, send
from tests.monitoring.test_chairside import at, device
from tests.monitoring.test_predose import FINE

pytestmark = [pytest.mark.django_db, pytest.mark.pdf]


def words(content):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def test_the_form_on_paper_has_every_answer_and_says_what_is_missing(form, nurse):
    found = words(papers.print_form(form=form, by=nurse, now=LEFT))
    assert "Not complete. Missing: Serious adverse event." in found
    for part in (
        "Avery",
        "L1, L1",
        "Blood pressure at 40 minutes",
        "Version 2024-12-31",
        "Not sent yet",
        "missing",
    ):
        assert part in found
    event = AuditEvent.objects.get(action="paper.printed")
    assert (event.actor, event.patient_id, event.detail) == (
        nurse,
        form.session.patient_id,
        {"kind": "monitoring form"},
    )


def test_a_form_that_was_sent_and_changed_says_so_on_paper(complete, nurse):
    send(complete, nurse, reference="C-77")
    complete.refresh_from_db()
    assert "Sent by portal on March 2, 2026" in words(papers.print_form(form=complete, by=nurse, now=LEFT))
    answer(complete, nurse, escort="no", reasons={"escort": "He waited outside"})
    assert "Changed since it was sent" in words(papers.print_form(form=complete, by=nurse, now=LEFT))


def test_the_summary_has_the_whole_session_in_the_sites_time(session, nurse):
    serious.flag_serious(session=session, what="Fainted <b>", began_at=at(50), by=nurse, now=at(51))
    Alert.objects.create(
        observation=session.observation,
        site=session.site,
        source=session.pk,
        level="amber",
        code="bp_rise",
        detail="Blood pressure 170/90, up from 120/76.",
        raised_at=at(40),
    )
    found = words(papers.print_summary(session=session, by=nurse, now=LEFT))
    assert "09:20" in found  # T0 in New York
    for part in (
        "Nora Nurse",
        "L1",
        "Fainted <b>",
        "up from 120/76",
        "Not acknowledged",
        "with the escort",
        "Escort reached 11:21",
        "No entry for minute 15, 30, 60, 90 of the schedule.",
        "MOAA/S",
    ):
        assert part in found


def test_every_deviation_stands_on_the_summary_by_its_name_with_who_was_told(course, nurse):
    session = make_session(course=course)
    chairside.arrive(session=session, by=nurse, now=at(-10))
    chairside.record_pre_dose(session=session, answers=FINE, by=nurse, now=at(-5))
    device(session, nurse, 1, 0)
    leaving.leave(
        session=session,
        at=at(50),
        with_escort=False,
        early="Walked out",
        told="Dr. Raman",
        by=nurse,
        now=at(50),
    )
    found = words(papers.print_summary(session=session, by=nurse, now=at(60)))
    for kind in ("Left before being judged ready", "Left without the escort"):
        assert f"{kind}, 10:10. Walked out ({nurse.display_name}; told: Dr. Raman)" in found


@pytest.mark.parametrize(
    ("language", "title", "rule"),
    [
        ("en", "After your visit today", "until the next day, after a restful sleep"),
        ("es", "Después de su visita de hoy", "hasta el día siguiente, después de un sueño reparador"),
    ],
)
def test_the_instructions_are_in_the_patients_language_and_name_no_treatment(
    session,
    nurse,
    language,
    title,
    rule,
):
    make_session(course=session.course, starts_at=session.starts_at + timedelta(days=3))
    content = papers.print_instructions(session=session, language=language, by=nurse, now=LEFT)
    found = words(content)
    assert title in found
    assert rule in found
    assert "9:00" in found
    assert PdfReader(io.BytesIO(content)).trailer["/Root"]["/Lang"] == language
    for word in ("spravato", "esketamine", "esketamina", "depress", "depresi", "psychiatr", "psiqui", "REMS"):
        assert word.lower() not in found.lower()


def test_an_unknown_language_is_the_patients_own(session, nurse):
    session.patient.language = "es"
    content = papers.print_instructions(session=session, language="xx", by=nurse, now=LEFT)
    assert "Después de su visita" in words(content)


def test_a_session_that_has_hardly_begun_has_a_summary_too(course, nurse):
    bare = make_session(course=course)
    assert "Summary of session" in words(papers.print_summary(session=bare, by=nurse, now=LEFT))


def test_the_addresses_answer_with_pdfs_of_neutral_names(form, nurse, time_machine):
    time_machine.move_to(LEFT, tick=False)
    client = Client()
    client.force_login(nurse)
    for name, pk in (
        ("form-pdf", form.pk),
        ("summary-pdf", form.session_id),
        ("instructions-pdf", form.session_id),
    ):
        response = client.get(reverse(f"monitoring:{name}", args=[pk]))
        assert (response.status_code, response.content[:5]) == (200, b"%PDF-")
        assert "Avery" not in response["Content-Disposition"]
        assert response["Cache-Control"] == "no-store"
