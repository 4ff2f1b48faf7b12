"""Pages of the monitoring form, serious events and papers."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent, Document
from monitoring import rems, serious
from monitoring.form_reading import read_form
from monitoring.models import Certification, Enrolment, MonitoringForm, SeriousEvent, SiteContact
from tests.factories import make_site, make_user
from tests.monitoring.rems_stage import DAY, LEFT

pytestmark = pytest.mark.django_db
SCAN = b"%PDF-1.7 fax report"


@pytest.fixture
def browser(nurse, time_machine):
    time_machine.move_to(LEFT + timedelta(hours=1), tick=False)
    return signed_in(nurse)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def scan(content=SCAN, name="Avery.pdf"):
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def page_of(form):
    return reverse("monitoring:form", args=[form.pk])


def test_the_board_leads_to_the_form_and_the_form_to_its_missing_answer(browser, form):
    assert page_of(form) in browser.get(reverse("monitoring:forms")).content.decode()
    page = browser.get(page_of(form)).content.decode()
    assert "1 answer is missing" in page
    assert "Never filled with" in page
    assert AuditEvent.objects.filter(action="patient.opened", detail__page="monitoring form").count() == 1


def test_what_stands_there_already_is_posted_without_becoming_an_answer(browser, form):
    items = {item.field.code: item for item in read_form(form).items}
    posted = {code: item.value for code, item in items.items() if item.value is not None}
    posted["medicines"] = ["none"]
    answer = browser.post(
        reverse("monitoring:form-answer", args=[form.pk]), {**posted, "serious_event": "no"}
    )
    assert answer.status_code == 302
    assert [a.field for a in form.answers.all()] == ["serious_event"]


def test_every_fault_stands_at_its_question_and_nothing_typed_is_lost(browser, form):
    url = reverse("monitoring:form-answer", args=[form.pk])
    answer = browser.post(
        url, {"pressure_40": "12/900", "clinician_email": "nora at clinic", "serious_event": ""}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("A blood pressure such as 128/80.") == 1
    assert page.count("An e-mail address.") == 1
    assert 'value="12/900"' in page
    assert 'value="nora at clinic"' in page
    answer = browser.post(url, {"ready_minutes": "75"})
    assert answer.status_code == 409
    assert "Say why it is answered otherwise." in answer.content.decode()
    assert not form.answers.exists()
    answer = browser.post(url, {"ready_minutes": "75", "reason-ready_minutes": "Walked well"})
    assert answer.status_code == 302
    assert form.answers.get().reason == "Walked well"


def test_none_of_these_is_an_answer(browser, form):
    url = reverse("monitoring:form-answer", args=[form.pk])
    facts = {
        "medicines": ["opioids", "other"],
        "medicines_other": "Cough syrup",
        "reason-medicines": "Told later",
    }
    browser.post(url, facts)
    assert form.answers.get(field="medicines").value == ["opioids", "other"]
    browser.post(url, {"medicines": ["none"]})
    assert form.answers.filter(field="medicines").latest("version").value == []


def test_marked_as_sent_with_its_proof(browser, complete, nurse):
    url = reverse("monitoring:form-send", args=[complete.pk])
    answer = browser.post(url, {"channel": "fax", "file": scan()})
    assert answer.status_code == 302
    sending = complete.sendings.get()
    assert (sending.channel, sending.by, sending.proof.name) == ("fax", nurse, "Avery.pdf")
    page = browser.get(page_of(complete)).content.decode()
    assert reverse("clinic:document", args=[sending.proof.pk]) in page


def test_a_form_with_missing_answers_comes_back_asking_why_and_keeps_the_file(browser, form):
    url = reverse("monitoring:form-send", args=[form.pk])
    answer = browser.post(url, {"channel": "fax", "file": scan(), "reference": "F-12"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'name="reason-missing_answers"' in page
    assert 'value="F-12"' in page
    kept = Document.objects.get()
    assert f'value="{kept.pk}"' in page
    again = {"channel": "fax", "reference": "F-12", "proof": str(kept.pk), "reason-missing_answers": "Portal"}
    assert browser.post(url, again).status_code == 302
    assert form.sendings.get().proof == kept
    assert Document.objects.count() == 1


@pytest.mark.parametrize("content", [b"<html>", b"", b"MZ\x90"])
def test_a_proof_that_lies_is_told_at_its_field(browser, complete, content):
    url = reverse("monitoring:form-send", args=[complete.pk])
    answer = browser.post(url, {"channel": "fax", "file": scan(content)})
    assert answer.status_code == 422
    assert not complete.sendings.exists()
    assert not Document.objects.exists()


def test_a_foreign_proof_is_none(browser, complete):
    url = reverse("monitoring:form-send", args=[complete.pk])
    answer = browser.post(url, {"channel": "fax", "proof": "01a20d46-fc5f-70f1-a006-0f8a625e4ec2"})
    assert answer.status_code == 409
    assert 'name="reason-no_proof"' in answer.content.decode()


def test_a_form_is_given_to_somebody_who_may_send_it(browser, form, site):
    url = reverse("monitoring:form-owner", args=[form.pk])
    prescriber, desk = make_user(site=site, role="prescriber"), make_user(site=site, role="desk")
    assert browser.post(url, {"owner": str(desk.pk)}).status_code == 409
    assert browser.post(url, {"owner": "x"}).status_code == 409
    assert browser.post(url, {"owner": str(prescriber.pk)}).status_code == 302
    form.refresh_from_db()
    assert form.owner == prescriber


def test_who_may_what(browser, form, site, session, time_machine):
    desk, stranger = (
        signed_in(make_user(site=site, role="desk")),
        signed_in(make_user(site=make_site(), role="nurse")),
    )
    assert desk.get(page_of(form)).status_code == 200
    for name in ("form-answer", "form-send", "form-owner"):
        assert desk.post(reverse(f"monitoring:{name}", args=[form.pk])).status_code == 403
        assert stranger.post(reverse(f"monitoring:{name}", args=[form.pk])).status_code == 404
    assert desk.get(reverse("monitoring:form-pdf", args=[form.pk])).status_code == 403
    assert desk.get(reverse("monitoring:summary-pdf", args=[session.pk])).status_code == 403
    assert desk.post(reverse("monitoring:serious-flag", args=[session.pk]), {"what": "x"}).status_code == 403
    assert desk.get(reverse("monitoring:rems-settings")).status_code == 403
    assert stranger.get(page_of(form)).status_code == 404


def test_the_owner_sees_the_task_on_other_pages(browser, form, nurse, time_machine):
    url = reverse("monitoring:my-forms")
    assert browser.get(url).content.strip() == b""
    time_machine.move_to(LEFT + 8 * DAY, tick=False)
    browser = signed_in(nurse)
    assert page_of(form) in browser.get(url).content.decode()
    for name in ("monitoring:floor", "scheduling:today"):
        assert f'hx-get="{url}"' in browser.get(reverse(name)).content.decode()
    assert f'hx-get="{url}"' not in browser.get(reverse("monitoring:floor") + "?wall=1").content.decode()
    rems.sweep(now=LEFT + 8 * DAY)
    assert "Reminded" in browser.get(page_of(form)).content.decode()


def test_a_serious_event_is_flagged_from_the_chair_and_gets_its_story(browser, session, site, nurse):
    chair = browser.get(reverse("monitoring:chair", args=[session.pk])).content.decode()
    url = reverse("monitoring:serious-flag", args=[session.pk])
    assert url in chair
    assert "Numbers that this site has not entered yet" in browser.get(url).content.decode()
    assert browser.post(url, {"what": ""}).status_code == 422
    assert browser.post(url, {"what": "Fainted"}).status_code == 302
    event = SeriousEvent.objects.get()
    step = reverse("monitoring:serious-step", args=[event.pk])
    assert browser.post(step, {"step": "flagged", "text": "x"}).status_code == 422
    assert browser.post(step, {"step": "called", "text": "", "file": scan()}).status_code == 422
    assert (
        browser.post(
            step, {"step": "called", "text": "x", "at": "2026-05-01T10:00", "file": scan()}
        ).status_code
        == 422
    )
    assert not Document.objects.exists()
    assert browser.post(step, {"step": "reported", "text": "By telephone", "file": scan()}).status_code == 302
    page = browser.get(reverse("monitoring:serious", args=[event.pk])).content.decode()
    assert "By telephone" in page
    assert (
        reverse("monitoring:serious", args=[event.pk])
        in browser.get(reverse("monitoring:forms")).content.decode()
    )
    assert Document.objects.get().kind == "serious_event"


def test_enrolment_on_its_page(browser, session, nurse):
    patient = session.patient
    url = reverse("monitoring:enrolment", args=[patient.pk])

    def record(kind, **data):
        facts = {f"{kind}-{name}": value for name, value in data.items()}
        return browser.post(
            reverse("monitoring:enrolment-record", args=[patient.pk, kind]), facts
        ).status_code

    assert browser.get(url).status_code == 200
    assert record("enrol", on="", prescriber="") == 422
    assert record("enrol", on="2026-03-02", prescriber="Dr Vale", file=scan(b"<html>")) == 422
    assert record("enrol", on="2026-03-02", prescriber="Dr Vale", file=scan()) == 302
    assert record("transfer", on="2026-03-02", note="To Lakeside") == 302
    assert record("end", on="2026-03-02", note="Moved") == 302
    assert record("end", on="2026-03-02", note="Again") == 409
    assert record("marry", on="2026-03-02") == 404
    assert list(Enrolment.objects.values_list("kind", flat=True)) == ["enrolled", "transfer_told", "ended"]
    assert "Dr Vale" in browser.get(url).content.decode()


def test_the_sites_papers_and_numbers_are_the_managers(site, time_machine):
    time_machine.move_to(LEFT, tick=False)
    manager = signed_in(make_user(site=site, role="manager"))
    page = reverse("monitoring:rems-settings")
    assert manager.get(page).status_code == 200
    certify = reverse("monitoring:certify")
    assert manager.post(certify, {"certify-on": "2026-05-01"}).status_code == 422
    facts = {"certify-on": "2026-03-01", "certify-representative": "Ines Moreau", "certify-file": scan()}
    assert manager.post(certify, facts).status_code == 302
    assert (
        manager.post(
            reverse("monitoring:representative-left"), {"left-on": "2026-03-02", "left-note": "Gone"}
        ).status_code
        == 302
    )
    assert "a new one certifies the site again" in manager.get(page).content.decode()
    assert list(Certification.objects.values_list("kind", "on")) == [
        ("certified", date(2026, 3, 1)),
        ("representative_left", date(2026, 3, 2)),
    ]
    contact = reverse("monitoring:contact")
    assert manager.post(contact, {"contact-kind": "rems"}).status_code == 422
    facts = {
        "contact-kind": "rems",
        "contact-name": "REMS",
        "contact-phone": "555",
        "contact-source": "Portal",
    }
    assert manager.post(contact, facts).status_code == 302
    row = SiteContact.objects.get()
    assert manager.post(reverse("monitoring:contact-remove", args=[row.pk])).status_code == 302
    assert serious.contacts_of(site) == []


def test_a_form_of_nowhere_is_not_found(browser):
    for name in ("form", "form-pdf", "serious"):
        url = reverse(f"monitoring:{name}", args=["01a20d46-fc5f-70f1-a006-0f8a625e4ec2"])
        assert browser.get(url).status_code == 404
    assert MonitoringForm.objects.count() == 0
