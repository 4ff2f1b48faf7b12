"""Pages of the clinic app."""

from django.urls import path

from clinic.views import documents, home, numbers, patients, reach, settings, setup

app_name = "clinic"
urlpatterns = [
    path("", home.home, name="home"),
    path("site/switch/", home.switch_site, name="switch-site"),
    path("no-site/", home.no_site, name="no-site"),
    path("setup/", setup.manager, name="setup"),
    path("setup/site/", setup.site, name="setup-site"),
    path("setup/staff/", setup.staff, name="setup-staff"),
    path("setup/shifts/", setup.shifts, name="setup-shifts"),
    path("patients/", patients.index, name="patients"),
    path("patients/find/", patients.find, name="find"),
    path("patients/add/", patients.add, name="patient-add"),
    path("patients/import/", patients.import_file, name="import"),
    path("patients/import/confirm/", patients.import_confirm, name="import-confirm"),
    path("patients/import/template.csv", patients.import_template, name="import-template"),
    path("patients/import/faults.csv", patients.import_faults, name="import-faults"),
    path("patients/<uuid:patient_id>/", patients.patient, name="patient"),
    path("patients/<uuid:patient_id>/edit/", patients.edit, name="patient-edit"),
    path("patients/<uuid:patient_id>/consent/", patients.consent, name="consent"),
    path("documents/<uuid:document_id>/", documents.document, name="document"),
    path("numbers/", numbers.index, name="numbers"),
    path("numbers/<slug:code>.csv", numbers.as_csv, name="numbers-csv"),
    path("me/", reach.reach, name="reach"),
    path("settings/", settings.index, name="settings"),
    path("settings/site/", settings.site, name="settings-site"),
    path("settings/hours/", settings.hours, name="settings-hours"),
    path("settings/chairs/", settings.add_chair, name="settings-chair"),
    path("settings/chairs/<uuid:chair_id>/toggle/", settings.toggle_chair, name="settings-chair-toggle"),
    path("settings/closures/<uuid:closure_id>/reopen/", settings.reopen, name="settings-reopen"),
    path("settings/shifts/", settings.add_shift, name="settings-shift"),
    path("settings/people/", settings.add_person, name="settings-person"),
    path("settings/members/", settings.add_member, name="settings-member"),
    path(
        "settings/members/<uuid:membership_id>/remove/", settings.remove_member, name="settings-member-remove"
    ),
    path("settings/tokens/<uuid:token_id>/revoke/", settings.revoke_token, name="settings-token-revoke"),
    path("settings/audit/", settings.audit_trail, name="audit"),
]
