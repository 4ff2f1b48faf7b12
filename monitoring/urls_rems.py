"""Pages of the monitoring form, serious events, papers with the REMS, and what is printed."""

from django.urls import path

from monitoring.views import enrolment, papers, rems, serious

_form, _session = "forms/<uuid:form_id>", "sessions/<uuid:session_id>"
_event, _patient = "serious/<uuid:event_id>", "patients/<uuid:patient_id>"
urlpatterns = [
    path("forms/", rems.board, name="forms"),
    path("forms/mine/", rems.mine, name="my-forms"),
    path(f"{_form}/", rems.form, name="form"),
    path(f"{_form}/answer/", rems.answer, name="form-answer"),
    path(f"{_form}/send/", rems.send, name="form-send"),
    path(f"{_form}/owner/", rems.owner, name="form-owner"),
    path(f"{_form}/pdf/", papers.form_pdf, name="form-pdf"),
    path(f"{_session}/summary.pdf", papers.summary, name="summary-pdf"),
    path(f"{_session}/instructions.pdf", papers.instructions, name="instructions-pdf"),
    path(f"{_session}/serious/", serious.flag, name="serious-flag"),
    path(f"{_event}/", serious.event, name="serious"),
    path(f"{_event}/step/", serious.step, name="serious-step"),
    path(f"{_patient}/enrolment/", enrolment.patient, name="enrolment"),
    path(f"{_patient}/enrolment/<slug:kind>/", enrolment.record, name="enrolment-record"),
    path("settings/rems/", enrolment.site, name="rems-settings"),
    path("settings/rems/certify/", enrolment.certify, name="certify"),
    path("settings/rems/representative/", enrolment.representative, name="representative-left"),
    path("settings/rems/contacts/", enrolment.contact, name="contact"),
    path("settings/rems/contacts/<uuid:contact_id>/remove/", enrolment.remove, name="contact-remove"),
]
