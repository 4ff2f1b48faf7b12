"""Pages of the notifications app."""

from django.urls import path

from notifications import views, webhooks

app_name = "notifications"
urlpatterns = [
    path("texts/", views.texts, name="texts"),
    path("texts/<uuid:message_id>/cancel/", views.cancel, name="cancel"),
    path("texts/<uuid:message_id>/retry/", views.retry, name="retry"),
    path("texts/replies/<uuid:inbound_id>/handled/", views.handled, name="handled"),
    path("webhooks/twilio/status", webhooks.status, name="twilio-status"),
    path("webhooks/twilio/inbound", webhooks.inbound, name="twilio-inbound"),
    path("patients/<uuid:patient_id>/texts/", views.patient_texts, name="patient-texts"),
]
