"""Pages of the notifications app."""

from django.urls import path

from notifications import webhooks
from notifications.views import calls, escorts, inbox, now, offers, settings, texts, visit

app_name = "notifications"
_reply = "texts/replies/<uuid:inbound_id>"
_visit = "visit/<str:key>"
urlpatterns = [
    path("texts/", texts.texts, name="texts"),
    path("texts/by-day/", texts.delivery, name="by-day"),
    path("texts/<uuid:message_id>/cancel/", texts.cancel, name="cancel"),
    path("texts/<uuid:message_id>/retry/", texts.retry, name="retry"),
    path("texts/now/", now.needs_now, name="now"),
    path("texts/replies/", inbox.replies, name="replies"),
    path(f"{_reply}/", inbox.reply, name="reply"),
    path(f"{_reply}/take/", inbox.take, name="reply-take"),
    path(f"{_reply}/hand-over/", inbox.hand_over, name="reply-hand-over"),
    path(f"{_reply}/no-more-texts/", inbox.stop_texts, name="reply-stop"),
    path("calls/", calls.calls, name="calls"),
    path("calls/<uuid:session_id>/", calls.call, name="call"),
    path("calls/<uuid:session_id>/take/", calls.take, name="call-take"),
    path("calls/<uuid:session_id>/hand-over/", calls.hand_over, name="call-hand-over"),
    path("freed/by-text/", offers.by_text, name="offers"),
    path("freed/by-text/start/", offers.start, name="offer-by-text"),
    path("freed/by-text/<uuid:round_id>/take-back/", offers.take_back, name="offer-take-back"),
    path("sessions/<uuid:session_id>/escort-text/", escorts.escort, name="escort"),
    path("settings/texts/", settings.texts, name="settings-texts"),
    path("settings/texts/rules/", settings.rules, name="settings-rules"),
    path("settings/texts/limits/", settings.policy, name="settings-policy"),
    path("settings/texts/test/", settings.test, name="settings-test"),
    path("settings/texts/start/", settings.start, name="settings-start"),
    path("settings/texts/words/<slug:kind>/<slug:language>/", settings.words, name="settings-words"),
    path(
        "settings/texts/words/<slug:kind>/<slug:language>/check/",
        settings.check,
        name="settings-words-check",
    ),
    path("webhooks/twilio/status", webhooks.status, name="twilio-status"),
    path("webhooks/twilio/inbound", webhooks.inbound, name="twilio-inbound"),
    path(_visit, visit.visit, name="visit"),
    path(f"{_visit}/appointment.ics", visit.calendar_file, name="visit-calendar"),
    path(f"{_visit}/confirm", visit.confirm, name="visit-confirm"),
    path(f"{_visit}/another-time", visit.another_time, name="visit-another-time"),
    path(f"{_visit}/ride", visit.ride, name="visit-ride"),
    path("patients/<uuid:patient_id>/texts/", texts.patient_texts, name="patient-texts"),
]
