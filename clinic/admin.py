"""The Django admin: for the superuser who mends something. Constraints answer here too; history is read-only."""

from django.contrib import admin

from clinic import audit, clock, models


class Audited(admin.ModelAdmin):
    """Every write lands in the audit trail, as one of the pages does. Rows are switched off, never deleted."""

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        audit.record(
            "admin.changed" if change else "admin.added",
            by=request.user,
            now=clock.now(),
            site=getattr(obj, "site", None),
            on=obj,
            model=obj._meta.label_lower,
            fields=sorted(form.changed_data),
        )

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnly(admin.ModelAdmin):
    """Rows that are written once."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(models.Site)
class SiteAdmin(Audited):
    list_display = ("name", "alias", "timezone")


@admin.register(models.User)
class UserAdmin(Audited):
    list_display = ("username", "first_name", "last_name", "is_active")
    exclude = ("password", "groups", "user_permissions")


@admin.register(models.Patient)
class PatientAdmin(Audited):
    list_display = ("mrn", "site", "active")
    # Consent changes by its own rows, so that who, when and how are known.
    readonly_fields = ("texts_allowed", "detailed_texts")


for model in (models.Chair, models.OpeningHours, models.Closure, models.Shift, models.Membership):
    admin.site.register(model, Audited)
for written_once in (models.AuditEvent, models.AuditBlock, models.Consent):
    admin.site.register(written_once, ReadOnly)
