"""Pages that only a demo has."""

from django.urls import path

from demo import views

app_name = "demo"
urlpatterns = [
    path("demo/phones/", views.phones, name="phones"),
    path("demo/phones/<uuid:patient_id>/", views.phone, name="phone"),
    path("demo/clock/", views.move_clock, name="clock"),
]
