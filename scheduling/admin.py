"""The book in the Django admin. The database's rules answer as form errors."""

from django.contrib import admin

from clinic.admin import Audited, ReadOnly
from scheduling import models


@admin.register(models.TreatmentSession)
class SessionAdmin(Audited):
    list_display = ("id", "site", "chair", "starts_at", "status")
    list_filter = ("site", "status")
    raw_id_fields = ("course", "patient", "chair")


@admin.register(models.Course)
class CourseAdmin(Audited):
    list_display = ("id", "site", "indication", "status")
    raw_id_fields = ("patient", "created_by")


@admin.register(models.Authorization)
class AuthorizationAdmin(Audited):
    list_display = ("id", "valid_from", "valid_until", "ended_on")
    raw_id_fields = ("course", "owner", "by")


for model in (models.SessionEvent, models.CourseEvent, models.AuthorizationEvent):
    admin.site.register(model, ReadOnly)
