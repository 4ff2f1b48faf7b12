"""The front door: addresses of all apps, the upper ones by name only."""

from django.contrib import admin
from django.urls import include, path

from clinic import health, metrics
from clinic.api_root import api

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("api/v1/", api.urls),
    path("accounts/", include("clinic.account_urls")),
    path("admin/", admin.site.urls),
    path("", include("clinic.page_urls")),
    path("", include("scheduling.urls")),
    path("", include("monitoring.urls")),
    path("", include("notifications.urls")),
    path("", include("demo.urls")),
]

handler400 = "clinic.views.errors.bad_request"
handler403 = "clinic.views.errors.forbidden"
handler404 = "clinic.views.errors.not_found"
handler500 = "clinic.views.errors.server_error"
